//! Anthropic's messages: what a stream or an answer costs, and reading and writing it.

pub(super) mod chat_in;
pub(super) mod chat_out;
mod events_in;
pub(super) mod events_out;
mod meter;

pub(super) use events_in::AnthropicReader;
pub(super) use events_out::AnthropicWriter;
pub(super) use meter::AnthropicMeter;
