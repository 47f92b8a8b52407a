//! What a collector is told of a call: the attributes of the GenAI conventions, and nothing of what was said.

use std::time::Duration;

use app::model::Role;
use axum::{Json, Router, extract::State, routing::post};
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::{
    db::SystemReason,
    egress::Egress,
    identity::api_keys::{self, WantedKey},
    telemetry::otlp::{self, Collector},
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::sync::CancellationToken;
use upstream::Script;

use crate::support::{
    db::TestDb,
    server::{TestServer, http_client},
};

async fn take(State(told): State<mpsc::UnboundedSender<Value>>, Json(body): Json<Value>) -> StatusCode {
    let _ = told.send(body);
    StatusCode::OK
}

/// The exporter is one for the process, so this is one test and no `db_test`.
#[tokio::test]
async fn a_collector_hears_what_a_call_used_and_nothing_of_what_was_said() {
    let (sender, mut told) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let collector = Router::new().route("/v1/traces", post(take)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, collector).await });
    let stop = CancellationToken::new();
    let collector = Collector::parse(&base, "x-test=1").expect("a collector");
    let sending = otlp::start(Egress::new().expect("a client"), collector, stop.clone()).expect("the first one");
    let sending = tokio::spawn(sending);

    let server = TestServer::start(TestDb::sqlite().await).await;
    let tenant = server.tenant("prs").await;
    let user = server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
    let mut tx = server.db.begin_system(SystemReason::Administration).await.expect("a transaction");
    let wanted = WantedKey { name: "Test".into(), user: Some(user), ..WantedKey::default() };
    let key = api_keys::create(&mut tx, &server.world, tenant, None, &wanted).await.expect("a key");
    tx.commit(server.world.id(), server.world.now(), "test").await.expect("a commit");

    let script = Script::text("The secret answer.").usage(|usage| {
        usage.input = Some(120);
        usage.cache_read = Some(30);
    });
    server.upstream.as_ref().expect("the scripted provider").enqueue(script);
    let response = http_client()
        .post(format!("{}/v1/messages", server.base))
        .bearer_auth(key.reveal())
        .json(&json!({"model": "claude-haiku-4-5", "max_tokens": 1000, "stream": true,
            "messages": [{"role": "user", "content": "The secret question"}]}))
        .send()
        .await
        .expect("an answer");
    let request_id = response.headers()["request-id"].to_str().expect("a name").to_owned();
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.expect("all of it");

    // Other stories of this process may be told of, too.
    let of_ours = async {
        loop {
            let body = told.recv().await.expect("a collector");
            let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
            for span in spans {
                if span.to_string().contains(&request_id) {
                    return span;
                }
            }
        }
    };
    let span = tokio::time::timeout(Duration::from_secs(60), of_ours).await.expect("it is told");
    let text = span.to_string();
    assert!(!text.contains("secret") && !text.contains("prs") && !text.contains("ana@"), "{text}");
    let attribute = |key: &str| {
        let found = span["attributes"].as_array().expect("attributes").iter().find(|one| one["key"] == key);
        found.map(|one| one["value"].clone()).unwrap_or_else(|| panic!("no {key} in {text}"))
    };
    assert_eq!(span["name"], "chat claude-haiku-4-5");
    assert_eq!(span["status"]["code"], 1);
    assert_eq!(attribute("gen_ai.operation.name")["stringValue"], "chat");
    assert_eq!(attribute("gen_ai.provider.name")["stringValue"], "anthropic");
    assert_eq!(attribute("gen_ai.request.model")["stringValue"], "claude-haiku-4-5");
    assert_eq!(attribute("gen_ai.request.max_tokens")["intValue"], "1000");
    assert_eq!(attribute("gen_ai.usage.input_tokens")["intValue"], "150");
    assert!(attribute("gen_ai.usage.output_tokens")["intValue"].is_string());
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(30), sending).await.expect("it ends").expect("properly");
    server.books_balance(&["prs"]).await;
}
