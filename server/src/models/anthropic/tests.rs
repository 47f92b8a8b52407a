//! The client against the scripted upstream: every fault, and what is then known about the bill.

use std::{net::SocketAddr, time::Duration};

use app::model::ModelCallId;
use futures::StreamExt;
use serde_json::json;
use upstream::{ApiError, Bill, FaultKind, Report, Script, Step, ToolCall, Upstream};
use uuid::Uuid;

use super::*;
use crate::models::{Content, Delta, Message, MessageRole, ModelId, ReportedUsage, StopReason, ToolSpec};

const KEY: &str = "sk-test-key";

fn client(url: &str) -> Anthropic {
    let egress = Egress::new().expect("a client");
    let base = BaseUrl::parse(url).expect("a URL");
    Anthropic::new(egress, &base, KEY).expect("a usable key")
}

fn impatient(url: &str) -> Anthropic {
    let short = Duration::from_millis(150);
    client(url).with_timeouts(Timeouts { first_byte: short, silence: short })
}

fn permit() -> Permit {
    Permit::new(ModelCallId(Uuid::nil()), 400)
}

fn request() -> ModelRequest {
    ModelRequest {
        model: ModelId("claude-haiku-4-5".into()),
        system: "You are a test.".into(),
        tools: vec![ToolSpec {
            name: "find_devices".into(),
            description: "Finds.".into(),
            input_schema: json!({"type": "object"}),
        }],
        messages: vec![Message {
            role: MessageRole::User,
            content: vec![Content::Text { text: "How much did compressor 3 use?".into() }],
        }],
    }
}

/// What came, and how it ended.
#[derive(Debug, Default)]
struct Heard {
    text: String,
    reasoning: String,
    tools: Vec<(String, String, serde_json::Value)>,
    usage: ReportedUsage,
    stop: Option<StopReason>,
    error: Option<ProviderError>,
}

async fn hear(provider: &Anthropic) -> Heard {
    let mut heard = Heard::default();
    let mut stream = match provider.stream(&permit(), &request()).await {
        Ok(stream) => stream,
        Err(error) => return Heard { error: Some(error), ..heard },
    };
    while let Some(delta) = stream.next().await {
        assert!(heard.stop.is_none() && heard.error.is_none(), "nothing follows the end");
        match delta {
            Ok(Delta::Text(text)) => heard.text.push_str(&text),
            Ok(Delta::ToolUse { id, name, input }) => heard.tools.push((id, name, input)),
            Ok(Delta::Reasoning(text)) => heard.reasoning.push_str(&text),
            Ok(Delta::Received(_)) => {}
            Ok(Delta::Usage(usage)) => heard.usage = usage,
            Ok(Delta::Stop(stop)) => heard.stop = Some(stop),
            Err(error) => heard.error = Some(error),
        }
    }
    heard
}

async fn hear_script(script: Script) -> (Heard, Upstream) {
    let upstream = Upstream::start().await.expect("a port");
    upstream.enqueue(script);
    let heard = hear(&impatient(&upstream.url())).await;
    (heard, upstream)
}

fn error(heard: &Heard) -> (ProviderErrorKind, Billed) {
    heard.error.as_ref().map(|error| (error.kind, error.billed)).expect("it should have failed")
}

#[tokio::test]
async fn a_streamed_answer_is_heard_and_billed_alike() {
    let script = Script::texts(&["Compressor 3 ", "used 12 kWh – ", "⚡."]).usage(|usage| {
        *usage = upstream::Usage {
            input: Some(120),
            cache_read: Some(30),
            cache_write_5m: Some(20),
            cache_write_1h: Some(10),
            output: Some(9),
            ..upstream::Usage::default()
        };
    });
    let (heard, upstream) = hear_script(script).await;
    assert_eq!(heard.text, "Compressor 3 used 12 kWh – ⚡.");
    assert_eq!(heard.stop, Some(StopReason::EndTurn));
    let expected = ReportedUsage {
        input: Some(120),
        cache_read: Some(30),
        cache_write_5m: Some(20),
        cache_write_1h: Some(10),
        output: Some(9),
        searches: None,
        open_rounds: 0,
        is_final: true,
    };
    assert_eq!(heard.usage, expected);
    assert_eq!(upstream.bill(), Bill { calls: 1, input: 120, cache_read: 30, cache_write: 30, output: 9, searches: 0 });
    let requests = upstream.requests();
    assert_eq!(requests[0].body["max_tokens"], 400, "the permit's cap is sent");
    assert_eq!(requests[0].headers["x-api-key"], KEY);
    assert_eq!(requests[0].headers["anthropic-version"], "2023-06-01");
}

