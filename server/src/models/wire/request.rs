//! A request at the edge: checked once, then only what must change is changed.

use bytes::Bytes;
use serde_json::{Map, Value};

mod checks;
mod profile;

use super::{WireFormat, json};
pub(super) use checks::given;
use checks::{
    boolean, check_messages, check_model, check_names, count, ollama_cap, openai_cap, openai_choices,
    openai_wants_usage, wrong,
};

/// A request that cannot be served as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadRequest {
    /// The field it is about.
    pub param: Option<&'static str>,
    /// For the client.
    pub message: String,
}

/// Where an OpenAI-compatible server reads the cap of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapField {
    /// Today's field; a client's `max_tokens` stays where it is, as the server knows both.
    MaxCompletionTokens,
    /// The older field alone: the newer one would be ignored (Ollama's and other servers' OpenAI route).
    MaxTokens,
}

/// The fewest tokens Claude may be told to think ("Extended thinking").
const LEAST_THINKING: i64 = 1_024;
/// What is left for the answer when there is not enough for all of the thinking.
const LEAST_ANSWER: i64 = 256;

/// A checked request of a chat.
#[derive(Clone, Debug, PartialEq)]
pub struct WireRequest {
    format: WireFormat,
    body: Map<String, Value>,
    bytes: Bytes,
    is_streaming: bool,
    max_output: Option<i64>,
    choices: i64,
    wants_usage: bool,
}

impl WireRequest {
    /// Reads a body. Unknown fields are kept.
    ///
    /// # Errors
    /// No JSON object, too deep, a field twice, or a field we read of the wrong type or out of its range.
    pub fn parse(format: WireFormat, bytes: Bytes) -> Result<Self, BadRequest> {
        let body = json::object(&bytes).map_err(|message| BadRequest { param: None, message })?;
        Self::checked(format, body, bytes)
    }

    /// A request made by us.
    ///
    /// # Errors
    /// As [`WireRequest::parse`].
    pub fn from_body(format: WireFormat, body: Map<String, Value>) -> Result<Self, BadRequest> {
        let bytes = serde_json::to_vec(&body).unwrap_or_default().into();
        Self::checked(format, body, bytes)
    }

    fn checked(format: WireFormat, body: Map<String, Value>, bytes: Bytes) -> Result<Self, BadRequest> {
        check_names(&body)?;
        check_model(&body)?;
        check_messages(format, &body)?;
        if let Some(tools) = given(&body, "tools")
            && !tools.is_array()
        {
            return wrong("tools", "`tools` must be a list");
        }
        let is_ollama = format == WireFormat::Ollama;
        let is_streaming = boolean(&body, "stream")?.unwrap_or(is_ollama);
        let (max_output, choices, wants_usage) = match format {
            WireFormat::OpenAi => (openai_cap(&body)?, openai_choices(&body)?, openai_wants_usage(&body)?),
            WireFormat::Anthropic => (count(&body, "max_tokens")?, 1, true),
            WireFormat::Ollama => (ollama_cap(&body)?, 1, true),
        };
        Ok(Self { format, body, bytes, is_streaming, max_output, choices, wants_usage })
    }

