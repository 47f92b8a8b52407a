//! Usage of `/api/chat` (Ollama's API documentation, "Generate a chat completion"): the last object has the counts; that
//! of a prompt that was cached may be missing.

use serde_json::Value;

use crate::models::{
    ReportedUsage,
    wire::tap::{Heard, count, written, written_json},
};

/// What the lines of a stream, or its one object, tell.
#[derive(Debug, Default)]
pub(in crate::models::wire) struct OllamaMeter {
    input: Option<i64>,
    output: Option<i64>,
    is_done: bool,
}

impl OllamaMeter {
    pub fn hear(&mut self, value: &Value) -> Heard {
        let failed = value.get("error").is_some_and(|error| !error.is_null());
        let mut heard = Heard { failed, ..Heard::default() };
        if let Some(message) = value.get("message").filter(|message| message.is_object()) {
            heard.begun = true;
            heard.content = content(message);
        }
        self.input = count(value.get("prompt_eval_count")).or(self.input);
        self.output = count(value.get("eval_count")).or(self.output);
        self.is_done |= value.get("done").and_then(Value::as_bool) == Some(true);
        heard.finished = self.is_done;
        heard.begun |= heard.finished;
        heard
    }

    pub fn reported(&self) -> ReportedUsage {
        let is_final = self.is_done && self.output.is_some();
        ReportedUsage { input: self.input, output: self.output, is_final, ..ReportedUsage::default() }
    }
}

fn content(message: &Value) -> usize {
    let calls = message.get("tool_calls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let arguments = calls.iter().filter_map(|call| call.get("function")?.get("arguments"));
    arguments.map(written_json).fold(written(message), usize::saturating_add)
}
