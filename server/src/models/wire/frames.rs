//! A body in pieces as the objects in it: the events of a stream, its lines, or one document.

use crate::models::sse::{SseError, SseParser};

use super::WireFormat;

/// Longest line of a stream of lines, bytes.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;
/// Longest body that is one document, bytes.
const MAX_DOCUMENT_BYTES: usize = 32 * 1024 * 1024;

/// A JSON text of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// `message` for an event without a name; empty for a line or a document.
    pub name: String,
    pub data: String,
}

/// A body that cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error(transparent)]
    Event(#[from] SseError),
    #[error("a line of the answer is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong,
    #[error("the answer is longer than {MAX_DOCUMENT_BYTES} bytes")]
    TooLong,
}

#[derive(Debug)]
enum Shape {
    /// A stream of events is expected; its first byte that is no space tells whether it is one. An error may come as a
    /// document instead.
    Undecided,
    Events(SseParser),
    Lines(Vec<u8>),
    Document(Vec<u8>),
}

/// The reader's state between pieces.
#[derive(Debug)]
pub(super) struct Frames {
    shape: Shape,
    is_broken: bool,
    /// Bytes that may not have been in a frame yet.
    pending: usize,
}

impl Frames {
    /// For the answer of a server that speaks the format.
    pub fn new(format: WireFormat, is_streaming: bool) -> Self {
        let shape = match (is_streaming, format.streams_events()) {
            (true, true) => Shape::Undecided,
            (true, false) => Shape::Lines(Vec::new()),
            (false, _) => Shape::Document(Vec::new()),
        };
        Self { shape, is_broken: false, pending: 0 }
    }

    /// Bytes of a document that has not ended.
    pub fn waiting(&self) -> usize {
        if let Shape::Document(bytes) = &self.shape { bytes.len() } else { 0 }
    }

    /// Bytes that have come and may be in no frame, at most.
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// Whether frames come one by one, so that what has come of the answer is known before its end.
    pub fn is_stream(&self) -> bool {
        matches!(self.shape, Shape::Events(_) | Shape::Lines(_))
    }

    /// Reads the next piece; the frames it completes.
    ///
    /// # Errors
    /// Beyond the bounds. Nothing is read any more then.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Frame>, FrameError> {
        if self.is_broken {
            return Ok(Vec::new());
        }
        let outcome = self.read(piece);
        self.pending = match &outcome {
            Ok(frames) if !frames.is_empty() => piece.len(),
            _ => self.pending.saturating_add(piece.len()),
        };
        if outcome.is_err() {
            self.is_broken = true;
            self.shape = Shape::Document(Vec::new());
        }
        outcome
    }

    fn read(&mut self, piece: &[u8]) -> Result<Vec<Frame>, FrameError> {
        if let Shape::Undecided = self.shape {
            match piece.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => return Ok(Vec::new()),
                Some(b'{') => self.shape = Shape::Document(Vec::new()),
                Some(_) => self.shape = Shape::Events(SseParser::default()),
            }
        }
        match &mut self.shape {
            Shape::Undecided => Ok(Vec::new()),
            Shape::Events(parser) => {
                let events = parser.push(piece)?;
                Ok(events.into_iter().map(|event| Frame { name: event.name, data: event.data }).collect())
            }
            Shape::Lines(line) => lines(line, piece),
            Shape::Document(document) => {
                if document.len() + piece.len() > MAX_DOCUMENT_BYTES {
                    return Err(FrameError::TooLong);
                }
                document.extend_from_slice(piece);
                Ok(Vec::new())
            }
        }
    }

    /// The body has ended: what its last bytes complete, even where the end of a line or an event is missing.
    pub fn finish(&mut self) -> Vec<Frame> {
        match &mut self.shape {
            Shape::Undecided => Vec::new(),
            Shape::Events(_) => self.push(b"\n\n").unwrap_or_default(),
            Shape::Lines(_) => self.push(b"\n").unwrap_or_default(),
            Shape::Document(document) => {
                let document = std::mem::take(document);
                frame(&document).into_iter().collect()
            }
        }
    }
}

fn lines(line: &mut Vec<u8>, piece: &[u8]) -> Result<Vec<Frame>, FrameError> {
    let mut frames = Vec::new();
    let mut rest = piece;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (head, tail) = rest.split_at(end);
        extend(line, head)?;
        frames.extend(frame(&std::mem::take(line)));
        rest = tail.strip_prefix(b"\n").unwrap_or(tail);
    }
    extend(line, rest)?;
    Ok(frames)
}

fn extend(line: &mut Vec<u8>, bytes: &[u8]) -> Result<(), FrameError> {
    if line.len() + bytes.len() > MAX_LINE_BYTES {
        return Err(FrameError::LineTooLong);
    }
    line.extend_from_slice(bytes);
    Ok(())
}

/// Blank lines are none.
fn frame(bytes: &[u8]) -> Option<Frame> {
    let text = String::from_utf8_lossy(bytes);
    let data = text.trim();
    (!data.is_empty()).then(|| Frame { name: String::new(), data: data.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: WireFormat, is_streaming: bool, pieces: &[&str]) -> Vec<String> {
        let mut frames = Frames::new(format, is_streaming);
        let mut read: Vec<Frame> =
            pieces.iter().flat_map(|piece| frames.push(piece.as_bytes()).expect("short")).collect();
        read.extend(frames.finish());
        read.into_iter().map(|frame| frame.data).collect()
    }

    #[test]
    fn each_shape_is_read() {
        assert_eq!(
            read(WireFormat::OpenAi, true, &[" \n", "data: {}\r", "\n\r\n: x\n\ndata: [DONE]"]),
            ["{}", "[DONE]"]
        );
        assert_eq!(read(WireFormat::OpenAi, true, &["\n{\"error\"", ":{}}\n"]), ["{\"error\":{}}"], "an error instead");
        assert_eq!(read(WireFormat::OpenAi, false, &["{\"a\":", "1}"]), ["{\"a\":1}"]);
        assert_eq!(read(WireFormat::Ollama, true, &["{}\r\n{\"a\"", ":1}\n\n", "{}"]), ["{}", "{\"a\":1}", "{}"]);
        assert_eq!(read(WireFormat::Anthropic, true, &[" "]), [""; 0]);
    }

    #[test]
    fn lines_and_documents_are_bounded() {
        let mut frames = Frames::new(WireFormat::Ollama, true);
        assert_eq!(frames.push(&vec![b'x'; MAX_LINE_BYTES + 1]), Err(FrameError::LineTooLong));
        assert_eq!(frames.push(b"\n{}\n"), Ok(Vec::new()), "nothing is read after that");
        let mut frames = Frames::new(WireFormat::OpenAi, false);
        assert_eq!(frames.push(&vec![b'x'; MAX_DOCUMENT_BYTES + 1]), Err(FrameError::TooLong));
        let mut frames = Frames::new(WireFormat::OpenAi, true);
        assert!(frames.push(&vec![b'x'; 2 * 1024 * 1024]).is_err());
    }
}
