//! Anthropic Messages.

use serde_json::{Value, json};
use upstream::{Bill, Format, Report, Script, Step, Upstream};

use crate::client::{Connection, ask, body, get, headers, said, whole_body};

const FORMAT: Format = Format::Anthropic;

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).collect()
}

#[tokio::test]
async fn a_stream_has_blocks_and_usage() {
    let upstream = Upstream::start().await.unwrap();
    let tools = Script::tools([("toolu_1", "find", json!({"query": "compressor"})), ("toolu_2", "list", json!({}))]);
    let mut script = Script::default().step(Step::Thinking("Hm.".into())).step(Step::Text("Let me ".into()));
    script.steps.push(Step::Text("see.".into()));
    script.steps.extend(tools.steps);
    upstream.enqueue(script.usage(|usage| {
        usage.input = Some(90);
        usage.cache_write_5m = Some(30);
        usage.cache_read = Some(7);
        usage.output = Some(60);
    }));
    let response = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await;
    assert_eq!((response.status, response.is_whole), (200, true));
    assert_eq!(response.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let events = response.events();
    let (start, delta, stop) = ("content_block_start", "content_block_delta", "content_block_stop");
    let mut expected = vec!["message_start", start, delta, delta, stop, start, delta, delta, stop];
    expected.extend([start, delta, delta, delta, stop, start, stop, "message_delta", "message_stop"]);
    assert_eq!(types(&events), expected);
    let usage = &events[0]["message"]["usage"];
    assert_eq!((&usage["input_tokens"], &usage["cache_read_input_tokens"]), (&json!(90), &json!(7)));
    assert_eq!(usage["cache_creation"]["ephemeral_5m_input_tokens"], 30);
    let arguments = events.iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect::<String>();
    assert_eq!(arguments, r#"{"query":"compressor"}"#);
    let end = &events[events.len() - 2];
    assert_eq!((&end["delta"]["stop_reason"], &end["usage"]["output_tokens"]), (&json!("tool_use"), &json!(60)));
    assert_eq!(upstream.bill(), Bill { calls: 1, input: 90, cache_read: 7, cache_write: 30, output: 60, searches: 0 });
}

#[tokio::test]
async fn an_answer_can_come_whole() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(
        Script::texts(&["Let me ", "see."]).step(Script::tools([("a", "t", json!({"x": 1}))]).steps.remove(0)),
    );
    let response = ask(&upstream, FORMAT, &whole_body(FORMAT, "Hello")).await;
    assert_eq!(response.header("content-type"), Some("application/json"));
    let message = response.json();
    let content = json!([{"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "a", "name": "t", "input": {"x": 1}}]);
    assert_eq!((&message["content"], &message["stop_reason"]), (&content, &json!("tool_use")));
    assert_eq!(message["usage"]["output_tokens"], upstream.bill().output);
    assert_eq!(message["usage"]["input_tokens"], upstream.bill().input);

    upstream.enqueue(Script { report: Report::Nothing, ..Script::text("x") });
    let silent = ask(&upstream, FORMAT, &whole_body(FORMAT, "Hello")).await.json();
    assert_eq!((silent["usage"].clone(), upstream.bill().calls), (Value::Null, 2));
}

#[tokio::test]
async fn thoughts_are_wanted_back_as_they_were() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script::text("Yes.").step(Step::Thinking("Hm.".into())));
    let content = ask(&upstream, FORMAT, &whole_body(FORMAT, "Hello")).await.json()["content"].clone();
    let mut again = body(FORMAT, "Hello");
    again["messages"] = json!([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": content},
        {"role": "user", "content": "And?"}]);
    assert_eq!(said(FORMAT, &ask(&upstream, FORMAT, &again).await), "You said: And?");
    again["messages"][1]["content"][1]["signature"] = json!("forged");
    assert_eq!(ask(&upstream, FORMAT, &again).await.status, 400);
}

#[tokio::test]
async fn tokens_are_counted_free_of_charge() {
    let upstream = Upstream::start().await.unwrap();
    let count = async |body: &Value| {
        let path = "/v1/messages/count_tokens";
        Connection::send(&upstream.url(), "POST", path, headers(FORMAT), &body.to_string()).await.response().await
    };
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "Hello"}]});
    let counted = count(&asked).await.json()["input_tokens"].as_i64().unwrap();
    assert_eq!(upstream.bill(), Bill::default());
    let mut real = asked.clone();
    real["max_tokens"] = json!(100);
    ask(&upstream, FORMAT, &real).await;
    assert_eq!(upstream.bill().input, counted);
    assert_eq!(count(&real).await.status, 400, "max_tokens has no place in it");

    upstream.enqueue(Script::default().when(|when| when.counting = true).usage(|usage| usage.input = Some(5)));
    upstream.enqueue(Script::error(529, "overloaded_error", "Overloaded").when(|when| when.counting = true));
    assert_eq!(count(&asked).await.json(), json!({"input_tokens": 5}));
    assert_eq!(count(&asked).await.status, 529);
}

