#!/usr/bin/env bash
# Builds the product: `front` (WASM, script, styles; always optimised, because its size is a gate) or `release` (that and
# the optimised server).
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in
    front)
        say "building the pages' WebAssembly and styles (optimised, precompressed)"
        cargo leptos build --release --precompress --frontend-only
        ;;
    release)
        say "building the release: pages and server"
        cargo leptos build --release --precompress
        ;;
    *) die "usage: build.sh front|release" ;;
esac
