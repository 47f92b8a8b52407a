//! The gateway as stories: programs with keys ask models in the vendors' formats, on both engines. Every story that spends
//! ends with the provider's own bill against our books. T7 and T8 of accounting.md are in the rooms below.

mod bad_input;
mod faults;
mod hang_up;
mod lies;
mod searches;

use std::time::Duration;

use app::model::{BudgetLimits, Money, Role, TenantId, Timestamp, UserId};
use futures::future::join_all;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use server::{
    db::{SystemReason, api_key::api_key_end, api_key::api_key_find, ledger::Books},
    identity::api_keys::{self, KeyText, WantedKey},
    usage,
};
use upstream::{ApiError, FaultKind, Script, Step};

use crate::support::{
    db::{TestDb, db_test},
    server::{TestServer, http_client},
};

/// A server, a tenant, a member, and a key of theirs.
struct House {
    server: TestServer,
    tenant: TenantId,
    user: UserId,
    key: KeyText,
}

impl House {
    async fn new(t: TestDb) -> Self {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let user = server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        let key = make_key(&server, tenant, WantedKey { user: Some(user), ..WantedKey::default() }).await;
        Self { server, tenant, user, key }
    }

    async fn key(&self, wanted: WantedKey) -> KeyText {
        make_key(&self.server, self.tenant, wanted).await
    }

    fn upstream(&self) -> &upstream::Upstream {
        self.server.upstream.as_ref().expect("the scripted provider")
    }

    fn post(&self, path: &str, key: &KeyText, body: &Value) -> RequestBuilder {
        http_client().post(format!("{}{path}", self.server.base)).bearer_auth(key.reveal()).json(body)
    }

    /// An Anthropic request with the member's key.
    fn messages(&self, body: &Value) -> RequestBuilder {
        self.post("/v1/messages", &self.key, body)
    }

    async fn limit(&self, limits: BudgetLimits) {
        let mut tx = self.server.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        usage::set_budget(&mut tx, &self.server.world, self.tenant, limits).await.expect("a budget");
        tx.commit(self.server.world.id(), self.server.world.now(), "test").await.expect("a commit");
    }

    /// Everything that was begun is settled; then the books are the provider's bill.
    async fn books_balance(&self) {
        self.settled().await;
        self.server.books_balance(&["prs"]).await;
    }

    /// Waits until everything that was begun is settled.
    async fn settled(&self) {
        let settled = async {
            while self.server.state.gateway.running() > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), settled).await.expect("everything settles");
    }
}

async fn make_key(server: &TestServer, tenant: TenantId, wanted: WantedKey) -> KeyText {
    let mut tx = server.db.begin_system(SystemReason::Administration).await.expect("a transaction");
    let wanted = WantedKey { name: "Test".into(), ..wanted };
    let key = api_keys::create(&mut tx, &server.world, tenant, None, &wanted).await.expect("a key");
    tx.commit(server.world.id(), server.world.now(), "test").await.expect("a commit");
    key
}

/// A request to Claude that is no side call of the scripted provider's.
fn ask(text: &str, is_streaming: bool) -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 1000, "stream": is_streaming,
        "messages": [{"role": "user", "content": text}]})
}

fn event(body: &str, name: &str) -> Value {
    let block = body.split("\n\n").find(|block| block.starts_with(&format!("event: {name}\n")));
    let data = block.and_then(|block| block.lines().find_map(|line| line.strip_prefix("data: ")));
    serde_json::from_str(data.unwrap_or_else(|| panic!("no {name} in {body}"))).expect("JSON")
}

