//! A provider's streamed answer in common words, piece by piece: for the chat, which shows it instead of passing it on.

use serde_json::Value;

use super::{
    WireError, WireFormat,
    event::{WireEvent, unreadable},
    frames::{Frame, Frames},
    translate::Reader,
};

/// The state between pieces.
#[derive(Debug)]
pub struct AnswerReader {
    frames: Frames,
    reader: Reader,
    is_over: bool,
}

impl AnswerReader {
    #[must_use]
    pub fn new(from: WireFormat) -> Self {
        Self { frames: Frames::new(from, true), reader: Reader::new(from), is_over: false }
    }

    /// The events that the next piece of the body completes, in any division. Nothing follows an error or the end.
    pub fn push(&mut self, piece: &[u8]) -> Vec<WireEvent> {
        let mut events = Vec::new();
        if self.is_over {
            return events;
        }
        match self.frames.push(piece) {
            Ok(frames) => frames.iter().for_each(|frame| self.frame(frame, &mut events)),
            Err(error) => self.end_with(unreadable(&error.to_string()), &mut events),
        }
        events
    }

    /// The body has ended: what its last bytes complete.
    pub fn finish(&mut self) -> Vec<WireEvent> {
        let mut events = Vec::new();
        for frame in self.frames.finish() {
            self.frame(&frame, &mut events);
        }
        events
    }

    fn frame(&mut self, frame: &Frame, events: &mut Vec<WireEvent>) {
        let data = frame.data.trim();
        if self.is_over || data.is_empty() {
            return;
        }
        if data == "[DONE]" {
            self.is_over = true;
            events.push(WireEvent::End);
            return;
        }
        let read = match serde_json::from_str::<Value>(data) {
            Ok(value) => self.reader.read(&value),
            Err(_) => Err(unreadable("an event is no JSON")),
        };
        match read {
            Ok(read) => {
                self.is_over = read.iter().any(|event| matches!(event, WireEvent::End | WireEvent::Error(_)));
                events.extend(read);
            }
            Err(error) => self.end_with(error, events),
        }
    }

    fn end_with(&mut self, error: WireError, events: &mut Vec<WireEvent>) {
        self.is_over = true;
        events.push(WireEvent::Error(error));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::wire::event::Stop;

    #[test]
    fn a_stream_is_read_in_any_division_and_ends_once() {
        let body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hé\"}}]}\n\n\
            data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\ndata: {}\n\n";
        for size in [1, 3, 1_000] {
            let mut reader = AnswerReader::new(WireFormat::OpenAi);
            let mut events: Vec<WireEvent> = body.as_bytes().chunks(size).flat_map(|piece| reader.push(piece)).collect();
            events.extend(reader.finish());
            let expected =
                [WireEvent::Start, WireEvent::Text("Hé".into()), WireEvent::Stop(Stop::EndTurn), WireEvent::End];
            assert_eq!(events, expected, "{size}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_the_end() {
        let mut reader = AnswerReader::new(WireFormat::Ollama);
        assert!(matches!(reader.push(b"{oops\n").as_slice(), [WireEvent::Error(_)]));
        assert_eq!(reader.push(b"{\"message\":{\"content\":\"x\"}}\n"), []);
    }
}