#[tokio::test]
async fn parallel_tool_calls_are_put_together() {
    let script = Script::tools([
        ("toolu_1", "find_devices", json!({"query": "compressor – 3", "limit": 5})),
        ("toolu_2", "list_quantities", json!({})),
    ])
    .step(Step::Tool(ToolCall {
        id: "toolu_3".into(),
        name: "peaks".into(),
        input: json!(null),
        raw_input: Some("{\"period\": \"last".into()),
    }))
    .step(Step::Ping);
    let (heard, _upstream) = hear_script(script).await;
    assert_eq!(
        heard.tools,
        [
            ("toolu_1".into(), "find_devices".into(), json!({"query": "compressor – 3", "limit": 5})),
            ("toolu_2".into(), "list_quantities".into(), json!({})),
            ("toolu_3".into(), "peaks".into(), json!(null)),
        ]
    );
    assert_eq!(heard.stop, Some(StopReason::ToolUse));
}

#[tokio::test]
async fn any_division_and_line_end_reads_the_same() {
    for (split_bytes, crlf) in [(1, false), (1, true), (7, true)] {
        let script = Script {
            split_bytes: Some(split_bytes),
            crlf,
            ..Script::tools([("toolu_1", "find_devices", json!({"query": "é€😀"}))]).step(Step::Text("Grüße 😀".into()))
        };
        let (heard, _upstream) = hear_script(script).await;
        assert_eq!(heard.text, "Grüße 😀");
        assert_eq!(heard.tools[0].2, json!({"query": "é€😀"}));
        assert!(heard.usage.is_final);
    }
}

#[tokio::test]
async fn unknown_events_are_skipped() {
    let script = Script::text("a")
        .step(Step::Raw("event: novelty\ndata: {\"type\":\"novelty\",\"x\":[1]}\n\n: comment\n\n".into()))
        .step(Step::Raw(
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n"
                .into(),
        ))
        .step(Step::Text("b".into()));
    let (heard, _upstream) = hear_script(script).await;
    assert_eq!((heard.text.as_str(), heard.stop), ("ab", Some(StopReason::EndTurn)));
    assert_eq!(heard.reasoning, "hm", "thinking is shown as such, never as text");
}

#[tokio::test]
async fn every_stop_reason_is_known() {
    for (reason, expected) in [
        ("end_turn", StopReason::EndTurn),
        ("stop_sequence", StopReason::EndTurn),
        ("max_tokens", StopReason::MaxTokens),
        ("tool_use", StopReason::ToolUse),
        ("refusal", StopReason::Refusal),
        ("model_context_window_exceeded", StopReason::ContextWindow),
        ("pause_turn", StopReason::Other),
        ("something_new", StopReason::Other),
    ] {
        let script = Script { stop_reason: Some(reason.into()), ..Script::text("x") };
        let (heard, _upstream) = hear_script(script).await;
        assert_eq!(heard.stop, Some(expected), "{reason}");
    }
}

#[tokio::test]
async fn missing_usage_is_not_zero() {
    let (heard, _upstream) = hear_script(Script { report: Report::Nothing, ..Script::text("x") }).await;
    assert_eq!((heard.usage, heard.stop), (ReportedUsage::default(), Some(StopReason::EndTurn)));
    let (heard, _upstream) = hear_script(Script { report: Report::StartOnly, ..Script::text("x") }).await;
    assert!(heard.usage.input.is_some() && !heard.usage.is_final);
}

