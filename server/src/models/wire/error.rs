//! Refusals and failures in the words of each format.
//!
//! The statuses and names are those of the vendors ("Error codes" of OpenAI, "Errors" of Anthropic, Ollama's
//! `{"error": "…"}`), so that their SDKs raise what they should and retry what may succeed. What a provider says about
//! **our** credentials or account is nothing the client could mend: to it that is a failed gateway.

use serde_json::{Value, json};

use super::{BadRequest, Untranslatable, WireFormat};

/// What went wrong, as a client must tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireErrorKind {
    InvalidRequest,
    /// No key, or none we know.
    Authentication,
    /// The key may not do this.
    Permission,
    NotFound,
    /// The body, or the prompt for the model.
    TooLarge,
    RateLimited,
    /// A budget is used up. Trying again does not help before its reset.
    BudgetExceeded,
    /// The provider did not answer in time.
    Timeout,
    /// The provider, or we, have too much to do.
    Overloaded,
    /// The provider failed, or answered what cannot be read.
    Upstream,
    /// We cannot serve anything now: the books are closed (503).
    Unavailable,
    Internal,
}

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub struct WireError {
    pub kind: WireErrorKind,
    /// For the client; never a credential.
    pub message: String,
    /// The field of the request it is about.
    pub param: Option<String>,
    /// A name for programs, OpenAI's `code`; the kind's own if `None`.
    pub code: Option<String>,
    pub request_id: Option<String>,
    /// Trying again cannot help, whatever the status says.
    pub is_final: bool,
}

/// Longest message of a provider that is passed on, characters.
const MAX_QUOTE: usize = 2_000;

impl WireError {
    #[must_use]
    pub fn new(kind: WireErrorKind, message: impl Into<String>) -> Self {
        let is_final = kind == WireErrorKind::BudgetExceeded;
        Self { kind, message: message.into(), param: None, code: None, request_id: None, is_final }
    }

    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self, format: WireFormat) -> u16 {
        use WireErrorKind as Kind;
        let is_anthropic = format == WireFormat::Anthropic;
        match self.kind {
            Kind::InvalidRequest => 400,
            Kind::Authentication => 401,
            Kind::Permission => 403,
            Kind::NotFound => 404,
            Kind::TooLarge => 413,
            Kind::BudgetExceeded if is_anthropic => 402,
            Kind::RateLimited | Kind::BudgetExceeded => 429,
            Kind::Internal => 500,
            Kind::Upstream => 502,
            Kind::Overloaded if is_anthropic => 529,
            Kind::Overloaded | Kind::Unavailable => 503,
            Kind::Timeout => 504,
        }
    }

    /// What `x-should-retry` says; `None`: nothing, the status says enough.
    #[must_use]
    pub fn should_retry(&self) -> Option<bool> {
        self.is_final.then_some(false)
    }

    /// The body of the response.
    #[must_use]
    pub fn body(&self, format: WireFormat) -> Value {
        match format {
            WireFormat::OpenAi => {
                let (kind, code) = self.openai_names();
                let code = self.code.as_deref().or(code);
                json!({"error": {"message": self.message, "type": kind, "param": self.param, "code": code}})
            }
            WireFormat::Anthropic => {
                let error = json!({"type": self.anthropic_name(), "message": self.message});
                json!({"type": "error", "error": error, "request_id": self.request_id})
            }
            WireFormat::Ollama => json!({"error": self.message}),
        }
    }

    /// As it stands in a stream that has begun: bytes to send, nothing follows them.
    #[must_use]
    pub fn event(&self, format: WireFormat) -> String {
        let body = self.body(format);
        match format {
            WireFormat::OpenAi => format!("data: {body}\n\n"),
            WireFormat::Anthropic => format!("event: error\ndata: {body}\n\n"),
            WireFormat::Ollama => format!("{body}\n"),
        }
    }

    fn openai_names(&self) -> (&'static str, Option<&'static str>) {
        use WireErrorKind as Kind;
        match self.kind {
            Kind::InvalidRequest => ("invalid_request_error", None),
            Kind::Authentication => ("invalid_request_error", Some("invalid_api_key")),
            Kind::Permission => ("invalid_request_error", Some("permission_denied")),
            Kind::NotFound => ("invalid_request_error", Some("not_found")),
            Kind::TooLarge => ("invalid_request_error", Some("request_too_large")),
            Kind::RateLimited => ("rate_limit_error", Some("rate_limit_exceeded")),
            Kind::BudgetExceeded => ("budget_exceeded", Some("budget_exceeded")),
            Kind::Timeout => ("server_error", Some("timeout")),
            Kind::Overloaded => ("server_error", Some("overloaded")),
            Kind::Upstream => ("server_error", Some("upstream_error")),
            Kind::Unavailable => ("server_error", Some("unavailable")),
            Kind::Internal => ("server_error", None),
        }
    }

    fn anthropic_name(&self) -> &'static str {
        use WireErrorKind as Kind;
        match self.kind {
            Kind::InvalidRequest => "invalid_request_error",
            Kind::Authentication => "authentication_error",
            Kind::Permission => "permission_error",
            Kind::NotFound => "not_found_error",
            Kind::TooLarge => "request_too_large",
            Kind::RateLimited => "rate_limit_error",
            Kind::BudgetExceeded => "billing_error",
            Kind::Timeout => "timeout_error",
            Kind::Overloaded => "overloaded_error",
            Kind::Upstream | Kind::Unavailable | Kind::Internal => "api_error",
        }
    }

    /// The error a provider answered with, read by its own names first and by its status then. `body` may be anything.
    #[must_use]
    pub fn of_upstream(status: u16, body: &str) -> Self {
        let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        Self::of_value(Some(status), &value)
    }

    /// The error in a stream or in a body under a status of 200; `None`: there is none.
    #[must_use]
    pub fn in_body(value: &Value) -> Option<Self> {
        let is_error = value.get("error").is_some_and(|error| !error.is_null())
            || value.get("type").and_then(Value::as_str) == Some("error");
        is_error.then(|| Self::of_value(None, value))
    }

    fn of_value(status: Option<u16>, value: &Value) -> Self {
        let error = value.get("error").unwrap_or(&Value::Null);
        let field = |name: &str| error.get(name).and_then(Value::as_str);
        let message = error.as_str().or(field("message")).unwrap_or_default();
        let kind = kind(status, field("type"), field("code"), message);
        let is_final = is_about_us(status, field("type"), field("code"));
        let quote: String = message.chars().take(MAX_QUOTE).collect();
        let message = match kind {
            _ if is_final => {
                "the provider refused the gateway's own account; an administrator has to look at it".to_owned()
            }
            _ if quote.trim().is_empty() => match status {
                Some(status) => format!("the provider answered with status {status}"),
                None => "the provider told an error without a message".to_owned(),
            },
            _ => quote,
        };
        let param = field("param").map(str::to_owned);
        let code = field("code").filter(|_| kind != WireErrorKind::Upstream).map(str::to_owned);
        let request_id = value.get("request_id").and_then(Value::as_str).map(str::to_owned);
        Self { kind, message, param, code, request_id, is_final }
    }
}