db_test! {
    async fn a_stream_is_passed_on_as_it_came(t: TestDb) {
        let house = House::new(t).await;
        let script = || Script::texts(&["Compressor 3 ", "used 12 kWh — ", "Rp 18.000."]).step(Step::Ping);
        house.upstream().enqueue(script());
        house.upstream().enqueue(script());
        let response = house.messages(&ask("What did it use?", true)).header("anthropic-beta", "some-beta").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        assert!(response.headers().contains_key("request-id"));
        let ours = response.text().await.unwrap();
        let direct = http_client()
            .post(format!("{}/v1/messages", house.upstream().url()))
            .header("x-api-key", "test-key")
            .header("anthropic-version", "2023-06-01")
            .json(&ask("What did it use?", true))
            .send().await.unwrap().text().await.unwrap();
        let masked = |body: &str| {
            let id = event(body, "message_start")["message"]["id"].as_str().unwrap().to_owned();
            body.replace(&id, "msg_x")
        };
        assert_eq!(masked(&ours), masked(&direct), "byte for byte");
        assert_eq!(event(&ours, "message_delta")["delta"]["stop_reason"], "end_turn");
        // The direct one is on the provider's bill, too: only the tenant's own is compared.
        let requests = house.upstream().requests();
        assert_eq!(requests.len(), 2);
    }

    async fn what_is_streamed_is_booked(t: TestDb) {
        let house = House::new(t).await;
        house.upstream().enqueue(Script::text("Hello.").usage(|usage| { usage.input = Some(120); usage.cache_read = Some(30); }));
        let body = house.messages(&ask("Hello", true)).send().await.unwrap().text().await.unwrap();
        assert!(body.contains("message_stop"), "{body}");
        house.books_balance().await;
        let meter = house.server.meter("prs").await;
        assert_eq!((meter.requests, meter.used.input, meter.used.cache_read), (1, 120, 30));
    }

    async fn who_has_no_good_key_gets_nothing(t: TestDb) {
        let house = House::new(t).await;
        let server = &house.server;
        let base = &server.base;
        let other = server.tenant("iop").await;
        let outsider = server.account("budi@iop.example", &[(other, Role::Member)]).await;
        // A key of a person who is no member of its tenant (any more).
        let lost = house.key(WantedKey { user: Some(outsider), ..WantedKey::default() }).await;
        let expired = house.key(WantedKey { user: Some(house.user), expires_at: Some(Timestamp(1)), ..WantedKey::default() }).await;
        let revoked = house.key(WantedKey { user: Some(house.user), ..WantedKey::default() }).await;
        let mut tx = server.db.begin_system(SystemReason::Administration).await.unwrap();
        let record = api_key_find(&mut tx, revoked.public_id()).await.unwrap().unwrap();
        api_key_end(Books::within(&tx, house.tenant), &mut tx, record.id, server.world.now(), true).await.unwrap();
        tx.commit(server.world.id(), server.world.now(), "test").await.unwrap();
        let wrong_secret = format!("stw_{}_{}", house.key.public_id(), "x".repeat(48));
        let keys = [lost.reveal(), expired.reveal(), revoked.reveal(), wrong_secret, "sk-ant-123".into(), String::new()];
        for key in keys {
            let post = |path: &str| http_client().post(format!("{base}{path}")).json(&ask("Hello", false));
            let anthropic = post("/v1/messages").header("x-api-key", &key).send().await.unwrap();
            assert_eq!(anthropic.status(), StatusCode::UNAUTHORIZED, "{key}");
            let body: Value = anthropic.json().await.unwrap();
            assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("authentication_error")));
            let openai = post("/v1/chat/completions").bearer_auth(&key).send().await.unwrap();
            assert_eq!(openai.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(openai.json::<Value>().await.unwrap()["error"]["code"], "invalid_api_key");
            let ollama = post("/ollama/api/chat").bearer_auth(&key).send().await.unwrap();
            assert_eq!(ollama.status(), StatusCode::UNAUTHORIZED);
            assert!(ollama.json::<Value>().await.unwrap()["error"].is_string());
        }
        // A person's session is no key, and a key is no session.
        let browser = server.person("citra@prs.example", &[(house.tenant, Role::Admin)]).await;
        assert_eq!(browser.get("/v1/models").await.status(), StatusCode::UNAUTHORIZED);
        let with_key = http_client().get(format!("{base}/api/conversations")).bearer_auth(house.key.reveal());
        assert_eq!(with_key.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
        assert_eq!(house.upstream().bill().calls, 0);
    }

    async fn a_budget_is_never_passed_however_many_ask_at_once(t: TestDb) {
        let house = House::new(t).await;
        house.limit(BudgetLimits { requests: Some(7), ..BudgetLimits::default() }).await;
        let body = ask("Hello", true);
        let all = (0..40).map(|_| async { house.messages(&body).send().await.unwrap() });
        let answers = join_all(all).await;
        let (mut answered, mut refused) = (0, 0);
        for answer in answers {
            match answer.status() {
                StatusCode::OK => { answer.text().await.unwrap(); answered += 1; }
                StatusCode::PAYMENT_REQUIRED => {
                    assert_eq!(answer.headers()["x-should-retry"], "false");
                    assert!(answer.headers().contains_key("x-budget-reset"));
                    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["type"], "billing_error");
                    refused += 1;
                }
                other => panic!("{other}"),
            }
        }
        assert_eq!((answered, refused), (7, 33));
        house.books_balance().await;
        assert_eq!(house.upstream().bill().calls, 7);
    }

    async fn t2_the_last_of_a_budget_is_usable(t: TestDb) {
        let house = House::new(t).await;
        // haiku: $1 and $5 a million tokens. Room for the dearest input of this request and some 400 tokens of output.
        house.limit(BudgetLimits { cost: Some(Money(3_000_000_000)), ..BudgetLimits::default() }).await;
        let response = house.messages(&ask("Hello", true)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let cap: i64 = response.headers()["x-budget-max-tokens"].to_str().unwrap().parse().unwrap();
        assert!((256..1_000).contains(&cap), "{cap}");
        response.text().await.unwrap();
        let sent: Value = serde_json::from_str(&house.upstream().requests()[0].body.to_string()).unwrap();
        assert_eq!(sent["max_tokens"], cap, "the cap is always sent");
        house.books_balance().await;
    }

    async fn a_client_that_leaves_is_charged_for_what_was_made(t: TestDb) {
        let house = House::new(t).await;
        house.upstream().enqueue(Script::texts(&["One ", "two "]).step(Step::Gate("half".into())).step(Step::Text("three.".into())));
        let mut response = house.messages(&ask("Count", true)).send().await.unwrap();
        while !String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()).contains("One") {}
        drop(response);
        house.upstream().reached("half").await.unwrap();
        house.upstream().release("half");
        house.books_balance().await;
        assert_eq!(house.server.meter("prs").await.requests, 1);
    }

    async fn a_provider_that_cannot_now_is_asked_again(t: TestDb) {
        let house = House::new(t).await;
        house.upstream().enqueue(Script::error(529, "overloaded_error", "Overloaded"));
        house.upstream().enqueue(Script::text("Now."));
        let response = house.messages(&ask("Hello", true)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.text().await.unwrap().contains("Now."));
        // One that asks for a long wait is not waited for; its words and its wait are passed on.
        let busy = ApiError::new(429, "rate_limit_error", "Slow down").header("retry-after", "30");
        house.upstream().enqueue(Script { refuse: Some(busy), ..Script::default() });
        let response = house.messages(&ask("Hello", true)).send().await.unwrap();
        assert_eq!((response.status(), response.headers()["retry-after"].to_str().unwrap()), (StatusCode::TOO_MANY_REQUESTS, "30"));
        assert_eq!(response.json::<Value>().await.unwrap()["error"]["type"], "rate_limit_error");
        // What is wrong stays wrong.
        house.upstream().enqueue(Script::error(400, "invalid_request_error", "messages: too strange"));
        let response = house.messages(&ask("Hello", true)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.json::<Value>().await.unwrap()["error"]["message"], "messages: too strange");
        house.books_balance().await;
    }

    async fn an_answer_that_breaks_off_says_so_and_is_booked(t: TestDb) {
        let house = House::new(t).await;
        for kind in [FaultKind::Reset, FaultKind::End] {
            house.upstream().enqueue(Script::texts(&["One ", "two ", "three "]).fault(4, kind));
            let body = house.messages(&ask("Count", true)).send().await.unwrap().text().await.unwrap();
            assert_eq!(event(&body, "error")["error"]["type"], "api_error", "{body}");
        }
        house.upstream().enqueue(Script::text("One ").step(Step::Error(ApiError::new(529, "overloaded_error", "Overloaded"))));
        let body = house.messages(&ask("Count", true)).send().await.unwrap().text().await.unwrap();
        assert_eq!(body.matches("event: error").count(), 1, "its own error is not said twice: {body}");
        house.settled().await;
        let violations = usage::audit_books(&house.server.db).await.unwrap();
        assert!(violations.is_empty(), "{violations:?}");
        let (meter, bill) = (house.server.meter("prs").await, house.upstream().bill());
        assert_eq!((meter.requests, meter.used.input_total()), (bill.calls, bill.input));
        assert!(meter.used.output >= bill.output, "never below the bill: {} < {}", meter.used.output, bill.output);
    }

    async fn what_a_model_may_have_thought_in_secret_is_booked_at_the_cap(t: TestDb) {
        let house = House::new(t).await;
        let body = json!({"model": "gpt-5.4-mini", "max_completion_tokens": 700, "stream": true,
            "messages": [{"role": "user", "content": "Think"}]});
        house.upstream().enqueue(Script::texts(&["One ", "two "]).fault(2, FaultKind::Reset));
        house.post("/v1/chat/completions", &house.key, &body).send().await.unwrap().text().await.unwrap();
        let dearer = json!({"model": "gpt-4o-mini", "service_tier": "priority", "messages": [{"role": "user", "content": "x"}]});
        let refused = house.post("/v1/chat/completions", &house.key, &dearer).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        house.settled().await;
        let meter = house.server.meter("prs").await;
        assert_eq!((meter.requests, meter.used.output), (1, 700));
    }

    async fn a_keys_rates_hold(t: TestDb) {
        let house = House::new(t).await;
        let rated = WantedKey { user: Some(house.user), requests_per_minute: Some(2), ..WantedKey::default() };
        let key = house.key(rated).await;
        let mut left = Vec::new();
        for _ in 0..2 {
            let response = house.post("/v1/messages", &key, &ask("Hello", true)).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            left.push(response.headers()["anthropic-ratelimit-requests-remaining"].to_str().unwrap().to_owned());
            response.text().await.unwrap();
        }
        assert_eq!(left, ["1", "0"]);
        let refused = house.post("/v1/messages", &key, &ask("Hello", true)).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(refused.json::<Value>().await.unwrap()["error"]["type"], "rate_limit_error");
        // Another key of the same person is another key.
        assert_eq!(house.messages(&ask("Hello", true)).send().await.unwrap().status(), StatusCode::OK);
        let alone = house.key(WantedKey { user: Some(house.user), max_concurrent: Some(1), ..WantedKey::default() }).await;
        house.upstream().enqueue(Script::text("One ").step(Step::Gate("on".into())));
        let first = house.post("/v1/messages", &alone, &ask("Hello", true)).send().await.unwrap();
        house.upstream().reached("on").await.unwrap();
        let second = house.post("/v1/messages", &alone, &ask("Hello", true)).send().await.unwrap();
        assert_eq!(second.status(), StatusCode::TOO_MANY_REQUESTS);
        house.upstream().release("on");
        first.text().await.unwrap();
        house.books_balance().await;
    }

    async fn a_trusted_front_end_names_its_people_and_nobody_else_does(t: TestDb) {
        let house = House::new(t).await;
        let other = house.server.tenant("iop").await;
        house.server.account("budi@iop.example", &[(other, Role::Member)]).await;
        house.server.account("citra@prs.example", &[(house.tenant, Role::Member)]).await;
        let front_end = house.key(WantedKey { is_trusted_front_end: true, ..WantedKey::default() }).await;
        let named = |key: &KeyText, email: &str| {
            house.post("/v1/messages", key, &ask("Hello", true)).header("x-openwebui-user-email", email).send()
        };
        assert_eq!(named(&front_end, " Citra@PRS.example").await.unwrap().status(), StatusCode::OK);
        for stranger in ["budi@iop.example", "nobody@prs.example", ""] {
            assert_eq!(named(&front_end, stranger).await.unwrap().status(), StatusCode::FORBIDDEN, "{stranger}");
        }
        let unnamed = house.post("/v1/messages", &front_end, &ask("Hello", true)).send().await.unwrap();
        assert_eq!(unnamed.status(), StatusCode::FORBIDDEN);
        // On another key the header changes nothing.
        assert_eq!(named(&house.key, "citra@prs.example").await.unwrap().status(), StatusCode::OK);
        house.books_balance().await;
        let by_person = calls_by_person(&house).await;
        assert_eq!(by_person, [("ana@prs.example".to_owned(), 1), ("citra@prs.example".to_owned(), 1)]);
    }

    async fn what_cannot_be_asked_is_refused_in_words(t: TestDb) {
        let house = House::new(t).await;
        let only = WantedKey { user: Some(house.user), models: vec!["claude-opus-5".into()], ..WantedKey::default() };
        let only_opus = house.key(only).await;
        let refused = house.post("/v1/messages", &only_opus, &ask("Hello", true)).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::NOT_FOUND);
        let message = refused.json::<Value>().await.unwrap()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("claude-haiku-4-5") && message.contains("claude-opus-5"), "{message}");
        let bodies = [
            (json!({"model": "gpt-9", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}), 404),
            (json!({"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "x"}]}), 400),
            (json!({"model": "claude-haiku-4-5", "max_tokens": 5, "stream": "true", "messages": []}), 400),
            (json!({"model": "claude-haiku-4-5", "max_tokens": 9_300_000_000_000_000_000u64, "messages": []}), 400),
            (json!({"model": 5, "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}), 400),
            (json!([]), 400),
        ];
        for (body, status) in bodies {
            let response = house.messages(&body).send().await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{body}");
            assert!(response.json::<Value>().await.unwrap()["error"]["message"].is_string());
        }
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let url = format!("{}/v1/messages", house.server.base);
        let post = |body: String| http_client().post(&url).bearer_auth(house.key.reveal()).body(body);
        assert_eq!(post(deep).send().await.unwrap().status(), StatusCode::BAD_REQUEST);
        let huge = post("x".repeat(40 * 1024 * 1024)).send().await;
        assert!(huge.is_err() || huge.unwrap().status() == StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(house.upstream().bill().calls, 0, "nothing was sent");
        house.books_balance().await;
    }

    async fn an_openai_client_asks_claude(t: TestDb) {
        let house = House::new(t).await;
        let script = || Script::texts(&["Twelve ", "kWh."]).usage(|usage| { usage.input = Some(90); usage.output = Some(7); });
        for wants_usage in [false, true] {
            house.upstream().enqueue(script());
            let mut body = json!({"model": "claude-haiku-4-5", "max_completion_tokens": 1000, "stream": true, "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "What did it use?"}]});
            if wants_usage {
                body["stream_options"] = json!({"include_usage": true});
            }
            let response = house.post("/v1/chat/completions", &house.key, &body).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let text = response.text().await.unwrap();
            let chunks: Vec<Value> = text
                .split("\n\n")
                .filter_map(|block| block.strip_prefix("data: "))
                .filter(|data| *data != "[DONE]")
                .map(|data| serde_json::from_str(data).unwrap())
                .collect();
            let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
            assert_eq!(said, "Twelve kWh.");
            assert!(text.ends_with("data: [DONE]\n\n"));
            assert!(chunks.iter().any(|chunk| chunk["choices"][0]["finish_reason"] == "stop"), "{text}");
            let usage: Vec<&Value> = chunks.iter().map(|chunk| &chunk["usage"]).filter(|usage| usage.is_object()).collect();
            assert_eq!(usage.len(), usize::from(wants_usage), "{text}");
            if let Some(usage) = usage.first() {
                assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(90), &json!(7)));
            }
        }
        let sent = &house.upstream().requests()[0].body;
        assert_eq!((&sent["max_tokens"], &sent["messages"][0]["role"]), (&json!(1000), &json!("user")), "{sent}");
        assert!(sent["system"].to_string().contains("Be brief."));
        let ollama = json!({"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "Hello"}], "options": {"num_predict": 900}});
        let lines = house.post("/ollama/api/chat", &house.key, &ollama).send().await.unwrap().text().await.unwrap();
        let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        assert_eq!(last["done"], true, "{lines}");
        let untranslatable = json!({"model": "claude-haiku-4-5", "n": 2, "messages": [{"role": "user", "content": "x"}]});
        let refused = house.post("/v1/chat/completions", &house.key, &untranslatable).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert!(refused.json::<Value>().await.unwrap()["error"]["message"].as_str().unwrap().contains("`n`"));
        house.books_balance().await;
    }

    async fn the_models_are_listed_in_each_format(t: TestDb) {
        let house = House::new(t).await;
        let get = |path: &str| http_client().get(format!("{}{path}", house.server.base)).bearer_auth(house.key.reveal());
        let openai: Value = get("/v1/models").send().await.unwrap().json().await.unwrap();
        assert_eq!(openai["object"], "list");
        assert!(openai["data"].as_array().unwrap().iter().any(|model| model["id"] == "claude-haiku-4-5"));
        let anthropic: Value = get("/v1/models").header("anthropic-version", "2023-06-01").send().await.unwrap().json().await.unwrap();
        assert_eq!((&anthropic["has_more"], &anthropic["data"][0]["type"]), (&json!(false), &json!("model")));
        let one: Value = get("/v1/models/claude-haiku-4-5").send().await.unwrap().json().await.unwrap();
        assert_eq!(one["object"], "model");
        assert_eq!(get("/v1/models/none").send().await.unwrap().status(), StatusCode::NOT_FOUND);
        let tags: Value = get("/ollama/api/tags").send().await.unwrap().json().await.unwrap();
        assert!(tags["models"].as_array().unwrap().iter().any(|model| model["model"] == "claude-haiku-4-5"));
        assert_eq!(get("/ollama/api/version").send().await.unwrap().status(), StatusCode::OK);
    }
}

/// Calls of all tenants that are not settled.
async fn open_calls(house: &House) -> i64 {
    #[derive(sqlx::FromRow)]
    struct Row {
        open: i64,
    }
    let mut tx = house.server.db.read_system(SystemReason::AuditOfBooks).await.expect("a transaction");
    let row: Row =
        tx.query("SELECT COUNT(*) AS open FROM model_calls WHERE state = 'open'").one().await.expect("a count");
    row.open
}

/// Calls per person, by e-mail.
async fn calls_by_person(house: &House) -> Vec<(String, i64)> {
    #[derive(sqlx::FromRow)]
    struct Row {
        email: String,
        calls: i64,
    }
    let mut tx = house.server.db.read_system(SystemReason::AuditOfBooks).await.expect("a transaction");
    let rows: Vec<Row> = tx
        .query(
            "SELECT u.email, COUNT(*) AS calls FROM model_calls c JOIN users u ON u.id = c.user_id \
             WHERE c.state <> 'open' GROUP BY u.email ORDER BY u.email",
        )
        .all()
        .await
        .expect("rows");
    rows.into_iter().map(|row| (row.email, row.calls)).collect()
}
