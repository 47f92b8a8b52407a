//! Counting tokens: free of charge and without a hold, but within the key's rates and the provider's rest.

use app::model::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::identity::api_keys::{KeyText, WantedKey};
use upstream::Script;

use crate::support::{
    db::db_test,
    keys::{make_key, with_key},
    server::TestServer,
};

const PATH: &str = "/v1/messages/count_tokens";

async fn count(server: &TestServer, key: &KeyText, body: &Value) -> (StatusCode, String, Value) {
    let response = with_key(server, Method::POST, PATH, key)
        .header("anthropic-version", "2023-06-01")
        .json(body)
        .send()
        .await
        .unwrap();
    let how = response.headers().get("x-steward-count").map(|how| how.to_str().unwrap().to_owned());
    (response.status(), how.unwrap_or_default(), response.json().await.unwrap())
}

fn about(model: &str) -> Value {
    json!({"model": model, "system": "Be brief.", "messages": [{"role": "user", "content": "How much?"}]})
}

db_test! {
    async fn anthropic_counts_its_own_and_others_are_bounded(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let user = server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        let key = make_key(&server, tenant, WantedKey { user: Some(user), ..WantedKey::default() }).await.text;
        let upstream = server.upstream.as_ref().unwrap();

        upstream.enqueue(Script::default().when(|when| when.counting = true).usage(|usage| usage.input = Some(42)));
        assert_eq!(count(&server, &key, &about("claude-haiku-4-5")).await, (StatusCode::OK, "exact".into(), json!({"input_tokens": 42})));
        let sent = &upstream.requests()[0];
        assert_eq!((sent.path.as_str(), &sent.body), (PATH, &about("claude-haiku-4-5")), "as it came");

        // Nobody counts for OpenAI's models: bytes and frames bound them.
        let (status, how, body) = count(&server, &key, &about("gpt-4o-mini")).await;
        assert_eq!((status, how.as_str()), (StatusCode::OK, "upper-bound"));
        let bound = body["input_tokens"].as_i64().unwrap();
        assert!((10..400).contains(&bound), "{bound}");
        let (status, _, body) = count(&server, &key, &about("gpt-9")).await;
        assert_eq!((status, &body["error"]["type"]), (StatusCode::NOT_FOUND, &json!("not_found_error")));
        let (status, _, body) = count(&server, &key, &json!([])).await;
        assert_eq!((status, &body["error"]["type"]), (StatusCode::BAD_REQUEST, &json!("invalid_request_error")));
        let (status, _, body) = count(&server, &KeyText::parse(&key.reveal()).unwrap(), &json!({"model": "claude-haiku-4-5", "messages": "x"})).await;
        assert_eq!((status, &body["type"]), (StatusCode::BAD_REQUEST, &json!("error")));
        // The provider's refusal in its own words.
        let (status, _, body) = count(&server, &key, &json!({"model": "claude-haiku-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(body["error"]["message"].as_str().unwrap().contains("max_tokens"), "{body}");

        // Nothing was booked for any of it.
        let meter = server.meter("prs").await;
        assert_eq!((meter.requests, meter.used.input_total()), (0, 0));
        server.books_balance(&["prs"]).await;
    }

    async fn counting_is_a_request_of_its_key(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let user = server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        let wanted = WantedKey { user: Some(user), requests_per_minute: Some(2), ..WantedKey::default() };
        let key = make_key(&server, tenant, wanted).await.text;
        for _ in 0..2 {
            assert_eq!(count(&server, &key, &about("claude-haiku-4-5")).await.0, StatusCode::OK);
        }
        let (status, _, body) = count(&server, &key, &about("claude-haiku-4-5")).await;
        assert_eq!((status, &body["error"]["type"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limit_error")));
        let asked = with_key(&server, Method::POST, "/v1/messages", &key).json(&crate::support::keys::hello()).send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::TOO_MANY_REQUESTS, "the minute is the same");
    }

    async fn a_provider_that_fails_is_left_alone(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let user = server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        let key = make_key(&server, tenant, WantedKey { user: Some(user), ..WantedKey::default() }).await.text;
        let upstream = server.upstream.as_ref().unwrap();
        for _ in 0..5 {
            upstream.enqueue(Script::error(500, "api_error", "Oh no").when(|when| when.counting = true));
            let (status, _, body) = count(&server, &key, &about("claude-haiku-4-5")).await;
            assert_eq!((status, &body["error"]["type"]), (StatusCode::BAD_GATEWAY, &json!("api_error")));
        }
        let (status, _, body) = count(&server, &key, &about("claude-haiku-4-5")).await;
        assert_eq!((status.as_u16(), &body["error"]["type"]), (529, &json!("overloaded_error")));
        assert_eq!(upstream.requests().len(), 5, "it was not asked");
    }
}
