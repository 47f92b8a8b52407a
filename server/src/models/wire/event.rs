//! An answer in common words: what the streams of all formats tell, one event after the other. A whole answer is the
//! same events at once.

use serde_json::{Map, Value};

use super::{WireError, WireErrorKind};
use crate::models::ReportedUsage;

/// A step of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum WireEvent {
    /// The provider works.
    Start,
    Text(String),
    Reasoning(String),
    /// `call` numbers the calls of the answer from 0.
    ToolStart {
        call: usize,
        /// `None`: the format has no ids.
        id: Option<String>,
        name: String,
    },
    /// The next piece of the arguments' JSON.
    ToolArguments {
        call: usize,
        piece: String,
    },
    /// The arguments are complete. May be missing: then they are at the answer's end.
    ToolEnd {
        call: usize,
    },
    /// What is known so far; replaces the report before.
    Usage(ReportedUsage),
    Stop(Stop),
    /// Nothing follows.
    Error(WireError),
    /// Nothing follows.
    End,
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    EndTurn,
    /// The sequence, where the format tells it.
    Sequence(Option<String>),
    ToolUse,
    MaxTokens,
    Refusal,
    ContextWindow,
    /// The provider paused a long answer; it is to be sent back to go on.
    Pause,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub parts: Vec<AnswerPart>,
    pub stop: Stop,
    pub usage: ReportedUsage,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AnswerPart {
    Text(String),
    Reasoning(String),
    /// `arguments` is JSON, unless the model made none.
    Tool {
        id: Option<String>,
        name: String,
        arguments: String,
    },
}

/// Most calls of tools in one answer.
pub(super) const MAX_CALLS: usize = 128;

/// What a provider answered that cannot be read.
pub(super) fn unreadable(what: &str) -> WireError {
    WireError::new(WireErrorKind::Upstream, format!("the provider's answer cannot be read: {what}"))
}

impl Answer {
    /// From the events of an answer that is complete.
    ///
    /// # Errors
    /// The error among them.
    pub(super) fn collect(events: Vec<WireEvent>) -> Result<Self, WireError> {
        let mut answer = Self { parts: Vec::new(), stop: Stop::EndTurn, usage: ReportedUsage::default() };
        // Where the parts of the calls are.
        let mut calls: Vec<(usize, usize)> = Vec::new();
        for event in events {
            match event {
                WireEvent::Text(text) => match answer.parts.last_mut() {
                    Some(AnswerPart::Text(before)) => before.push_str(&text),
                    _ => answer.parts.push(AnswerPart::Text(text)),
                },
                WireEvent::Reasoning(text) => match answer.parts.last_mut() {
                    Some(AnswerPart::Reasoning(before)) => before.push_str(&text),
                    _ => answer.parts.push(AnswerPart::Reasoning(text)),
                },
                WireEvent::ToolStart { call, id, name } => {
                    calls.push((call, answer.parts.len()));
                    answer.parts.push(AnswerPart::Tool { id, name, arguments: String::new() });
                }
                WireEvent::ToolArguments { call, piece } => {
                    let place = calls.iter().rev().find(|(known, _)| *known == call).map(|(_, place)| *place);
                    if let Some(AnswerPart::Tool { arguments, .. }) = place.and_then(|at| answer.parts.get_mut(at)) {
                        arguments.push_str(&piece);
                    }
                }
                WireEvent::Usage(usage) => answer.usage = usage,
                WireEvent::Stop(stop) => answer.stop = stop,
                WireEvent::Error(error) => return Err(error),
                WireEvent::Start | WireEvent::ToolEnd { .. } | WireEvent::End => {}
            }
        }
        let has_calls = !calls.is_empty();
        answer.stop = answer.stop.with_calls(has_calls);
        Ok(answer)
    }
}

impl Stop {
    /// Some servers say "stop" where they mean that tools are to be called.
    pub(super) fn with_calls(self, has_calls: bool) -> Self {
        if has_calls && self == Self::EndTurn { Self::ToolUse } else { self }
    }
}

/// The arguments as an object; none at all is an empty one.
///
/// # Errors
/// The model made something else.
pub(super) fn arguments(name: &str, text: &str) -> Result<Map<String, Value>, WireError> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let name: String = name.chars().take(64).collect();
    serde_json::from_str(text)
        .map_err(|_| unreadable(&format!("the arguments of the tool `{name}` are no JSON object")))
}
