//! An answer in common words as the events of a message, or as a whole one.
//!
//! Blocks follow one another there, while calls of tools may come interleaved: the first that is open goes out as it
//! comes, what belongs to others waits until it is complete.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::models::{
    ReportedUsage,
    wire::{
        Stamp, WireError, WireFormat,
        chat::put,
        event::{Answer, AnswerPart, Stop, WireEvent, arguments, unreadable},
    },
};

/// Most that waits for its turn, bytes.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Content that is written or waits.
#[derive(Debug)]
enum Block {
    Text(String),
    Reasoning(String),
    Tool { call: usize, id: String, name: String, arguments: String, is_complete: bool },
}

/// The block that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Reasoning,
    Tool(usize),
}

/// The state between events.
#[derive(Debug)]
pub(in crate::models::wire) struct AnthropicWriter {
    stamp: Stamp,
    has_begun: bool,
    open: Option<Open>,
    /// Of the open block, or of the next.
    index: usize,
    /// Never anything unless a tool is open.
    waiting: VecDeque<Block>,
    waiting_bytes: usize,
    usage: ReportedUsage,
    stop: Stop,
}

impl AnthropicWriter {
    pub fn new(stamp: Stamp) -> Self {
        Self {
            stamp,
            has_begun: false,
            open: None,
            index: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            usage: ReportedUsage::default(),
            stop: Stop::EndTurn,
        }
    }

    /// # Errors
    /// More waits than is kept.
    pub fn write(&mut self, event: WireEvent, out: &mut Vec<u8>) -> Result<(), WireError> {
        match event {
            WireEvent::Start => self.begin(out),
            WireEvent::Text(text) => self.content(Block::Text(text), out)?,
            WireEvent::Reasoning(text) => self.content(Block::Reasoning(text), out)?,
            WireEvent::ToolStart { call, id, name } => {
                let id = id.unwrap_or_else(|| self.stamp.call_id(call));
                let tool = Block::Tool { call, id, name, arguments: String::new(), is_complete: false };
                self.content(tool, out)?;
            }
            WireEvent::ToolArguments { call, piece } => self.piece(call, piece, out)?,
            WireEvent::ToolEnd { call } => self.complete(call, out),
            WireEvent::Usage(usage) => self.usage = usage,
            WireEvent::Stop(stop) => self.stop = stop,
            WireEvent::Error(error) => out.extend(error.event(WireFormat::Anthropic).into_bytes()),
            WireEvent::End => self.end(out),
        }
        Ok(())
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        let message = json!({
            "id": message_id(&self.stamp), "type": "message", "role": "assistant", "model": self.stamp.model,
            "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage(&self.usage, true),
        });
        emit("message_start", json!({"message": message}), out);
    }

    fn content(&mut self, block: Block, out: &mut Vec<u8>) -> Result<(), WireError> {
        self.begin(out);
        if !matches!(self.open, Some(Open::Tool(_))) {
            self.show(block, out);
            return Ok(());
        }
        self.wait(match &block {
            Block::Text(text) | Block::Reasoning(text) => text.len(),
            Block::Tool { name, .. } => name.len(),
        })?;
        match (self.waiting.back_mut(), block) {
            (Some(Block::Text(before)), Block::Text(text))
            | (Some(Block::Reasoning(before)), Block::Reasoning(text)) => {
                before.push_str(&text);
            }
            (_, block) => self.waiting.push_back(block),
        }
        Ok(())
    }

    fn wait(&mut self, bytes: usize) -> Result<(), WireError> {
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
        if self.waiting_bytes > MAX_WAITING_BYTES {
            return Err(unreadable("too much of it comes at once"));
        }
        Ok(())
    }

    /// Writes a block, in the open one if it goes on; it stays open unless it is complete.
    fn show(&mut self, block: Block, out: &mut Vec<u8>) {
        let (kind, start) = match &block {
            Block::Text(_) => (Open::Text, json!({"type": "text", "text": ""})),
            Block::Reasoning(_) => (Open::Reasoning, json!({"type": "thinking", "thinking": "", "signature": ""})),
            Block::Tool { call, id, name, .. } => {
                (Open::Tool(*call), json!({"type": "tool_use", "id": id, "name": name, "input": {}}))
            }
        };
        if self.open != Some(kind) {
            self.close(out);
            emit("content_block_start", json!({"index": self.index, "content_block": start}), out);
            self.open = Some(kind);
        }
        match block {
            Block::Text(text) => self.delta(json!({"type": "text_delta", "text": text}), out),
            Block::Reasoning(text) => self.delta(json!({"type": "thinking_delta", "thinking": text}), out),
            Block::Tool { arguments, is_complete, .. } => {
                if !arguments.is_empty() {
                    self.delta(json!({"type": "input_json_delta", "partial_json": arguments}), out);
                }
                if is_complete {
                    self.close(out);
                }
            }
        }
    }

