//! The short run: every target over its corpus and over seeded mutations of it. The same inputs on every machine.
//!
//! A longer one, with other inputs: `FUZZ_MUTATIONS=1000000 FUZZ_SEED=7 cargo test --release -p fuzz`.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on panics")]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use fuzz::TARGETS;

/// Mutations of the corpus for each target.
const MUTATIONS: u64 = 20_000;
const SEED: u64 = 0x5eed;

/// What readers look for.
const WORDS: [&str; 40] = [
    "data: ",
    "event: ",
    "\n\n",
    "\r\n",
    "\n",
    ": x\n",
    "[DONE]",
    "null",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-1",
    "1e999",
    "9223372036854775807",
    "18446744073709551615",
    "true",
    "\"usage\":{",
    "\"choices\":[",
    "\"delta\":{",
    "\"content\":",
    "\"tool_calls\":[",
    "\"index\":",
    "\"finish_reason\":\"stop\"",
    "\"type\":\"message_stop\"",
    "\"type\":\"content_block_start\"",
    "\"type\":\"content_block_stop\"",
    "\"done\":true",
    "\"error\":{",
    "\"message\":",
    "\"stop_reason\":\"tool_use\"",
    "\"arguments\":\"",
    "\u{FEFF}",
    "\u{0}",
    "é",
    "\\u00e9",
    "\\ud800",
    ",",
    "}",
    "]",
];

/// A small generator (Marsaglia, "Xorshift RNGs"): the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        let most = (len - start).min(64);
        start..start + self.below(most + 1)
    }
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    let files = paths.iter().map(|path| fs::read(path).expect("a readable file"));
    let files: Vec<Vec<u8>> = files.collect();
    assert!(files.len() > 2, "{name}: hardly a corpus");
    files
}

fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(4) {
        let range = random.range(bytes.len());
        match random.below(7) {
            0 if !bytes.is_empty() => {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
            1 => drop(bytes.drain(range)),
            2 => {
                let copy = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, copy);
            }
            3 => {
                let word = WORDS[random.below(WORDS.len())].bytes();
                bytes.splice(range, word);
            }
            4 => {
                let word = WORDS[random.below(WORDS.len())].bytes();
                bytes.splice(range.start..range.start, word);
            }
            5 => {
                let other = &corpus[random.below(corpus.len())];
                let piece = other[random.range(other.len())].to_vec();
                bytes.splice(range, piece);
            }
            _ => bytes.truncate(range.end.max(2)),
        }
    }
    bytes
}

#[expect(clippy::disallowed_methods, reason = "the run's two settings")]
fn setting(name: &str, usual: u64) -> Result<u64, String> {
    let Some(text) = std::env::var_os(name) else { return Ok(usual) };
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("{name} is a whole number from 0, such as {usual}; it is set to {text:?}"))
}

#[test]
fn no_bytes_break_what_must_hold() -> Result<(), String> {
    let (mutations, seed) = (setting("FUZZ_MUTATIONS", MUTATIONS)?, setting("FUZZ_SEED", SEED)?);
    let mut broken = Vec::new();
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        let mut random = Random((seed << 32) | 1);
        let inputs = corpus.iter().cloned().chain((0..mutations).map(|_| mutated(&corpus, &mut random)));
        // The first that breaks it is enough to mend it.
        let found = inputs.into_iter().find(|input| catch_unwind(AssertUnwindSafe(|| target(input))).is_err());
        if let Some(input) = found {
            broken.push(format!("{name}: {}", input.escape_ascii()));
        }
    }
    assert!(broken.is_empty(), "broken by (input, escaped):\n{}", broken.join("\n"));
    Ok(())
}
