#!/usr/bin/env bash
# `make test`: every gate, from the cheap to the dear, each with its runner's own output, then one table of all.
#
#   test.sh              all gates; stops at the first that fails
#   test.sh --keep-going all gates, whatever fails
#   test.sh GATE…        only these, in the given order (names as in the table)
#
# To add a gate: write a function `gate_NAME`, add NAME to ALL where its cost places it.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ALL=(format deny specs clippy clippy-wasm rust clients pages browser no-script)

# The pages' crate is built natively with `ssr` and for the browser with `hydrate`. `frontend` switches `hydrate` on, so
# it must never share a native build with the server.
NATIVE=(--workspace --exclude frontend)

gate_format() { cargo fmt --all --check; }

gate_deny() {
    cargo deny --log-level error check bans licenses sources
    # The advisory database is a git repository, which not every network reaches; an earlier copy is better than none.
    local copies=("${CARGO_HOME:-$HOME/.cargo}"/advisory-dbs/*/)
    if timeout 30 git ls-remote --quiet https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1; then
        cargo deny --log-level error check advisories
    elif [ -d "${copies[0]}" ]; then
        note "WARNING: advisories are checked against an earlier copy; the RustSec database cannot be reached from here"
        cargo deny --log-level error --offline check advisories
    else
        note "WARNING: ADVISORIES WERE NOT CHECKED. The RustSec database cannot be reached from here and there is no"
        note "WARNING: copy on this machine. Run 'cargo deny check advisories' where it can be reached."
    fi
}

# The types of the browser's specs.
gate_specs() { (cd end2end && npx tsc --noEmit); }

gate_clippy() { cargo clippy "${NATIVE[@]}" --all-targets --quiet -- -D warnings; }

gate_clippy-wasm() { cargo clippy -p app -p frontend --target wasm32-unknown-unknown --quiet -- -D warnings; }

gate_rust() {
    end2end/tools/build.sh test
    # Stories wait for databases and other programs more than they work.
    RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((2 * $(nproc)))}" cargo test "${NATIVE[@]}" --no-fail-fast
}

# The vendors' Python clients; those for Node are among the browser's specs.
gate_clients() {
    if ! [ -x "$PYTHON_CLIENTS/bin/python" ]; then
        note "WARNING: THE PYTHON CLIENTS WERE NOT TESTED. There is no Python with venv here, or the Python packages could not"
        note "WARNING: be installed. Run 'make tools' to see why, and 'end2end/tools/test.sh clients' where it works."
        return
    fi
    end2end/tools/build.sh test
    (cd end2end/clients && "$PYTHON_CLIENTS/bin/python" test_clients.py)
}

gate_pages() { end2end/tools/build.sh front; }

playwright() { (cd end2end && npx playwright test "$@" </dev/null); }
gate_browser() { playwright --project=hydrated; }
gate_no-script() { playwright --project=no-script; }

# Holds the look against the pictures in end2end/look, loosely (see support/look.ts).
gate_look() { playwright --project=screenshots; }

# Not a gate of `make test`: `make screenshots` takes the pictures anew.
gate_screenshots() {
    end2end/tools/build.sh front
    end2end/tools/build.sh test
    STEWARD_LOOK=update playwright --project=screenshots
}

keep_going=false
gates=()
for argument in "$@"; do
    case "$argument" in
        --keep-going) keep_going=true ;;
        *)
            declare -F "gate_$argument" >/dev/null || die "there is no gate '$argument'; the gates are: ${ALL[*]}"
            gates+=("$argument")
            ;;
    esac
done
[ "${#gates[@]}" -gt 0 ] || gates=("${ALL[@]}")

end2end/tools/prepare.sh test
export STEWARD_BIN="${STEWARD_BIN:-$TEST/steward}"
export UPSTREAM_BIN="${UPSTREAM_BIN:-$TEST/upstream}"

table=''
failed=0
begin=$SECONDS
for gate in "${gates[@]}"; do
    say "gate: $gate"
    gate_begin=$SECONDS
    # In a shell of its own: `set -e` does not hold inside a function that is called as a condition.
    set +e
    (set -e; "gate_$gate")
    status=$?
    set -e
    word=passed
    if [ "$status" != 0 ]; then
        word=FAILED
        failed=$((failed + 1))
    fi
    table+="$(printf '  %-12s %-7s %5d s' "$gate" "$word" $((SECONDS - gate_begin)))"$'\n'
    if [ "$status" != 0 ] && [ "$keep_going" = false ]; then break; fi
done

printf '\n%s' "$table"
printf 'gates: %d run of %d, %d failed, %d s\n' "$(printf '%s' "$table" | wc -l)" "${#gates[@]}" "$failed" $((SECONDS - begin))
[ "$failed" = 0 ]
