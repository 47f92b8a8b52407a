//! Lines of `/api/chat`, or its one object, in common words.

use serde_json::Value;

use super::meter::OllamaMeter;
use crate::models::wire::{
    WireError,
    event::{MAX_CALLS, Stop, WireEvent, unreadable},
};

/// The state between lines.
#[derive(Debug, Default)]
pub(in crate::models::wire) struct OllamaReader {
    has_begun: bool,
    calls: usize,
    meter: OllamaMeter,
    is_done: bool,
}

impl OllamaReader {
    /// Reads a line or a whole answer.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn read(&mut self, value: &Value) -> Result<Vec<WireEvent>, WireError> {
        let mut events = Vec::new();
        if self.is_done {
            return Ok(events);
        }
        if !self.has_begun && value.get("message").is_some() {
            self.has_begun = true;
            events.push(WireEvent::Start);
        }
        self.meter.hear(value);
        if let Some(message) = value.get("message") {
            let text = |field: &str| message.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
            events.extend(text("thinking").map(|text| WireEvent::Reasoning(text.to_owned())));
            events.extend(text("content").map(|text| WireEvent::Text(text.to_owned())));
            let calls = message.get("tool_calls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            for call in calls {
                self.call(call, &mut events)?;
            }
        }
        if value.get("done").and_then(Value::as_bool) == Some(true) {
            self.is_done = true;
            let stop = match value.get("done_reason").and_then(Value::as_str) {
                Some("length") => Stop::MaxTokens,
                _ => Stop::EndTurn.with_calls(self.calls > 0),
            };
            events.extend([WireEvent::Stop(stop), WireEvent::Usage(self.meter.reported()), WireEvent::End]);
        }
        Ok(events)
    }

    /// A call comes whole.
    fn call(&mut self, told: &Value, events: &mut Vec<WireEvent>) -> Result<(), WireError> {
        let function = told.get("function");
        let Some(name) = function.and_then(|function| function.get("name")?.as_str()) else {
            return Err(unreadable("a tool call has no name"));
        };
        if self.calls >= MAX_CALLS {
            return Err(unreadable("it calls too many tools"));
        }
        let call = self.calls;
        self.calls += 1;
        let id = told.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
        let piece = match function.and_then(|function| function.get("arguments")) {
            Some(arguments @ Value::Object(_)) => arguments.to_string(),
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            _ => "{}".to_owned(),
        };
        events.push(WireEvent::ToolStart { call, id, name: name.to_owned() });
        events.push(WireEvent::ToolArguments { call, piece });
        events.push(WireEvent::ToolEnd { call });
        Ok(())
    }
}
