//! From a script and a request to the frames to send: a pure function, so that every fault is placed exactly.

use serde_json::{Value, json};

use crate::{
    request::{Request, tokens},
    script::{ApiError, FaultKind, Report, Script, Step, ToolCall, Usage},
};

/// What the stream does next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    /// Send this event; `owed` is what is billed with it.
    Event {
        bytes: Vec<u8>,
        owed: Owed,
    },
    WaitMs(u64),
    Gate(String),
    Cut,
    End,
}

/// What an event adds to the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owed {
    Nothing,
    /// The call and its input.
    Begin(Usage),
    /// All output so far, in tokens.
    OutputSoFar(i64),
}

/// Collects events while the answer is written.
struct Writer<'a> {
    script: &'a Script,
    frames: Vec<Frame>,
    /// Index of the open or next content block.
    block: usize,
    text_open: bool,
    /// Bytes of text and arguments made so far.
    made: usize,
    limit: Option<usize>,
    cut_off: bool,
}

impl Writer<'_> {
    fn event(&mut self, data: &Value, owed: Owed) {
        let name = data["type"].as_str().unwrap_or_default();
        let end = if self.script.crlf { "\r\n" } else { "\n" };
        let bytes = format!("event: {name}{end}data: {data}{end}{end}").into_bytes();
        self.frames.push(Frame::Event { bytes, owed });
    }

    fn so_far(&self) -> Owed {
        let made = tokens(self.made);
        // A scripted total is what counts in the end; on the way there, never more than it.
        Owed::OutputSoFar(self.script.usage.output.map_or(made, |total| made.min(total)))
    }

    /// As much of the text as fits under the request's cap.
    fn clip<'t>(&mut self, text: &'t str) -> &'t str {
        let Some(limit) = self.limit else { return text };
        let room = limit.saturating_sub(self.made);
        if text.len() <= room {
            return text;
        }
        self.cut_off = true;
        let mut end = room;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        &text[..end]
    }

    fn text(&mut self, text: &str) {
        let text = self.clip(text);
        if text.is_empty() {
            return;
        }
        if !self.text_open {
            let start = json!({"type": "content_block_start", "index": self.block,
                "content_block": {"type": "text", "text": ""}});
            self.event(&start, Owed::Nothing);
            self.text_open = true;
        }
        self.made += text.len();
        let delta = json!({"type": "content_block_delta", "index": self.block,
            "delta": {"type": "text_delta", "text": text}});
        self.event(&delta, self.so_far());
    }

    fn close_text(&mut self) {
        if self.text_open {
            self.event(&json!({"type": "content_block_stop", "index": self.block}), Owed::Nothing);
            self.block += 1;
            self.text_open = false;
        }
    }

    fn tool(&mut self, call: &ToolCall) {
        self.close_text();
        let start = json!({"type": "content_block_start", "index": self.block,
            "content_block": {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}});
        self.event(&start, Owed::Nothing);
        let is_empty = call.input.is_null() || call.input.as_object().is_some_and(serde_json::Map::is_empty);
        let arguments = match &call.raw_input {
            Some(raw) => raw.clone(),
            None if is_empty => String::new(),
            None => call.input.to_string(),
        };
        let arguments = self.clip(&arguments).to_owned();
        for piece in pieces(&arguments) {
            self.made += piece.len();
            let delta = json!({"type": "content_block_delta", "index": self.block,
                "delta": {"type": "input_json_delta", "partial_json": piece}});
            self.event(&delta, self.so_far());
        }
        self.event(&json!({"type": "content_block_stop", "index": self.block}), Owed::Nothing);
        self.block += 1;
    }

    fn error(&mut self, error: &ApiError) {
        self.event(&error_body(error), Owed::Nothing);
        self.frames.push(Frame::End);
    }
}

/// Anthropic's error object.
pub(crate) fn error_body(error: &ApiError) -> Value {
    json!({"type": "error", "error": {"type": error.kind, "message": error.message}, "request_id": "req_scripted"})
}