#[tokio::test]
async fn every_http_status_is_an_error_that_billed_nothing() {
    for (status, kind, expected) in [
        (400, "invalid_request_error", ProviderErrorKind::Rejected),
        (401, "authentication_error", ProviderErrorKind::Unauthorized),
        (402, "billing_error", ProviderErrorKind::Unauthorized),
        (403, "permission_error", ProviderErrorKind::Unauthorized),
        (404, "not_found_error", ProviderErrorKind::NoSuchModel),
        (408, "", ProviderErrorKind::Unavailable),
        (413, "request_too_large", ProviderErrorKind::ContextTooLong),
        (429, "rate_limit_error", ProviderErrorKind::RateLimited),
        (500, "api_error", ProviderErrorKind::Unavailable),
        (503, "", ProviderErrorKind::Unavailable),
        (529, "overloaded_error", ProviderErrorKind::Unavailable),
    ] {
        let refusal = ApiError::new(status, kind, &format!("no, {KEY}")).header("retry-after", "2");
        let (heard, upstream) = hear_script(Script { refuse: Some(refusal), ..Script::default() }).await;
        assert_eq!(error(&heard), (expected, Billed::No), "{status}");
        let error = heard.error.expect("it failed");
        assert_eq!(error.retry_after_ms, Some(2_000));
        assert!(error.message.contains(&status.to_string()) && error.message.contains("req_scripted"), "{error}");
        assert!(!error.message.contains(KEY), "{error}");
        assert_eq!(upstream.bill(), Bill::default());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let refusal = ApiError::new(307, "x", "elsewhere").header("location", "http://127.0.0.1:1/");
    let (heard, _upstream) = hear_script(Script { refuse: Some(refusal), ..Script::default() }).await;
    assert_eq!(error(&heard), (ProviderErrorKind::Rejected, Billed::No));
}

#[tokio::test]
async fn a_200_that_is_no_stream_is_an_error() {
    let page = ApiError { raw_body: Some("<html>".into()), ..ApiError::new(200, "x", "") };
    let (heard, _upstream) = hear_script(Script { refuse: Some(page), ..Script::default() }).await;
    assert_eq!(error(&heard), (ProviderErrorKind::Protocol, Billed::Unknown));
}

#[tokio::test]
async fn nobody_there_billed_nothing() {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let heard = hear(&client(&format!("http://{address}"))).await;
    assert_eq!(error(&heard), (ProviderErrorKind::Unavailable, Billed::No));
}

#[tokio::test]
async fn no_answer_at_all_is_unknown() {
    let (heard, upstream) = hear_script(Script { no_answer: true, ..Script::default() }).await;
    assert_eq!(error(&heard), (ProviderErrorKind::Unavailable, Billed::Unknown));
    assert_eq!(upstream.requests().len(), 1, "it is not tried again in secret");
    let (heard, _upstream) = hear_script(Script { gate_before_head: Some("head".into()), ..Script::text("x") }).await;
    assert_eq!(error(&heard), (ProviderErrorKind::Unavailable, Billed::Unknown));
}

/// Events of the script below: message_start, block_start, two deltas, block_stop, message_delta, message_stop.
const EVENTS: usize = 7;

#[tokio::test]
async fn a_break_at_any_event_is_told_honestly() {
    for at in 0..EVENTS {
        for kind in [FaultKind::Reset, FaultKind::End, FaultKind::Hang("never".into())] {
            let script = Script::texts(&["12345678", "12345678"]).usage(|usage| usage.input = Some(50));
            let (heard, upstream) = hear_script(script.fault(at, kind.clone())).await;
            if at == EVENTS - 1 && kind == FaultKind::End {
                assert_eq!(heard.stop, Some(StopReason::EndTurn), "all was said");
                continue;
            }
            let billed = if at == 0 { Billed::Unknown } else { Billed::Partly };
            assert_eq!(error(&heard), (ProviderErrorKind::Unavailable, billed), "{kind:?} at {at}");
            let received = i64::try_from(heard.text.len()).expect("short");
            let estimate = heard.usage.output.unwrap_or(0).max(received);
            assert!(upstream.bill().output <= estimate, "{kind:?} at {at}: {:?}", upstream.bill());
            assert_eq!(heard.usage.input.unwrap_or(0), upstream.bill().input, "{kind:?} at {at}");
            assert_eq!(heard.text.len(), [0, 0, 0, 8, 16, 16, 16][at], "what was sent has arrived");
        }
    }
}

#[tokio::test]
async fn an_error_event_ends_the_stream() {
    let overloaded = ApiError::new(0, "overloaded_error", "Overloaded");
    let (heard, upstream) = hear_script(Script::text("half").step(Step::Error(overloaded.clone()))).await;
    assert_eq!(heard.text, "half");
    assert_eq!(error(&heard), (ProviderErrorKind::Unavailable, Billed::Partly));
    assert_eq!(upstream.bill().output, 1);
    let (heard, upstream) = hear_script(Script::text("x").fault(0, FaultKind::Error(overloaded))).await;
    assert_eq!(error(&heard), (ProviderErrorKind::Unavailable, Billed::No), "an error instead of a message");
    assert_eq!(upstream.bill(), Bill::default());
}

#[tokio::test]
async fn malformed_events_end_the_stream() {
    let nonsense = "event: content_block_delta\ndata: {\"type\":\"content_bl\n\n";
    let (heard, _upstream) = hear_script(Script::text("x").fault(2, FaultKind::Raw(nonsense.into()))).await;
    assert_eq!(error(&heard), (ProviderErrorKind::Protocol, Billed::Partly));
    let negative = "data: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":-5}}\n\n";
    let (heard, _upstream) = hear_script(Script::text("x").fault(3, FaultKind::Raw(negative.into()))).await;
    assert_eq!(error(&heard), (ProviderErrorKind::Protocol, Billed::Partly));
}

