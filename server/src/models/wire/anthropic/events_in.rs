//! Events of a message, or a whole one, in common words. What no other format has (citations, signatures, blocks of the
//! provider's own tools) is passed over.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::models::{
    anthropic::WireUsage,
    wire::{
        WireError,
        event::{MAX_CALLS, Stop, WireEvent, unreadable},
    },
};

/// A call that is open.
#[derive(Debug)]
struct Call {
    number: usize,
    /// What stood at the start; it counts if no piece follows.
    input: Value,
    has_pieces: bool,
}

/// The state between events.
#[derive(Debug, Default)]
pub(in crate::models::wire) struct AnthropicReader {
    usage: WireUsage,
    /// By the index of their blocks.
    open: BTreeMap<u64, Call>,
    calls: usize,
    has_stopped: bool,
}

type Events = Result<Vec<WireEvent>, WireError>;

impl AnthropicReader {
    /// Reads an event or a whole message.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn read(&mut self, value: &Value) -> Events {
        let index = value.get("index").and_then(Value::as_u64).unwrap_or(0);
        match value.get("type").and_then(Value::as_str) {
            Some("message_start") => {
                let mut events = vec![WireEvent::Start];
                events.extend(self.usage(value.get("message").and_then(|message| message.get("usage"))));
                Ok(events)
            }
            Some("content_block_start") => self.block_start(index, value.get("content_block").unwrap_or(&Value::Null)),
            Some("content_block_delta") => Ok(self.block_delta(index, value.get("delta").unwrap_or(&Value::Null))),
            Some("content_block_stop") => Ok(self.block_stop(index)),
            Some("message_delta") => {
                let mut events = self.stop(value.get("delta").unwrap_or(&Value::Null));
                events.extend(self.usage(value.get("usage")));
                Ok(events)
            }
            Some("message_stop") => Ok(vec![WireEvent::End]),
            Some("message") => self.whole(value),
            _ => Ok(Vec::new()),
        }
    }

    fn whole(&mut self, message: &Value) -> Events {
        let mut events = vec![WireEvent::Start];
        let blocks = message.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (index, block) in (0..).zip(blocks) {
            events.extend(self.block_start(index, block)?);
            events.extend(self.block_stop(index));
        }
        events.extend(self.stop(message));
        events.extend(self.usage(message.get("usage")));
        events.push(WireEvent::End);
        Ok(events)
    }

    fn block_start(&mut self, index: u64, block: &Value) -> Events {
        let text = |field: &str| block.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        match block.get("type").and_then(Value::as_str) {
            Some("text") => Ok(text("text").map(|text| WireEvent::Text(text.to_owned())).into_iter().collect()),
            Some("thinking") => {
                Ok(text("thinking").map(|text| WireEvent::Reasoning(text.to_owned())).into_iter().collect())
            }
            Some("tool_use") => {
                let (Some(id), Some(name)) = (text("id"), text("name")) else {
                    return Err(unreadable("a tool call has no id or name"));
                };
                if self.calls >= MAX_CALLS {
                    return Err(unreadable("it calls too many tools"));
                }
                let number = self.calls;
                self.calls += 1;
                let mut events = self.block_stop(index);
                let input = block.get("input").cloned().unwrap_or_default();
                self.open.insert(index, Call { number, input, has_pieces: false });
                events.push(WireEvent::ToolStart { call: number, id: Some(id.to_owned()), name: name.to_owned() });
                Ok(events)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn block_delta(&mut self, index: u64, delta: &Value) -> Vec<WireEvent> {
        let text = |field: &str| delta.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let event = match delta.get("type").and_then(Value::as_str) {
            Some("text_delta") => text("text").map(|text| WireEvent::Text(text.to_owned())),
            Some("thinking_delta") => text("thinking").map(|text| WireEvent::Reasoning(text.to_owned())),
            Some("input_json_delta") => match (self.open.get_mut(&index), text("partial_json")) {
                (Some(call), Some(piece)) => {
                    call.has_pieces = true;
                    Some(WireEvent::ToolArguments { call: call.number, piece: piece.to_owned() })
                }
                _ => None,
            },
            _ => None,
        };
        event.into_iter().collect()
    }

    fn block_stop(&mut self, index: u64) -> Vec<WireEvent> {
        let Some(call) = self.open.remove(&index) else { return Vec::new() };
        let mut events = Vec::new();
        if !call.has_pieces {
            let input = if call.input.is_object() { call.input.to_string() } else { "{}".to_owned() };
            events.push(WireEvent::ToolArguments { call: call.number, piece: input });
        }
        events.push(WireEvent::ToolEnd { call: call.number });
        events
    }

    /// `told` has a stop reason, or none yet.
    fn stop(&mut self, told: &Value) -> Vec<WireEvent> {
        let Some(reason) = told.get("stop_reason").and_then(Value::as_str).filter(|_| !self.has_stopped) else {
            return Vec::new();
        };
        self.has_stopped = true;
        let open: Vec<u64> = self.open.keys().copied().collect();
        let mut events: Vec<WireEvent> = open.into_iter().flat_map(|index| self.block_stop(index)).collect();
        events.push(WireEvent::Stop(match reason {
            "stop_sequence" => Stop::Sequence(told.get("stop_sequence").and_then(Value::as_str).map(str::to_owned)),
            "tool_use" => Stop::ToolUse,
            "max_tokens" => Stop::MaxTokens,
            "refusal" => Stop::Refusal,
            "model_context_window_exceeded" => Stop::ContextWindow,
            "pause_turn" => Stop::Pause,
            _ => Stop::EndTurn,
        }));
        events
    }

    fn usage(&mut self, usage: Option<&Value>) -> Option<WireEvent> {
        let usage = usage.filter(|usage| usage.is_object())?;
        let mut merged = self.usage;
        if merged.merge(usage).is_ok() {
            self.usage = merged;
        }
        Some(WireEvent::Usage(self.usage.reported(self.has_stopped)))
    }
}
