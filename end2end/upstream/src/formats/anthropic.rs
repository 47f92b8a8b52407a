//! Anthropic Messages: `message_start`, blocks of content with their deltas, `message_delta`, `message_stop`.

mod messages;
mod request;

use serde_json::{Value, json};

pub(crate) use request::{check_headers, check_key, check_version, read, read_count};

use crate::{
    formats::Format,
    frames::Frame,
    plan::{Beat, Call, Ending, Plan},
    request::Request,
    script::{ApiError, Quirk, Report, Script, Usage},
    sheet::Sheet,
};

/// Ends every block of thoughts, and is wanted back with it.
pub(crate) const SIGNATURE: &str = "c2NyaXB0ZWQ=";

/// Writes the events of an answer.
struct Writer<'a> {
    sheet: Sheet<'a>,
    script: &'a Script,
    /// Index of the open or next content block.
    block: usize,
    open: Option<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
}

/// The events of a stream.
pub(crate) fn stream(script: &Script, request: &Request, plan: &Plan, call: u64) -> Vec<Frame> {
    let mut writer = Writer { sheet: Sheet::new(script, Format::Anthropic, plan), script, block: 0, open: None };
    let mut message = envelope(request, call, json!([]), &Value::Null);
    if writer.sheet.has(Quirk::ZerosFirst) {
        let zeros = Usage { input: Some(0), output: Some(0), ..Usage::default() };
        message["usage"] = usage(&zeros, Report::Full, 0);
    } else if script.report.tells_input() {
        message["usage"] = usage(&plan.usage.of_first_round(), Report::Full, 1);
    }
    writer.sheet.event(&event(&json!({"type": "message_start", "message": message})));
    for beat in &plan.beats {
        match beat {
            Beat::Text(text) => writer.text(text),
            Beat::Thinking(text) => writer.thinking(text),
            Beat::Calls(calls) => calls.iter().for_each(|call| writer.call(call)),
            Beat::Flood { text, times } => writer.flood(text, *times),
            beat => writer.sheet.common(beat),
        }
    }
    if let Some(ending) = &plan.ending {
        writer.close();
        writer.finish(ending, &plan.usage);
    }
    writer.sheet.done()
}

impl Writer<'_> {
    fn event(&mut self, data: &Value) {
        self.sheet.event(&event(data));
    }

    /// Opens a block unless one of this kind is open.
    fn open(&mut self, kind: Open) {
        if self.open == Some(kind) {
            return;
        }
        self.close();
        let content = match kind {
            Open::Text => json!({"type": "text", "text": ""}),
            Open::Thinking => json!({"type": "thinking", "thinking": "", "signature": ""}),
        };
        self.event(&json!({"type": "content_block_start", "index": self.block, "content_block": content}));
        self.open = Some(kind);
    }

    fn close(&mut self) {
        let Some(kind) = self.open.take() else { return };
        if kind == Open::Thinking {
            let delta = json!({"type": "signature_delta", "signature": SIGNATURE});
            self.event(&json!({"type": "content_block_delta", "index": self.block, "delta": delta}));
        }
        self.end_block();
    }

    fn end_block(&mut self) {
        self.event(&json!({"type": "content_block_stop", "index": self.block}));
        self.block += 1;
    }

    fn delta(&mut self, delta: &Value, bytes: usize) {
        self.sheet.grow(bytes);
        let data = json!({"type": "content_block_delta", "index": self.block, "delta": delta});
        self.sheet.event_of(&event(&data));
    }

    fn text(&mut self, text: &str) {
        self.open(Open::Text);
        self.delta(&json!({"type": "text_delta", "text": text}), text.len());
    }

    fn thinking(&mut self, text: &str) {
        self.open(Open::Thinking);
        self.delta(&json!({"type": "thinking_delta", "thinking": text}), text.len());
    }

    fn flood(&mut self, text: &str, times: u64) {
        self.open(Open::Text);
        let data = json!({"type": "content_block_delta", "index": self.block,
            "delta": {"type": "text_delta", "text": text}});
        self.sheet.flood(&event(&data), text.len(), times);
    }

    fn call(&mut self, call: &Call) {
        self.close();
        let content = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}});
        self.event(&json!({"type": "content_block_start", "index": self.block, "content_block": content}));
        for piece in call.pieces() {
            self.delta(&json!({"type": "input_json_delta", "partial_json": piece}), piece.len());
        }
        self.end_block();
    }

    fn finish(&mut self, ending: &Ending, billed: &Usage) {
        let report = self.script.report;
        // Who began with zeros, or has searched since, tells everything at the end.
        let told = |output: i64| match () {
            () if !report.tells_output() => None,
            () if self.sheet.has(Quirk::ZerosFirst) || billed.searches.is_some() => Some(usage(billed, report, output)),
            () => Some(json!({"output_tokens": output})),
        };
        let delta = |stop: Option<&str>, told: Option<Value>| {
            let mut data = json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}});
            if let Some(told) = told {
                data["usage"] = told;
            }
            event(&data)
        };
        let stop = Some(ending.stop_reason.as_str());
        let output = ending.output;
        let is_late = self.sheet.has(Quirk::UsageAfterEnd);
        let mut deltas = Vec::new();
        if self.sheet.has(Quirk::UsageInSteps) {
            deltas.extend([output / 3, output / 3 * 2].map(|so_far| delta(None, told(so_far))));
        }
        let last = delta(stop, if is_late { None } else { told(output) });
        if self.sheet.has(Quirk::UsageTwice) {
            deltas.push(last.clone());
        }
        let after = is_late.then(|| delta(None, told(output)));
        deltas.push(last);
        for delta in deltas {
            self.sheet.settle(&delta, output);
        }
        if !self.sheet.has(Quirk::NoEnd) {
            self.event(&json!({"type": "message_stop"}));
        }
        if let Some(after) = after {
            self.sheet.event(&after);
        }
    }
}

fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}

fn envelope(request: &Request, call: u64, content: Value, stop_reason: &Value) -> Value {
    json!({"id": format!("msg_{call:08}"), "type": "message", "role": "assistant", "model": request.model,
        "content": content, "stop_reason": stop_reason, "stop_sequence": null})
}

/// The usage object as far as it is told.
fn usage(billed: &Usage, report: Report, output: i64) -> Value {
    let mut usage = json!({"service_tier": "standard"});
    if report.tells_output() {
        usage["output_tokens"] = output.into();
    }
    if report.tells_input() {
        usage["input_tokens"] = billed.input.unwrap_or(0).into();
        usage["cache_read_input_tokens"] = billed.cache_read.unwrap_or(0).into();
        usage["cache_creation_input_tokens"] = billed.cache_write().into();
        if billed.cache_write_5m.is_some() || billed.cache_write_1h.is_some() {
            usage["cache_creation"] = json!({"ephemeral_5m_input_tokens": billed.cache_write_5m.unwrap_or(0),
                "ephemeral_1h_input_tokens": billed.cache_write_1h.unwrap_or(0)});
        }
    }
    if let Some(searches) = billed.searches {
        usage["server_tool_use"] = json!({"web_search_requests": searches});
    }
    usage
}

/// An answer that is not streamed.
pub(crate) fn whole(script: &Script, request: &Request, plan: &Plan, ending: &Ending, call: u64) -> Value {
    let mut blocks: Vec<Value> = Vec::new();
    for beat in &plan.beats {
        match beat {
            Beat::Text(text) => append(&mut blocks, "text", text),
            Beat::Thinking(text) => append(&mut blocks, "thinking", text),
            Beat::Flood { text, times } => {
                append(&mut blocks, "text", &text.repeat(usize::try_from(*times).unwrap_or(usize::MAX)));
            }
            Beat::Calls(calls) => blocks.extend(
                calls
                    .iter()
                    .map(|call| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.value()})),
            ),
            _ => {}
        }
    }
    let mut message = envelope(request, call, blocks.into(), &ending.stop_reason.as_str().into());
    if script.report != Report::Nothing {
        message["usage"] = usage(&plan.usage, script.report, ending.output);
    }
    message
}

/// Adds to the last block if it is of this kind.
fn append(blocks: &mut Vec<Value>, kind: &str, text: &str) {
    if let Some(Value::String(so_far)) = blocks.last_mut().filter(|b| b["type"] == kind).map(|b| &mut b[kind]) {
        so_far.push_str(text);
        return;
    }
    let mut block = json!({"type": kind, kind: text});
    if kind == "thinking" {
        block["signature"] = SIGNATURE.into();
    }
    blocks.push(block);
}

/// Anthropic's error object.
pub(crate) fn error_body(error: &ApiError) -> Value {
    json!({"type": "error", "error": {"type": error.kind, "message": error.message}, "request_id": "req_scripted"})
}

/// One of `GET /v1/models`.
pub(crate) fn model(name: &str) -> Value {
    json!({"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{frames::Owed, plan::plan, script::FaultKind};

    fn frames(script: &Script) -> Vec<Frame> {
        let request = Request { input_tokens: 7, ..Request::about(Format::Anthropic, "m", "x") };
        stream(script, &request, &plan(script, &request), 1)
    }

    #[test]
    fn output_is_owed_as_it_is_made() {
        let frames = frames(&Script::texts(&["12345", "678"]));
        let owed = frames.iter().filter_map(|frame| match frame {
            Frame::Event { owed, .. } if *owed != Owed::default() => Some((owed.begin.is_some(), owed.output)),
            _ => None,
        });
        assert_eq!(owed.collect::<Vec<_>>(), [(true, None), (false, Some(2)), (false, Some(2)), (false, Some(2))]);
    }

    #[test]
    fn a_fault_is_at_its_event() {
        assert_eq!(frames(&Script::texts(&["a", "b"]).fault(0, FaultKind::Reset)), [Frame::Cut]);
        assert_eq!(frames(&Script::texts(&["a", "b"]).fault(3, FaultKind::End)).len(), 4);
        let none = frames(&Script::texts(&["a", "b"]).fault(99, FaultKind::End));
        assert_eq!(none, frames(&Script::texts(&["a", "b"])));
    }
}
