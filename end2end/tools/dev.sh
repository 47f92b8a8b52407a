#!/usr/bin/env bash
# `make dev`: builds unoptimised, serves, and rebuilds and reloads when a file changes.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

end2end/tools/prepare.sh build
export STEWARD_DATA_DIR="${STEWARD_DATA_DIR:-$ROOT/data}"
export LEPTOS_HASH_FILES=false # names stay the same, so a reload finds what was rebuilt
unset LEPTOS_SITE_ROOT # cargo-leptos gives its own
exec cargo leptos watch -- serve --demo "$@"
