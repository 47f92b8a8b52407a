//! The gateway's wire formats: what clients send and what providers answer, as bytes. Pure: nothing here waits, reads a
//! clock, asks the network or knows HTTP types; ids and times that an answer must carry come in a [`Stamp`].
//!
//! - [`request`]: a request is checked once at the edge; what must be changed is changed, all else stays as it was sent.
//!   [`bound`] says how many tokens it can cost at most.
//! - [`tap`] watches a provider's answer go by and knows its usage; [`filter`] drops the usage nobody asked for.
//! - [`answer`] reads an answer into common words for the chat.
//! - [`translate`] says a request or an answer in another format. [`openai`], [`anthropic`] and [`ollama`] each read their
//!   format into common words ([`chat`], [`event`]) and write it from them, so a format more is a reader and a writer.
//! - [`error`]: a refusal or a failure in the words of each format.
//!
//! What must hold: no bytes make anything panic; absent is not zero; any division of a body into chunks is read the
//! same; every buffer is bounded; what cannot be said in the other format is refused in words, never dropped, unless it
//! is only a hint.

pub mod answer;
pub mod anthropic;
pub mod bound;
pub mod chat;
pub mod error;
pub mod event;
pub mod filter;
mod frames;
mod image_size;
mod json;
pub mod ollama;
pub mod openai;
pub mod request;
pub mod tap;
#[cfg(test)]
mod testing;
pub mod translate;
pub mod whole;

pub use answer::AnswerReader;
pub use bound::{UNBOUNDED, image_bound, input_bound};
pub use error::{WireError, WireErrorKind};
pub use filter::UsageFilter;
pub use request::{BadRequest, CapField, WireRequest};
pub use tap::{Tap, TapState};
pub use translate::{Stamp, Translator, Untranslatable, translate_request, translate_response, write_request};
pub use whole::WholeEvents;

/// Whose language a request or an answer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WireFormat {
    /// Chat completions, also of every server that calls itself compatible.
    OpenAi,
    /// Messages.
    Anthropic,
    /// The native `/api/chat`.
    Ollama,
}

impl WireFormat {
    /// For messages to people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Ollama => "Ollama",
        }
    }

    /// Whether a stream of this format is server-sent events; otherwise it is a JSON object per line.
    #[must_use]
    pub fn streams_events(self) -> bool {
        self != Self::Ollama
    }
}
