//! Drops the usage chunk of an OpenAI stream that we asked for and the client did not; every other byte goes on as it
//! came.

use serde_json::Value;

/// Longest event that is held back until it is known; a longer one is no usage chunk and goes on at once.
const MAX_HELD_BYTES: usize = 64 * 1024;

/// The state between pieces.
#[derive(Debug, Default)]
pub struct UsageFilter {
    /// The event so far, as it came.
    held: Vec<u8>,
    /// The event is too long to be held.
    is_passing: bool,
    /// The current line has bytes.
    in_line: bool,
    /// The last byte was CR: an LF that follows belongs to it.
    after_cr: bool,
    /// An empty line has ended by CR: the event is complete, but for an LF.
    has_ended: bool,
}

impl UsageFilter {
    /// What goes on to the client: all events the piece completes, but for usage chunks.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len());
        for byte in piece {
            let is_second_half = self.after_cr && *byte == b'\n';
            if self.has_ended && !is_second_half {
                self.end_event(&mut out);
            }
            self.keep(*byte, &mut out);
            self.after_cr = *byte == b'\r';
            match byte {
                b'\n' if is_second_half => {
                    if self.has_ended {
                        self.end_event(&mut out);
                    }
                }
                b'\n' if !self.in_line => self.end_event(&mut out),
                b'\r' if !self.in_line => self.has_ended = true,
                b'\n' | b'\r' => self.in_line = false,
                _ => self.in_line = true,
            }
        }
        out
    }

    /// The stream has ended; what is left goes on.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.end_event(&mut out);
        out
    }

    fn keep(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.is_passing {
            out.push(byte);
            return;
        }
        self.held.push(byte);
        if self.held.len() > MAX_HELD_BYTES {
            self.is_passing = true;
            out.append(&mut self.held);
        }
    }

    fn end_event(&mut self, out: &mut Vec<u8>) {
        self.is_passing = false;
        self.has_ended = false;
        self.in_line = false;
        if is_usage_chunk(&self.held) {
            self.held.clear();
        } else {
            out.append(&mut self.held);
        }
    }
}

/// An event with usage and no choices.
fn is_usage_chunk(event: &[u8]) -> bool {
    // Almost no event has usage, and reading JSON costs.
    if !event.windows(7).any(|bytes| bytes == b"\"usage\"") {
        return false;
    }
    let text = String::from_utf8_lossy(event);
    let data: Vec<&str> = text.split(['\r', '\n']).filter_map(|line| line.strip_prefix("data:")).collect();
    let Ok(chunk) = serde_json::from_str::<Value>(&data.join("\n")) else { return false };
    let has_choices = chunk.get("choices").and_then(Value::as_array).is_some_and(|choices| !choices.is_empty());
    chunk.get("usage").is_some_and(Value::is_object) && !has_choices && chunk.get("error").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::wire::testing;
    use proptest::prelude::*;

    fn through(bytes: &[u8], sizes: &[usize]) -> Vec<u8> {
        let mut filter = UsageFilter::default();
        let mut out = Vec::new();
        testing::in_pieces(bytes, sizes, |piece| out.extend(filter.push(piece)));
        out.extend(filter.finish());
        out
    }

    #[test]
    fn the_usage_chunk_goes_and_all_else_stays() {
        for line in ["\n", "\r\n", "\r"] {
            let text = |body: &str| body.replace('\n', line);
            let kept = text(
                "data: {\"choices\":[{\"delta\":{\"content\":\"é \\\"usage\\\"\"}}],\"usage\":null}\n\n: ping\n\n",
            );
            let on_finish =
                text("data: {\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}\n\n");
            let done = text("data: [DONE]\n\n");
            for choices in ["[]", "null"] {
                let usage = text(&format!("data: {{\"choices\":{choices},\"usage\":{{\"prompt_tokens\":1}}}}\n\n"));
                let stream = format!("{kept}{on_finish}{usage}{done}");
                for sizes in [&[1_usize][..], &[7, 2], &[1_000]] {
                    let out = through(stream.as_bytes(), sizes);
                    assert_eq!(String::from_utf8(out).expect("text"), format!("{kept}{on_finish}{done}"));
                }
            }
        }
    }

    #[test]
    fn an_event_goes_on_as_soon_as_it_is_complete() {
        let mut filter = UsageFilter::default();
        assert_eq!(filter.push(b"data: 1\n"), b"");
        assert_eq!(filter.push(b"\ndata: 2"), b"data: 1\n\n");
        assert_eq!(filter.push(b"\r\n\r\n"), b"data: 2\r\n\r\n");
        let long = vec![b'x'; MAX_HELD_BYTES + 1];
        assert_eq!(filter.push(&long), long, "no event is held for ever");
        assert_eq!(filter.push(b"\n\n"), b"\n\n");
    }

    proptest! {
        #[test]
        fn without_usage_every_byte_stays(
            text in "(data: |[a-z{}\"é:]|\r|\n){0,60}", sizes in prop::collection::vec(1..6_usize, 1..8)
        ) {
            prop_assert_eq!(through(text.as_bytes(), &sizes), text.as_bytes());
        }
    }
}
