#!/usr/bin/env bash
# `make run`: builds the release and serves it with demo data. Variables that are already set win; see README.md.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

end2end/tools/prepare.sh build
end2end/tools/build.sh release

export STEWARD_DATA_DIR="${STEWARD_DATA_DIR:-$ROOT/data}"
say "serving on http://${STEWARD_ADDR:-127.0.0.1:3000}, data in $STEWARD_DATA_DIR (Ctrl+C ends it)"
exec "$DIST/steward" serve --demo "$@"
