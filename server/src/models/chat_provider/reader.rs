//! From the pieces of a body to deltas: a state machine without I/O.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::failure;
use crate::models::{
    Billed, Delta, ProviderError, ProviderErrorKind, StopReason,
    wire::{
        AnswerReader, Tap, TapState, WireFormat,
        event::{Stop, WireEvent},
    },
};

/// Longest arguments of one tool call, bytes.
const MAX_ARGUMENT_BYTES: usize = 1024 * 1024;

/// A tool call whose arguments are still coming.
struct OpenTool {
    id: String,
    name: String,
    arguments: String,
}

/// The state of one answer.
pub(super) struct Reader {
    answer: AnswerReader,
    tap: Tap,
    /// What is received bounds nothing: the model may have thought in secret.
    hides_thinking: bool,
    /// For calls without an id: unique in the conversation.
    id_stem: String,
    tools: BTreeMap<usize, OpenTool>,
    stop: Option<StopReason>,
}

type Deltas = Vec<Result<Delta, ProviderError>>;

impl Reader {
    /// `call`: the name of the model call, in which ids are unique.
    pub(super) fn new(format: WireFormat, hides_thinking: bool, call: &str) -> Self {
        // No longer than OpenAI takes back (40), should the conversation go on there.
        let stem: String = call.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            answer: AnswerReader::new(format),
            tap: Tap::new(format, true),
            hides_thinking,
            id_stem: stem.chars().skip(stem.len().saturating_sub(24)).collect(),
            tools: BTreeMap::new(),
            stop: None,
        }
    }

    /// The answer is complete; only usage may follow.
    pub(super) fn has_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// An error of the stream.
    pub(super) fn broken(&self, message: String) -> ProviderError {
        ProviderError { kind: ProviderErrorKind::Unavailable, message, billed: self.billed(), retry_after_ms: None }
    }

    fn billed(&self) -> Billed {
        match self.tap.state() {
            TapState::Nothing => Billed::Unknown,
            TapState::Failed { had_begun: false } => Billed::No,
            TapState::Begun | TapState::Finished | TapState::Failed { had_begun: true } => Billed::Partly,
        }
    }

    /// The next piece of the body. Nothing follows an error.
    pub(super) fn push(&mut self, piece: &[u8]) -> Deltas {
        let before = (self.tap.reported(), self.tap.state());
        self.tap.push(piece);
        let events = self.answer.push(piece);
        let mut deltas = Vec::new();
        if before.1 == TapState::Nothing && self.tap.state() == TapState::Begun && self.hides_thinking {
            deltas.push(Ok(Delta::Received(usize::MAX)));
        }
        self.deltas(events, &mut deltas);
        if self.tap.reported() != before.0 {
            // Before an error among them, which is the last.
            deltas.insert(0, Ok(Delta::Usage(self.tap.reported())));
        }
        deltas
    }

    /// The body has ended: the last word on usage and the stop, or that it broke off.
    pub(super) fn finish(&mut self) -> Deltas {
        let mut deltas = Vec::new();
        if !self.has_stopped() {
            let events = self.answer.finish();
            self.deltas(events, &mut deltas);
        }
        self.tap.finish();
        if deltas.iter().any(Result::is_err) {
            return deltas;
        }
        deltas.push(Ok(Delta::Usage(self.tap.reported())));
        deltas.push(match self.stop {
            Some(stop) => Ok(Delta::Stop(stop)),
            None => Err(self.broken("the answer broke off".to_owned())),
        });
        deltas
    }

    fn deltas(&mut self, events: Vec<WireEvent>, deltas: &mut Deltas) {
        for event in events {
            match event {
                WireEvent::Text(text) => deltas.push(Ok(Delta::Text(text))),
                WireEvent::Reasoning(text) => deltas.push(Ok(Delta::Reasoning(text))),
                WireEvent::ToolStart { call, id, name } => {
                    deltas.push(Ok(Delta::Received(name.len())));
                    let id = id.unwrap_or_else(|| format!("call_{}_{call}", self.id_stem));
                    self.tools.insert(call, OpenTool { id, name, arguments: String::new() });
                }
                WireEvent::ToolArguments { call, piece } => {
                    deltas.push(Ok(Delta::Received(piece.len())));
                    let Some(tool) = self.tools.get_mut(&call) else { continue };
                    if tool.arguments.len() + piece.len() > MAX_ARGUMENT_BYTES {
                        let error = self.broken("the arguments of a tool call are too long".to_owned());
                        deltas.push(Err(ProviderError { kind: ProviderErrorKind::Protocol, ..error }));
                        return;
                    }
                    tool.arguments.push_str(&piece);
                }
                WireEvent::ToolEnd { call } => deltas.extend(self.tools.remove(&call).map(|tool| Ok(complete(tool)))),
                WireEvent::Stop(stop) => {
                    let rest = std::mem::take(&mut self.tools);
                    deltas.extend(rest.into_values().map(|tool| Ok(complete(tool))));
                    self.stop = Some(reason(&stop));
                }
                WireEvent::Error(error) => {
                    deltas.push(Err(failure(&error, self.billed(), None)));
                    return;
                }
                // Servers that tell no reason.
                WireEvent::End => self.stop = self.stop.or(Some(StopReason::Other)),
                // The tap knows better.
                WireEvent::Start | WireEvent::Usage(_) => {}
            }
        }
    }
}

fn complete(tool: OpenTool) -> Delta {
    let input = if tool.arguments.trim().is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_str::<Map<String, Value>>(&tool.arguments).map_or(Value::Null, Value::Object)
    };
    Delta::ToolUse { id: tool.id, name: tool.name, input }
}

fn reason(stop: &Stop) -> StopReason {
    match stop {
        Stop::EndTurn | Stop::Sequence(_) => StopReason::EndTurn,
        Stop::ToolUse => StopReason::ToolUse,
        Stop::MaxTokens => StopReason::MaxTokens,
        Stop::Refusal => StopReason::Refusal,
        Stop::ContextWindow => StopReason::ContextWindow,
        Stop::Pause => StopReason::Other,
    }
}
