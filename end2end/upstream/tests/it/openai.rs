//! `OpenAI` chat completions.

use serde_json::{Value, json};
use upstream::{Bill, Format, Script, Step, Upstream};

use crate::client::{Connection, ask, body, capped, get, headers, said, whole_body};

const FORMAT: Format = Format::OpenAi;

#[tokio::test]
async fn a_stream_has_a_role_pieces_an_end_and_usage() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script::texts(&["Compressor 3 ", "used 12 kWh."]).usage(|usage| {
        usage.input = Some(80);
        usage.cache_read = Some(20);
        usage.output = Some(9);
        usage.reasoning = Some(4);
    }));
    let response = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await;
    assert_eq!((response.status, response.is_whole), (200, true));
    assert!(response.text().ends_with("data: [DONE]\n\n"));
    let events = response.events();
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(said(FORMAT, &response), "Compressor 3 used 12 kWh.");
    assert_eq!(events[3]["choices"][0]["finish_reason"], "stop");
    assert_eq!((events[3]["usage"].clone(), events[4]["choices"].clone()), (Value::Null, json!([])));
    let usage = &events[4]["usage"];
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(100), &json!(9), &json!(109))
    );
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 20);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 4);
    let bill = Bill { calls: 1, input: 80, cache_read: 20, cache_write: 0, output: 9, searches: 0 };
    assert_eq!((upstream.bill(), upstream.bill_of(FORMAT)), (bill, bill));
    assert_eq!(upstream.bill_of(Format::Ollama), Bill::default());
}

#[tokio::test]
async fn usage_is_told_to_who_asks_and_billed_to_all() {
    let upstream = Upstream::start().await.unwrap();
    let mut asked = body(FORMAT, "Hello");
    asked["stream_options"] = Value::Null;
    let response = ask(&upstream, FORMAT, &asked).await;
    assert!(!response.text().contains("usage") && response.text().contains("[DONE]"));
    assert!(upstream.bill().output > 0);
}

#[tokio::test]
async fn calls_interleave_by_index() {
    let upstream = Upstream::start().await.unwrap();
    let calls = [
        ("call_a", "find", json!({"query": "compressor"})),
        ("call_b", "list", json!({"n": 1234})),
        ("call_c", "now", json!({})),
    ];
    upstream.enqueue(Script::tools(calls));
    let events = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await.events();
    let fragments: Vec<&Value> = events
        .iter()
        .map(|event| &event["choices"][0]["delta"]["tool_calls"][0])
        .filter(|fragment| !fragment.is_null())
        .collect();
    let indices: Vec<i64> = fragments.iter().filter_map(|fragment| fragment["index"].as_i64()).collect();
    assert_eq!(indices, [0, 1, 2, 0, 1, 2, 0, 1, 0, 1]);
    let named: Vec<_> = fragments.iter().filter_map(|fragment| fragment["id"].as_str()).collect();
    assert_eq!(named, ["call_a", "call_b", "call_c"], "only the first fragment has an id");
    let arguments = |index: i64| {
        let own = fragments.iter().filter(|fragment| fragment["index"] == index);
        own.filter_map(|fragment| fragment["function"]["arguments"].as_str()).collect::<String>()
    };
    assert_eq!([0, 1, 2].map(arguments), [r#"{"query":"compressor"}"#, r#"{"n":1234}"#, "{}"]);
    let finish = events.iter().find_map(|event| event["choices"][0]["finish_reason"].as_str());
    assert_eq!(finish, Some("tool_calls"));
}

#[tokio::test]
async fn an_answer_can_come_whole() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script::tools([("call_a", "find", json!({"query": "x"}))]).usage(|usage| usage.output = Some(11)));
    let body = ask(&upstream, FORMAT, &whole_body(FORMAT, "Hello")).await.json();
    let message = &body["choices"][0]["message"];
    assert_eq!(
        (&message["content"], &message["tool_calls"][0]["function"]["arguments"]),
        (&Value::Null, &json!(r#"{"query":"x"}"#))
    );
    assert_eq!((&body["object"], &body["usage"]["completion_tokens"]), (&json!("chat.completion"), &json!(11)));
    upstream.enqueue(Script::text("A").step(Step::Thinking("Hm.".into())).step(Step::Text("B".into())));
    let message = ask(&upstream, FORMAT, &whole_body(FORMAT, "Hello")).await.json()["choices"][0]["message"].clone();
    assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("AB"), &json!("Hm.")));
}

#[tokio::test]
async fn either_name_of_the_cap_is_kept() {
    let upstream = Upstream::start().await.unwrap();
    for name in ["max_tokens", "max_completion_tokens"] {
        let mut asked = body(FORMAT, "Hello");
        asked["max_completion_tokens"] = Value::Null;
        asked[name] = 100.into();
        upstream.enqueue(Script::text("x".repeat(1_000)));
        let response = ask(&upstream, FORMAT, &asked).await;
        assert_eq!(said(FORMAT, &response).len(), 400, "{name}");
        assert!(response.text().contains(r#""finish_reason":"length""#));
    }
    assert_eq!(upstream.bill().output, 200);
    let mut both = capped(FORMAT, body(FORMAT, "Hello"), 5);
    both["max_tokens"] = 5.into();
    assert_eq!(ask(&upstream, FORMAT, &both).await.status, 400);
}

#[tokio::test]
async fn errors_have_their_own_shape() {
    let upstream = Upstream::start().await.unwrap();
    let error =
        upstream::ApiError::new(429, "insufficient_quota", "You exceeded your quota").code("insufficient_quota");
    upstream.enqueue(Script::refuse(error.header("x-should-retry", "false")));
    let response = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await;
    let told = json!({"error": {"message": "You exceeded your quota", "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}});
    assert_eq!((response.status, response.json()), (429, told));
    assert_eq!(response.header("x-should-retry"), Some("false"));

    let path = FORMAT.path();
    let send = async |headers: &[(&str, &str)]| {
        Connection::send(&upstream.url(), "POST", path, headers, &body(FORMAT, "x").to_string()).await.response().await
    };
    let json = ("content-type", "application/json");
    assert_eq!(send(&[json]).await.status, 401);
    let refused = send(&[json, ("authorization", "Bearer invalid")]).await;
    assert_eq!((refused.status, refused.json()["error"]["code"].clone()), (401, "invalid_api_key".into()));
    assert_eq!(send(&[json, ("authorization", "Basic eA==")]).await.status, 401);
}

#[tokio::test]
async fn models_are_listed() {
    let upstream = Upstream::start().await.unwrap();
    let list = get(&upstream, "/v1/models", headers(FORMAT)).await.json();
    assert_eq!((&list["object"], &list["data"][0]["object"]), (&json!("list"), &json!("model")));
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(get(&upstream, &format!("/v1/models/{id}"), headers(FORMAT)).await.json()["id"], id);
    let missing = get(&upstream, "/v1/models/none", headers(FORMAT)).await;
    assert_eq!((missing.status, missing.json()["error"]["code"].clone()), (404, "model_not_found".into()));
    assert_eq!(get(&upstream, "/v1/models", &[]).await.status, 401);
}
