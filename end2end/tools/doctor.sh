#!/usr/bin/env bash
# `make doctor`: what this machine has and lacks; then the server's own check of its set-up, once it is built.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

status=0
end2end/tools/prepare.sh check || status=1
steward="$DIST/steward"
if [ -x "$steward" ]; then
    export STEWARD_DATA_DIR="${STEWARD_DATA_DIR:-$ROOT/data}"
    echo "The server ($steward doctor):"
    "$steward" doctor || status=1
else
    echo "The server is not built yet (make build)."
fi
exit "$status"
