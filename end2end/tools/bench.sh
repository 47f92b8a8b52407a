#!/usr/bin/env bash
# `make bench`: measures the release from outside and prints a table. Arguments go to the driver (`--help` lists them).
# With STEWARD_BENCH_POSTGRES=1 it measures on a throw-away PostgreSQL instead of SQLite.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "${STEWARD_BENCH_POSTGRES:-}" = 1 ] && [ -z "${STEWARD_TEST_PG_ADMIN_URL:-}" ]; then
    exec end2end/tools/postgres.sh -- "$0" "$@"
fi
end2end/tools/prepare.sh build
end2end/tools/build.sh release
cargo build --release --package load
if [ "${STEWARD_BENCH_POSTGRES:-}" = 1 ]; then
    "$(postgres_bin)/psql" -qX "$STEWARD_TEST_PG_ADMIN_URL" -c 'CREATE DATABASE steward_bench OWNER steward_owner'
    address="${STEWARD_TEST_PG_ADMIN_URL#*@}"
    database="localhost/steward_bench?${address#*\?}"
    export DATABASE_OWNER_URL="postgres://steward_owner:steward@$database"
    set -- --database-url "postgres://steward_app:steward@$database" "$@"
fi

say "measuring on $(nproc) cores of $(awk -F ': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo)"
exec "$CARGO_TARGET_DIR/release/load" --steward "$DIST/steward" "$@"
