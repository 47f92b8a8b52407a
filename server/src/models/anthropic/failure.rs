//! The provider's errors as ours.
//!
//! Retryable are 408, 409, 429 and 5xx (529: overloaded), unless `x-should-retry` says otherwise.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::{
    egress::retry_after_ms,
    models::{Billed, ProviderError, ProviderErrorKind},
};

/// Longest quote of a provider's message, characters.
const MAX_QUOTE: usize = 500;

/// Nothing came for so long.
pub(super) fn silent(waited: Duration, billed: Billed) -> ProviderError {
    ProviderError {
        kind: ProviderErrorKind::Unavailable,
        message: format!("the provider was silent for {waited:?}"),
        billed,
        retry_after_ms: None,
    }
}

/// A response that is no event stream.
pub(super) fn of_response(status: StatusCode, headers: &HeaderMap, body: &str) -> ProviderError {
    let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let (mut kind, told) = match told(&json) {
        Some((name, message)) => (kind(Some(status), name, message), format!("{name}: {}", quote(message))),
        None => (kind(Some(status), "", ""), quote(body)),
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match header("x-should-retry") {
        Some("true") if !kind.is_retryable() => kind = ProviderErrorKind::Unavailable,
        Some("false") if kind.is_retryable() => kind = ProviderErrorKind::Rejected,
        _ => {}
    }
    let id = header("request-id").or(json["request_id"].as_str()).unwrap_or("none");
    // A 200 that is neither a stream nor an error may have cost something.
    let billed = if status.is_success() && told_nothing(&json) { Billed::Unknown } else { Billed::No };
    ProviderError {
        kind,
        message: format!("HTTP {} {told} (request id {})", status.as_u16(), quote(id)),
        billed,
        retry_after_ms: retry_after_ms(headers),
    }
}

/// An `error` event; the caller knows about the bill.
pub(super) fn of_event(data: &Value, request_id: &str) -> ProviderError {
    let (name, message) = told(data).unwrap_or(("error", "no message"));
    ProviderError {
        kind: kind(None, name, message),
        message: format!("{name}: {} (request id {request_id})", quote(message)),
        billed: Billed::Partly,
        retry_after_ms: None,
    }
}

fn told_nothing(json: &Value) -> bool {
    told(json).is_none()
}

fn told(json: &Value) -> Option<(&str, &str)> {
    let error = &json["error"];
    Some((error["type"].as_str()?, error["message"].as_str().unwrap_or_default()))
}

/// The kind of an error: its name is more precise than the status.
fn kind(status: Option<StatusCode>, name: &str, message: &str) -> ProviderErrorKind {
    use ProviderErrorKind as Kind;
    match name {
        "overloaded_error" | "api_error" | "timeout_error" => return Kind::Unavailable,
        "rate_limit_error" => return Kind::RateLimited,
        "not_found_error" => return Kind::NoSuchModel,
        "authentication_error" | "permission_error" | "billing_error" => return Kind::Unauthorized,
        "request_too_large" => return Kind::ContextTooLong,
        "invalid_request_error" if is_too_long(message) => return Kind::ContextTooLong,
        // An empty account is told this way; only an operator can help.
        "invalid_request_error" if message.contains("credit balance") => return Kind::Unauthorized,
        _ => {}
    }
    match status.map(|status| status.as_u16()) {
        Some(408 | 409 | 500..=599) => Kind::Unavailable,
        Some(429) => Kind::RateLimited,
        Some(401..=403) => Kind::Unauthorized,
        Some(404) => Kind::NoSuchModel,
        Some(413) => Kind::ContextTooLong,
        Some(300..=499) => Kind::Rejected,
        Some(_) => Kind::Protocol,
        None if name == "invalid_request_error" => Kind::Rejected,
        None => Kind::Unavailable,
    }
}

fn is_too_long(message: &str) -> bool {
    message.contains("prompt is too long") || message.contains("exceed context limit")
}

/// One bounded line.
fn quote(text: &str) -> String {
    text.chars().take(MAX_QUOTE).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> ProviderError {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        of_response(StatusCode::from_u16(status).expect("a status"), &map, body)
    }

    #[test]
    fn the_name_is_more_precise_than_the_status() {
        use ProviderErrorKind as Kind;
        let body = |name: &str, message: &str| format!(r#"{{"error":{{"type":"{name}","message":"{message}"}}}}"#);
        for (status, name, message, expected) in [
            (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum", Kind::ContextTooLong),
            (400, "invalid_request_error", "Your credit balance is too low", Kind::Unauthorized),
            (400, "invalid_request_error", "messages: bad", Kind::Rejected),
            (402, "billing_error", "", Kind::Unauthorized),
            (200, "overloaded_error", "an error body under a 200", Kind::Unavailable),
        ] {
            let error = of(status, &[], &body(name, message));
            assert_eq!((error.kind, error.billed), (expected, Billed::No), "{error}");
        }
        assert_eq!(of(200, &[], "<html>").billed, Billed::Unknown);
    }

    #[test]
    fn every_status_has_a_kind() {
        for status in 100..1000 {
            let error = of(status, &[], "");
            let retryable = matches!(status, 408 | 409 | 429 | 500..=599);
            assert_eq!(error.kind.is_retryable(), retryable, "{status}");
        }
    }

    #[test]
    fn the_provider_may_say_whether_to_retry() {
        assert!(!of(529, &[("x-should-retry", "false")], "").kind.is_retryable());
        assert!(of(400, &[("x-should-retry", "true")], "").kind.is_retryable());
        assert_eq!(of(429, &[("retry-after", "7")], "").retry_after_ms, Some(7_000));
    }

    #[test]
    fn a_message_is_one_bounded_line() {
        let error = of(500, &[("request-id", "req_1")], &"x\n".repeat(5_000));
        assert!(error.message.len() < 600 && !error.message.contains('\n'));
        assert!(error.message.contains("req_1"));
    }
}