/// Argument text in three pieces, to make the reader put it together.
fn pieces(text: &str) -> Vec<&str> {
    let size = text.len().div_ceil(3).max(1);
    let mut rest = text;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let mut end = size.min(rest.len());
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (piece, tail) = rest.split_at(end);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// The frames of an answer.
pub(crate) fn frames(script: &Script, request: &Request, call: u64) -> Vec<Frame> {
    let limit = usize::try_from(request.max_tokens).unwrap_or(usize::MAX).saturating_mul(4);
    let mut writer = Writer {
        script,
        frames: Vec::new(),
        block: 0,
        text_open: false,
        made: 0,
        limit: (!script.ignore_max_tokens).then_some(limit),
        cut_off: false,
    };
    let owed = Usage { input: Some(script.usage.input.unwrap_or(request.input_tokens)), ..script.usage };
    let mut message = json!({"id": format!("msg_{call:08}"), "type": "message", "role": "assistant",
        "model": request.model, "content": [], "stop_reason": null, "stop_sequence": null});
    if script.report != Report::Nothing {
        message["usage"] = start_usage(&owed);
    }
    writer.event(&json!({"type": "message_start", "message": message}), Owed::Begin(owed));
    let mut called = false;
    for step in &script.steps {
        if writer.cut_off {
            break;
        }
        match step {
            Step::Text(text) => writer.text(text),
            Step::Tool(call) => {
                writer.tool(call);
                called = true;
            }
            Step::WaitMs(ms) => writer.frames.push(Frame::WaitMs(*ms)),
            Step::Gate(name) => writer.frames.push(Frame::Gate(name.clone())),
            Step::Ping => writer.event(&json!({"type": "ping"}), Owed::Nothing),
            Step::Raw(raw) => {
                writer.frames.push(Frame::Event { bytes: raw.clone().into_bytes(), owed: Owed::Nothing });
            }
            Step::Error(error) => {
                writer.error(error);
                return with_fault(writer.frames, script);
            }
            Step::Reset => {
                writer.frames.push(Frame::Cut);
                return with_fault(writer.frames, script);
            }
        }
    }
    writer.close_text();
    finish(&mut writer, request, called);
    with_fault(writer.frames, script)
}

fn start_usage(owed: &Usage) -> Value {
    let mut usage = json!({"input_tokens": owed.input, "output_tokens": 1, "service_tier": "standard",
        "cache_read_input_tokens": owed.cache_read.unwrap_or(0),
        "cache_creation_input_tokens": owed.cache_write_5m.unwrap_or(0) + owed.cache_write_1h.unwrap_or(0)});
    if owed.cache_write_5m.is_some() || owed.cache_write_1h.is_some() {
        usage["cache_creation"] = json!({"ephemeral_5m_input_tokens": owed.cache_write_5m.unwrap_or(0),
            "ephemeral_1h_input_tokens": owed.cache_write_1h.unwrap_or(0)});
    }
    usage
}

fn finish(writer: &mut Writer<'_>, request: &Request, called: bool) {
    let script = writer.script;
    let made = tokens(writer.made);
    let mut output = script.usage.output.unwrap_or(made);
    if !script.ignore_max_tokens {
        output = output.min(request.max_tokens);
    }
    let natural = if called { "tool_use" } else { "end_turn" };
    let stop_reason = match &script.stop_reason {
        _ if writer.cut_off => "max_tokens",
        Some(reason) => reason,
        None => natural,
    };
    let mut delta = json!({"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": null}});
    if script.report == Report::Full {
        delta["usage"] = json!({"output_tokens": output});
    }
    writer.event(&delta, Owed::OutputSoFar(output));
    writer.event(&json!({"type": "message_stop"}), Owed::Nothing);
    writer.frames.push(Frame::End);
}

/// Puts the script's fault at its event.
fn with_fault(mut frames: Vec<Frame>, script: &Script) -> Vec<Frame> {
    let Some(fault) = &script.fault else { return frames };
    let mut events = frames.iter().enumerate().filter(|(_, frame)| matches!(frame, Frame::Event { .. }));
    let Some((at, _)) = events.nth(fault.at_event) else { return frames };
    match &fault.kind {
        FaultKind::Hang(gate) => frames.insert(at, Frame::Gate(gate.clone())),
        FaultKind::Raw(raw) => {
            frames[at] = Frame::Event { bytes: raw.clone().into_bytes(), owed: Owed::Nothing };
        }
        FaultKind::Reset => {
            frames.truncate(at);
            frames.push(Frame::Cut);
        }
        FaultKind::End => {
            frames.truncate(at);
            frames.push(Frame::End);
        }
        FaultKind::Error(error) => {
            frames.truncate(at);
            let bytes = format!("event: error\ndata: {}\n\n", error_body(error)).into_bytes();
            frames.push(Frame::Event { bytes, owed: Owed::Nothing });
            frames.push(Frame::End);
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(max_tokens: i64) -> Request {
        Request {
            model: "m".into(),
            max_tokens,
            system: String::new(),
            user_text: "x".into(),
            step: 0,
            side: false,
            input_tokens: 7,
        }
    }

    fn owed(frames: &[Frame]) -> Vec<Owed> {
        let owed = |frame: &Frame| match frame {
            Frame::Event { owed, .. } if *owed != Owed::Nothing => Some(*owed),
            _ => None,
        };
        frames.iter().filter_map(owed).collect()
    }

    #[test]
    fn output_is_owed_as_it_is_made() {
        let frames = frames(&Script::texts(&["12345", "678"]), &request(100), 1);
        let begin = Owed::Begin(Usage { input: Some(7), ..Usage::default() });
        assert_eq!(owed(&frames), [begin, Owed::OutputSoFar(2), Owed::OutputSoFar(2), Owed::OutputSoFar(2)]);
    }

    #[test]
    fn the_cap_is_kept_unless_the_script_ignores_it() {
        let long = Script::text("x".repeat(100));
        assert_eq!(owed(&frames(&long, &request(5), 1)).last(), Some(&Owed::OutputSoFar(5)));
        let rude = Script { ignore_max_tokens: true, ..long };
        assert_eq!(owed(&frames(&rude, &request(5), 1)).last(), Some(&Owed::OutputSoFar(25)));
    }

    #[test]
    fn a_fault_is_at_its_event() {
        let script = Script::texts(&["a", "b"]).fault(0, FaultKind::Reset);
        assert_eq!(frames(&script, &request(9), 1), [Frame::Cut]);
        let script = Script::texts(&["a", "b"]).fault(3, FaultKind::End);
        assert_eq!(frames(&script, &request(9), 1).len(), 4);
    }
}
