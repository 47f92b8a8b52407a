//! The targets.

use bytes::Bytes;
use serde_json::Value;
use server::models::{
    ReportedUsage,
    sse::{SseEvent, SseParser},
    wire::{
        CapField, Stamp, Tap, TapState, Translator, UsageFilter, WireError, WireFormat, WireRequest, input_bound,
        translate_request, translate_response,
    },
};

const FORMATS: [WireFormat; 3] = [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama];

/// What an input chooses, and what is left of it.
struct Input<'a> {
    choice: usize,
    piece: usize,
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    fn of(data: &'a [u8]) -> Option<Self> {
        let [choice, piece, bytes @ ..] = data else { return None };
        Some(Self { choice: usize::from(*choice), piece: usize::from(*piece).max(1), bytes })
    }

    /// One of the formats; the choice goes on with what is left of it.
    fn format(&mut self) -> WireFormat {
        let format = FORMATS.get(self.choice % FORMATS.len()).copied().unwrap_or(WireFormat::OpenAi);
        self.choice /= FORMATS.len();
        format
    }

    fn flag(&mut self) -> bool {
        let flag = self.choice % 2 == 1;
        self.choice /= 2;
        flag
    }

    /// The same bytes as the network may cut them.
    fn pieces(&self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks(self.piece)
    }
}

/// The event stream reader.
pub fn sse(data: &[u8]) {
    let Some(input) = Input::of(data) else { return };
    let at_once = SseParser::default().push(input.bytes);
    let mut parser = SseParser::default();
    let in_pieces: Result<Vec<Vec<SseEvent>>, _> = input.pieces().map(|piece| parser.push(piece)).collect();
    assert_eq!(at_once, in_pieces.map(|events| events.concat()), "cut otherwise, read otherwise");
}

/// The tap with its meters.
pub fn tap(data: &[u8]) {
    let Some(mut input) = Input::of(data) else { return };
    let (format, is_streaming) = (input.format(), input.flag());
    let at_once = heard(format, is_streaming, [input.bytes].into_iter());
    let in_pieces = heard(format, is_streaming, input.pieces());
    assert_eq!(at_once, in_pieces, "cut otherwise, counted otherwise");
}

fn heard<'a>(
    format: WireFormat,
    is_streaming: bool,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (ReportedUsage, TapState) {
    let mut tap = Tap::new(format, is_streaming);
    let mut received = 0;
    for piece in pieces {
        tap.push(piece);
        assert!(tap.received_bytes() >= received, "what was received stays received");
        received = tap.received_bytes();
    }
    tap.finish();
    let reported = tap.reported();
    let counts = [reported.input, reported.cache_read, reported.cache_write_5m, reported.cache_write_1h, reported.output];
    assert!(counts.into_iter().flatten().all(|count| count >= 0), "{reported:?}");
    (reported, tap.state())
}

/// The filter of what nobody asked for.
pub fn filter(data: &[u8]) {
    let Some(input) = Input::of(data) else { return };
    let mut filter = UsageFilter::default();
    let mut at_once = filter.push(input.bytes);
    at_once.extend(filter.finish());
    let mut filter = UsageFilter::default();
    let mut in_pieces: Vec<u8> = input.pieces().flat_map(|piece| filter.push(piece)).collect();
    in_pieces.extend(filter.finish());
    assert_eq!(at_once, in_pieces, "cut otherwise, filtered otherwise");
    assert!(at_once.len() <= input.bytes.len(), "a filter adds nothing");
}

fn stamp() -> Stamp {
    Stamp { id: "0190aaaa".into(), created: 1_795_000_000, model: "a-model".into() }
}

/// A stream in another format.
pub fn stream(data: &[u8]) {
    let Some(mut input) = Input::of(data) else { return };
    let (from, to, wants_usage) = (input.format(), input.format(), input.flag());
    let translator = || Translator::new(from, to, stamp(), wants_usage);
    let mut at_once = translator();
    let mut written = at_once.push(input.bytes);
    written.extend(at_once.finish());
    let mut in_pieces = translator();
    let mut again: Vec<u8> = input.pieces().flat_map(|piece| in_pieces.push(piece)).collect();
    again.extend(in_pieces.finish());
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&again), "cut otherwise, said otherwise");

    // However it came, the client is told an end.
    let mut tap = Tap::new(to, true);
    tap.push(&written);
    tap.finish();
    let has_end = matches!(tap.state(), TapState::Finished | TapState::Failed { .. });
    assert!(has_end, "{from:?} to {to:?} without an end: {}", String::from_utf8_lossy(&written));
}

/// A whole answer in another format.
pub fn whole(data: &[u8]) {
    let Some(mut input) = Input::of(data) else { return };
    let (from, to) = (input.format(), input.format());
    let Ok(value) = translate_response(from, to, input.bytes, &stamp()) else { return };
    let mut tap = Tap::new(to, false);
    tap.push(value.to_string().as_bytes());
    tap.finish();
    assert_eq!(tap.state(), TapState::Finished, "{from:?} to {to:?}: {value}");
}

/// A client's request: read, changed as it is sent, said in another format.
pub fn request(data: &[u8]) {
    let Some(mut input) = Input::of(data) else { return };
    let (format, to) = (input.format(), input.format());
    let cap_field = if input.flag() { CapField::MaxTokens } else { CapField::MaxCompletionTokens };
    let cap = i64::try_from(input.piece).unwrap_or(1);
    let Ok(request) = WireRequest::parse(format, Bytes::copy_from_slice(input.bytes)) else { return };
    assert!(input_bound(&request) >= 0 && request.choices() >= 1);
    assert!(request.max_output().is_none_or(|cap| cap >= 0));
    let _ = (request.server_tool(), request.dearer_by(), request.is_streaming());
    sent_as_meant(request.clone().with_model("another-model").with_max_output(cap, cap_field).with_usage_asked());
    if let Ok(translated) = translate_request(&request, to) {
        assert_eq!(translated.format(), to);
        assert_eq!(translated.is_streaming(), request.is_streaming(), "asked as the client asks");
        sent_as_meant(translated.with_model("another-model").with_max_output(cap, cap_field).with_usage_asked());
    }
}

/// What goes out is what was decided, and can be read.
fn sent_as_meant(request: WireRequest) {
    let text = String::from_utf8_lossy(request.bytes()).into_owned();
    let read = WireRequest::parse(request.format(), request.bytes().clone());
    let read = read.unwrap_or_else(|problem| panic!("{problem}: {text}"));
    assert_eq!(read.body(), request.body(), "{text}");
    assert_eq!((read.model(), read.max_output()), ("another-model", request.max_output()), "{text}");
    assert_eq!(read.is_streaming(), request.is_streaming());
}

/// A provider's error in each format.
pub fn error(data: &[u8]) {
    let Some(mut input) = Input::of(data) else { return };
    let format = input.format();
    let status = 400 + u16::try_from(input.piece).unwrap_or(0);
    let error = WireError::of_upstream(status, &String::from_utf8_lossy(input.bytes));
    let body = error.body(format).to_string();
    assert!(serde_json::from_str::<Value>(&body).is_ok() && body.len() < 20_000, "{} bytes", body.len());
    assert!((400..600).contains(&error.status(format)));
    let mut tap = Tap::new(format, true);
    tap.push(error.event(format).as_bytes());
    tap.finish();
    assert!(matches!(tap.state(), TapState::Failed { .. }), "{}", error.event(format));
}
