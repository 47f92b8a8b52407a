use super::*;
use crate::models::wire::testing;
use proptest::prelude::*;

const FORMATS: [WireFormat; 3] = [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama];

#[test]
fn a_used_up_budget_is_told_as_each_client_understands_it() {
    let error = WireError::new(WireErrorKind::BudgetExceeded, "No budget is left.").with_request_id("r1");
    assert_eq!(error.should_retry(), Some(false));
    assert_eq!(FORMATS.map(|format| error.status(format)), [429, 402, 429]);
    assert_eq!(
        error.body(WireFormat::OpenAi),
        json!({"error": {"message": "No budget is left.", "type": "budget_exceeded", "param": null,
            "code": "budget_exceeded"}})
    );
    assert_eq!(
        error.body(WireFormat::Anthropic),
        json!({"type": "error", "error": {"type": "billing_error", "message": "No budget is left."}, "request_id": "r1"})
    );
    assert_eq!(error.body(WireFormat::Ollama), json!({"error": "No budget is left."}));
}

#[test]
fn every_kind_has_the_vendors_status_and_name() {
    use WireErrorKind as Kind;
    for (kind, openai, anthropic, name) in [
        (Kind::InvalidRequest, 400, 400, "invalid_request_error"),
        (Kind::Authentication, 401, 401, "authentication_error"),
        (Kind::Permission, 403, 403, "permission_error"),
        (Kind::NotFound, 404, 404, "not_found_error"),
        (Kind::TooLarge, 413, 413, "request_too_large"),
        (Kind::RateLimited, 429, 429, "rate_limit_error"),
        (Kind::Timeout, 504, 504, "timeout_error"),
        (Kind::Overloaded, 503, 529, "overloaded_error"),
        (Kind::Upstream, 502, 502, "api_error"),
        (Kind::Unavailable, 503, 503, "api_error"),
        (Kind::Internal, 500, 500, "api_error"),
    ] {
        let error = WireError::new(kind, "m");
        assert_eq!((error.status(WireFormat::OpenAi), error.status(WireFormat::Anthropic)), (openai, anthropic));
        assert_eq!(error.body(WireFormat::Anthropic)["error"]["type"], name);
        assert_eq!(error.should_retry(), None);
    }
}

#[test]
fn a_stream_tells_its_error_in_its_own_shape() {
    let error = WireError::new(WireErrorKind::Overloaded, "Busy");
    assert!(error.event(WireFormat::OpenAi).starts_with("data: {\"error\":{"));
    assert!(error.event(WireFormat::Anthropic).starts_with("event: error\ndata: {"));
    assert_eq!(error.event(WireFormat::Ollama), "{\"error\":\"Busy\"}\n");
}

#[test]
fn the_errors_of_providers_are_understood() {
    use WireErrorKind as Kind;
    for (status, body, kind, message) in [
        (
            400,
            r#"{"error":{"message":"bad","type":"invalid_request_error","param":"n","code":null}}"#,
            Kind::InvalidRequest,
            "bad",
        ),
        (404, r#"{"error":{"message":"no model","code":"model_not_found"}}"#, Kind::NotFound, "no model"),
        (
            429,
            r#"{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}"#,
            Kind::RateLimited,
            "slow",
        ),
        (
            429,
            r#"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            Kind::Upstream,
            "the provider refused",
        ),
        (
            401,
            r#"{"type":"error","error":{"type":"authentication_error","message":"sk-…"}}"#,
            Kind::Upstream,
            "the provider refused",
        ),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Kind::Overloaded,
            "Overloaded",
        ),
        (404, r#"{"error":"model 'x' not found"}"#, Kind::NotFound, "model 'x' not found"),
        (413, "<html>", Kind::TooLarge, "the provider answered with status 413"),
        (502, "", Kind::Upstream, "the provider answered with status 502"),
    ] {
        let error = WireError::of_upstream(status, body);
        assert_eq!(error.kind, kind, "{body}");
        assert!(error.message.starts_with(message), "{body}: {error}");
        assert_eq!(error.should_retry() == Some(false), message == "the provider refused", "{body}");
    }
    let error = WireError::of_upstream(400, r#"{"error":{"message":"bad","param":"n"}}"#);
    assert_eq!(error.param.as_deref(), Some("n"));
}

#[test]
fn an_error_under_200_is_found() {
    assert_eq!(WireError::in_body(&json!({"choices": [], "error": null})), None);
    let error = WireError::in_body(&json!({"error": {"message": "x", "type": "overloaded_error"}})).expect("an error");
    assert_eq!(error.kind, WireErrorKind::Overloaded);
    assert!(WireError::in_body(&json!({"error": "out of memory"})).is_some());
}

proptest! {
    #[test]
    fn every_body_is_an_error_of_the_format(status in 0..1000_u16, value in testing::json_value()) {
        let error = WireError::of_upstream(status, &value.to_string());
        prop_assert!(!error.message.trim().is_empty());
        for format in FORMATS {
            prop_assert!((400..600).contains(&error.status(format)));
            prop_assert!(WireError::in_body(&error.body(format)).is_some());
        }
    }
}
