//! A request or an answer in another format, by way of the common words ([`super::chat`], [`super::event`]).
//!
//! A request is refused where the other format cannot say it. An answer never is, as it is paid for already: what a
//! client cannot be told (signatures, citations) is left out.

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

use super::{
    WireError, WireFormat, WireRequest,
    anthropic::{self, AnthropicReader, AnthropicWriter},
    chat::Chat,
    event::{Answer, Stop, WireEvent, unreadable},
    frames::{Frame, Frames},
    ollama::{self, OllamaReader, OllamaWriter},
    openai::{self, OpenAiReader, OpenAiWriter},
};
use crate::models::ReportedUsage;

/// Something the other format cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` cannot be translated for this model: {why}")]
pub struct Untranslatable {
    /// The field of the request, like `n` or `messages[2].content`.
    pub field: String,
    /// In words for the client.
    pub why: String,
}

/// What an answer must carry and cannot know by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Unique: letters, digits, `_` and `-`, at most 30, so that ids of calls made from it are no longer than OpenAI
    /// takes back (40).
    pub id: String,
    /// Seconds since 1970.
    pub created: i64,
    /// As the client called it.
    pub model: String,
}

impl Stamp {
    /// For a call of a tool from a provider without ids.
    pub(super) fn call_id(&self, call: usize) -> String {
        format!("call_{}_{call}", self.id)
    }

