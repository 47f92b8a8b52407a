//! Ollama's own API: one JSON object per line, the last one with `done` and the counts.

mod request;

use serde_json::{Value, json};

pub(crate) use request::read;

use crate::{
    formats::Format,
    frames::Frame,
    plan::{Beat, Call, Ending, Plan},
    request::Request,
    script::{ApiError, Quirk, Report, Script, Usage},
    sheet::Sheet,
};

/// This provider has no clock.
const CREATED_AT: &str = "2026-01-01T00:00:00Z";

/// Writes the objects of an answer.
struct Writer<'a> {
    sheet: Sheet<'a>,
    script: &'a Script,
    request: &'a Request,
    billed: Usage,
    /// Nothing was sent yet.
    is_first: bool,
}

/// The objects of a stream.
pub(crate) fn stream(script: &Script, request: &Request, plan: &Plan) -> Vec<Frame> {
    let sheet = Sheet::new(script, Format::Ollama, plan);
    let mut writer = Writer { sheet, script, request, billed: plan.usage, is_first: true };
    for beat in &plan.beats {
        match beat {
            Beat::Text(text) => writer.piece(&json!({"role": "assistant", "content": text}), text.len()),
            Beat::Thinking(text) => {
                writer.piece(&json!({"role": "assistant", "content": "", "thinking": text}), text.len());
            }
            Beat::Calls(calls) => {
                // Whole, one object each.
                for (index, call) in calls.iter().enumerate() {
                    let message = json!({"role": "assistant", "content": "", "tool_calls": [tool_call(index, call)]});
                    writer.piece(&message, call.arguments.len());
                }
            }
            Beat::Flood { text, times } => {
                let object = object(request, &json!({"role": "assistant", "content": text}));
                writer.sheet.flood(&line(&object), text.len(), *times);
                writer.is_first = false;
            }
            beat => writer.sheet.common(beat),
        }
    }
    if let Some(ending) = &plan.ending {
        writer.finish(ending);
    }
    writer.sheet.done()
}

impl Writer<'_> {
    fn piece(&mut self, message: &Value, bytes: usize) {
        self.sheet.grow(bytes);
        let mut object = object(self.request, message);
        if self.sheet.has(Quirk::UsageEverywhere) {
            count(&mut object, &self.billed, self.script.report, self.sheet.so_far());
        }
        if self.is_first && self.sheet.has(Quirk::ZerosFirst) {
            object["prompt_eval_count"] = 0.into();
            object["eval_count"] = 0.into();
        }
        self.is_first = false;
        self.sheet.event_of(&line(&object));
    }

    fn finish(&mut self, ending: &Ending) {
        let report = self.script.report;
        let empty = json!({"role": "assistant", "content": ""});
        if self.sheet.has(Quirk::UsageInSteps) {
            for so_far in [ending.output / 3, ending.output / 3 * 2] {
                let mut object = object(self.request, &empty);
                count(&mut object, &self.billed, report, so_far);
                self.sheet.event(&line(&object));
            }
        }
        let bare = last(object(self.request, &empty), ending);
        let mut counted = bare.clone();
        count(&mut counted, &self.billed, report, ending.output);
        if self.sheet.has(Quirk::NoEnd) {
            // The output is owed all the same.
            let object = object(self.request, &empty);
            self.sheet.settle(&line(&object), ending.output);
            return;
        }
        if self.sheet.has(Quirk::UsageTwice) {
            self.sheet.settle(&line(&counted), ending.output);
        }
        if self.sheet.has(Quirk::UsageAfterEnd) {
            self.sheet.settle(&line(&bare), ending.output);
        }
        self.sheet.settle(&line(&counted), ending.output);
    }
}

fn line(object: &Value) -> String {
    format!("{object}\n")
}

fn object(request: &Request, message: &Value) -> Value {
    json!({"model": request.model, "created_at": CREATED_AT, "message": message, "done": false})
}

/// Durations are in nanoseconds.
fn last(mut object: Value, ending: &Ending) -> Value {
    object["done"] = true.into();
    object["done_reason"] = done_reason(&ending.stop_reason).into();
    for name in ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"] {
        object[name] = 1_000_000.into();
    }
    object
}

/// Adds the counts as far as they are told. A zero is left out, as the real one does, unless the script says it.
fn count(object: &mut Value, billed: &Usage, report: Report, output: i64) {
    if report.tells_input() && (billed.prompt() != 0 || billed.input == Some(0)) {
        object["prompt_eval_count"] = billed.prompt().into();
    }
    if report.tells_output() && (output != 0 || billed.output == Some(0)) {
        object["eval_count"] = output.into();
    }
}

fn tool_call(index: usize, call: &Call) -> Value {
    json!({"id": call.id, "function": {"index": index, "name": call.name, "arguments": call.value()}})
}

fn done_reason(stop_reason: &str) -> &str {
    match stop_reason {
        "end_turn" | "stop_sequence" | "tool_use" | "pause_turn" | "refusal" => "stop",
        "max_tokens" | "model_context_window_exceeded" => "length",
        other => other,
    }
}

/// An answer that is not streamed.
pub(crate) fn whole(script: &Script, request: &Request, plan: &Plan, ending: &Ending) -> Value {
    let mut message = json!({"role": "assistant"});
    let mut text = String::new();
    let mut thoughts = String::new();
    let mut calls: Vec<Value> = Vec::new();
    for beat in &plan.beats {
        match beat {
            Beat::Text(piece) => text.push_str(piece),
            Beat::Thinking(piece) => thoughts.push_str(piece),
            Beat::Flood { text: piece, times } => {
                text.push_str(&piece.repeat(usize::try_from(*times).unwrap_or(usize::MAX)));
            }
            Beat::Calls(made) => {
                for call in made {
                    calls.push(tool_call(calls.len(), call));
                }
            }
            _ => {}
        }
    }
    message["content"] = text.into();
    if !thoughts.is_empty() {
        message["thinking"] = thoughts.into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let mut body = last(object(request, &message), ending);
    count(&mut body, &plan.usage, script.report, ending.output);
    body
}

/// Ollama's error object.
pub(crate) fn error_body(error: &ApiError) -> Value {
    json!({"error": error.message})
}

/// One of `GET /api/tags`.
pub(crate) fn model(name: &str) -> Value {
    let family = name.split([':', '.']).next().unwrap_or(name);
    json!({"name": name, "model": name, "modified_at": CREATED_AT, "size": 2_019_393_189_i64,
        "digest": "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
        "details": {"parent_model": "", "format": "gguf", "family": family, "families": [family],
            "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}})
}