#[tokio::test]
async fn models_are_listed_in_pages() {
    let upstream = Upstream::start().await.unwrap();
    upstream.set_models(FORMAT, &["a", "b", "c"]);
    let list = async |path: &str| get(&upstream, path, headers(FORMAT)).await;
    let first = list("/v1/models?limit=2").await.json();
    assert_eq!((&first["data"][0]["id"], &first["data"][0]["type"]), (&json!("a"), &json!("model")));
    assert_eq!((&first["has_more"], &first["last_id"]), (&json!(true), &json!("b")));
    let rest = list("/v1/models?after_id=b").await.json();
    assert_eq!((&rest["has_more"], rest["data"].as_array().unwrap().len()), (&json!(false), 1));
    assert_eq!(list("/v1/models/c").await.json()["id"], "c");
    assert_eq!(list("/v1/models/d").await.status, 404);
    upstream.enqueue(Script::error(500, "api_error", "No").when(|when| when.listing = true));
    assert_eq!(list("/v1/models").await.json()["error"]["type"], "api_error");
}

#[tokio::test]
async fn keys_versions_and_bodies_are_checked() {
    let upstream = Upstream::start().await.unwrap();
    let send = async |headers: &[(&str, &str)], body: &str| {
        Connection::send(&upstream.url(), "POST", "/v1/messages", headers, body).await.response().await
    };
    let json = ("content-type", "application/json");
    let version = ("anthropic-version", "2023-06-01");
    let fine = body(FORMAT, "x").to_string();
    assert_eq!(send(&[json, version], &fine).await.status, 401);
    assert_eq!(send(&[json, version, ("x-api-key", "invalid")], &fine).await.status, 401);
    assert_eq!(send(&[json, version, ("authorization", "Bearer sk-test")], &fine).await.status, 200);
    assert_eq!(send(&[json, ("x-api-key", "k")], &fine).await.status, 400);
    let broken = send(headers(FORMAT), "{").await;
    assert_eq!((broken.status, broken.json()["error"]["type"].clone()), (400, "invalid_request_error".into()));
    assert_eq!(upstream.bill().calls, 1);
}

#[tokio::test]
async fn either_version_is_spoken_and_the_newer_one_refuses_what_it_removed() {
    let upstream = Upstream::start().await.unwrap();
    let send = async |version: &str, body: &Value| {
        let headers = [("x-api-key", "k"), ("content-type", "application/json"), ("anthropic-version", version)];
        let path = FORMAT.path();
        Connection::send(&upstream.url(), "POST", path, &headers, &body.to_string()).await.response().await.status
    };
    let mut warm = body(FORMAT, "x");
    warm["temperature"] = json!(1.0);
    let mut cited = body(FORMAT, "x");
    cited["messages"][0]["content"] = json!([{"type": "text", "text": "x", "citations": [{"type": "char_location"}]}]);
    for (version, refused) in [("2023-06-01", 200), ("2026-10-21", 400)] {
        assert_eq!(send(version, &body(FORMAT, "x")).await, 200, "{version}");
        assert_eq!(send(version, &warm).await, refused, "{version}");
        assert_eq!(send(version, &cited).await, refused, "{version}");
    }
    assert_eq!(send("2024-01-01", &body(FORMAT, "x")).await, 400);
}
