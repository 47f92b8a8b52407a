//! Anthropic's messages: what a stream or an answer costs, and reading and writing it.

mod meter;

pub(super) use meter::AnthropicMeter;
