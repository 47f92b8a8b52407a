//! What must hold for any bytes that a provider or a client sends to the gateway: nothing panics, and how the network cuts
//! them changes nothing. Each target is a function of bytes that panics where that is broken.
//!
//! Two drivers use them: `tests/short.rs` (part of `make test`: the corpus and so many seeded mutations of it, on stable
//! Rust) and `libfuzzer/` (`cargo fuzz`, guided by coverage; needs nightly):
//!
//! ```text
//! cargo install cargo-fuzz
//! cd end2end/fuzz && cargo +nightly fuzz run --fuzz-dir libfuzzer tap corpus/tap -- -max_total_time=300
//! ```
//!
//! To add a target: a function here, its row in [`TARGETS`], a folder of examples in `corpus/`, a file and a `[[bin]]` in
//! `libfuzzer/`. An input that broke something goes into the corpus with the mend.
//!
//! An input begins with two bytes that choose: the first among formats and the like, the second the size of the pieces.

mod targets;

pub use targets::{error, filter, request, sse, stream, tap, whole};

/// A target: panics when what must hold does not.
pub type Target = fn(&[u8]);

/// All of them, by the names of their folders in `corpus/`.
pub const TARGETS: [(&str, Target); 7] = [
    ("sse", sse),
    ("tap", tap),
    ("filter", filter),
    ("stream", stream),
    ("whole", whole),
    ("request", request),
    ("error", error),
];
