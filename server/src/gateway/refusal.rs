//! Why a request is not answered: an error in words, with the headers that go with it.

use http::{HeaderName, HeaderValue};

use crate::{
    models::wire::{WireError, WireErrorKind, WireFormat},
    usage::{RateKind, RatesLeft, ReserveError, report::csv::dollars},
};

/// A refusal or a failure, before anything was answered.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub error: Box<WireError>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        Self { error: Box::new(error), headers: Vec::new() }
    }
}

impl Refusal {
    pub(super) fn closing() -> Self {
        let error = WireError::new(WireErrorKind::Unavailable, "The server is restarting. Try again in a moment.");
        Self::from(error).with("retry-after", "2")
    }

    pub(super) fn internal() -> Self {
        WireError::new(WireErrorKind::Internal, "Something went wrong here. It is noted; the request id names it.")
            .into()
    }

    /// The books let nothing through.
    pub(super) fn of_reserve(error: ReserveError, format: WireFormat) -> Self {
        match error {
            ReserveError::Refused(refusal) => {
                let resets = refusal.resets_at.map(|at| format!(" It resets at {at}.")).unwrap_or_default();
                let contact =
                    if refusal.contact.is_empty() { String::new() } else { format!(" Ask {}.", refusal.contact) };
                let (what, limit) = (&refusal.budget, &refusal.limit);
                let message = if refusal.is_used_up {
                    format!("{what} is used up: its limit is {limit}.{resets}{contact}")
                } else {
                    format!("{what} does not allow this request: its limit is {limit}.{resets}{contact}")
                };
                let mut answer = Self::from(WireError::new(WireErrorKind::BudgetExceeded, message))
                    .with("x-budget-scope", &refusal.budget);
                if let Some(at) = refusal.resets_at {
                    answer = answer.with("x-budget-reset", &at.to_string());
                }
                match refusal.left {
                    Some(left) => answer.with("x-budget-remaining-usd", &dollars(left)),
                    None => answer,
                }
            }
            ReserveError::TooFast(refusal) => {
                let kind = match refusal.kind {
                    RateKind::Requests => "requests",
                    RateKind::Tokens => "tokens",
                    RateKind::Concurrent => "concurrent",
                };
                metrics::counter!("steward_rate_refusals_total", "kind" => kind).increment(1);
                let what = match refusal.kind {
                    RateKind::Requests => "requests a minute",
                    RateKind::Tokens => "tokens a minute",
                    RateKind::Concurrent => "requests at once",
                };
                let message =
                    format!("This key may make {} {what}. Try again in {} s.", refusal.limit, refusal.retry_after_s());
                let mut answer = Self::from(WireError::new(WireErrorKind::RateLimited, message))
                    .with("retry-after", &refusal.retry_after_s().to_string());
                answer.headers.extend(rate_headers(&refusal.left, format));
                answer
            }
            ReserveError::Db(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the books are closed");
                let message = "The books cannot be written now, so nothing is sent. Try again in a moment.";
                Self::from(WireError::new(WireErrorKind::Unavailable, message)).with("retry-after", "1")
            }
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        // Names of people and tenants may have letters that a header cannot.
        let ascii: String =
            value.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect();
        if let Ok(value) = HeaderValue::try_from(ascii) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}

/// What a key has left, in the headers of its format's vendor (OpenAI "Rate limits in headers", Anthropic "Response
/// headers"). Ollama has none.
pub(super) fn rate_headers(left: &RatesLeft, format: WireFormat) -> Vec<(HeaderName, HeaderValue)> {
    let names = match format {
        WireFormat::OpenAi => [
            ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
            ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ],
        WireFormat::Anthropic => [
            (
                "anthropic-ratelimit-requests-limit",
                "anthropic-ratelimit-requests-remaining",
                "anthropic-ratelimit-requests-reset",
            ),
            (
                "anthropic-ratelimit-tokens-limit",
                "anthropic-ratelimit-tokens-remaining",
                "anthropic-ratelimit-tokens-reset",
            ),
        ],
        WireFormat::Ollama => return Vec::new(),
    };
    let reset = match format {
        WireFormat::Anthropic => left.resets_at.to_string(),
        _ => format!("{}ms", left.resets_in_ms),
    };
    let figures = [(left.limits.requests_per_minute, left.requests), (left.limits.tokens_per_minute, left.tokens)];
    let mut headers = Vec::new();
    for ((limit_name, left_name, reset_name), (limit, left)) in names.into_iter().zip(figures) {
        let Some(limit) = limit else { continue };
        for (name, value) in
            [(limit_name, limit.to_string()), (left_name, left.to_string()), (reset_name, reset.clone())]
        {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.push((HeaderName::from_static(name), value));
            }
        }
    }
    headers
}
