//! `OpenAI` chat completions: chunks with `choices`, tool calls by index, a usage chunk for who asks, `[DONE]`.

mod request;

use serde_json::{Value, json};

pub(crate) use request::{check_headers, check_key, read};

use crate::{
    formats::Format,
    frames::Frame,
    plan::{Beat, Call, Ending, Plan},
    request::Request,
    script::{ApiError, Quirk, Report, Script, Usage},
    sheet::Sheet,
};

/// 2026-01-01T00:00:00Z: this provider has no clock.
const CREATED: i64 = 1_767_225_600;
const DONE: &str = "data: [DONE]\n\n";

/// Writes the chunks of an answer.
struct Writer<'a> {
    sheet: Sheet<'a>,
    script: &'a Script,
    request: &'a Request,
    billed: Usage,
    id: String,
    /// Tool calls so far.
    calls: usize,
}

/// The chunks of a stream.
pub(crate) fn stream(script: &Script, request: &Request, plan: &Plan, call: u64) -> Vec<Frame> {
    let sheet = Sheet::new(script, Format::OpenAi, plan);
    let mut writer = Writer { sheet, script, request, billed: plan.usage, id: id(call), calls: 0 };
    let role = json!({"role": "assistant", "content": "", "refusal": null});
    let mut first = writer.chunk(&role, None, 0);
    if writer.sheet.has(Quirk::ZerosFirst) {
        first["usage"] = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
    }
    writer.sheet.event(&event(&first));
    for beat in &plan.beats {
        match beat {
            Beat::Text(text) => writer.delta(&json!({"content": text}), text.len()),
            Beat::Thinking(text) => writer.delta(&json!({"reasoning_content": text}), text.len()),
            Beat::Calls(calls) => writer.calls(calls),
            Beat::Flood { text, times } => {
                let chunk = writer.chunk(&json!({"content": text}), None, writer.sheet.so_far());
                writer.sheet.flood(&event(&chunk), text.len(), *times);
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
    fn tells_usage(&self) -> bool {
        self.request.wants_usage && self.script.report != Report::Nothing
    }

    /// A chunk with one choice; `output` is what has been made by then.
    fn chunk(&self, delta: &Value, finish_reason: Option<&str>, output: i64) -> Value {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason});
        let mut chunk = self.envelope(json!([choice]));
        if self.sheet.has(Quirk::UsageEverywhere) && self.script.report != Report::Nothing {
            chunk["usage"] = usage(&self.billed, self.script.report, output);
        } else if self.tells_usage() {
            chunk["usage"] = Value::Null;
        }
        chunk
    }

    fn envelope(&self, choices: Value) -> Value {
        json!({"id": self.id, "object": "chat.completion.chunk", "created": CREATED, "model": self.request.model,
            "service_tier": "default", "system_fingerprint": "fp_scripted", "choices": choices})
    }

    fn delta(&mut self, delta: &Value, bytes: usize) {
        self.sheet.grow(bytes);
        let chunk = self.chunk(delta, None, self.sheet.so_far());
        self.sheet.event_of(&event(&chunk));
    }

    /// Id and name come with the first fragment, then the arguments in pieces; parallel calls take turns.
    fn calls(&mut self, calls: &[Call]) {
        let mut rounds: Vec<Vec<(Value, usize)>> = Vec::new();
        for call in calls {
            let index = self.calls;
            self.calls += 1;
            let head = json!({"index": index, "id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": ""}});
            let pieces = call.pieces();
            // Sent even without arguments: an object must come of it.
            let pieces = if pieces.is_empty() { vec!["{}"] } else { pieces };
            let pieces = pieces.into_iter().map(|piece| {
                let fragment = json!({"index": index, "function": {"arguments": piece}});
                (fragment, if call.arguments.is_empty() { 0 } else { piece.len() })
            });
            for (round, fragment) in std::iter::once((head, 0)).chain(pieces).enumerate() {
                let round = if self.sheet.has(Quirk::CallsInTurn) { rounds.len() } else { round };
                if rounds.len() <= round {
                    rounds.push(Vec::new());
                }
                rounds[round].push(fragment);
            }
        }
        for (fragment, bytes) in rounds.into_iter().flatten() {
            self.delta(&json!({"tool_calls": [fragment]}), bytes);
        }
    }

    fn finish(&mut self, ending: &Ending) {
        let on_finish = self.sheet.has(Quirk::UsageOnFinish);
        let mut last = self.chunk(&json!({}), Some(finish_reason(&ending.stop_reason)), ending.output);
        if on_finish && self.script.report != Report::Nothing {
            last["usage"] = usage(&self.billed, self.script.report, ending.output);
        }
        self.sheet.settle(&event(&last), ending.output);
        let is_told = self.tells_usage();
        let is_late = self.sheet.has(Quirk::UsageAfterEnd);
        let has_own_chunk = !is_late && (!on_finish || self.sheet.has(Quirk::UsageTwice));
        if is_told && has_own_chunk {
            let mut reports = vec![ending.output];
            if self.sheet.has(Quirk::UsageInSteps) {
                reports.splice(0..0, [ending.output / 3, ending.output / 3 * 2]);
            }
            if self.sheet.has(Quirk::UsageTwice) {
                reports.push(ending.output);
            }
            for output in reports {
                self.usage_chunk(output);
            }
        }
        if !self.sheet.has(Quirk::NoEnd) {
            self.sheet.event(DONE);
        }
        if is_told && is_late {
            self.usage_chunk(ending.output);
        }
    }

    fn usage_chunk(&mut self, output: i64) {
        let choices = if self.sheet.has(Quirk::NullChoices) { Value::Null } else { json!([]) };
        let mut chunk = self.envelope(choices);
        chunk["usage"] = usage(&self.billed, self.script.report, output);
        self.sheet.event(&event(&chunk));
    }
}

