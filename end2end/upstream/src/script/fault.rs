//! What can go wrong: errors, faults at an event, streams that are unusual but legal (or nearly so).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An error; each format gives it its own shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiError {
    /// HTTP status; without meaning in an error event.
    #[serde(default)]
    pub status: u16,
    #[serde(rename = "type")]
    pub kind: String,
    pub message: String,
    /// Only in `OpenAI`'s shape.
    #[serde(default)]
    pub code: Option<Box<str>>,
    /// Such as `retry-after`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Sent instead of the format's JSON.
    #[serde(default)]
    pub raw_body: Option<String>,
}

impl ApiError {
    #[must_use]
    pub fn new(status: u16, kind: &str, message: &str) -> Self {
        Self {
            status,
            kind: kind.to_owned(),
            message: message.to_owned(),
            code: None,
            headers: BTreeMap::new(),
            raw_body: None,
        }
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets the code of `OpenAI`'s shape, such as `insufficient_quota`.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.code = Some(code.into());
        self
    }
}

/// How much of the usage is told; all of it is billed in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// Input and output.
    #[default]
    Full,
    /// Only input: Anthropic's `message_start`, `prompt_tokens`, `prompt_eval_count`.
    StartOnly,
    /// Only output, as Ollama does when the prompt was cached.
    OutputOnly,
    Nothing,
}

impl Report {
    pub(crate) fn tells_input(self) -> bool {
        matches!(self, Self::Full | Self::StartOnly)
    }

    pub(crate) fn tells_output(self) -> bool {
        matches!(self, Self::Full | Self::OutputOnly)
    }
}

/// Something that goes wrong at the n-th event of the stream (from 0, the first one included). A whole answer is one
/// event. Comments and pings of a [`Quirk`] belong to the event that follows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub at_event: usize,
    pub kind: FaultKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is cut instead of the event.
    Reset,
    /// The body ends properly, but early.
    End,
    /// The first half of the event, then the body ends properly: its JSON is cut off.
    Truncate,
    /// Hold until the gate is released, then go on.
    Hang(String),
    /// An error event instead; the stream ends.
    Error(ApiError),
    /// These bytes instead; the stream goes on. What the event had cost is billed all the same.
    Raw(String),
}

/// A way in which a stream differs from the usual one. Each is named for what the reader sees; where a format has no
/// such thing, nothing happens. Whole answers have none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// Comment lines before every event; empty lines in Ollama's stream.
    Comments,
    /// A ping before every event (Anthropic), a comment of its own (`OpenAI`), an empty line (Ollama).
    Pings,
    /// The body's chunks end inside every character that is not ASCII.
    SplitCharacters,
    /// The last word on usage is said twice. For Ollama: two last objects.
    UsageTwice,
    /// Usage comes in three growing reports: several `message_delta`s, usage chunks, counts before the last object.
    UsageInSteps,
    /// Every chunk carries the usage so far (`OpenAI`, Ollama), asked for or not.
    UsageEverywhere,
    /// The chunk with the finish reason carries the usage, asked for or not, and no chunk of its own follows (`OpenAI`).
    UsageOnFinish,
    /// Usage follows the end: `message_stop`, `[DONE]`, an object with `done`.
    UsageAfterEnd,
    /// The first event reports zeros, and only the last one the truth.
    ZerosFirst,
    /// The usage chunk has `choices: null` instead of an empty list (`OpenAI`).
    NullChoices,
    /// No `message_stop`, no `[DONE]`, no object with `done`: the body just ends.
    NoEnd,
    /// Parallel calls come one after the other instead of interleaved (`OpenAI`).
    CallsInTurn,
}