    /// RFC 3339.
    pub(super) fn created_at(&self) -> String {
        DateTime::from_timestamp(self.created, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

/// The request for a provider of another format; one of the same is sent as it came. Its cap is set afterwards, with
/// [`WireRequest::with_max_output`].
///
/// # Errors
/// What the other format cannot say.
pub fn translate_request(request: &WireRequest, to: WireFormat) -> Result<WireRequest, Untranslatable> {
    if request.format() == to {
        return Ok(request.clone());
    }
    let chat = match request.format() {
        WireFormat::OpenAi => openai::chat_in::read(request)?,
        WireFormat::Anthropic => anthropic::chat_in::read(request)?,
        WireFormat::Ollama => ollama::chat_in::read(request)?,
    };
    write_request(&chat, to)
}

/// A chat in common words as a request.
///
/// # Errors
/// What the format cannot say.
pub fn write_request(chat: &Chat, to: WireFormat) -> Result<WireRequest, Untranslatable> {
    let body = match to {
        WireFormat::OpenAi => openai::chat_out::write(chat)?,
        WireFormat::Anthropic => anthropic::chat_out::write(chat)?,
        WireFormat::Ollama => ollama::chat_out::write(chat)?,
    };
    WireRequest::from_body(to, body)
        .map_err(|bad| Untranslatable { field: bad.param.unwrap_or("body").to_owned(), why: bad.message })
}

/// A whole answer of status 200 in another format.
///
/// # Errors
/// The body is an error or cannot be read.
pub fn translate_response(from: WireFormat, to: WireFormat, body: &[u8], stamp: &Stamp) -> Result<Value, WireError> {
    let value: Value = serde_json::from_slice(body).map_err(|_| unreadable("it is no JSON"))?;
    let events = Reader::new(from).read(&value)?;
    if !events.iter().any(|event| matches!(event, WireEvent::Stop(_) | WireEvent::Error(_))) {
        return Err(unreadable("it has no end"));
    }
    let answer = Answer::collect(events)?;
    match to {
        WireFormat::OpenAi => Ok(openai::events_out::whole(&answer, stamp)),
        WireFormat::Anthropic => anthropic::events_out::whole(&answer, stamp),
        WireFormat::Ollama => ollama::events_out::whole(&answer, stamp),
    }
}

/// All input, as the formats with one number for it count.
pub(super) fn total_input(usage: &ReportedUsage) -> Option<i64> {
    let beside = [usage.cache_read, usage.cache_write_5m, usage.cache_write_1h];
    usage.input.map(|input| beside.into_iter().flatten().fold(input, i64::saturating_add))
}

#[derive(Debug)]
pub(super) enum Reader {
    OpenAi(OpenAiReader),
    Anthropic(AnthropicReader),
    Ollama(OllamaReader),
}

impl Reader {
    pub(super) fn new(format: WireFormat) -> Self {
        match format {
            WireFormat::OpenAi => Self::OpenAi(OpenAiReader::default()),
            WireFormat::Anthropic => Self::Anthropic(AnthropicReader::default()),
            WireFormat::Ollama => Self::Ollama(OllamaReader::default()),
        }
    }

    pub(super) fn read(&mut self, value: &Value) -> Result<Vec<WireEvent>, WireError> {
        if let Some(error) = WireError::in_body(value) {
            return Ok(vec![WireEvent::Error(error)]);
        }
        match self {
            Self::OpenAi(reader) => reader.read(value),
            Self::Anthropic(reader) => reader.read(value),
            Self::Ollama(reader) => reader.read(value),
        }
    }
}

#[derive(Debug)]
enum Writer {
    OpenAi(OpenAiWriter),
    Anthropic(Box<AnthropicWriter>),
    Ollama(OllamaWriter),
}

impl Writer {
    fn write(&mut self, event: WireEvent, out: &mut Vec<u8>) -> Result<(), WireError> {
        match self {
            Self::OpenAi(writer) => {
                writer.write(event, out);
                Ok(())
            }
            Self::Anthropic(writer) => writer.write(event, out),
            Self::Ollama(writer) => writer.write(event, out),
        }
    }
}

/// A stream on its way into another format. It ends as that format's streams end: properly, or with one error.
#[derive(Debug)]
pub struct Translator {
    frames: Frames,
    reader: Reader,
    writer: Writer,
    to: WireFormat,
    has_begun: bool,
    has_stopped: bool,
    is_over: bool,
}

impl Translator {
    /// `wants_usage`: what the client asked for ([`WireRequest::wants_usage`]).
    #[must_use]
    pub fn new(from: WireFormat, to: WireFormat, stamp: Stamp, wants_usage: bool) -> Self {
        let writer = match to {
            WireFormat::OpenAi => Writer::OpenAi(OpenAiWriter::new(stamp, wants_usage)),
            WireFormat::Anthropic => Writer::Anthropic(Box::new(AnthropicWriter::new(stamp))),
            WireFormat::Ollama => Writer::Ollama(OllamaWriter::new(stamp)),
        };
        let frames = Frames::new(from, true);
        Self { frames, reader: Reader::new(from), writer, to, has_begun: false, has_stopped: false, is_over: false }
    }

    /// The next piece of the provider's body, in any division; what is to be sent to the client.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.is_over {
            return out;
        }
        match self.frames.push(piece) {
            Ok(frames) => frames.iter().for_each(|frame| self.frame(frame, &mut out)),
            Err(error) => self.fail(unreadable(&error.to_string()), &mut out),
        }
        out
    }

    /// The body has ended: the end of the answer, or an error if it broke off.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for frame in self.frames.finish() {
            self.frame(&frame, &mut out);
        }
        if self.has_stopped {
            self.event(WireEvent::End, &mut out);
        } else {
            self.fail(unreadable("it broke off"), &mut out);
        }
        out
    }

    /// Ends the stream with an error of ours (the provider fell silent, say).
    pub fn abort(&mut self, error: WireError) -> Vec<u8> {
        let mut out = Vec::new();
        self.fail(error, &mut out);
        out
    }

    /// Nothing more will come out.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    fn frame(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        if self.is_over || frame.data.trim().is_empty() {
            return;
        }
        if frame.data.trim() == "[DONE]" {
            self.event(WireEvent::End, out);
            return;
        }
        let events = match serde_json::from_str::<Value>(&frame.data) {
            Ok(value) => self.reader.read(&value),
            Err(_) => Err(unreadable("an event is no JSON")),
        };
        match events {
            Ok(events) => events.into_iter().for_each(|event| self.event(event, out)),
            Err(error) => self.fail(error, out),
        }
    }

    fn event(&mut self, event: WireEvent, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        if event == WireEvent::End && !self.has_stopped {
            // Some servers tell no reason; of nothing there is no end.
            if !self.has_begun {
                return self.fail(unreadable("it is empty"), out);
            }
            self.event(WireEvent::Stop(Stop::EndTurn), out);
            if self.is_over {
                return;
            }
        }
        self.has_begun |= !matches!(event, WireEvent::End | WireEvent::Error(_));
        self.has_stopped |= matches!(event, WireEvent::Stop(_));
        self.is_over = matches!(event, WireEvent::End | WireEvent::Error(_));
        if let Err(error) = self.writer.write(event, out) {
            self.is_over = false;
            self.fail(error, out);
        }
    }

    fn fail(&mut self, error: WireError, out: &mut Vec<u8>) {
        if !self.is_over {
            self.is_over = true;
            out.extend(error.event(self.to).into_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
