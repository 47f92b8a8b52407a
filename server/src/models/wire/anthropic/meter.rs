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
    /// Searches that were begun, and those of them that have brought something.
    searches: i64,
    found: i64,
    /// Whether the last word told the input of all rounds, and how many searches there were.
    tells_input: bool,
    tells_searches: bool,
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
                self.search(value.get("content_block"));
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
                content.iter().for_each(|block| self.search(Some(block)));
                self.tells(value.get("usage"));
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
        if self.has_stopped {
            self.tells(usage);
        }
        self.merge(usage);
    }

    fn search(&mut self, block: Option<&Value>) {
        let is = |field: &str, what: &str| block.and_then(|block| block.get(field)?.as_str()) == Some(what);
        self.searches += i64::from(is("type", "server_tool_use") && is("name", "web_search"));
        self.found += i64::from(is("type", "web_search_tool_result"));
    }

    fn tells(&mut self, usage: Option<&Value>) {
        let has = |field: &str| usage.and_then(|usage| usage.get(field)).is_some_and(|value| !value.is_null());
        self.tells_input |= has("input_tokens");
        self.tells_searches |= has("server_tool_use");
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
        let searches = if self.tells_searches { reported.searches } else { reported.searches.max(begun) };
        // What was told at the start is the first round's alone.
        let is_whole = self.tells_input || self.searches == 0;
        ReportedUsage {
            is_final: reported.is_final && reported.output.is_some() && is_whole,
            searches,
            open_rounds: i64::from(self.searches > self.found),
            ..reported
        }
    }
}

/// A block of content; the arguments of a tool come as JSON (in a stream as an empty object first, which costs nothing).
fn block(block: &Value) -> usize {
    let input = block.get("input").filter(|input| input.as_object().is_some_and(|fields| !fields.is_empty()));
    let bytes = input.map_or(0, written_json);
    bytes.saturating_add(written(block))
}
