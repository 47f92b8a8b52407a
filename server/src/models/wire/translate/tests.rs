//! Literal bodies of every direction, and what must hold for all.

mod requests;
mod responses;
mod streams;

use super::*;

const FORMATS: [WireFormat; 3] = [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama];

fn stamp() -> Stamp {
    Stamp { id: "x1".into(), created: 1_790_000_000, model: "m".into() }
}
