//! What every provider speaks inside Steward: one request shape, one stream of deltas, one error type.

use std::pin::Pin;

use app::model::ModelCallId;
use async_trait::async_trait;
use futures::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Document, Image, ModelId};

/// Leave to make one model call, at most `max_output_tokens` long. Made from a hold by `usage` alone (checked by
/// `tests/architecture.rs`), so that nothing reaches a provider unreserved.
#[derive(Debug)]
pub struct Permit {
    call: ModelCallId,
    max_output_tokens: i64,
}

impl Permit {
    /// For `usage::reserve` alone.
    pub(crate) fn new(call: ModelCallId, max_output_tokens: i64) -> Self {
        Self { call, max_output_tokens }
    }
    #[must_use]
    pub fn call(&self) -> ModelCallId {
        self.call
    }
    /// The cap that was reserved; always sent upstream.
    #[must_use]
    pub fn max_output_tokens(&self) -> i64 {
        self.max_output_tokens
    }
}

/// How often a model goes on by itself after a tool that its provider runs, within one request; each time it reads everything
/// again (Anthropic, "Handling stop reasons": the server's loop has 10 rounds, then it pauses the turn).
pub const MAX_ROUNDS: i64 = 10;

/// Leave to ask how many tokens a request has. A provider bills nothing for that, so it needs no hold, and it opens nothing
/// else ([`super::Endpoint::count`]). Made by `usage::leave_to_count` alone (checked by `tests/architecture.rs`), which keeps
/// the key's rates.
#[derive(Debug)]
pub struct CountPermit(());

impl CountPermit {
    /// For `usage::leave_to_count` alone.
    pub(crate) fn granted() -> Self {
        Self(())
    }
}

/// What to ask a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRequest {
    pub model: ModelId,
    pub system: String,
    pub tools: Vec<ToolSpec>,
    /// Alternating user/assistant, starting with the user; tool results are user content, results first.
    pub messages: Vec<Message>,
}

/// A tool as the model sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub role: MessageRole,
    pub content: Vec<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    User,
    Assistant,
}

/// A block of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Content {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Value,
    },
    ToolResult {
        id: String,
        text: String,
        is_error: bool,
    },
    /// Only for models that see images.
    Image(Image),
    Document(Document),
}

/// A piece of an answer. A stream is any number of these, ending with [`Delta::Stop`] unless it fails.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// What is known of the usage so far; each report replaces the one before it.
    Usage(ReportedUsage),
    Text(String),
    /// What the model thinks before it answers, where its provider shows it; never sent back as text.
    Reasoning(String),
    /// So many bytes of something that is not shown (yet): pieces of tool arguments, thinking, kinds of content we do
    /// not know. They bound the bill of a call that breaks off, and may be counted again by what they become.
    Received(usize),
    /// A complete tool call (its arguments are collected by the provider and parsed; arguments that are not a JSON
    /// object arrive as `Value::Null`, so that the engine can tell the model).
    ToolUse {
        id: String,
        name: String,
        input: Value,
    },
    Stop(StopReason),
}

/// Usage as the provider reports it. Absent is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedUsage {
    pub input: Option<i64>,
    pub cache_read: Option<i64>,
    pub cache_write_5m: Option<i64>,
    pub cache_write_1h: Option<i64>,
    /// Cumulative; final only with [`ReportedUsage::is_final`].
    pub output: Option<i64>,
    /// Searches on the web that the provider ran; begun ones count, as long as it has not said how many there were.
    #[serde(default)]
    pub searches: Option<i64>,
    /// Rounds of which is not known what they read: one while a search has no results yet, [`MAX_ROUNDS`] when the answer
    /// cannot be read any more.
    #[serde(default)]
    pub open_rounds: i64,
    /// The provider's last word.
    pub is_final: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    EndTurn,
    ToolUse,
    MaxTokens,
    /// The provider declined to answer.
    Refusal,
    /// The conversation filled the model's window.
    ContextWindow,
    Other,
}

/// A stream of deltas. Dropping it aborts the call.
pub type DeltaStream = Pin<Box<dyn Stream<Item = Result<Delta, ProviderError>> + Send>>;

/// A model provider.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Opens a stream. The provider bounds its own waits (connect, first byte, silence between bytes) and does not
    /// retry: an attempt is an accounting unit, so retries are the engine's, each with its own permit.
    async fn stream(&self, permit: &Permit, request: &ModelRequest) -> Result<DeltaStream, ProviderError>;
}

/// A provider call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub struct ProviderError {
    pub kind: ProviderErrorKind,
    /// For the log; may quote the provider, never a credential.
    pub message: String,
    /// The provider may have done (and billed) work: a response body had begun, or nothing at all came back after the
    /// request was sent.
    pub billed: Billed,
    /// What the provider asks us to wait before the next attempt.
    pub retry_after_ms: Option<u64>,
}

/// What is known about the bill of a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billed {
    /// Refused or not reached: nothing was billed.
    No,
    /// The stream had begun; partial usage applies.
    Partly,
    /// The request went out and nothing came back.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderErrorKind {
    /// Connect error, time-out, 5xx, overloaded: trying again may help.
    Unavailable,
    RateLimited,
    /// Key or permission: an operator must act.
    Unauthorized,
    ContextTooLong,
    /// The request was refused as it stands.
    Rejected,
    /// The provider does not know the model.
    NoSuchModel,
    /// The provider answered with something that cannot be read.
    Protocol,
}

impl ProviderErrorKind {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::RateLimited)
    }
}
