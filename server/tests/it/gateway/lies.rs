//! Providers that answer what is no answer, and what becomes of it: an error the client's own SDK understands, nothing billed
//! twice, nothing taken from the server that it cannot give.

use serde_json::{Value, json};
use upstream::{ApiError, FaultKind, Script};

use super::{hang_up::WAYS, *};
use crate::support::db::db_test;

fn refusing(status: u16, raw: &str) -> Script {
    let error =
        ApiError { status, kind: "server_error".into(), raw_body: Some(raw.into()), ..error("server_error", None) };
    Script::refuse(error)
}

fn error(kind: &str, code: Option<&str>) -> ApiError {
    ApiError {
        status: 429,
        kind: kind.into(),
        message: "No.".into(),
        code: code.map(Into::into),
        headers: std::collections::BTreeMap::new(),
        raw_body: None,
    }
}

/// The events of a stream, each of which must be JSON.
fn read(body: &str) -> Vec<Value> {
    let lines = body.lines().filter(|line| line.starts_with("data: {") || line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line.trim_start_matches("data: ")).unwrap_or_else(|_| panic!("{body}")))
        .collect()
}

/// What was booked is a bound where the provider's bill is not known; the books balance all the same.
async fn balances(house: &House) {
    house.settled().await;
    assert_eq!(usage::audit_books(&house.server.db).await.unwrap(), Vec::<String>::new());
}

fn is_error(event: &Value) -> bool {
    event.get("error").is_some_and(|error| !error.is_null())
}

