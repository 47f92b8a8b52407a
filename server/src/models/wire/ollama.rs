//! Ollama's `/api/chat`: what a stream or an answer costs, and reading and writing it.

pub(super) mod chat_in;
pub(super) mod chat_out;
mod events_in;
pub(super) mod events_out;
mod meter;

pub(super) use events_in::OllamaReader;
pub(super) use events_out::OllamaWriter;
pub(super) use meter::OllamaMeter;
