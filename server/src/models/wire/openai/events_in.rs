//! Chunks of a chat completion, or a whole one, in common words. Only the first answer is read: more are not asked for.

use serde_json::Value;

use super::meter::OpenAiUsage;
use crate::models::wire::{
    WireError,
    event::{MAX_CALLS, Stop, WireEvent, unreadable},
};

/// A call whose pieces come under `index`.
#[derive(Debug)]
struct Call {
    index: u64,
    id: Option<String>,
}

/// The state between chunks.
#[derive(Debug, Default)]
pub(in crate::models::wire) struct OpenAiReader {
    has_begun: bool,
    calls: Vec<Call>,
    has_stopped: bool,
    usage: OpenAiUsage,
}

impl OpenAiReader {
    /// Reads a chunk or a whole completion.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn read(&mut self, value: &Value) -> Result<Vec<WireEvent>, WireError> {
        let mut events = Vec::new();
        let choices = value.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        if let Some(choice) = choices.iter().find(is_first) {
            self.choice(choice, &mut events)?;
        }
        if let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) {
            self.usage.merge(usage);
            events.push(WireEvent::Usage(self.usage.reported(self.has_stopped)));
        }
        Ok(events)
    }

    fn choice(&mut self, choice: &Value, events: &mut Vec<WireEvent>) -> Result<(), WireError> {
        if !self.has_begun {
            self.has_begun = true;
            events.push(WireEvent::Start);
        }
        let delta = choice.get("delta").filter(|delta| !delta.is_null()).or(choice.get("message"));
        if let Some(delta) = delta.filter(|_| !self.has_stopped) {
            let text = |field: &str| delta.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
            // Two names are in use for what OpenAI itself does not show.
            if let Some(reasoning) = text("reasoning_content").or(text("reasoning")) {
                events.push(WireEvent::Reasoning(reasoning.to_owned()));
            }
            events.extend(text("content").or(text("refusal")).map(|text| WireEvent::Text(text.to_owned())));
            let fragments = delta.get("tool_calls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            for (position, fragment) in fragments.iter().enumerate() {
                self.fragment(position, fragment, events)?;
            }
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str)
            && !self.has_stopped
        {
            self.has_stopped = true;
            events.extend((0..self.calls.len()).map(|call| WireEvent::ToolEnd { call }));
            events.push(WireEvent::Stop(stop(reason).with_calls(!self.calls.is_empty())));
        }
        Ok(())
    }

    fn fragment(&mut self, position: usize, fragment: &Value, events: &mut Vec<WireEvent>) -> Result<(), WireError> {
        let some_text = |value: Option<&Value>| value?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let index = fragment.get("index").and_then(Value::as_u64).or(u64::try_from(position).ok()).unwrap_or(0);
        let function = fragment.get("function");
        let (id, name) = (some_text(fragment.get("id")), some_text(function.and_then(|function| function.get("name"))));
        let known = self.calls.iter().enumerate().rev().find(|(_, call)| call.index == index);
        // Some servers give every call the same index; a name with another id begins one.
        let known = known.filter(|(_, call)| name.is_none() || id.is_none() || call.id == id).map(|(at, _)| at);
        let call = match known {
            Some(call) => call,
            None => {
                let Some(name) = name else { return Err(unreadable("a tool call has no name")) };
                if self.calls.len() >= MAX_CALLS {
                    return Err(unreadable("it calls too many tools"));
                }
                let call = self.calls.len();
                self.calls.push(Call { index, id: id.clone() });
                events.push(WireEvent::ToolStart { call, id, name });
                call
            }
        };
        let piece = match function.and_then(|function| function.get("arguments")) {
            Some(Value::String(piece)) => piece.clone(),
            Some(Value::Object(arguments)) => Value::Object(arguments.clone()).to_string(),
            _ => String::new(),
        };
        if !piece.is_empty() {
            events.push(WireEvent::ToolArguments { call, piece });
        }
        Ok(())
    }
}

fn stop(reason: &str) -> Stop {
    match reason {
        "length" => Stop::MaxTokens,
        "tool_calls" | "function_call" => Stop::ToolUse,
        "content_filter" => Stop::Refusal,
        _ => Stop::EndTurn,
    }
}
