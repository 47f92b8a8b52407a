#!/usr/bin/env bash
# `make mutants`: mutation testing of server/src/usage. Takes long; see end2end/mutants/src/main.rs.
#
#   mutants.sh                  all of it
#   mutants.sh --again          only what the last run's table calls neither caught nor timed out
#   mutants.sh [--again] FILE…  only these files (globs), such as 'server/src/usage/window.rs'
#
# The table is kept in $STEWARD_CACHE/mutants/table.tsv. Ends with an error where a mutant survived.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ -z "${STEWARD_TEST_PG_ADMIN_URL:-}" ]; then
    end2end/tools/prepare.sh mutants
    exec end2end/tools/postgres.sh -- "$0" "$@"
fi
cargo build --quiet --package mutants
STEWARD_MUTANTS="${STEWARD_MUTANTS:-$STEWARD_CACHE/mutants}" "$CARGO_TARGET_DIR/debug/mutants" "$@"
