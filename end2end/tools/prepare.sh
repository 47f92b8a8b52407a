#!/usr/bin/env bash
# Installs what is missing to build (`build`), to test (`test`: the former and more) and for mutation testing (`mutants`). Says what it does, skips what
# is there, can be run any number of times. `check` changes nothing and only tells what is there (for `make doctor`).
#
# Programs are installed into $STEWARD_CACHE/bin, so other versions elsewhere on the machine stay as they are; one of the
# right version anywhere on the PATH is used. Debian packages are installed when this runs as root and apt is there,
# else named.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# 0.3.11 needs a newer compiler than rust-version in Cargo.toml.
CARGO_LEPTOS=0.3.10
CARGO_DENY=0.20.2
CARGO_MUTANTS=27.1.0
WASM_BINDGEN="$(locked_version wasm-bindgen)"

missing=0

# Prints one line of the report: name, what was found, what to do about it when nothing was.
report() {
    if [ -n "$2" ]; then
        printf '  ok       %-16s %s\n' "$1" "$2"
    else
        printf '  MISSING  %-16s %s\n' "$1" "$3"
        missing=1
    fi
}

# The version a program reports about itself, or nothing.
program_version() { { "$@" 2>/dev/null || true; } | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

debian_package() { # program's name, package
    local what="$1" package="$2"
    if [ "$(id -u)" != 0 ] || ! have apt-get; then
        die "$what is missing. Install it, on Debian with: apt-get install $package"
    fi
    say "installing Debian package $package ($what is missing)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package" >/dev/null; } ||
        die "apt-get install $package failed"
}

