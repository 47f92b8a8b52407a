//! The main job, over HTTP, against the scripted provider: ask, watch the tools, read the answer, balance the books.

use app::model::{BudgetLimits, Role};
use reqwest::{Method, StatusCode, header};
use serde_json::json;
use server::{db::SystemReason, usage};
use upstream::{Script, Step};

use crate::support::{
    db::db_test,
    events::{Events, text_of},
    server::{Browser, TestServer},
};

async fn one_tenant(server: &TestServer) -> Browser {
    let tenant = server.tenant("prs").await;
    server.account("ana@prs.example", &[(tenant, Role::Admin)]).await;
    server.api("ana@prs.example", "prs").await
}

/// Starts a turn as the page does, and gives (conversation, turn).
async fn start(browser: &Browser, text: &str) -> (String, String) {
    let key = uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + text.len() as u128).to_string();
    let (status, answer) = browser.post_form("turns/start", &[("tenant", "prs"), ("text", text), ("key", &key)]).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    (answer["conversation"].as_str().unwrap().into(), answer["turn"].as_str().unwrap().into())
}

db_test! {
    async fn a_question_is_answered_with_tools_and_paid_for_exactly(t: TestDb) {
        let server = TestServer::start(t).await;
        let api = one_tenant(&server).await;
        let upstream = server.upstream.as_ref().unwrap();
        upstream.enqueue(Script::tools([("call_1", "list_quantities", json!({})), ("call_2", "date_info", json!({}))]));
        upstream.enqueue(Script::text("Compressor 3 cost **Rp 1,234**.").usage(|usage| usage.input = Some(321)));

        let (status, answer) = api.ask(json!({"message": "What did compressor 3 cost us last week?"})).await;

        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["message"]["text"], "Compressor 3 cost **Rp 1,234**.");
        let calls = answer["message"]["tool_calls"].as_array().unwrap();
        assert_eq!(calls.len(), 2);
        assert!(calls.iter().all(|call| call["status"] == "done"), "{calls:?}");
        assert_eq!(calls[0]["ran_as"], "CANARY-prs-NAME · Name of ana@prs.example · built-in");
        assert_eq!(answer["usage"]["quality"], "exact");
        assert_eq!(answer["usage"]["model_calls"], 3, "two steps and the title");
        server.books_balance(&["prs"]).await;
    }

    async fn a_waiting_call_is_answered_over_rest(t: TestDb) {
        let server = TestServer::start(t).await;
        let api = one_tenant(&server).await;
        let upstream = server.upstream.as_ref().unwrap();
        upstream.enqueue(Script::tools([("call_1", "delete_note", json!({ "note": 7 }))]));
        upstream.enqueue(Script::text("It stays."));
        let asked = api.request(Method::POST, "/api/chat").header(header::ACCEPT, "text/event-stream");
        let mut events = Events::of(asked.json(&json!({"message": "Delete note 7"})).send().await.unwrap());
        let is_asked = loop {
            let event = events.next().await.expect("the call");
            if event.kind() == "tool_started" {
                break event.event;
            }
        };
        assert!(is_asked["call"]["status"]["kind"] == "waiting", "{is_asked}");
        let list: serde_json::Value = api.get("/api/conversations").await.json().await.unwrap();
        let conversation = list["items"][0]["id"].as_str().unwrap().to_owned();
        let view: serde_json::Value = api.get(&format!("/api/conversations/{conversation}")).await.json().await.unwrap();
        let turn = view["messages"][1]["turn"].as_str().unwrap().to_owned();
        let decide = async |conversation: &str, call: &str, decision: serde_json::Value| {
            let path = format!("/api/conversations/{conversation}/turns/{turn}/calls/{call}");
            api.request(Method::POST, &path).json(&decision).send().await.unwrap().status()
        };
        let deny = json!({"decision": "deny"});
        assert_eq!(decide(&conversation, "call_2", deny.clone()).await, StatusCode::NOT_FOUND);
        assert_eq!(decide(&turn, "call_1", deny.clone()).await, StatusCode::NOT_FOUND, "in another conversation");
        let answers = json!({"decision": "answer", "values": {"text": "x"}});
        assert_eq!(decide(&conversation, "call_1", answers).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(decide(&conversation, "call_1", deny.clone()).await, StatusCode::NO_CONTENT);
        assert_eq!(decide(&conversation, "call_1", deny).await, StatusCode::NO_CONTENT, "the same again is fine");
        assert_eq!(decide(&conversation, "call_1", json!({"decision": "approve"})).await, StatusCode::CONFLICT);
        let rest = events.rest().await;
        assert_eq!(text_of(&rest), "It stays.");
        server.books_balance(&["prs"]).await;
    }

    async fn over_budget_nothing_is_sent_and_the_reason_is_given(t: TestDb) {
        let server = TestServer::start(t).await;
        let api = one_tenant(&server).await;
        let mut tx = server.db.begin_system(SystemReason::Administration).await.unwrap();
        let prs = server::db::tenant::tenant_find_by_code(&mut tx, &"prs".parse().unwrap()).await.unwrap().unwrap().id;
        let limits = BudgetLimits { requests: Some(0), ..usage::default_limits() };
        usage::set_budget(&mut tx, &server.world, prs, limits).await.unwrap();
        tx.commit(server.world.id(), server.world.now(), "test").await.unwrap();

        let (status, answer) = api.ask(json!({"message": "hello"})).await;

        assert_eq!(status, StatusCode::PAYMENT_REQUIRED, "{answer}");
        assert_eq!(answer["error"], "over_budget");
        assert_eq!(answer["contact"], "canary-prs-contact@example.com");
        // 2026-04-01 00:00 in Jakarta.
        assert_eq!(answer["resets_at"], 1_774_976_400_000_i64, "{answer}");
        assert!(server.upstream.as_ref().unwrap().requests().is_empty());
        let (_, list) = (0, api.get("/api/conversations").await.json::<serde_json::Value>().await.unwrap());
        assert_eq!(list["items"], json!([]), "nothing was stored");
        server.books_balance(&["prs"]).await;
    }

    async fn reconnecting_loses_and_doubles_nothing(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Admin)]).await;
        let upstream = server.upstream.as_ref().unwrap();
        upstream.enqueue(
            Script::texts(&["One ", "two ", "three "]).step(Step::Gate("half".into())).step(Step::Text("four ".into())).step(Step::Text("five.".into())),
        );
        let (_, turn) = start(&ana, "Count to five").await;
        let path = format!("/t/prs/turns/{turn}/events");

        let mut first = Events::of(ana.get(&path).await);
        let mut seen = vec![first.next().await.unwrap()];
        while !text_of(&seen).contains("three") {
            seen.push(first.next().await.unwrap());
        }
        drop(first);
        upstream.release("half");
        let last = seen.last().unwrap().seq.to_string();
        let resumed = ana.request(Method::GET, &path).header("last-event-id", last).send().await.unwrap();
        seen.extend(Events::of(resumed).rest().await);

        assert_eq!(text_of(&seen), "One two three four five.");
        assert_eq!(seen.iter().filter(|event| event.is_terminal()).count(), 1);
        let again = Events::of(ana.get(&path).await).rest().await;
        assert_eq!(text_of(&again), "One two three four five.", "whoever comes later sees the same");
        server.books_balance(&["prs"]).await;
    }

    async fn stopping_from_elsewhere_ends_the_answer_and_keeps_it(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Member)]).await;
        let upstream = server.upstream.as_ref().unwrap();
        upstream.enqueue(Script::text("The beginning").step(Step::Gate("never".into())));
        let (conversation, turn) = start(&ana, "Tell me a long story").await;
        let mut events = Events::of(ana.get(&format!("/t/prs/turns/{turn}/events")).await);
        let mut seen = vec![events.next().await.unwrap()];
        while !text_of(&seen).contains("beginning") {
            seen.push(events.next().await.unwrap());
        }

        let (status, _) = ana.post_form("turns/stop", &[("tenant", "prs"), ("turn", &turn)]).await;
        assert_eq!(status, StatusCode::OK);

        seen.extend(events.rest().await);
        assert_eq!(seen.last().unwrap().kind(), "stopped");
        let (_, view) = ana.call("conversations/open", json!({"tenant": "prs", "id": conversation, "leaf": null})).await;
        let answer = &view["messages"][1];
        assert_eq!(answer["parts"][0]["text"], "The beginning");
        assert_eq!(answer["status"]["kind"], "stopped");
        upstream.aborted(1).await.unwrap();
        let violations = usage::audit_books(&server.db).await.unwrap();
        assert!(violations.is_empty(), "{violations:?}");
    }

    async fn a_shutdown_mid_answer_ends_the_stream_cleanly(t: TestDb) {
        let mut server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Member)]).await;
        server.upstream.as_ref().unwrap().enqueue(Script::text("Half an ans").step(Step::Gate("never".into())));
        let (_, turn) = start(&ana, "What is a meter?").await;
        let mut events = Events::of(ana.get(&format!("/t/prs/turns/{turn}/events")).await);
        let mut seen = vec![events.next().await.unwrap()];
        while !text_of(&seen).contains("Half") {
            seen.push(events.next().await.unwrap());
        }

        server.shut_down().await;

        seen.extend(events.rest().await);
        let last = seen.last().unwrap();
        assert_eq!((last.kind(), last.event["error"]["code"].as_str()), ("failed", Some("interrupted")));
    }

    async fn the_document_describes_every_rest_route(t: TestDb) {
        let server = TestServer::start_with_demo_model(t).await;
        let document: serde_json::Value = server.nobody().get("/api/openapi.json").await.json().await.unwrap();
        let (_, table) = server::http::routes().finish();
        for row in table.iter().filter(|row| row.path.starts_with("/api/") && row.path != "/api/openapi.json") {
            let method = row.method.as_str().to_lowercase();
            assert!(document["paths"][&row.path][&method].is_object(), "{method} {} is not described", row.path);
        }
    }

    async fn bad_input_gets_a_clear_answer(t: TestDb) {
        let server = TestServer::start(t).await;
        let api = one_tenant(&server).await;
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let huge = json!({"message": "x".repeat(3 * 1024 * 1024)}).to_string();
        let cases = [
            ("broken JSON", "{\"message\":", StatusCode::BAD_REQUEST),
            ("not an object", "[]", StatusCode::UNPROCESSABLE_ENTITY),
            ("unknown field", r#"{"message":"a","tenant_id":"x"}"#, StatusCode::UNPROCESSABLE_ENTITY),
            ("empty message", r#"{"message":"  "}"#, StatusCode::UNPROCESSABLE_ENTITY),
            ("NUL", r#"{"message":"a\u0000b"}"#, StatusCode::UNPROCESSABLE_ENTITY),
            ("wrong type", r#"{"message":5}"#, StatusCode::UNPROCESSABLE_ENTITY),
            ("id that is none", r#"{"message":"a","conversation":"1"}"#, StatusCode::UNPROCESSABLE_ENTITY),
            ("half a surrogate", r#"{"message":"\ud800"}"#, StatusCode::BAD_REQUEST),
            ("deeply nested", deep.as_str(), StatusCode::UNPROCESSABLE_ENTITY),
            ("too large", huge.as_str(), StatusCode::PAYLOAD_TOO_LARGE),
            ("no body", "", StatusCode::BAD_REQUEST),
        ];
        for (what, body, expected) in cases {
            let request = api.request(Method::POST, "/api/chat").header(header::CONTENT_TYPE, "application/json");
            let response = request.body(body.to_owned()).send().await.unwrap();
            let status = response.status();
            let answer: serde_json::Value = response.json().await.unwrap_or_else(|_| panic!("{what}: JSON"));
            assert_eq!(status, expected, "{what}: {answer}");
            assert!(answer["message"].as_str().is_some_and(|m| !m.is_empty()), "{what}: {answer}");
        }
        let text = api.request(Method::POST, "/api/chat").header(header::CONTENT_TYPE, "text/plain").body("hello");
        assert_eq!(text.send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let wrong_method = api.request(Method::PUT, "/api/chat").send().await.unwrap();
        assert_eq!(wrong_method.status(), StatusCode::METHOD_NOT_ALLOWED);
        let long = "bidi \u{202E} and long: ".to_owned() + &"é".repeat(50_000);
        let (status, answer) = api.ask(json!({"message": long})).await;
        assert_eq!(status, StatusCode::OK, "100 KB are fine: {answer}");
        assert!(api.get("/api/conversations?after=nonsense").await.status().is_client_error());
        server.books_balance(&["prs"]).await;
    }

    async fn a_provider_that_fails_is_explained_and_not_paid(t: TestDb) {
        let server = TestServer::start(t).await;
        let api = one_tenant(&server).await;
        let upstream = server.upstream.as_ref().unwrap();
        upstream.enqueue(Script::error(400, "invalid_request_error", "SECRET-DETAIL of the provider"));

        let (status, answer) = api.ask(json!({"message": "hello"})).await;

        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["message"]["status"], "failed");
        let error = answer["message"]["error"].as_str().unwrap();
        assert!(!error.contains("SECRET"), "{error}");
        server.books_balance(&["prs"]).await;
    }

    async fn it_is_alive_and_ready(t: TestDb) {
        let server = TestServer::start_with_demo_model(t).await;
        assert_eq!(server.nobody().get("/livez").await.status(), StatusCode::OK);
        assert_eq!(server.nobody().get("/readyz").await.status(), StatusCode::OK);
        server.db.close().await;
        assert_eq!(server.nobody().get("/livez").await.status(), StatusCode::OK);
        assert_eq!(server.nobody().get("/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
