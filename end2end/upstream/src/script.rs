//! What a call answers, in any format.

mod fault;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use fault::{ApiError, Fault, FaultKind, Quirk, Report};

use crate::formats::Format;

/// One answer. Every field has a default, so `{"steps": [{"text": "Hello"}]}` is a whole script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Which requests a queued script answers; `None`: the next one that asks for an answer.
    pub when: Option<When>,
    /// Refuse with this HTTP error instead of answering; with status 200 it is an error dressed as a success.
    pub refuse: Option<ApiError>,
    /// Close the connection without any answer.
    pub no_answer: bool,
    /// Wait for this gate before sending even the response's head.
    pub gate_before_head: Option<String>,
    /// Headers of a 200, beside or instead of the usual ones.
    pub headers: BTreeMap<String, String>,
    pub steps: Vec<Step>,
    /// Numbers to report; absent ones are counted (a quarter of the bytes, rounded up).
    pub usage: Usage,
    pub report: Report,
    /// In Anthropic's words, which the other formats translate; `end_turn`, or `tool_use` when a tool was called.
    pub stop_reason: Option<String>,
    /// Write on past the request's cap.
    pub ignore_max_tokens: bool,
    /// Send the body in chunks of this many bytes.
    pub split_bytes: Option<usize>,
    /// End lines with CRLF instead of LF.
    pub crlf: bool,
    /// Ways in which the stream differs from the usual one.
    pub quirks: Vec<Quirk>,
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
    /// For `count_tokens` instead: `usage.input` is the count.
    pub counting: bool,
    /// For lists of models instead: what counts is a refusal, a gate, no answer.
    pub listing: bool,
    pub format: Option<Format>,
    pub model: Option<String>,
    pub system_contains: Option<String>,
    /// In the last text the user wrote.
    pub user_contains: Option<String>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// One event of text; consecutive ones share a block.
    Text(String),
    /// Thoughts before the answer: a `thinking` block, `reasoning_content`, `thinking`.
    Thinking(String),
    /// Consecutive calls are made in parallel.
    Tool(ToolCall),
    /// More text than a slow reader takes.
    Flood(Flood),
    WaitMs(u64),
    /// Hold until the gate is released.
    Gate(String),
    /// An error event; the stream ends. A whole answer becomes an HTTP error (500 where no status is given).
    Error(ApiError),
    /// Bytes as they are.
    Raw(String),
    /// A ping event, a comment or an empty line, as the format has it.
    Ping,
    /// Cut the connection.
    Reset,
    /// End the body properly, but without the format's end.
    End,
}

/// The same event of text again and again. It counts as one event where a [`Fault`] counts them; it takes no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    pub events: u64,
    /// Bytes of text in each.
    pub bytes: usize,
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

/// Token numbers to report. An explicit zero is reported as one where an absent number may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Without what was read from or written to a cache; `OpenAI` and Ollama report the sum.
    pub input: Option<i64>,
    pub cache_read: Option<i64>,
    pub cache_write_5m: Option<i64>,
    pub cache_write_1h: Option<i64>,
    /// Reasoning included.
    pub output: Option<i64>,
    /// The part of `output` that was reasoning; only `OpenAI` reports it.
    pub reasoning: Option<i64>,
    /// Searches on the web it ran by itself; only Anthropic's format has them. `input` is that of all rounds together then,
    /// of which a stream tells the first at its start.
    pub searches: Option<i64>,
}

impl Usage {
    /// All input: fresh, read from and written to caches.
    pub(crate) fn prompt(&self) -> i64 {
        let parts = [self.input, self.cache_read, self.cache_write_5m, self.cache_write_1h];
        parts.into_iter().flatten().fold(0, i64::saturating_add)
    }

    /// What is known when the answer begins.
    pub(crate) fn of_first_round(&self) -> Self {
        let rounds = self.searches.unwrap_or(0) + 1;
        Self { input: self.input.map(|input| input / rounds), searches: None, ..*self }
    }

    /// 5-minute and 1-hour writes together.
    pub(crate) fn cache_write(&self) -> i64 {
        self.cache_write_5m.unwrap_or(0).saturating_add(self.cache_write_1h.unwrap_or(0))
    }
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
        Self::refuse(ApiError::new(status, kind, message))
    }

    /// An HTTP error with headers or a body of its own.
    #[must_use]
    pub fn refuse(error: ApiError) -> Self {
        Self { refuse: Some(error), ..Self::default() }
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

    /// Differs in this way from the usual stream.
    #[must_use]
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.quirks.push(quirk);
        self
    }

    /// Restricts the requests this script answers once it is queued.
    #[must_use]
    pub fn when(mut self, set: impl FnOnce(&mut When)) -> Self {
        set(self.when.get_or_insert_default());
        self
    }

    /// Answers a side call (title).
    #[must_use]
    pub fn side(self) -> Self {
        self.when(|when| when.side = true)
    }
}
