//! Ollama's own API.

use serde_json::{Value, json};
use upstream::{ApiError, Bill, Format, Report, Script, Step, Upstream};

use crate::client::{ask, body, capped, get, said, whole_body};

const FORMAT: Format = Format::Ollama;

#[tokio::test]
async fn a_stream_is_lines_and_the_default() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script::texts(&["Compressor 3 ", "used 12 kWh."]).usage(|usage| {
        usage.input = Some(80);
        usage.output = Some(9);
    }));
    let response = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await;
    assert_eq!((response.header("content-type"), response.is_whole), (Some("application/x-ndjson"), true));
    assert_eq!(said(FORMAT, &response), "Compressor 3 used 12 kWh.");
    let objects = response.events();
    assert_eq!(objects.iter().map(|object| object["done"] == true).collect::<Vec<_>>(), [false, false, true]);
    let last = &objects[2];
    assert_eq!(
        (&last["done_reason"], &last["prompt_eval_count"], &last["eval_count"]),
        (&json!("stop"), &json!(80), &json!(9))
    );
    assert!(last["total_duration"].is_i64());
    assert_eq!(upstream.bill_of(FORMAT), Bill { calls: 1, input: 80, output: 9, ..Bill::default() });
}

#[tokio::test]
async fn calls_come_whole() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script::tools([("a", "find", json!({"query": "x"})), ("b", "now", json!({}))]));
    let objects = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await.events();
    let calls: Vec<&Value> = objects.iter().map(|object| &object["message"]["tool_calls"][0]["function"]).collect();
    assert_eq!((&calls[0]["name"], &calls[0]["arguments"]), (&json!("find"), &json!({"query": "x"})));
    assert_eq!((&calls[1]["name"], &calls[1]["arguments"]), (&json!("now"), &json!({})));
    assert_eq!(objects[2]["done_reason"], "stop");
}

#[tokio::test]
async fn an_answer_can_come_whole() {
    let upstream = Upstream::start().await.unwrap();
    let script = Script::text("Yes.").step(Step::Thinking("Hm.".into()));
    upstream.enqueue(script.step(Script::tools([("a", "now", json!({}))]).steps.remove(0)));
    let object = ask(&upstream, FORMAT, &whole_body(FORMAT, "Hello")).await.json();
    let message = &object["message"];
    assert_eq!((&message["content"], &message["thinking"]), (&json!("Yes."), &json!("Hm.")));
    assert_eq!((&message["tool_calls"][0]["function"]["name"], &object["done"]), (&json!("now"), &json!(true)));
    assert_eq!(object["eval_count"], upstream.bill().output);
}

#[tokio::test]
async fn the_cap_is_kept_and_only_a_positive_one_is_a_cap() {
    let upstream = Upstream::start().await.unwrap();
    for (cap, length) in [(100, 400), (0, 1_000), (-1, 1_000)] {
        upstream.enqueue(Script::text("x".repeat(1_000)));
        let response = ask(&upstream, FORMAT, &capped(FORMAT, body(FORMAT, "Hello"), cap)).await;
        assert_eq!(said(FORMAT, &response).len(), length, "num_predict {cap}");
        let reason = if length == 400 { "length" } else { "stop" };
        assert_eq!(response.events().last().unwrap()["done_reason"], reason);
    }
}

#[tokio::test]
async fn counts_can_be_missing() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script { report: Report::OutputOnly, ..Script::text("Yes.") });
    let last = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await.events().pop().unwrap();
    assert_eq!((last["prompt_eval_count"].clone(), last["eval_count"].clone()), (Value::Null, 1.into()));
    assert!(upstream.bill().input > 0, "billed all the same");
}

#[tokio::test]
async fn errors_are_one_string_before_and_in_a_stream() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script::error(404, "not_found_error", "model 'm' not found"));
    let refused = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await;
    assert_eq!((refused.status, refused.json()), (404, json!({"error": "model 'm' not found"})));
    let broken = Script::text("Half").step(Step::Error(ApiError::new(0, "", "the runner has stopped")));
    upstream.enqueue(broken.clone());
    let response = ask(&upstream, FORMAT, &body(FORMAT, "Hello")).await;
    assert_eq!((response.status, response.events().pop().unwrap()), (200, json!({"error": "the runner has stopped"})));
    upstream.enqueue(broken);
    assert_eq!(ask(&upstream, FORMAT, &whole_body(FORMAT, "Hello")).await.status, 500);
    assert_eq!(upstream.bill().calls, 1, "what was refused costs nothing");
}

#[tokio::test]
async fn models_and_version_are_told_without_a_key() {
    let upstream = Upstream::start().await.unwrap();
    upstream.set_models(FORMAT, &["tiny:1b"]);
    let tags = get(&upstream, "/api/tags", &[]).await.json();
    assert_eq!(
        (&tags["models"][0]["name"], &tags["models"][0]["details"]["family"]),
        (&json!("tiny:1b"), &json!("tiny"))
    );
    assert!(get(&upstream, "/api/version", &[]).await.json()["version"].is_string());
}
