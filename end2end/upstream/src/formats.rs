//! The wire formats: what differs between providers. One module each: reading a request, writing a stream, a whole
//! answer, errors and lists of models.
//!
//! To add one: a variant of [`Format`], a module, and a line in each `match` here; [`crate::Script`]s need not change.

mod anthropic;
mod ollama;
mod openai;

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use anthropic::read_count;

use crate::{
    frames::{Frame, Owed, with_fault},
    plan::{Beat, Plan},
    request::Request,
    script::{ApiError, Script},
};

/// A way to speak to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `POST /v1/messages`
    Anthropic,
    /// `POST /v1/chat/completions`
    OpenAi,
    /// `POST /api/chat`
    Ollama,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::Anthropic, Self::OpenAi, Self::Ollama];

    /// As scripts and `GET /_bill` name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
        }
    }

    /// Where answers are asked for.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Anthropic => "/v1/messages",
            Self::OpenAi => "/v1/chat/completions",
            Self::Ollama => "/api/chat",
        }
    }

    /// The format spoken at a path.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        match path {
            "/v1/messages" | "/v1/messages/count_tokens" => Some(Self::Anthropic),
            "/v1/chat/completions" => Some(Self::OpenAi),
            _ if path.starts_with("/api/") => Some(Self::Ollama),
            _ => None,
        }
    }

    /// Checks the headers of a request with a body, and what depends on them in the body.
    pub(crate) fn check_headers(self, headers: &HeaderMap, body: &Value) -> Result<(), ApiError> {
        match self {
            Self::Anthropic => anthropic::check_headers(headers).and_then(|()| anthropic::check_version(headers, body)),
            Self::OpenAi => openai::check_headers(headers),
            Self::Ollama => Ok(()),
        }
    }

    /// Checks the credential alone.
    pub(crate) fn check_key(self, headers: &HeaderMap) -> Result<(), ApiError> {
        match self {
            Self::Anthropic => anthropic::check_key(headers),
            Self::OpenAi => openai::check_key(headers),
            Self::Ollama => Ok(()),
        }
    }

    /// Reads and checks a request for an answer.
    pub(crate) fn read(self, body: &Value) -> Result<Request, ApiError> {
        match self {
            Self::Anthropic => anthropic::read(body),
            Self::OpenAi => openai::read(body),
            Self::Ollama => ollama::read(body),
        }
    }

    /// The body of an answer, as a stream or whole. `call` is the call's number.
    pub(crate) fn frames(self, script: &Script, request: &Request, plan: &Plan, call: u64) -> Vec<Frame> {
        if !request.is_stream {
            return self.whole(script, request, plan, call);
        }
        match self {
            Self::Anthropic => anthropic::stream(script, request, plan, call),
            Self::OpenAi => openai::stream(script, request, plan, call),
            Self::Ollama => ollama::stream(script, request, plan),
        }
    }

    fn whole(self, script: &Script, request: &Request, plan: &Plan, call: u64) -> Vec<Frame> {
        let mut frames = Vec::new();
        for beat in &plan.beats {
            match beat {
                Beat::WaitMs(ms) => frames.push(Frame::WaitMs(*ms)),
                Beat::Gate(name) => frames.push(Frame::Gate(name.clone())),
                Beat::Cut => frames.push(Frame::Cut),
                Beat::Raw(raw) => frames.push(Frame::Event { bytes: raw.clone().into(), owed: Owed::default() }),
                _ => {}
            }
        }
        if let Some(ending) = &plan.ending {
            let body = match self {
                Self::Anthropic => anthropic::whole(script, request, plan, ending, call),
                Self::OpenAi => openai::whole(script, request, plan, ending, call),
                Self::Ollama => ollama::whole(script, request, plan, ending),
            };
            let owed = Owed { begin: Some(plan.usage), output: Some(ending.output) };
            frames.push(Frame::Event { bytes: body.to_string().into(), owed });
        }
        frames.push(Frame::End);
        with_fault(frames, script.fault.as_ref(), self, false)
    }

    /// The media type of a 200.
    pub(crate) fn content_type(self, is_stream: bool) -> &'static str {
        match self {
            _ if !is_stream => "application/json",
            Self::Anthropic | Self::OpenAi => "text/event-stream; charset=utf-8",
            Self::Ollama => "application/x-ndjson",
        }
    }

    /// The header with the number of the request, which every answer has.
    pub(crate) fn request_id_header(self) -> &'static str {
        match self {
            Self::Anthropic => "request-id",
            Self::OpenAi | Self::Ollama => "x-request-id",
        }
    }

    /// The body of an HTTP error.
    pub(crate) fn error_body(self, error: &ApiError) -> Value {
        match self {
            Self::Anthropic => anthropic::error_body(error),
            Self::OpenAi => openai::error_body(error),
            Self::Ollama => ollama::error_body(error),
        }
    }

    /// An error in the middle of a stream.
    pub(crate) fn error_event(self, error: &ApiError) -> String {
        let body = self.error_body(error);
        match self {
            Self::Anthropic => format!("event: error\ndata: {body}\n\n"),
            Self::OpenAi => format!("data: {body}\n\n"),
            Self::Ollama => format!("{body}\n"),
        }
    }

    pub(crate) fn ping(self) -> &'static str {
        match self {
            Self::Anthropic => "event: ping\ndata: {\"type\": \"ping\"}\n\n",
            Self::OpenAi => ": ping\n\n",
            Self::Ollama => "\n",
        }
    }

    /// Belongs to the event that follows.
    pub(crate) fn comment(self) -> &'static str {
        match self {
            Self::Anthropic | Self::OpenAi => ":\n: data: a comment\n",
            Self::Ollama => "\n",
        }
    }

    /// What a new upstream lists as its models.
    pub(crate) fn models(self) -> &'static [&'static str] {
        match self {
            Self::Anthropic => &["claude-opus-5-5", "claude-sonnet-5", "claude-haiku-4-5"],
            Self::OpenAi => &["gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-4o-mini"],
            Self::Ollama => &["llama3.2:latest", "qwen3:8b"],
        }
    }

    /// One of a list of models.
    pub(crate) fn model(self, name: &str) -> Value {
        match self {
            Self::Anthropic => anthropic::model(name),
            Self::OpenAi => openai::model(name),
            Self::Ollama => ollama::model(name),
        }
    }
}