#[tokio::test]
async fn dropping_the_stream_aborts_the_call() {
    let upstream = Upstream::start().await.expect("a port");
    upstream.enqueue(Script::text("first").step(Step::Gate("more".into())).step(Step::Text("second".into())));
    let provider = client(&upstream.url());
    let mut stream = provider.stream(&permit(), &request()).await.expect("a stream");
    upstream.reached("more").await.expect("the stream waits");
    while let Some(delta) = stream.next().await {
        if matches!(delta, Ok(Delta::Text(_))) {
            break;
        }
    }
    drop(stream);
    upstream.aborted(1).await.expect("the provider sees the abort");
    assert_eq!(upstream.bill().output, 2, "only what was made is billed");
}

#[tokio::test]
async fn a_gate_holds_the_stream_until_it_is_released() {
    let upstream = Upstream::start().await.expect("a port");
    upstream.enqueue(Script::text("first, ").step(Step::Gate("more".into())).step(Step::Text("second".into())));
    let provider = client(&upstream.url());
    let hearing = hear(&provider);
    let releasing = async {
        upstream.reached("more").await.expect("the stream waits");
        upstream.release("more");
    };
    let (heard, ()) = tokio::join!(hearing, releasing);
    assert_eq!(heard.text, "first, second");
}

#[tokio::test]
async fn what_the_provider_would_refuse_is_refused_by_the_upstream() {
    let upstream = Upstream::start().await.expect("a port");
    let mut request = request();
    request.messages.push(Message {
        role: MessageRole::Assistant,
        content: vec![Content::ToolUse { id: "t".into(), name: "find_devices".into(), input: json!({}) }],
    });
    let error = client(&upstream.url()).stream(&permit(), &request).await.err().expect("no tool result");
    assert_eq!((error.kind, error.billed), (ProviderErrorKind::Rejected, Billed::No));
    assert!(error.message.contains("tool_result"), "{error}");
}