db_test! {
    async fn a_stream_that_breaks_off_inside_an_event_ends_with_an_error_that_is_read(t: TestDb) {
        let house = House::new(t).await;
        for way in WAYS {
            for at in 1..4 {
                house.upstream().enqueue(Script::texts(&["Compressor 3 ", "used ", "12 kWh."]).fault(at, FaultKind::Truncate));
                let response = house.post(way.path, &house.key, &way.body("Hello", true)).send().await.unwrap();
                let body = response.text().await.unwrap();
                let events = read(&body);
                assert!(events.last().is_some_and(is_error), "{way:?} at {at}: {body}");
            }
        }
        balances(&house).await;
    }

    async fn a_success_that_is_none_is_told_as_what_it_is(t: TestDb) {
        let house = House::new(t).await;
        for way in WAYS {
            for raw in [r#"{"error":{"type":"server_error","message":"Not today."}}"#, "<html>nope</html>", ""] {
                for is_streaming in [false, true] {
                    house.upstream().enqueue(refusing(200, raw));
                    let response = house.post(way.path, &house.key, &way.body("Hello", is_streaming)).send().await.unwrap();
                    let (status, body) = (response.status(), response.text().await.unwrap());
                    let what = format!("{way:?} {is_streaming} {raw:?}: {status} {body}");
                    if status == StatusCode::OK {
                        assert!(is_streaming && read(&body).last().is_some_and(is_error), "{what}");
                    } else {
                        assert!(status.is_server_error() && is_error(&serde_json::from_str(&body).unwrap()), "{what}");
                    }
                }
            }
        }
        balances(&house).await;
    }

    async fn what_may_be_billed_is_not_asked_again_by_the_sdk(t: TestDb) {
        let house = House::new(t).await;
        for way in WAYS {
            house.upstream().enqueue(Script { no_answer: true, ..Script::default() });
            let response = house.post(way.path, &house.key, &way.body("Hello", false)).send().await.unwrap();
            assert_eq!((response.status(), &response.headers()["x-should-retry"]), (StatusCode::BAD_GATEWAY, &"false".parse().unwrap()), "{way:?}");
        }
        let before = house.upstream().requests().len();
        house.upstream().enqueue(Script::refuse(error("insufficient_quota", Some("insufficient_quota"))));
        let response = house.post("/v1/chat/completions", &house.key, &WAYS[1].body("Hello", false)).send().await.unwrap();
        assert_eq!((response.status(), &response.headers()["x-should-retry"]), (StatusCode::BAD_GATEWAY, &"false".parse().unwrap()));
        assert_eq!(house.upstream().requests().len(), before + 1, "the account does not fill up within a second");
        balances(&house).await;
    }

    async fn thinking_fits_into_what_the_budget_leaves(t: TestDb) {
        let house = House::new(t).await;
        house.limit(BudgetLimits { output_tokens: Some(1_500), ..BudgetLimits::default() }).await;
        let mut body = ask("Think", false);
        body["max_tokens"] = 32_000.into();
        body["thinking"] = json!({"type": "enabled", "budget_tokens": 10_000});
        house.upstream().enqueue(Script::text("Thought."));
        let response = house.messages(&body).send().await.unwrap();
        assert_eq!((response.status(), &response.headers()["x-budget-max-tokens"]), (StatusCode::OK, &"1500".parse().unwrap()));
        let sent = house.upstream().requests().last().unwrap().body.clone();
        assert_eq!((&sent["max_tokens"], &sent["thinking"]), (&json!(1_500), &json!({"type": "enabled", "budget_tokens": 1_244})));
        // Less than it must be able to think is of no use.
        house.limit(BudgetLimits { output_tokens: Some(1_200), ..BudgetLimits::default() }).await;
        let refused = house.messages(&body).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
        let words: Value = refused.json().await.unwrap();
        assert!(words["error"]["message"].as_str().unwrap().contains("does not allow this request"), "{words}");
        house.books_balance().await;
    }

    async fn a_refusal_for_money_says_what_is_left(t: TestDb) {
        let house = House::new(t).await;
        house.limit(BudgetLimits { cost: Some(Money(1_000_000)), ..BudgetLimits::default() }).await;
        for way in WAYS.into_iter().filter(|way| way.model == "claude-haiku-4-5") {
            let response = house.post(way.path, &house.key, &way.body("Hello", true)).send().await.unwrap();
            assert!([StatusCode::PAYMENT_REQUIRED, StatusCode::TOO_MANY_REQUESTS].contains(&response.status()));
            assert_eq!(response.headers()["x-budget-remaining-usd"], "0.000001");
            assert_eq!(response.headers()["x-should-retry"], "false");
            assert!(response.headers().contains_key("x-budget-reset"));
        }
        house.books_balance().await;
    }

    async fn a_body_of_brackets_takes_no_gigabytes(t: TestDb) {
        let house = House::new(t).await;
        let much = vec![json!({"a": 0}); 120_000];
        for (path, model) in [("/v1/messages", "claude-haiku-4-5"), ("/v1/chat/completions", "gpt-4o-mini")] {
            let mut body = ask("Hello", false);
            body["model"] = model.into();
            body["metadata"] = Value::Array(much.clone());
            let response = house.post(path, &house.key, &body).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::BAD_REQUEST);
            assert!(response.text().await.unwrap().contains("more than 200000 values"));
        }
        assert!(house.upstream().requests().is_empty());
    }

    async fn what_is_not_there_is_said_in_the_clients_format(t: TestDb) {
        let house = House::new(t).await;
        for (method, path, status) in [
            ("POST", "/v1/embeddings", 404), ("POST", "/v1/messages/batches", 404), ("POST", "/v1/messages/", 404),
            ("POST", "/ollama/api/show", 404), ("POST", "/team/delete", 404),
            ("GET", "/v1/messages", 405), ("GET", "/v1/chat/completions", 405), ("DELETE", "/ollama/api/chat", 405),
        ] {
            let request = http_client().request(method.parse().unwrap(), format!("{}{path}", house.server.base));
            let response = request.bearer_auth(house.key.reveal()).send().await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
            let body: Value = response.json().await.unwrap_or_else(|_| panic!("{method} {path}"));
            match path {
                path if path.starts_with("/ollama") => assert!(body["error"].is_string(), "{body}"),
                path if path.starts_with("/v1/messages") => assert_eq!(body["type"], "error", "{body}"),
                _ => assert!(body["error"]["message"].is_string(), "{body}"),
            }
        }
        let mut retired = ask("Hello", false);
        retired["model"] = "claude-sonnet-4-20250514".into();
        let body = house.messages(&retired).send().await.unwrap().text().await.unwrap();
        assert!(body.contains("retired") && body.contains("claude-sonnet-5"), "{body}");
    }

    async fn a_running_answer_may_end_when_the_server_is_asked_to_stop(t: TestDb) {
        let house = House::new(t).await;
        house.upstream().enqueue(Script::texts(&["One ", "two."]).fault(2, FaultKind::Hang("gate".into())));
        let mut response = house.messages(&ask("Count", true)).send().await.unwrap();
        let mut body = response.chunk().await.unwrap().expect("it has begun").to_vec();
        house.server.state.shutdown.cancel();
        let gateway = house.server.state.gateway.clone();
        let stopping = tokio::spawn(async move { gateway.shutdown(Duration::from_secs(20)).await });
        let closed = house.messages(&ask("Another", false)).send().await.unwrap();
        assert_eq!(closed.status(), StatusCode::SERVICE_UNAVAILABLE, "nothing new begins");
        house.upstream().release("gate");
        while let Some(piece) = response.chunk().await.unwrap() {
            body.extend_from_slice(&piece);
        }
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("two.") && body.contains("message_stop"), "{body}");
        stopping.await.unwrap();
        house.books_balance().await;
    }

    async fn who_takes_longer_than_the_server_has_is_broken_off_and_told(t: TestDb) {
        let house = House::new(t).await;
        house.upstream().enqueue(Script::texts(&["One ", "two."]).fault(2, FaultKind::Hang("never".into())));
        let mut response = house.messages(&ask("Count", true)).send().await.unwrap();
        let mut body = response.chunk().await.unwrap().expect("it has begun").to_vec();
        house.server.state.shutdown.cancel();
        house.server.state.gateway.shutdown(Duration::ZERO).await;
        while let Some(piece) = response.chunk().await.unwrap() {
            body.extend_from_slice(&piece);
        }
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("The server is restarting") && read(&body).last().is_some_and(is_error), "{body}");
        balances(&house).await;
    }
}
