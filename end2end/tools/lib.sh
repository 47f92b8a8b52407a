# shellcheck shell=bash
# What every script here shares: where things live, how a step announces itself. Source it; do not run it.
#
#   CARGO_TARGET_DIR   built artefacts; outside the clone, so that a fresh clone builds warm
#   STEWARD_CACHE      where the build programs we install ourselves live (bin/), and the default for the above
#   STEWARD_CHROMIUM   the browser to test with: a path, or "playwright" for Playwright's own
# All of them may be set by the caller.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$ROOT"

export STEWARD_CACHE="${STEWARD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/steward}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$STEWARD_CACHE/target}"
# Our own programs first: they have the pinned versions. wasm-opt comes with the npm package binaryen.
export PATH="$STEWARD_CACHE/bin:$ROOT/end2end/node_modules/.bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

# The built pages. The binaries are copied into the clone with the file of content hashes the server reads beside
# itself: `target/dist` optimised, `target/test` not. So several clones can share CARGO_TARGET_DIR, and a running server
# does not notice a build.
export LEPTOS_SITE_ROOT="$ROOT/target/site"
DIST="$ROOT/target/dist"
TEST="$ROOT/target/test"

# The vendors' Python clients; empty or not there where there is no Python.
PYTHON_CLIENTS="$STEWARD_CACHE/python-clients"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# The version of a crate in Cargo.lock.
locked_version() {
    awk -v name="\"$1\"" '$1 == "name" { found = ($3 == name) } found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# The folder of PostgreSQL's server programs, newest first; Debian keeps them off the PATH. Empty: not installed.
postgres_bin() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr) "$(dirname "$(command -v initdb || true)")"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            printf '%s\n' "$folder"
            return
        fi
    done
}

# The browser's path; empty: none found, or Playwright's own is wanted.
chromium_path() {
    case "${STEWARD_CHROMIUM:-}" in
        playwright) ;;
        '') command -v chromium || command -v chromium-browser || command -v google-chrome || true ;;
        *) printf '%s\n' "$STEWARD_CHROMIUM" ;;
    esac
}
