//! Usage of messages ("Streaming messages"): the start tells the input, later reports are totals.

use serde_json::Value;

use crate::models::{
    ReportedUsage,
    anthropic::WireUsage,
    wire::tap::{Heard, written, written_json},
};

/// What events or a message tell.
#[derive(Debug, Default)]
pub(in crate::models::wire) struct AnthropicMeter {
    usage: WireUsage,
    /// Searches that were begun.
    searches: i64,
    has_stopped: bool,
    is_final: bool,
}

impl AnthropicMeter {
    pub fn hear(&mut self, value: &Value) -> Heard {
        let mut heard = Heard::default();
        match value.get("type").and_then(Value::as_str) {
            Some("message_start") => {
                heard.begun = true;
                self.merge(value.get("message").and_then(|message| message.get("usage")));
            }
            Some("content_block_start") => {
                self.searches += value.get("content_block").map_or(0, searches);
                heard.content = value.get("content_block").map_or(0, block);
            }
            Some("content_block_delta") => heard.content = value.get("delta").map_or(0, written),
            Some("message_delta") => self.delta(value),
            Some("message_stop") => self.has_stopped = true,
            Some("error") => heard.failed = true,
            Some("message") => {
                heard.begun = true;
                self.has_stopped = true;
                self.is_final = true;
                let content = value.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                heard.content = content.iter().map(block).sum();
                self.searches += content.iter().map(searches).sum::<i64>();
                self.merge(value.get("usage"));
            }
            _ => heard.failed = value.get("error").is_some_and(|error| !error.is_null()),
        }
        heard.finished = self.has_stopped;
        heard
    }

    fn delta(&mut self, value: &Value) {
        let reason = value.get("delta").and_then(|delta| delta.get("stop_reason"));
        self.has_stopped |= reason.is_some_and(|reason| !reason.is_null());
        let usage = value.get("usage");
        let tells_output = usage.and_then(|usage| usage.get("output_tokens")).is_some_and(|tokens| !tokens.is_null());
        self.is_final |= self.has_stopped && tells_output;
        self.merge(usage);
    }

    fn merge(&mut self, usage: Option<&Value>) {
        let Some(usage) = usage.filter(|usage| usage.is_object()) else { return };
        let mut merged = self.usage;
        if merged.merge(usage).is_ok() {
            self.usage = merged;
        }
    }

    pub fn reported(&self) -> ReportedUsage {
        let reported = self.usage.reported(self.is_final);
        let begun = (self.searches > 0).then_some(self.searches);
        let searches = if self.is_final { reported.searches.or(begun) } else { reported.searches.max(begun) };
        ReportedUsage { is_final: reported.is_final && reported.output.is_some(), searches, ..reported }
    }
}

/// How many searches a block begins.
fn searches(block: &Value) -> i64 {
    let is = |field: &str, what: &str| block.get(field).and_then(Value::as_str) == Some(what);
    i64::from(is("type", "server_tool_use") && is("name", "web_search"))
}

/// A block of content; the arguments of a tool come as JSON (in a stream as an empty object first, which costs nothing).
fn block(block: &Value) -> usize {
    let input = block.get("input").filter(|input| input.as_object().is_some_and(|fields| !fields.is_empty()));
    let bytes = input.map_or(0, written_json);
    bytes.saturating_add(written(block))
}