/// The provider speaks of the gateway's key, permission or account.
fn is_about_us(status: Option<u16>, name: Option<&str>, code: Option<&str>) -> bool {
    matches!(status, Some(401..=403))
        || matches!(name, Some("authentication_error" | "permission_error" | "billing_error" | "insufficient_quota"))
        || matches!(code, Some("insufficient_quota" | "invalid_api_key" | "billing_hard_limit_reached"))
}

fn kind(status: Option<u16>, name: Option<&str>, code: Option<&str>, message: &str) -> WireErrorKind {
    use WireErrorKind as Kind;
    if is_about_us(status, name, code) {
        return Kind::Upstream;
    }
    let is_too_long = code == Some("context_length_exceeded") || message.contains("prompt is too long");
    match name {
        _ if is_too_long => return Kind::InvalidRequest,
        Some("not_found_error") => return Kind::NotFound,
        Some("rate_limit_error" | "rate_limit_exceeded") => return Kind::RateLimited,
        Some("overloaded_error") => return Kind::Overloaded,
        Some("timeout_error") => return Kind::Timeout,
        Some("request_too_large") => return Kind::TooLarge,
        Some("api_error" | "server_error") => return Kind::Upstream,
        _ => {}
    }
    match status {
        Some(404) => Kind::NotFound,
        Some(408 | 504) => Kind::Timeout,
        Some(413) => Kind::TooLarge,
        Some(429) => Kind::RateLimited,
        Some(503 | 529) => Kind::Overloaded,
        Some(400..=499) => Kind::InvalidRequest,
        Some(_) => Kind::Upstream,
        None if name == Some("invalid_request_error") => Kind::InvalidRequest,
        None => Kind::Upstream,
    }
}

impl From<BadRequest> for WireError {
    fn from(refusal: BadRequest) -> Self {
        let error = Self::new(WireErrorKind::InvalidRequest, refusal.message);
        Self { param: refusal.param.map(str::to_owned), ..error }
    }
}

impl From<Untranslatable> for WireError {
    fn from(refusal: Untranslatable) -> Self {
        let message = refusal.to_string();
        let code = Some("untranslatable".to_owned());
        Self { param: Some(refusal.field), code, ..Self::new(WireErrorKind::InvalidRequest, message) }
    }
}

#[cfg(test)]
mod tests;
