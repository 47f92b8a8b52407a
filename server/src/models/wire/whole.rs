//! Passes a stream on in whole events: one that breaks off inside an event can still end with an error that is read, and no
//! client is left with half a document. The bytes are those that came, in their order.

use bytes::Bytes;

use super::WireFormat;

/// An event longer than this goes on as it comes.
const MAX_HELD_BYTES: usize = 1024 * 1024;
/// The bytes of a blank line that may stand in an earlier piece.
const LONGEST_SPLIT: usize = 2;

/// The state between pieces.
#[derive(Debug)]
pub struct WholeEvents {
    /// An event is a line (Ollama's), not what an empty line ends.
    is_line: bool,
    /// The event so far.
    held: Vec<u8>,
}

impl WholeEvents {
    #[must_use]
    pub fn new(format: WireFormat) -> Self {
        Self { is_line: !format.streams_events(), held: Vec::new() }
    }

    /// What goes on to the client: everything up to the end of the last event that is complete.
    pub fn push(&mut self, piece: Bytes) -> Bytes {
        // Nearly always.
        if self.held.is_empty() && piece.len().checked_sub(1).is_some_and(|last| self.ends_at(&piece, last)) {
            return piece;
        }
        let from = self.held.len().saturating_sub(LONGEST_SPLIT);
        self.held.extend_from_slice(&piece);
        let end = (from..self.held.len()).rev().find(|at| self.ends_at(&self.held, *at)).map(|last| last + 1);
        let rest = match end {
            Some(end) => self.held.split_off(end),
            None if self.held.len() > MAX_HELD_BYTES => Vec::new(),
            None => return Bytes::new(),
        };
        std::mem::replace(&mut self.held, rest).into()
    }

    /// The stream has ended as it should: what is left goes on.
    pub fn finish(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }

    /// Whether the byte at `at` is the last one of an event: of its line, or of the empty line behind it.
    fn ends_at(&self, bytes: &[u8], at: usize) -> bool {
        let before = |back: usize| at.checked_sub(back).map(|place| bytes[place]);
        match bytes[at] {
            b'\n' if self.is_line => true,
            b'\n' => before(1) == Some(b'\n') || (before(1) == Some(b'\r') && before(2) == Some(b'\n')),
            b'\r' => !self.is_line && before(1) == Some(b'\r'),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pushed(events: &mut WholeEvents, pieces: &[&str]) -> Vec<String> {
        let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
        pieces.iter().map(|piece| text(events.push(Bytes::copy_from_slice(piece.as_bytes())))).collect()
    }

    #[test]
    fn half_an_event_waits_for_its_other_half() {
        let mut events = WholeEvents::new(WireFormat::OpenAi);
        let given = pushed(&mut events, &["data: 1\n\ndata: 2\n\n", "data: 3\n\ndata: 4", "4\n", "\ndata: 5"]);
        assert_eq!(given, ["data: 1\n\ndata: 2\n\n", "data: 3\n\n", "", "data: 44\n\n"]);
        let given = pushed(&mut events, &["5\r\n", "\r", "\nid: 6\r\r"]);
        assert_eq!(given, ["", "", "data: 55\r\n\r\nid: 6\r\r"]);
        assert!(events.finish().is_empty());
        let mut lines = WholeEvents::new(WireFormat::Ollama);
        assert_eq!(pushed(&mut lines, &["{}\n{", "}\n"]), ["{}\n", "{}\n"]);
    }

    #[test]
    fn what_never_ends_is_not_kept_for_ever() {
        let mut events = WholeEvents::new(WireFormat::Anthropic);
        let much = Bytes::from(vec![b'x'; MAX_HELD_BYTES]);
        assert!(events.push(much.clone()).is_empty());
        assert_eq!(events.push(much).len(), 2 * MAX_HELD_BYTES);
    }

    proptest! {
        /// However a stream is cut, nothing is lost, added or reordered, and what has gone on ends with an event.
        #[test]
        fn the_bytes_are_those_that_came(text in "[a\r\n]{0,40}", cuts in prop::collection::vec(1usize..6, 0..40)) {
            for format in [WireFormat::OpenAi, WireFormat::Ollama] {
                let (mut events, mut left, mut out) = (WholeEvents::new(format), text.as_bytes(), Vec::new());
                let mut cuts = cuts.iter().copied().cycle();
                while !left.is_empty() {
                    let (piece, rest) = left.split_at(cuts.next().unwrap_or(1).min(left.len()));
                    left = rest;
                    out.extend_from_slice(&events.push(Bytes::copy_from_slice(piece)));
                    prop_assert!(out.is_empty() || out.ends_with(b"\n") || out.ends_with(b"\r"));
                }
                out.extend_from_slice(&events.finish());
                prop_assert_eq!(&out[..], text.as_bytes());
            }
        }
    }
}
