//! An answer in common words as lines of `/api/chat`, or as its one object. Calls of tools are written when they are
//! complete, as they come whole there.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::models::{
    ReportedUsage,
    wire::{
        Stamp, WireError, WireFormat,
        chat::put,
        event::{Answer, AnswerPart, Stop, WireEvent, arguments, unreadable},
        translate::total_input,
    },
};

/// Most of calls that are not complete, bytes.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

/// The state between events.
#[derive(Debug)]
pub(in crate::models::wire) struct OllamaWriter {
    stamp: Stamp,
    open: BTreeMap<usize, Call>,
    waiting_bytes: usize,
    usage: ReportedUsage,
    stop: Stop,
}

impl OllamaWriter {
    pub fn new(stamp: Stamp) -> Self {
        let usage = ReportedUsage::default();
        Self { stamp, open: BTreeMap::new(), waiting_bytes: 0, usage, stop: Stop::EndTurn }
    }

    /// # Errors
    /// Arguments of a tool that are no object, or too long.
    pub fn write(&mut self, event: WireEvent, out: &mut Vec<u8>) -> Result<(), WireError> {
        match event {
            WireEvent::Start => {}
            WireEvent::Text(text) => self.line(json!({"role": "assistant", "content": text}), out),
            WireEvent::Reasoning(text) => {
                self.line(json!({"role": "assistant", "content": "", "thinking": text}), out);
            }
            WireEvent::ToolStart { call, id, name } => {
                let id = id.unwrap_or_else(|| self.stamp.call_id(call));
                self.open.insert(call, Call { id, name, arguments: String::new() });
            }
            WireEvent::ToolArguments { call, piece } => {
                self.waiting_bytes = self.waiting_bytes.saturating_add(piece.len());
                if self.waiting_bytes > MAX_WAITING_BYTES {
                    return Err(unreadable("the arguments of a tool are too long"));
                }
                if let Some(call) = self.open.get_mut(&call) {
                    call.arguments.push_str(&piece);
                }
            }
            // What the cap cut off is known at the stop.
            WireEvent::ToolEnd { call } => {
                if let Some(open) = self.open.remove(&call) {
                    match write_call(&open.id, &open.name, &open.arguments) {
                        Ok(written) => {
                            self.waiting_bytes = self.waiting_bytes.saturating_sub(open.arguments.len());
                            self.line(json!({"role": "assistant", "content": "", "tool_calls": [written]}), out);
                        }
                        Err(_) => {
                            self.open.insert(call, open);
                        }
                    }
                }
            }
            WireEvent::Usage(usage) => self.usage = usage,
            WireEvent::Stop(stop) => {
                self.stop = stop;
                for (_, call) in std::mem::take(&mut self.open) {
                    match write_call(&call.id, &call.name, &call.arguments) {
                        Ok(written) => {
                            self.line(json!({"role": "assistant", "content": "", "tool_calls": [written]}), out);
                        }
                        Err(_) if self.stop == Stop::MaxTokens => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            WireEvent::Error(error) => out.extend(error.event(WireFormat::Ollama).into_bytes()),
            WireEvent::End => {
                let mut last = head(&self.stamp, json!({"role": "assistant", "content": ""}));
                done(&mut last, &self.stop, &self.usage);
                push_line(last, out);
            }
        }
        Ok(())
    }

    fn line(&self, message: Value, out: &mut Vec<u8>) {
        let mut line = head(&self.stamp, message);
        put(&mut line, "done", Some(false));
        push_line(line, out);
    }
}

fn push_line(line: Map<String, Value>, out: &mut Vec<u8>) {
    out.extend(Value::Object(line).to_string().into_bytes());
    out.push(b'\n');
}

/// The whole answer.
///
/// # Errors
/// The model called a tool with arguments that are no object. What the cap cut off is left out.
pub(in crate::models::wire) fn whole(answer: &Answer, stamp: &Stamp) -> Result<Value, WireError> {
    let (mut text, mut thinking, mut calls) = (String::new(), String::new(), Vec::new());
    for (place, part) in answer.parts.iter().enumerate() {
        match part {
            AnswerPart::Text(piece) => text.push_str(piece),
            AnswerPart::Reasoning(piece) => thinking.push_str(piece),
            AnswerPart::Tool { id, name, arguments } => {
                let id = id.clone().unwrap_or_else(|| stamp.call_id(place));
                match write_call(&id, name, arguments) {
                    Ok(call) => calls.push(call),
                    Err(_) if answer.stop == Stop::MaxTokens => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    let mut message = Map::new();
    put(&mut message, "role", Some("assistant"));
    put(&mut message, "content", Some(text));
    put(&mut message, "thinking", Some(thinking).filter(|text| !text.is_empty()));
    if !calls.is_empty() {
        put(&mut message, "tool_calls", Some(calls));
    }
    let mut written = head(stamp, Value::Object(message));
    done(&mut written, &answer.stop, &answer.usage);
    Ok(Value::Object(written))
}

fn write_call(id: &str, name: &str, text: &str) -> Result<Value, WireError> {
    Ok(json!({"id": id, "function": {"name": name, "arguments": arguments(name, text)?}}))
}

fn head(stamp: &Stamp, message: Value) -> Map<String, Value> {
    let mut head = Map::new();
    put(&mut head, "model", Some(stamp.model.clone()));
    put(&mut head, "created_at", Some(stamp.created_at()));
    put(&mut head, "message", Some(message));
    head
}

fn done(fields: &mut Map<String, Value>, stop: &Stop, usage: &ReportedUsage) {
    let reason = match stop {
        Stop::MaxTokens | Stop::ContextWindow => "length",
        _ => "stop",
    };
    put(fields, "done", Some(true));
    put(fields, "done_reason", Some(reason));
    put(fields, "prompt_eval_count", total_input(usage));
    put(fields, "eval_count", usage.output);
}