# Installs a program from the crates registry. Built without optimisation: it is used for minutes, its own release
# profile would compile for up to an hour. A binary from cargo-binstall is used where a user has that.
cargo_program() { # crate, version, extra arguments of cargo install
    local crate="$1" version="$2"
    shift 2
    if have cargo-binstall; then
        say "installing $crate $version with cargo-binstall"
        if cargo binstall --no-confirm --quiet --root "$STEWARD_CACHE" --version "=$version" "$crate" </dev/null; then
            return
        fi
        note "no ready-made binary; building it"
    fi
    say "building $crate $version (once; takes some minutes)"
    # From elsewhere: the toolchain file and the lock file of this repository are not the program's.
    (cd / && CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$STEWARD_CACHE/build-tools" \
        cargo install "$crate" --version "=$version" --root "$STEWARD_CACHE" --debug --quiet "$@")
}

prepare_build() {
    have cargo || die "Rust is missing. Install it from https://rustup.rs"
    have cc || debian_package "a C compiler" build-essential
    have make || debian_package "make" make
    have node || debian_package "Node" nodejs
    have npm || debian_package "npm" npm
    [ "$(node --print 'parseInt(process.versions.node)')" -ge 20 ] || die "Node 20 or newer is needed; this is $(node --version)"

    if ! [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ]; then
        have rustup || die "the Rust target wasm32-unknown-unknown is missing and there is no rustup to add it"
        say "adding the Rust target wasm32-unknown-unknown"
        rustup target add wasm32-unknown-unknown
    fi
    if [ "$(program_version cargo-leptos --version)" != "$CARGO_LEPTOS" ]; then
        cargo_program cargo-leptos "$CARGO_LEPTOS" --locked --no-default-features --features no_downloads
    fi
    # Must be exactly the version of the wasm-bindgen crate. Without --locked: its lock file may name releases newer
    # than a registry mirror has.
    if [ "$(program_version wasm-bindgen --version)" != "$WASM_BINDGEN" ]; then
        cargo_program wasm-bindgen-cli "$WASM_BINDGEN"
    fi
    prepare_node
}

# The lock file decides: its copy in node_modules tells what is installed.
prepare_node() {
    if cmp -s end2end/package-lock.json end2end/node_modules/.steward-lock.json; then
        return
    fi
    say "installing the node packages of end2end"
    (cd end2end && npm ci --no-audit --no-fund --loglevel=error </dev/null && cp package-lock.json node_modules/.steward-lock.json)
}

prepare_test() {
    prepare_build
    local component
    for component in rustfmt clippy; do
        have "cargo-${component/rustfmt/fmt}" || { have rustup && rustup component add "$component"; } ||
            die "the Rust component $component is missing"
    done
    if [ "$(program_version cargo-deny --version)" != "$CARGO_DENY" ]; then
        cargo_program cargo-deny "$CARGO_DENY" --locked
    fi
    [ -n "$(postgres_bin)" ] || debian_package "PostgreSQL's server" postgresql
    if [ "${STEWARD_CHROMIUM:-}" = playwright ]; then
        say "asking Playwright for its own Chromium"
        (cd end2end && npx playwright install chromium)
    elif [ -z "$(chromium_path)" ]; then
        debian_package "Chromium" chromium
    fi
    prepare_python_clients
}

# The vendors' Python clients, in a virtual environment of their own. The pinned versions and hashes decide; a copy of them
# tells what is installed. Python is no part of the build, and its registry may be out of reach where the others are not:
# then it says so, and the gate `clients` says it again.
prepare_python_clients() {
    if cmp -s end2end/clients/requirements.txt "$PYTHON_CLIENTS/requirements.txt"; then
        return
    fi
    # Debian has the module venv without what it needs; only an attempt tells.
    rm -rf "$PYTHON_CLIENTS"
    if ! python3 -m venv "$PYTHON_CLIENTS" >/dev/null 2>&1; then
        rm -rf "$PYTHON_CLIENTS"
        (debian_package "Python with venv" python3-venv) || true
        if ! python3 -m venv "$PYTHON_CLIENTS" >/dev/null 2>&1; then
            rm -rf "$PYTHON_CLIENTS"
            note "WARNING: there is no Python with venv (Debian package python3-venv): the vendors' Python clients will not be tested"
            return
        fi
    fi
    say "installing the vendors' Python clients"
    if ! "$PYTHON_CLIENTS/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: \
        --require-hashes --requirement end2end/clients/requirements.txt </dev/null; then
        rm -rf "$PYTHON_CLIENTS"
        note "WARNING: they could not be installed (see above), and will not be tested"
        return
    fi
    cp end2end/clients/requirements.txt "$PYTHON_CLIENTS/requirements.txt"
}

# Only `make mutants` needs it.
prepare_mutants() {
    if [ "$(program_version cargo-mutants --version)" != "$CARGO_MUTANTS" ]; then
        cargo_program cargo-mutants "$CARGO_MUTANTS" --locked
    fi
}

check() {
    local wasm_target='' node_packages='' python_clients=''
    if have rustc && [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ]; then wasm_target=installed; fi
    if cmp -s end2end/package-lock.json end2end/node_modules/.steward-lock.json; then node_packages=installed; fi
    if cmp -s end2end/clients/requirements.txt "$PYTHON_CLIENTS/requirements.txt"; then python_clients=installed; fi
    echo "To build and run:"
    report rustc "$(program_version rustc --version)" "install Rust from https://rustup.rs"
    report "C compiler" "$(command -v cc || true)" "apt-get install build-essential"
    report "wasm target" "$wasm_target" "make tools adds it"
    report cargo-leptos "$(program_version cargo-leptos --version | grep -Fx "$CARGO_LEPTOS" || true)" "make tools installs $CARGO_LEPTOS"
    report wasm-bindgen "$(program_version wasm-bindgen --version | grep -Fx "$WASM_BINDGEN" || true)" "make tools installs $WASM_BINDGEN"
    report node "$(program_version node --version)" "install Node 20 or newer with npm"
    report "node packages" "$node_packages" "make tools installs them"
    echo "To test:"
    report cargo-deny "$(program_version cargo-deny --version | grep -Fx "$CARGO_DENY" || true)" "make tools installs $CARGO_DENY"
    report PostgreSQL "$(postgres_bin)" "apt-get install postgresql"
    report Chromium "$(chromium_path)" "apt-get install chromium, or STEWARD_CHROMIUM=playwright"
    report "Python clients" "$python_clients" "make tools installs them; needs Python with venv (apt-get install python3-venv)"
    echo "Built artefacts: $CARGO_TARGET_DIR"
    return "$missing"
}

case "${1:-}" in
    build) prepare_build; rm -rf "$STEWARD_CACHE/build-tools" ;;
    test) prepare_test; rm -rf "$STEWARD_CACHE/build-tools" ;;
    mutants) prepare_test; prepare_mutants; rm -rf "$STEWARD_CACHE/build-tools" ;;
    check) check ;;
    *) die "usage: prepare.sh build|test|mutants|check" ;;
esac
