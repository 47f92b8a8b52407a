#!/usr/bin/env bash
# Builds the product.
#
#   front    WASM, script and styles into target/site; always optimised, because their size is a gate
#   server   the optimised server into target/dist
#   release  both
#   test     the unoptimised programs the specs start, into target/test
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Replaces a program even while it runs.
place() { # program, folder
    install -D "$1" "$2/.new" && mv "$2/.new" "$2/$(basename "$1")"
}

front() {
    say "building the pages' WebAssembly and styles (optimised, precompressed)"
    cargo leptos build --release --precompress --frontend-only --split
    local folder
    for folder in "$DIST" "$TEST"; do
        install -D --mode=644 "$CARGO_TARGET_DIR/release/hash.txt" "$folder/hash.txt"
    done
}

server() {
    say "building the server (optimised)"
    cargo leptos build --release --server-only
    place "$CARGO_TARGET_DIR/release/steward" "$DIST"
}

# With all targets, as `cargo test` builds them: what both need is then built once.
programs_for_tests() {
    say "building programs and tests (not optimised)"
    cargo build --workspace --exclude frontend --all-targets
    place "$CARGO_TARGET_DIR/debug/steward" "$TEST"
    place "$CARGO_TARGET_DIR/debug/upstream" "$TEST"
}

case "${1:-}" in
    front) front ;;
    server) server ;;
    release) front; server ;;
    test) programs_for_tests ;;
    *) die "usage: build.sh front|server|release|test" ;;
esac
