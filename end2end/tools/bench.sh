#!/usr/bin/env bash
# `make bench`: measures the release from outside and prints tables. Parts, all of them unless STEWARD_BENCH names some:
#
#   server   start, memory, added time, rendering: the driver `load`; arguments go to it (`--help` lists them)
#   browser  a long conversation and a long answer in Chromium (specs/bench.spec.ts)
#   scale    search over 100,000 messages, the list of 50,000 conversations, and a month's report over 10,000,000 ledger
#            rows (some 4 GB for a while), on both engines
#   resume   the resume matrix RESUME_RUNS times (100); takes hours, ends at the first difference
#
# With STEWARD_BENCH_POSTGRES=1 the first part measures on a throw-away PostgreSQL, which syncs to disk, instead of SQLite.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

parts="${STEWARD_BENCH:-server browser scale resume}"
wanted() { [[ " $parts " == *" $1 "* ]]; }

if [ "${STEWARD_BENCH_POSTGRES:-}" = 1 ] && [ -z "${STEWARD_TEST_PG_ADMIN_URL:-}" ]; then
    STEWARD_PG_AS_IN_PRODUCTION=1 exec end2end/tools/postgres.sh -- "$0" "$@"
fi
end2end/tools/prepare.sh test
end2end/tools/build.sh release
cargo build --release --package load --package upstream

say "measuring on $(nproc) cores of $(awk -F ': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo)"

# A thousand streams are some thousands of connections.
ulimit -n "$(ulimit -Hn)" || note "WARNING: no more open files than $(ulimit -n); use fewer streams (--streams)"

server() {
    if [ "${STEWARD_BENCH_POSTGRES:-}" = 1 ]; then
        "$(postgres_bin)/psql" -qX "$STEWARD_TEST_PG_ADMIN_URL" -c 'CREATE DATABASE steward_bench OWNER steward_owner'
        address="${STEWARD_TEST_PG_ADMIN_URL#*@}"
        database="localhost/steward_bench?${address#*\?}"
        export DATABASE_OWNER_URL="postgres://steward_owner:steward@$database"
        set -- --database-url "postgres://steward_app:steward@$database" "$@"
    fi
    "$CARGO_TARGET_DIR/release/load" --steward "$DIST/steward" "$@"
}

# Of the optimised server, one spec at a time.
playwright() {
    (cd end2end && STEWARD_BIN="$DIST/steward" UPSTREAM_BIN="$CARGO_TARGET_DIR/release/upstream" STEWARD_WORKERS=1 \
        npx playwright test "$@" </dev/null)
}

if wanted server; then server "$@"; fi
if wanted browser; then
    say "in a browser"
    playwright --project=bench | sed -n 's/^BENCH //p; /failed/p; /Error:/p'
fi
if wanted scale; then
    say "a lot of data (not optimised)"
    cargo test --package server --test it _scale:: -- --ignored --nocapture --test-threads 1 |
        grep -E 'hits|written|report by|test result'
fi
if wanted resume; then
    say "the resume matrix, ${RESUME_RUNS:-100} times"
    RESUME_RUNS="${RESUME_RUNS:-100}" playwright --project=hydrated --max-failures=1 resume.spec.ts
fi
