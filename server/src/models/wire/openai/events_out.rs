//! An answer in common words as chunks of a chat completion, or as a whole one.

use serde_json::{Map, Value, json};

use crate::models::{
    ReportedUsage,
    wire::{
        Stamp, WireFormat,
        chat::put,
        event::{Answer, AnswerPart, Stop, WireEvent},
        translate::total_input,
    },
};

/// The state between events.
#[derive(Debug)]
pub(in crate::models::wire) struct OpenAiWriter {
    stamp: Stamp,
    wants_usage: bool,
    has_begun: bool,
    usage: ReportedUsage,
}

impl OpenAiWriter {
    /// `wants_usage`: the client asked for a chunk of usage at the end.
    pub fn new(stamp: Stamp, wants_usage: bool) -> Self {
        Self { stamp, wants_usage, has_begun: false, usage: ReportedUsage::default() }
    }

    pub fn write(&mut self, event: WireEvent, out: &mut Vec<u8>) {
        match event {
            WireEvent::Start => self.begin(out),
            WireEvent::Text(text) => self.delta(json!({"content": text}), out),
            WireEvent::Reasoning(text) => self.delta(json!({"reasoning_content": text}), out),
            WireEvent::ToolStart { call, id, name } => {
                let function = json!({"name": name, "arguments": ""});
                let id = id.unwrap_or_else(|| self.stamp.call_id(call));
                let fragment = json!({"index": call, "id": id, "type": "function", "function": function});
                self.delta(json!({"tool_calls": [fragment]}), out);
            }
            WireEvent::ToolArguments { call, piece } => {
                let fragment = json!({"index": call, "function": {"arguments": piece}});
                self.delta(json!({"tool_calls": [fragment]}), out);
            }
            WireEvent::ToolEnd { .. } => {}
            WireEvent::Usage(usage) => self.usage = usage,
            WireEvent::Stop(stop) => {
                self.begin(out);
                let choice = json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": finish_reason(&stop)});
                self.chunk(json!([choice]), Value::Null, out);
            }
            WireEvent::Error(error) => out.extend(error.event(WireFormat::OpenAi).into_bytes()),
            WireEvent::End => {
                if self.wants_usage {
                    self.chunk(json!([]), usage(&self.usage), out);
                }
                out.extend(b"data: [DONE]\n\n");
            }
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.has_begun {
            self.has_begun = true;
            self.delta(json!({"role": "assistant", "content": ""}), out);
        }
    }

    fn delta(&mut self, delta: Value, out: &mut Vec<u8>) {
        self.begin(out);
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": null});
        self.chunk(json!([choice]), Value::Null, out);
    }

    fn chunk(&self, choices: Value, usage: Value, out: &mut Vec<u8>) {
        let mut chunk = head(&self.stamp, "chat.completion.chunk");
        put(&mut chunk, "choices", Some(choices));
        put(&mut chunk, "usage", self.wants_usage.then_some(usage));
        out.extend(b"data: ");
        out.extend(Value::Object(chunk).to_string().into_bytes());
        out.extend(b"\n\n");
    }
}

/// The whole completion.
pub(in crate::models::wire) fn whole(answer: &Answer, stamp: &Stamp) -> Value {
    let (mut text, mut reasoning, mut calls) = (None, None, Vec::new());
    for (place, part) in answer.parts.iter().enumerate() {
        match part {
            AnswerPart::Text(piece) => text.get_or_insert_with(String::new).push_str(piece),
            AnswerPart::Reasoning(piece) => reasoning.get_or_insert_with(String::new).push_str(piece),
            AnswerPart::Tool { id, name, arguments } => {
                let arguments = if arguments.is_empty() { "{}" } else { arguments };
                let id = id.clone().unwrap_or_else(|| stamp.call_id(place));
                calls.push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
            }
        }
    }
    let mut message = Map::new();
    put(&mut message, "role", Some("assistant"));
    put(&mut message, "content", Some(text.map_or(Value::Null, Value::String)));
    put(&mut message, "refusal", Some(Value::Null));
    put(&mut message, "reasoning_content", reasoning);
    if !calls.is_empty() {
        put(&mut message, "tool_calls", Some(calls));
    }
    let mut completion = head(stamp, "chat.completion");
    let reason = finish_reason(&answer.stop);
    let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": reason});
    put(&mut completion, "choices", Some(json!([choice])));
    put(&mut completion, "usage", Some(usage(&answer.usage)).filter(|usage| !usage.is_null()));
    Value::Object(completion)
}

fn head(stamp: &Stamp, object: &str) -> Map<String, Value> {
    let mut head = Map::new();
    put(&mut head, "id", Some(format!("chatcmpl-{}", stamp.id)));
    put(&mut head, "object", Some(object));
    put(&mut head, "created", Some(stamp.created));
    put(&mut head, "model", Some(stamp.model.clone()));
    head
}

/// What is known; `null` if nothing is.
fn usage(usage: &ReportedUsage) -> Value {
    let (input, output) = (total_input(usage), usage.output);
    if input.is_none() && output.is_none() {
        return Value::Null;
    }
    let mut written = Map::new();
    put(&mut written, "prompt_tokens", input);
    put(&mut written, "completion_tokens", output);
    put(&mut written, "total_tokens", Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))));
    put(&mut written, "prompt_tokens_details", usage.cache_read.map(|cached| json!({"cached_tokens": cached})));
    Value::Object(written)
}

fn finish_reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::EndTurn | Stop::Sequence(_) | Stop::Pause => "stop",
        Stop::ToolUse => "tool_calls",
        Stop::MaxTokens | Stop::ContextWindow => "length",
        Stop::Refusal => "content_filter",
    }
}