    fn delta(&self, delta: Value, out: &mut Vec<u8>) {
        emit("content_block_delta", json!({"index": self.index, "delta": delta}), out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            emit("content_block_stop", json!({"index": self.index}), out);
            self.index += 1;
        }
    }

    fn piece(&mut self, call: usize, piece: String, out: &mut Vec<u8>) -> Result<(), WireError> {
        if self.open == Some(Open::Tool(call)) {
            self.delta(json!({"type": "input_json_delta", "partial_json": piece}), out);
            return Ok(());
        }
        self.wait(piece.len())?;
        let is_its = |block: &&mut Block| matches!(block, Block::Tool { call: known, .. } if *known == call);
        if let Some(Block::Tool { arguments, .. }) = self.waiting.iter_mut().find(is_its) {
            arguments.push_str(&piece);
        }
        Ok(())
    }

    fn complete(&mut self, call: usize, out: &mut Vec<u8>) {
        if self.open == Some(Open::Tool(call)) {
            self.close(out);
            self.show_waiting(out);
            return;
        }
        for block in &mut self.waiting {
            if let Block::Tool { call: known, is_complete, .. } = block
                && *known == call
            {
                *is_complete = true;
            }
        }
    }

    /// Up to the next tool that is not complete.
    fn show_waiting(&mut self, out: &mut Vec<u8>) {
        while !matches!(self.open, Some(Open::Tool(_))) {
            let Some(block) = self.waiting.pop_front() else {
                self.waiting_bytes = 0;
                return;
            };
            self.show(block, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        while self.open.is_some() {
            self.close(out);
            self.show_waiting(out);
        }
        let (reason, sequence) = stop_reason(&self.stop);
        let delta = json!({"stop_reason": reason, "stop_sequence": sequence});
        emit("message_delta", json!({"delta": delta, "usage": usage(&self.usage, false)}), out);
        emit("message_stop", json!({}), out);
    }
}

fn emit(kind: &str, mut data: Value, out: &mut Vec<u8>) {
    if let Some(fields) = data.as_object_mut() {
        put(fields, "type", Some(kind));
    }
    out.extend(format!("event: {kind}\ndata: {data}\n\n").into_bytes());
}

/// The whole message.
///
/// # Errors
/// The model called a tool with arguments that are no object. What the cap cut off is left out.
pub(in crate::models::wire) fn whole(answer: &Answer, stamp: &Stamp) -> Result<Value, WireError> {
    let mut content = Vec::new();
    for (place, part) in answer.parts.iter().enumerate() {
        match part {
            AnswerPart::Text(text) => content.push(json!({"type": "text", "text": text})),
            AnswerPart::Reasoning(text) => content.push(json!({"type": "thinking", "thinking": text, "signature": ""})),
            AnswerPart::Tool { id, name, arguments: text } => {
                let input = match arguments(name, text) {
                    Ok(input) => input,
                    Err(_) if answer.stop == Stop::MaxTokens => continue,
                    Err(error) => return Err(error),
                };
                let id = id.clone().unwrap_or_else(|| stamp.call_id(place));
                content.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
            }
        }
    }
    let (reason, sequence) = stop_reason(&answer.stop);
    Ok(json!({
        "id": message_id(stamp), "type": "message", "role": "assistant", "model": stamp.model, "content": content,
        "stop_reason": reason, "stop_sequence": sequence, "usage": usage(&answer.usage, true),
    }))
}

fn message_id(stamp: &Stamp) -> String {
    format!("msg_{}", stamp.id)
}

/// `is_full`: the counts every client expects are there even if they are not known yet.
fn usage(usage: &ReportedUsage, is_full: bool) -> Value {
    let mut written = Map::new();
    let expected = |count: Option<i64>| if is_full { Some(count.unwrap_or(0)) } else { count };
    let cache_write = match (usage.cache_write_5m, usage.cache_write_1h) {
        (None, None) => None,
        (short, long) => Some(short.unwrap_or(0).saturating_add(long.unwrap_or(0))),
    };
    put(&mut written, "input_tokens", expected(usage.input));
    put(&mut written, "cache_creation_input_tokens", cache_write);
    put(&mut written, "cache_read_input_tokens", usage.cache_read);
    // A client counts on it in every report.
    put(&mut written, "output_tokens", Some(usage.output.unwrap_or(0)));
    Value::Object(written)
}

fn stop_reason(stop: &Stop) -> (&'static str, Option<&str>) {
    match stop {
        Stop::EndTurn => ("end_turn", None),
        Stop::Sequence(sequence) => ("stop_sequence", sequence.as_deref()),
        Stop::ToolUse => ("tool_use", None),
        Stop::MaxTokens => ("max_tokens", None),
        Stop::Refusal => ("refusal", None),
        Stop::ContextWindow => ("model_context_window_exceeded", None),
        Stop::Pause => ("pause_turn", None),
    }
}
