//! What a call answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One answer. Every field has a default, so `{"steps": [{"text": "Hello"}]}` is a whole script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Which requests a queued script answers; `None`: the next one that is not a side call.
    pub when: Option<When>,
    /// Refuse with this HTTP error instead of answering.
    pub refuse: Option<ApiError>,
    /// Close the connection without any answer.
    pub no_answer: bool,
    /// Wait for this gate before sending even the response's head.
    pub gate_before_head: Option<String>,
    pub steps: Vec<Step>,
    /// Numbers to report; absent ones are counted (a quarter of the bytes, rounded up).
    pub usage: Usage,
    pub report: Report,
    /// `end_turn`, or `tool_use` when a tool was called.
    pub stop_reason: Option<String>,
    /// Write on past the request's `max_tokens`.
    pub ignore_max_tokens: bool,
    /// Send the body in chunks of this many bytes.
    pub split_bytes: Option<usize>,
    /// End lines with CRLF instead of LF.
    pub crlf: bool,
    pub fault: Option<Fault>,
    /// A named script's answers to the model calls after the first one of the same user message.
    pub then: Vec<Script>,
}

/// Which requests a queued script answers: all given conditions hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// For side calls (titles) instead of answers.
    pub side: bool,
    pub system_contains: Option<String>,
    /// In the last text the user wrote.
    pub user_contains: Option<String>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// One `text_delta`; consecutive ones share a block.
    Text(String),
    Tool(ToolCall),
    WaitMs(u64),
    /// Hold until the gate is released.
    Gate(String),
    /// An `error` event; the stream ends.
    Error(ApiError),
    /// Bytes as they are.
    Raw(String),
    Ping,
    /// Cut the connection.
    Reset,
}

/// A tool call of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub input: Value,
    /// The argument text as sent, when it shall not be the JSON of `input`.
    #[serde(default)]
    pub raw_input: Option<String>,
}

/// An error in Anthropic's shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiError {
    /// HTTP status; without meaning in an error event.
    #[serde(default)]
    pub status: u16,
    #[serde(rename = "type")]
    pub kind: String,
    pub message: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Sent instead of Anthropic's JSON.
    #[serde(default)]
    pub raw_body: Option<String>,
}

/// Token numbers to report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    pub input: Option<i64>,
    pub cache_read: Option<i64>,
    pub cache_write_5m: Option<i64>,
    pub cache_write_1h: Option<i64>,
    pub output: Option<i64>,
}

/// How much of the usage is told; all of it is billed in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// `message_start` and `message_delta`.
    #[default]
    Full,
    /// Only `message_start`.
    StartOnly,
    Nothing,
}

/// Something that goes wrong at the n-th event of the stream (from 0, `message_start` included).
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
    /// Hold until the gate is released, then go on.
    Hang(String),
    /// An `error` event instead; the stream ends.
    Error(ApiError),
    /// These bytes instead; the stream goes on.
    Raw(String),
}

impl Script {
    /// An answer of one piece of text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { steps: vec![Step::Text(text.into())], ..Self::default() }
    }

    /// An answer of several pieces.
    #[must_use]
    pub fn texts(pieces: &[&str]) -> Self {
        Self { steps: pieces.iter().map(|piece| Step::Text((*piece).to_owned())).collect(), ..Self::default() }
    }

    /// An answer that calls these tools: (id, name, arguments).
    #[must_use]
    pub fn tools<const N: usize>(calls: [(&str, &str, Value); N]) -> Self {
        let steps = calls.into_iter().map(|(id, name, input)| {
            Step::Tool(ToolCall { id: id.to_owned(), name: name.to_owned(), input, raw_input: None })
        });
        Self { steps: steps.collect(), ..Self::default() }
    }

    /// An HTTP error.
    #[must_use]
    pub fn error(status: u16, kind: &str, message: &str) -> Self {
        Self { refuse: Some(ApiError::new(status, kind, message)), ..Self::default() }
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Sets usage numbers.
    #[must_use]
    pub fn usage(mut self, set: impl FnOnce(&mut Usage)) -> Self {
        set(&mut self.usage);
        self
    }

    /// Goes wrong at the n-th event.
    #[must_use]
    pub fn fault(mut self, at_event: usize, kind: FaultKind) -> Self {
        self.fault = Some(Fault { at_event, kind });
        self
    }

    /// Answers a side call (title).
    #[must_use]
    pub fn side(mut self) -> Self {
        self.when = Some(When { side: true, ..When::default() });
        self
    }
}

impl ApiError {
    #[must_use]
    pub fn new(status: u16, kind: &str, message: &str) -> Self {
        Self { status, kind: kind.to_owned(), message: message.to_owned(), headers: BTreeMap::new(), raw_body: None }
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }
}
