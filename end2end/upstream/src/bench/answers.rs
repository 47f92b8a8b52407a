//! The prepared answers, one set for each format, and what they cost.

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;

use super::http::{chunk, chunked, whole};
use crate::{
    bill::Bill,
    formats::Format,
    frames::Frame,
    plan::plan,
    request::Request,
    script::{Script, Step},
};

/// What every request costs, whatever it says.
pub const INPUT_TOKENS: i64 = 100;
/// Two tokens.
const PIECE: &str = "1,204 k ";

/// The answers in one format.
pub(super) struct Answers {
    pub format: Format,
    pub path: &'static str,
    /// Head and body of an answer that is not streamed.
    pub whole: Bytes,
    /// Head and body of a stream in one piece.
    pub at_once: Bytes,
    pub chunked_head: Bytes,
    pub events: Vec<Event>,
    /// What one whole answer costs.
    pub counted: Bill,
    pub counters: Counters,
}

pub(super) struct Event {
    /// As a chunk of an HTTP body.
    pub chunk: Bytes,
    /// Tokens of output that it adds.
    pub output: i64,
}

impl Answers {
    pub fn new(format: Format, pieces: usize) -> Self {
        let script = Script {
            steps: (0..pieces).map(|_| Step::Text(PIECE.to_owned())).collect(),
            ..Script::default().usage(|usage| usage.input = Some(INPUT_TOKENS))
        };
        let mut request = Request::about(format, "bench", "");
        let events = events(&script, &request);
        let body = events.iter().map(|(bytes, _)| bytes.as_ref()).collect::<Vec<_>>().concat();
        let output = events.iter().map(|(_, output)| output).sum();
        let streamed = format.content_type(true);
        request.is_stream = false;
        let single = self::events(&script, &request);
        Self {
            format,
            path: format.path(),
            whole: whole(format.content_type(false), single.first().map_or(b"", |(bytes, _)| bytes)),
            at_once: whole(streamed, &body),
            chunked_head: chunked(streamed),
            events: events.into_iter().map(|(bytes, output)| Event { chunk: chunk(&bytes), output }).collect(),
            counted: Bill { calls: 1, input: INPUT_TOKENS, output, ..Bill::default() },
            counters: Counters::default(),
        }
    }

    /// Whether the body asks for a stream; a byte search, for the body may be large and nothing else is wanted of it.
    pub fn is_stream(&self, body: &[u8]) -> bool {
        let is_by_default = self.format == Format::Ollama;
        let rests = || after_each(body, b"\"stream\"");
        let value = rests().find_map(|rest| {
            let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
            match () {
                () if rest.starts_with(b"true") => Some(true),
                () if rest.starts_with(b"false") => Some(false),
                () => None,
            }
        });
        value.unwrap_or(is_by_default)
    }
}

/// What follows each place where the needle is.
fn after_each<'a>(haystack: &'a [u8], needle: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let starts = haystack.iter().enumerate().filter(move |(_, byte)| **byte == needle[0]);
    starts.filter_map(move |(at, _)| haystack[at..].strip_prefix(needle))
}

/// The events of an answer with the output that each adds.
fn events(script: &Script, request: &Request) -> Vec<(Bytes, i64)> {
    let frames = request.format.frames(script, request, &plan(script, request), 1);
    let mut so_far = 0;
    let events = frames.into_iter().filter_map(|frame| match frame {
        Frame::Event { bytes, owed } => Some((bytes, owed.output)),
        _ => None,
    });
    let with_growth = events.map(|(bytes, output)| {
        let output = output.unwrap_or(so_far);
        let growth = output - so_far;
        so_far = output;
        (bytes, growth)
    });
    with_growth.collect()
}

/// A bill without a lock.
#[derive(Default)]
pub(super) struct Counters {
    calls: AtomicI64,
    input: AtomicI64,
    output: AtomicI64,
}

impl Counters {
    /// A whole answer.
    pub fn whole(&self, counted: &Bill) {
        self.begin(counted);
        self.output(counted.output);
    }

    /// The call and its input.
    pub fn begin(&self, counted: &Bill) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.input.fetch_add(counted.input, Ordering::Relaxed);
    }

    pub fn output(&self, tokens: i64) {
        self.output.fetch_add(tokens, Ordering::Relaxed);
    }

    pub fn add_to(&self, bill: &mut Bill) {
        bill.calls += self.calls.load(Ordering::Relaxed);
        bill.input += self.input.load(Ordering::Relaxed);
        bill.output += self.output.load(Ordering::Relaxed);
    }

    pub fn reset(&self) {
        [&self.calls, &self.input, &self.output].into_iter().for_each(|counter| counter.store(0, Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_what_it_costs() {
        for format in Format::ALL {
            let answers = Answers::new(format, 3);
            let grown: i64 = answers.events.iter().map(|event| event.output).sum();
            assert_eq!((answers.counted.output, grown), (6, 6), "{format:?}");
            let text = String::from_utf8_lossy(&answers.at_once).into_owned();
            assert!(text.contains("100") && text.contains(":6"), "{format:?}: {text}");
        }
    }

    #[test]
    fn a_stream_is_asked_for() {
        let [anthropic, openai, ollama] = Format::ALL.map(|format| Answers::new(format, 1));
        assert!(!anthropic.is_stream(b"{}") && ollama.is_stream(b"{}"));
        assert!(openai.is_stream(br#"{"stream_options": {}, "text": "\"stream\"", "stream" : true}"#));
        assert!(!ollama.is_stream(br#"{"stream":false}"#));
    }
}
