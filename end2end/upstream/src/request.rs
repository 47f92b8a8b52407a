//! What the scripts need to know of a request, whatever its format. Reading is the formats' business
//! (`formats/*/request.rs`): what the real provider refuses is refused there.

use serde_json::Value;

use crate::{
    formats::Format,
    frames::tokens,
    script::{ApiError, When},
};

/// A call without tools that asks for no more than this is a side call (an automatic title).
pub const SIDE_CALL_MAX_TOKENS: i64 = 64;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Answer,
    /// An answer beside the answer: a title.
    Side,
    /// `count_tokens`
    Count,
    /// Which models there are.
    List,
}

/// A request that was found to be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub format: Format,
    pub kind: Kind,
    pub model: String,
    /// The largest number where the request names no cap.
    pub max_tokens: i64,
    pub is_stream: bool,
    /// Usage is wanted in the stream; only `OpenAI` must be asked.
    pub wants_usage: bool,
    pub system: String,
    /// The last text a user wrote (tool results are no text).
    pub user_text: String,
    /// Model calls already made for that text.
    pub step: usize,
    /// A quarter of the bytes of system, tools and messages, rounded up; images by their size.
    pub input_tokens: i64,
}

impl Request {
    /// A streamed request without a cap for an answer.
    pub fn about(format: Format, model: &str, user_text: &str) -> Self {
        Self {
            format,
            kind: Kind::Answer,
            model: model.to_owned(),
            max_tokens: i64::MAX,
            is_stream: true,
            wants_usage: true,
            system: String::new(),
            user_text: user_text.to_owned(),
            step: 0,
            input_tokens: 0,
        }
    }

    /// A request for something else than an answer.
    pub fn other(format: Format, kind: Kind) -> Self {
        Self { kind, is_stream: false, ..Self::about(format, "", "") }
    }

    /// Whether a queued script is meant for this.
    pub fn fits(&self, when: Option<&When>) -> bool {
        let Some(when) = when else { return self.kind == Kind::Answer };
        let wanted = match () {
            () if when.counting => Kind::Count,
            () if when.listing => Kind::List,
            () if when.side => Kind::Side,
            () => Kind::Answer,
        };
        wanted == self.kind
            && when.format.is_none_or(|format| format == self.format)
            && when.model.as_ref().is_none_or(|model| *model == self.model)
            && when.system_contains.as_ref().is_none_or(|text| self.system.contains(text))
            && when.user_contains.as_ref().is_none_or(|text| self.user_text.contains(text))
    }
}

/// An answer or a side call?
pub(crate) fn kind_of(tools: usize, max_tokens: i64) -> Kind {
    if tools == 0 && max_tokens <= SIDE_CALL_MAX_TOKENS { Kind::Side } else { Kind::Answer }
}

pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "invalid_request_error", &message.into())
}

/// What the given parts of a body cost: a quarter of their bytes, without those of images, which cost by themselves.
pub(crate) fn input_tokens(parts: &[&Value], images: Images) -> i64 {
    let bytes = parts.iter().filter(|part| !part.is_null()).map(|part| part.to_string().len()).sum::<usize>();
    tokens(bytes.saturating_sub(images.bytes)).saturating_add(images.tokens)
}

/// The images of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Images {
    pub tokens: i64,
    /// What their data take in the body.
    pub bytes: usize,
}

impl Images {
    /// Adds an image, given as base64. Its kind is looked up in the data where none is claimed.
    pub fn add(&mut self, data: &str, media_type: Option<&str>) -> Result<(), ApiError> {
        self.tokens = self.tokens.saturating_add(crate::image::tokens_of(data, media_type)?);
        self.bytes += data.len();
        Ok(())
    }
}

/// The last text of a user, and how many of the assistant's messages follow it.
pub(crate) fn last_user_text(messages: &[Value]) -> (String, usize) {
    let mut step = 0;
    for message in messages.iter().rev() {
        if message["role"] == "assistant" {
            step += 1;
            continue;
        }
        if message["role"] != "user" {
            continue;
        }
        let text = text_in(&message["content"]);
        if !text.is_empty() {
            return (text, step);
        }
    }
    (String::new(), step)
}

/// All text of a content: a string, or a list of parts with `text`.
pub(crate) fn text_in(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}
