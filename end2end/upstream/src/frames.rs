//! What a body is made of, and where a script's fault is put.

use bytes::Bytes;

use crate::{
    formats::Format,
    script::{Fault, FaultKind, Usage},
};

/// What the stream does next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    /// Send this event; `owed` is what is billed with it.
    Event {
        bytes: Bytes,
        owed: Owed,
    },
    Flood(Wave),
    WaitMs(u64),
    Gate(String),
    Cut,
    End,
}

/// What an event adds to the bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owed {
    /// The call and its input.
    pub begin: Option<Usage>,
    /// All output so far, in tokens.
    pub output: Option<i64>,
}

/// One event, many times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wave {
    pub bytes: Bytes,
    pub times: u64,
    pub begin: Option<Usage>,
    /// Bytes of text made before the first one.
    pub before: usize,
    /// Bytes of text in each.
    pub each: usize,
    /// Output that is never exceeded on the way, in tokens.
    pub total: Option<i64>,
}

impl Wave {
    /// All output once so many of them were sent.
    pub fn output_after(&self, sent: u64) -> i64 {
        let sent = usize::try_from(sent).unwrap_or(usize::MAX);
        let made = tokens(self.before.saturating_add(self.each.saturating_mul(sent)));
        self.total.map_or(made, |total| made.min(total))
    }
}

/// The tokens this provider makes of so many bytes.
pub(crate) fn tokens(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(4)).unwrap_or(i64::MAX)
}

/// Puts the fault at its event.
pub(crate) fn with_fault(mut frames: Vec<Frame>, fault: Option<&Fault>, format: Format, is_stream: bool) -> Vec<Frame> {
    let Some(fault) = fault else { return frames };
    let mut events = frames.iter().enumerate().filter(|(_, f)| matches!(f, Frame::Event { .. } | Frame::Flood(_)));
    let Some((at, _)) = events.nth(fault.at_event) else { return frames };
    let (bytes, owed) = match &frames[at] {
        Frame::Event { bytes, owed } => (bytes.clone(), *owed),
        Frame::Flood(wave) => (wave.bytes.clone(), Owed { begin: wave.begin, output: Some(wave.output_after(1)) }),
        _ => return frames,
    };
    if !matches!(fault.kind, FaultKind::Hang(_) | FaultKind::Raw(_)) {
        frames.truncate(at);
    }
    match &fault.kind {
        FaultKind::Hang(gate) => frames.insert(at, Frame::Gate(gate.clone())),
        FaultKind::Raw(raw) => frames[at] = Frame::Event { bytes: raw.clone().into(), owed },
        FaultKind::Reset => frames.push(Frame::Cut),
        FaultKind::End => frames.push(Frame::End),
        FaultKind::Truncate => {
            frames.extend([Frame::Event { bytes: bytes.slice(..bytes.len() / 2), owed }, Frame::End]);
        }
        FaultKind::Error(error) => {
            let text = if is_stream { format.error_event(error) } else { format.error_body(error).to_string() };
            frames.extend([Frame::Event { bytes: text.into(), owed: Owed::default() }, Frame::End]);
        }
    }
    frames
}

/// Where chunks end inside an event's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cutting {
    /// Every so many bytes.
    pub every: Option<usize>,
    /// Behind the first byte of every character that is not ASCII.
    pub in_characters: bool,
}

impl Cutting {
    /// The chunks of an event.
    pub fn chunks(self, bytes: &Bytes) -> Vec<Bytes> {
        if let Some(size) = self.every {
            let size = size.max(1);
            return (0..bytes.len()).step_by(size).map(|at| bytes.slice(at..bytes.len().min(at + size))).collect();
        }
        if !self.in_characters {
            return vec![bytes.clone()];
        }
        let mut chunks = Vec::new();
        let mut from = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if *byte >= 0b1100_0000 {
                chunks.push(bytes.slice(from..=at));
                from = at + 1;
            }
        }
        chunks.push(bytes.slice(from..));
        chunks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_end_where_they_should() {
        let bytes = Bytes::from("aé€b");
        let whole = Cutting::default();
        assert_eq!(whole.chunks(&bytes), std::slice::from_ref(&bytes));
        let single = Cutting { every: Some(1), ..whole };
        assert!(single.chunks(&bytes).iter().all(|chunk| chunk.len() == 1));
        let inside = Cutting { in_characters: true, ..whole }.chunks(&bytes);
        assert_eq!(inside, [&b"a\xc3"[..], b"\xa9\xe2", b"\x82\xacb"]);
        assert_eq!(inside.concat(), bytes);
    }

    #[test]
    fn a_flood_is_owed_as_it_flows() {
        let wave = Wave { bytes: Bytes::new(), times: 9, begin: None, before: 2, each: 8, total: Some(5) };
        assert_eq!([0, 1, 2, 9].map(|sent| wave.output_after(sent)), [1, 3, 5, 5]);
    }
}
