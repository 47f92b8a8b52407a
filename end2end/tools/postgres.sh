#!/usr/bin/env bash
# A PostgreSQL cluster to throw away, for tests and benchmarks.
#
#   postgres.sh              starts one, prints its URL as superuser on one line, and keeps it until its standard input
#                            is closed: the cluster lives exactly as long as whoever holds the other end of the pipe,
#                            even if that one is killed. Nothing is left behind.
#   postgres.sh -- COMMAND…  runs COMMAND with STEWARD_TEST_PG_ADMIN_URL set, then throws the cluster away
#
# Roles as in production: `steward_owner` owns databases and runs migrations, `steward_app` serves (no superuser, no
# BYPASSRLS, owns nothing). Reached only through a socket in a private folder, never over the network. Fast instead of
# durable: nothing is synced to disk. C collation, so sorting does not depend on the machine.
#
# With STEWARD_PG_AS_IN_PRODUCTION=1 it syncs and vacuums as PostgreSQL does by default: for measuring.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bin="$(postgres_bin)"
[ -n "$bin" ] || die "PostgreSQL is not installed, and the database tests need its server programs. On Debian: apt-get install postgresql"

# PostgreSQL refuses to run as root.
as_owner=()
if [ "$(id -u)" = 0 ]; then
    owner=nobody
    id postgres >/dev/null 2>&1 && owner=postgres
    as_owner=(setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --clear-groups)
fi

# Not $TMPDIR: the path of a socket may have 107 bytes only, and the owner must get there.
folder="$(mktemp -d /tmp/steward-pg.XXXXXX)"
log="$folder/set-up.log"
[ "${#as_owner[@]}" = 0 ] || chown "$owner" "$folder"

throw_away() {
    trap '' INT TERM HUP
    (cd "$folder" && "${as_owner[@]}" "$bin/pg_ctl" stop --pgdata="$folder/data" --mode=immediate --silent >/dev/null 2>&1) || true
    rm -rf "$folder"
}
trap throw_away EXIT
# Ctrl+C reaches the whole foreground group; the one that holds the pipe decides when this ends.
if [ "${1:-}" = -- ]; then trap 'exit 130' INT TERM HUP; else trap '' INT && trap 'exit 143' TERM HUP; fi

failed() {
    cat "$log" "$folder/server.log" >&2 2>/dev/null || true
    die "PostgreSQL did not start (its logs are above)"
}

haste="-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
[ "${STEWARD_PG_AS_IN_PRODUCTION:-}" != 1 ] || haste=''

cd "$folder"
"${as_owner[@]}" "$bin/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \
    --no-sync >"$log" 2>&1 || failed
"${as_owner[@]}" "$bin/pg_ctl" start --wait --timeout=60 --silent --pgdata="$folder/data" --log="$folder/server.log" --options="\
 -c listen_addresses='' -c unix_socket_directories=$folder -c max_connections=300 -c shared_buffers=128MB \
 -c timezone=UTC $haste ${STEWARD_PG_OPTIONS:-}" \
    </dev/null >>"$log" 2>&1 || failed
"${as_owner[@]}" "$bin/psql" --quiet --no-psqlrc --host="$folder" --username=postgres --set=ON_ERROR_STOP=1 postgres >>"$log" 2>&1 <<'SQL' || failed
CREATE ROLE steward_owner LOGIN PASSWORD 'steward' NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
CREATE ROLE steward_app LOGIN PASSWORD 'steward' NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
SQL

url="postgres://postgres@localhost/postgres?host=${folder//\//%2F}"
if [ "${1:-}" = -- ]; then
    shift
    cd "$ROOT"
    STEWARD_TEST_PG_ADMIN_URL="$url" "$@"
else
    printf '%s\n' "$url"
    cat >/dev/null
fi
