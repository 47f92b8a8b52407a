//! What was received, and who is answered by what.

use std::time::Duration;

use serde_json::{Value, json};
use upstream::{Format, Options, Script, Upstream};

use crate::client::{Connection, ask, body, get, headers, said};

#[tokio::test]
async fn requests_are_recorded_with_headers_and_text() {
    let upstream = Upstream::start().await.unwrap();
    let text = "{\"model\": \"m\",  \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}";
    let sent = [("authorization", "Bearer sk-7"), ("content-type", "application/json"), ("x-a", "1"), ("x-a", "2")];
    Connection::send(&upstream.url(), "POST", "/v1/chat/completions?x=1", &sent, text).await.response().await;
    Connection::send(&upstream.url(), "POST", "/elsewhere", &[], "no JSON").await.response().await;
    let requests = upstream.requests();
    assert_eq!((requests[0].path.as_str(), requests[0].query.as_str()), ("/v1/chat/completions", "x=1"));
    assert_eq!((requests[0].raw.as_str(), requests[0].format), (text, Some(Format::OpenAi)));
    assert_eq!((requests[0].header("authorization"), requests[0].header("x-a")), (Some("Bearer sk-7"), Some("1, 2")));
    assert_eq!((requests[1].status, requests[1].raw.as_str(), &requests[1].body), (404, "no JSON", &Value::Null));
    let listed = get(&upstream, "/_requests", &[]).await.json();
    assert_eq!((&listed[0]["raw"], &listed[0]["headers"]["authorization"]), (&json!(text), &json!("Bearer sk-7")));
    assert_eq!((&listed[0]["format"], &listed[0]["method"]), (&json!("openai"), &json!("POST")));
}

#[tokio::test]
async fn scripts_can_be_for_a_format_or_a_model() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script::text("for Ollama").when(|when| when.format = Some(Format::Ollama)));
    upstream.enqueue(Script::text("for other").when(|when| when.model = Some("other".into())));
    upstream.enqueue(Script::text("for anybody"));
    let mut other = body(Format::OpenAi, "x");
    other["model"] = "other".into();
    assert_eq!(said(Format::OpenAi, &ask(&upstream, Format::OpenAi, &other).await), "for other");
    assert_eq!(said(Format::OpenAi, &ask(&upstream, Format::OpenAi, &body(Format::OpenAi, "x")).await), "for anybody");
    assert_eq!(said(Format::Ollama, &ask(&upstream, Format::Ollama, &body(Format::Ollama, "x")).await), "for Ollama");
    assert_eq!(upstream.queued(), 0);
}

#[tokio::test]
async fn a_title_does_not_steal_the_answers_script() {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(Script::text("the answer"));
    for format in Format::ALL {
        let title = crate::client::capped(format, body(format, "A title, please"), 32);
        assert_eq!(said(format, &ask(&upstream, format, &title).await), "A short title", "{format:?}");
    }
    assert_eq!(upstream.queued(), 1);
}

#[tokio::test]
async fn other_processes_have_the_same_controls() {
    let upstream = Upstream::start().await.unwrap();
    let post = async |path: &str, value: Value| {
        let json = [("content-type", "application/json")];
        Connection::send(&upstream.url(), "POST", path, &json, &value.to_string()).await.response().await.status
    };
    let script = json!({"steps": [{"text": "Yes."}, {"gate": "g"}], "quirks": ["usage_twice", "no_end"],
        "when": {"format": "openai"}, "headers": {"x-ratelimit-remaining-tokens": "7"}});
    assert_eq!(post("/_script", script).await, 204);
    assert_eq!(post("/_release", json!({"gate": "g"})).await, 204);
    let response = ask(&upstream, Format::OpenAi, &body(Format::OpenAi, "x")).await;
    assert_eq!(response.header("x-ratelimit-remaining-tokens"), Some("7"));
    assert!(!response.text().contains("[DONE]"));
    assert_eq!(get(&upstream, "/_bill?format=openai", &[]).await.json()["calls"], 1);
    assert_eq!(get(&upstream, "/_bill?format=ollama", &[]).await.json()["calls"], 0);
    assert_eq!(get(&upstream, "/_bill", &[]).await.json()["calls"], 1);
    assert_eq!(get(&upstream, "/_bill?format=none", &[]).await.status, 400);
    assert_eq!(post("/_models", json!({"format": "openai", "models": ["only"]})).await, 204);
    let list = get(&upstream, "/v1/models", headers(Format::OpenAi)).await.json();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]["id"]), (1, &json!("only")));
    assert_eq!(post("/_script", json!({"stepps": []})).await, 422);
    assert_eq!(post("/_reset", json!(null)).await, 204);
    assert_eq!((upstream.bill().calls, upstream.requests().len()), (0, 0));
}

#[tokio::test]
async fn an_echo_can_take_its_time() {
    let options = Options { echo_delay: Duration::from_millis(5), ..Options::default() };
    let upstream = Upstream::start_with(([127, 0, 0, 1], 0).into(), options).await.unwrap();
    let before = tokio::time::Instant::now();
    let response = ask(&upstream, Format::Ollama, &body(Format::Ollama, "one two")).await;
    assert_eq!(said(Format::Ollama, &response), "You said: one two");
    assert!(before.elapsed() >= Duration::from_millis(10));
}