fn id(call: u64) -> String {
    format!("chatcmpl-{call:08}")
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn finish_reason(stop_reason: &str) -> &str {
    match stop_reason {
        "end_turn" | "stop_sequence" | "pause_turn" => "stop",
        "tool_use" => "tool_calls",
        "max_tokens" | "model_context_window_exceeded" => "length",
        "refusal" => "content_filter",
        other => other,
    }
}

/// The usage object as far as it is told: prompts include what came from the cache, completions the reasoning.
fn usage(billed: &Usage, report: Report, output: i64) -> Value {
    let mut usage = json!({});
    if report.tells_input() {
        usage["prompt_tokens"] = billed.prompt().into();
        let mut details = json!({"cached_tokens": billed.cache_read.unwrap_or(0), "audio_tokens": 0});
        if billed.cache_write_5m.is_some() || billed.cache_write_1h.is_some() {
            details["cache_write_tokens"] = billed.cache_write().into();
        }
        usage["prompt_tokens_details"] = details;
    }
    if report.tells_output() {
        usage["completion_tokens"] = output.into();
        usage["completion_tokens_details"] = json!({"reasoning_tokens": billed.reasoning.unwrap_or(0).min(output),
            "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0});
    }
    if report == Report::Full {
        usage["total_tokens"] = billed.prompt().saturating_add(output).into();
    }
    usage
}

/// An answer that is not streamed.
pub(crate) fn whole(script: &Script, request: &Request, plan: &Plan, ending: &Ending, call: u64) -> Value {
    let mut text = String::new();
    let mut thoughts = String::new();
    let mut calls = Vec::new();
    for beat in &plan.beats {
        match beat {
            Beat::Text(piece) => text.push_str(piece),
            Beat::Thinking(piece) => thoughts.push_str(piece),
            Beat::Flood { text: piece, times } => {
                text.push_str(&piece.repeat(usize::try_from(*times).unwrap_or(usize::MAX)));
            }
            Beat::Calls(made) => calls.extend(made.iter().map(|call| {
                let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
                json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
            })),
            _ => {}
        }
    }
    let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { text.into() };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
    if !thoughts.is_empty() {
        message["reasoning_content"] = thoughts.into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let choice = json!({"index": 0, "message": message, "logprobs": null,
        "finish_reason": finish_reason(&ending.stop_reason)});
    let mut body = json!({"id": id(call), "object": "chat.completion", "created": CREATED, "model": request.model,
        "service_tier": "default", "system_fingerprint": "fp_scripted", "choices": [choice]});
    if script.report != Report::Nothing {
        body["usage"] = usage(&plan.usage, script.report, ending.output);
    }
    body
}

/// `OpenAI`'s error object.
pub(crate) fn error_body(error: &ApiError) -> Value {
    json!({"error": {"message": error.message, "type": error.kind, "param": null, "code": error.code}})
}

/// One of `GET /v1/models`.
pub(crate) fn model(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": CREATED, "owned_by": "upstream"})
}