    #[must_use]
    pub fn format(&self) -> WireFormat {
        self.format
    }
    #[must_use]
    pub fn body(&self) -> &Map<String, Value> {
        &self.body
    }
    /// What to send: the client's own bytes as long as nothing was changed.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
    /// Never empty.
    #[must_use]
    pub fn model(&self) -> &str {
        self.body.get("model").and_then(Value::as_str).unwrap_or_default()
    }
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.is_streaming
    }
    /// The most tokens the client wants **per answer**; `None`: as many as may be.
    #[must_use]
    pub fn max_output(&self) -> Option<i64> {
        self.max_output
    }
    /// Answers asked for (`n`), at least 1: the output can cost so many times the cap.
    #[must_use]
    pub fn choices(&self) -> i64 {
        self.choices
    }
    /// Whether the client wants usage in its stream; the other formats always tell it.
    #[must_use]
    pub fn wants_usage(&self) -> bool {
        self.wants_usage
    }
    /// A tool that the provider runs itself (a search, a sandbox): what it reads is billed as input beyond any bound of
    /// the request.
    #[must_use]
    pub fn server_tool(&self) -> Option<&str> {
        if let Some(field) = RUN_BY_THE_PROVIDER.into_iter().find(|field| given(&self.body, field).is_some()) {
            return Some(field);
        }
        let tools = self.body.get("tools").and_then(Value::as_array)?;
        tools.iter().filter_map(|tool| tool.get("type")?.as_str()).find(|kind| !is_run_by_the_client(kind))
    }

    /// How many searches on the web the provider may run for this, where that is all that it may run by itself and their
    /// number is limited (Anthropic, "Web search tool", `max_uses`).
    #[must_use]
    pub fn searches(&self) -> Option<i64> {
        if self.format != WireFormat::Anthropic
            || RUN_BY_THE_PROVIDER.iter().any(|field| given(&self.body, field).is_some())
        {
            return None;
        }
        let mut total = 0_i64;
        for tool in self.body.get("tools")?.as_array()? {
            let Some(kind) = tool.get("type").and_then(Value::as_str) else { continue };
            if is_plain_web_search(kind, tool) {
                total = total.checked_add(tool.get("max_uses")?.as_i64().filter(|most| *most > 0)?)?;
            } else if !is_run_by_the_client(kind) {
                return None;
            }
        }
        (total > 0).then_some(total)
    }

    /// A field that may make the call dearer than the list prices of its model: faster service, or a chosen place
    /// (OpenAI, "Fast mode"; Anthropic, "Fast mode", "Data residency").
    #[must_use]
    pub fn dearer_by(&self) -> Option<&'static str> {
        let text = |field: &str| self.body.get(field).and_then(Value::as_str);
        if matches!(text("service_tier"), Some("priority" | "fast" | "scale")) {
            return Some("service_tier");
        }
        if text("speed").is_some_and(|speed| speed != "standard") {
            return Some("speed");
        }
        given(&self.body, "inference_geo").filter(|place| *place != "global").map(|_| "inference_geo")
    }

    /// With another model.
    #[must_use]
    pub fn with_model(self, model: &str) -> Self {
        if self.model() == model { self } else { self.with_field("model", Some(model.into())) }
    }

    /// With `cap` as the most output per answer, where the provider reads it.
    #[must_use]
    pub fn with_max_output(self, cap: i64, field: CapField) -> Self {
        let mut changed = match self.format {
            WireFormat::Anthropic => {
                let thinks = self.thinking_budget().filter(|budget| self.max_output.is_some_and(|most| *budget < most));
                let request = self.with_number("max_tokens", cap);
                match thinks.filter(|budget| *budget >= cap) {
                    Some(_) => request.with_thinking_budget((cap - LEAST_ANSWER).max(LEAST_THINKING)),
                    None => request,
                }
            }
            WireFormat::Ollama => {
                let mut options = given(&self.body, "options").cloned().unwrap_or_else(|| Map::new().into());
                if options.get("num_predict").and_then(Value::as_i64) == Some(cap) {
                    return self;
                }
                let raw = json::raw_field(&self.bytes, "options").unwrap_or("{}");
                let written = json::with_field(raw.as_bytes(), "num_predict", Some(&cap.to_string()));
                if let Some(options) = options.as_object_mut() {
                    options.insert("num_predict".to_owned(), cap.into());
                }
                self.with_written("options", options, &String::from_utf8_lossy(&written))
            }
            WireFormat::OpenAi if field == CapField::MaxTokens => {
                let request = if self.body.contains_key("max_completion_tokens") {
                    self.with_field("max_completion_tokens", None)
                } else {
                    self
                };
                request.with_number("max_tokens", cap)
            }
            WireFormat::OpenAi => {
                let has_old = given(&self.body, "max_tokens").is_some();
                let has_new = given(&self.body, "max_completion_tokens").is_some();
                let request = if has_old { self.with_number("max_tokens", cap) } else { self };
                if has_old && !has_new { request } else { request.with_number("max_completion_tokens", cap) }
            }
        };
        changed.max_output = Some(cap);
        changed
    }

    /// Tokens an answer must be able to think before it says anything; 0: it need not think.
    #[must_use]
    pub fn least_thinking(&self) -> i64 {
        self.thinking_budget().map_or(0, |budget| budget.min(LEAST_THINKING))
    }

    /// Tokens Claude is to think, which must be fewer than its answer may have ("Extended thinking").
    fn thinking_budget(&self) -> Option<i64> {
        let thinking = self.body.get("thinking").filter(|_| self.format == WireFormat::Anthropic)?;
        thinking.get("budget_tokens")?.as_i64()
    }

    fn with_thinking_budget(self, budget: i64) -> Self {
        let mut thinking = self.body.get("thinking").cloned().unwrap_or_default();
        if let Some(thinking) = thinking.as_object_mut() {
            thinking.insert("budget_tokens".to_owned(), budget.into());
        }
        let raw = json::raw_field(&self.bytes, "thinking").unwrap_or("{}");
        let written = json::with_field(raw.as_bytes(), "budget_tokens", Some(&budget.to_string()));
        self.with_written("thinking", thinking, &String::from_utf8_lossy(&written))
    }

    /// A stream that tells its usage (OpenAI has to be asked). [`WireRequest::wants_usage`] stays what the client wanted.
    #[must_use]
    pub fn with_usage_asked(self) -> Self {
        if self.format != WireFormat::OpenAi || !self.is_streaming || self.wants_usage {
            return self;
        }
        let mut options = given(&self.body, "stream_options").cloned().unwrap_or_else(|| Map::new().into());
        if let Some(options) = options.as_object_mut() {
            options.insert("include_usage".to_owned(), true.into());
        }
        let raw = json::raw_field(&self.bytes, "stream_options").unwrap_or("{}");
        let written = json::with_field(raw.as_bytes(), "include_usage", Some("true"));
        self.with_written("stream_options", options, &String::from_utf8_lossy(&written))
    }

    fn with_number(self, field: &str, value: i64) -> Self {
        let is_same = self.body.get(field).and_then(Value::as_i64) == Some(value);
        if is_same { self } else { self.with_field(field, Some(value.into())) }
    }

    fn with_field(mut self, field: &str, value: Option<Value>) -> Self {
        match value {
            Some(value) => {
                let written = value.to_string();
                self.with_written(field, value, &written)
            }
            None => {
                self.bytes = json::with_field(&self.bytes, field, None).into();
                self.body.remove(field);
                self
            }
        }
    }

    fn with_written(mut self, field: &str, value: Value, written: &str) -> Self {
        self.bytes = json::with_field(&self.bytes, field, Some(written)).into();
        self.body.insert(field.to_owned(), value);
        self
    }
}

/// Fields that let the provider run something.
const RUN_BY_THE_PROVIDER: [&str; 3] = ["web_search_options", "mcp_servers", "container"];

/// A search whose every step is in the answer. Versions after the first run code to sift what they find, unless they are to be
/// called by the model alone (Anthropic, "Web search tool", "Dynamic filtering").
fn is_plain_web_search(kind: &str, tool: &Value) -> bool {
    let is_direct = || tool.get("allowed_callers").is_some_and(|callers| *callers == serde_json::json!(["direct"]));
    kind == "web_search_20250305" || (kind.starts_with("web_search_") && is_direct())
}

/// Tools whose calls come back to the client: its own, and Anthropic's prepared ones ("Tool reference").
fn is_run_by_the_client(kind: &str) -> bool {
    matches!(kind, "function" | "custom")
        || ["bash_", "text_editor_", "computer_", "memory_"].iter().any(|prefix| kind.starts_with(prefix))
}

#[cfg(test)]
mod tests;
