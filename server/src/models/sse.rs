//! An incremental reader of server-sent events (WHATWG HTML, "Interpreting an event stream"): bytes in, events out.
//!
//! It holds for any division of the bytes into chunks, even inside a character or between CR and LF; lines end with LF,
//! CRLF or CR; comments are skipped; `id` and `retry` are not used. Lines and events are bounded.

/// Longest line, bytes.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// Longest data of one event, bytes.
const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// `message` when the stream named none.
    pub name: String,
    /// The `data` lines, joined by LF.
    pub data: String,
}

/// A stream that cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    #[error("a line of the event stream is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong,
    #[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
    EventTooLong,
}

/// The reader's state between chunks.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    /// The last byte was CR: an LF that follows belongs to it.
    after_cr: bool,
    /// A byte order mark can only stand before the first line.
    past_first_line: bool,
    name: String,
    data: Option<String>,
}

impl SseParser {
    /// Reads the next bytes and returns the events they complete. What the stream's end leaves incomplete is no event.
    ///
    /// # Errors
    /// A line or an event beyond the bounds; the stream is then of no use.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<SseEvent>, SseError> {
        let mut events = Vec::new();
        let mut rest = chunk;
        while let Some(&first) = rest.first() {
            if self.after_cr {
                self.after_cr = false;
                if first == b'\n' {
                    rest = &rest[1..];
                    continue;
                }
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.extend_line(rest)?;
                break;
            };
            self.extend_line(&rest[..end])?;
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            events.extend(self.end_line()?);
        }
        Ok(events)
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        if self.line.len() + bytes.len() > MAX_LINE_BYTES {
            return Err(SseError::LineTooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Interprets the collected line; an empty one completes an event.
    fn end_line(&mut self) -> Result<Option<SseEvent>, SseError> {
        let bytes = std::mem::take(&mut self.line);
        let bytes = if self.past_first_line { &bytes[..] } else { bytes.strip_prefix(BOM).unwrap_or(&bytes) };
        self.past_first_line = true;
        if bytes.is_empty() {
            let name = std::mem::take(&mut self.name);
            let name = if name.is_empty() { "message".to_owned() } else { name };
            return Ok(self.data.take().map(|data| SseEvent { name, data }));
        }
        let line = String::from_utf8_lossy(bytes);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => self.extend_data(value)?,
            // Comments have an empty field; everything else is not for us.
            _ => {}
        }
        Ok(None)
    }

    fn extend_data(&mut self, value: &str) -> Result<(), SseError> {
        let length = self.data.as_ref().map_or(0, |data| data.len() + 1) + value.len();
        if length > MAX_EVENT_BYTES {
            return Err(SseError::EventTooLong);
        }
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Vec<SseEvent> {
        SseParser::default().push(bytes).expect("readable")
    }

    fn event(name: &str, data: &str) -> SseEvent {
        SseEvent { name: name.into(), data: data.into() }
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        assert_eq!(read(b"event: ping\ndata: {}\n\n"), [event("ping", "{}")]);
        assert_eq!(read(b"data:a\ndata: b\ndata\ndata:  c\n\n"), [event("message", "a\nb\n\n c")]);
        assert_eq!(read(b": comment\nid: 7\nretry: 10\nnonsense\ndata: x\n\n"), [event("message", "x")]);
        assert_eq!(read(b"event: a\n\ndata: x\n\n"), [event("message", "x")], "an event without data is none");
        assert_eq!(
            read(b"data: x\r\n\r\ndata: y\r\rdata: z\n\r\n"),
            [event("message", "x"), event("message", "y"), event("message", "z")]
        );
        assert_eq!(read(b"\xEF\xBB\xBFdata: x\n\n"), [event("message", "x")]);
        assert_eq!(read(b"data: x\n"), [], "the end of the stream completes nothing");
        assert_eq!(read(b"data: \xFF\n\n"), [event("message", "\u{FFFD}")]);
    }

    #[test]
    fn lines_and_events_are_bounded() {
        let mut parser = SseParser::default();
        assert_eq!(parser.push(&vec![b'x'; MAX_LINE_BYTES + 1]), Err(SseError::LineTooLong));
        let line = [b"data: ".as_slice(), &vec![b'x'; MAX_LINE_BYTES - 6], b"\n"].concat();
        let mut parser = SseParser::default();
        let outcome = (0..5).try_for_each(|_| parser.push(&line).map(|_| ()));
        assert_eq!(outcome, Err(SseError::EventTooLong));
    }

    proptest! {
        #[test]
        fn any_division_into_chunks_reads_the_same(
            lines in prop::collection::vec(("(data|event|id|:|data:|event:)? ?[a-zé€😀: ]{0,6}", 0..3u8), 0..12),
            cuts in prop::collection::vec(1..5usize, 1..40),
        ) {
            let mut bytes = Vec::new();
            for (line, end) in &lines {
                bytes.extend_from_slice(line.as_bytes());
                bytes.extend_from_slice(match end { 0 => b"\n", 1 => b"\r\n", _ => b"\r" });
            }
            bytes.extend_from_slice(b"data: last\n\n");
            let whole = SseParser::default().push(&bytes).expect("readable");
            let mut parser = SseParser::default();
            let mut pieces = Vec::new();
            let mut rest = &bytes[..];
            for size in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (chunk, tail) = rest.split_at((*size).min(rest.len()));
                pieces.extend(parser.push(chunk).expect("readable"));
                rest = tail;
            }
            prop_assert_eq!(whole, pieces);
        }

        #[test]
        fn what_is_written_is_read_back(events in prop::collection::vec(("[a-z_]{1,9}", "[^\r\u{0}]{0,20}"), 0..6)) {
            let mut bytes = String::new();
            for (name, data) in &events {
                bytes.push_str(&format!("event: {name}\n"));
                for line in data.split('\n') {
                    bytes.push_str(&format!("data: {line}\n"));
                }
                bytes.push('\n');
            }
            let expected: Vec<SseEvent> = events.iter().map(|(name, data)| event(name, data)).collect();
            prop_assert_eq!(SseParser::default().push(bytes.as_bytes()).expect("readable"), expected);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = SseParser::default().push(&bytes);
        }
    }
}
