//! The upstream seen from outside, through a raw HTTP client: every format, every fault, the bill.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod anthropic;
mod bench;
mod client;
mod faults;
mod ollama;
mod openai;
mod quirks;
mod records;
