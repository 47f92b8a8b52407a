use bytes::Bytes;
use serde_json::{Value, json};

use super::{reader::Reader, request, *};
use crate::models::{
    Content, Image, ImageData, Message, MessageRole, ReportedUsage, StopReason, ToolSpec, wire::write_request,
};

fn ask() -> ModelRequest {
    let image = Image {
        name: "a.png".into(),
        media_type: "image/png".into(),
        width: 1,
        height: 1,
        data: ImageData(Bytes::from_static(b"png")),
    };
    let gone = Image { data: ImageData::default(), ..image.clone() };
    let text = |text: &str| Content::Text { text: text.into() };
    let message = |role, content| Message { role, content };
    let call = Content::ToolUse { id: "call_1".into(), name: "find".into(), input: Value::Null };
    let result = Content::ToolResult { id: "call_1".into(), text: "12 kWh".into(), is_error: false };
    ModelRequest {
        model: ModelId("gpt-4o-mini".into()),
        system: "You are Wira.".into(),
        tools: vec![ToolSpec { name: "find".into(), description: "d".into(), input_schema: json!({"type": "object"}) }],
        messages: vec![
            message(MessageRole::User, vec![Content::Image(image), Content::Image(gone), text("What is this?")]),
            message(MessageRole::Assistant, vec![text(" "), call]),
            message(MessageRole::User, vec![result]),
        ],
    }
}

#[test]
fn a_request_is_said_in_each_format() {
    let openai = write_request(&request::chat(&ask()), WireFormat::OpenAi).expect("sayable");
    let body = Value::Object(openai.body().clone());
    assert_eq!(body["messages"][0], json!({"role": "system", "content": "You are Wira."}));
    let said = &body["messages"][1]["content"];
    assert_eq!(said[0]["image_url"]["url"], "data:image/png;base64,cG5n");
    assert!(said[1]["text"].as_str().is_some_and(|note| note.contains("not shown")));
    assert_eq!(body["messages"][2]["tool_calls"][0]["function"]["arguments"], "{}");
    assert_eq!(body["messages"][3], json!({"role": "tool", "tool_call_id": "call_1", "content": "12 kWh"}));
    assert_eq!((&body["stream"], &body["stream_options"]["include_usage"]), (&json!(true), &json!(true)));
    let ollama = write_request(&request::chat(&ask()), WireFormat::Ollama).expect("sayable");
    let body = Value::Object(ollama.body().clone());
    assert_eq!((&body["messages"][1]["images"][0], &body["messages"][3]["tool_name"]), (&json!("cG5n"), &json!("find")));
}

fn read(format: WireFormat, hides: bool, body: &str) -> Vec<Result<Delta, ProviderError>> {
    let mut reader = Reader::new(format, hides, "0190-aaaa");
    let mut deltas: Vec<_> = body.as_bytes().chunks(7).flat_map(|piece| reader.push(piece)).collect();
    if deltas.iter().all(Result::is_ok) {
        deltas.extend(reader.finish());
    }
    deltas
}

const OPENAI: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"function\":{\"name\":\"find\",\"arguments\":\"{\\\"q\\\"\"}}]}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":7,\"prompt_tokens_details\":{\"cached_tokens\":5}}}\n\n\
    data: [DONE]\n\n";

#[test]
fn an_answer_is_deltas_with_a_tool_its_usage_and_one_stop() {
    let deltas: Vec<Delta> = read(WireFormat::OpenAi, false, OPENAI).into_iter().map(|delta| delta.expect("ok")).collect();
    assert!(deltas.contains(&Delta::Text("Hello".into())));
    let tool = Delta::ToolUse { id: "call_1".into(), name: "find".into(), input: json!({"q": 1}) };
    assert_eq!(deltas.iter().filter(|delta| **delta == tool).count(), 1);
    let usage = ReportedUsage {
        input: Some(15),
        cache_read: Some(5),
        output: Some(7),
        is_final: true,
        ..ReportedUsage::default()
    };
    assert_eq!(deltas[deltas.len() - 2..], [Delta::Usage(usage), Delta::Stop(StopReason::ToolUse)]);
    assert!(!deltas.contains(&Delta::Received(usize::MAX)));
}

#[test]
fn what_may_be_hidden_is_never_bounded_by_what_was_shown() {
    let deltas = read(WireFormat::OpenAi, true, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\"}}]}\n\n");
    assert!(deltas.contains(&Ok(Delta::Received(usize::MAX))));
    let Some(Err(error)) = deltas.last() else { panic!("it broke off: {deltas:?}") };
    assert_eq!((error.kind, error.billed), (ProviderErrorKind::Unavailable, Billed::Partly));
    assert!(hides_thinking(WireFormat::OpenAi, &ModelId("gpt-5.4-mini".into())));
    assert!(!hides_thinking(WireFormat::OpenAi, &ModelId("gpt-4o-mini".into())));
    assert!(!hides_thinking(WireFormat::Ollama, &ModelId("llama3.2".into())));
}

#[test]
fn a_call_without_an_id_gets_one_and_an_error_midway_is_the_end() {
    let body = "{\"message\":{\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"find\",\"arguments\":{\"q\":1}}}]}}\n\
        {\"error\":\"model runner has stopped\"}\n{\"message\":{\"content\":\"x\"}}\n";
    let deltas = read(WireFormat::Ollama, false, body);
    let ids: Vec<&str> = deltas
        .iter()
        .filter_map(|delta| if let Ok(Delta::ToolUse { id, .. }) = delta { Some(id.as_str()) } else { None })
        .collect();
    assert_eq!(ids, ["call_0190aaaa_0"]);
    let Some(Err(error)) = deltas.last() else { panic!("an error: {deltas:?}") };
    assert!(error.message.contains("runner") && error.billed == Billed::Partly, "{error:?}");
}

#[test]
fn errors_are_told_apart() {
    let kind = |status: u16, body: &str| failure(&WireError::of_upstream(status, body), Billed::No, Some(status)).kind;
    assert_eq!(kind(401, ""), ProviderErrorKind::Unauthorized);
    assert_eq!(kind(429, "{\"error\":{\"message\":\"slow\",\"type\":\"rate_limit\"}}"), ProviderErrorKind::RateLimited);
    assert_eq!(kind(503, ""), ProviderErrorKind::Unavailable);
    assert_eq!(kind(400, "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\"}}"), ProviderErrorKind::Rejected);
    let long = "{\"error\":{\"message\":\"too long\",\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}";
    assert_eq!(kind(400, long), ProviderErrorKind::ContextTooLong);
    let quota = "{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}";
    assert!(!kind(429, quota).is_retryable(), "waiting does not help");
}
