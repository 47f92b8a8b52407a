//! Profiles and their cost rules as stories: clients whose base URL names one come under it, and nobody under another's.
#![expect(clippy::unwrap_used, reason = "tests")]

mod rules;

use std::time::Duration;

use app::model::{BudgetLimits, Money, Role, TenantId, UserId};
use clap::Parser;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use server::{
    cli::{Cli, Command},
    db::{Db, SystemReason},
    identity::api_keys::{self, KeyText, WantedKey},
    usage,
    world::World,
};
use upstream::Script;

use crate::support::{
    db::{TestDb, db_test},
    keys::key_command,
    server::{TestServer, http_client},
};

/// A server, a tenant, a member, and a key of theirs.
pub struct House {
    pub server: TestServer,
    pub tenant: TenantId,
    pub key: KeyText,
}

impl House {
    pub async fn new(t: TestDb) -> Self {
        Self::of(TestServer::start(t).await).await
    }

    pub async fn of(server: TestServer) -> Self {
        let tenant = server.tenant("prs").await;
        let user = server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        let key = make_key(&server, tenant, user).await;
        Self { server, tenant, key }
    }

    pub fn upstream(&self) -> &upstream::Upstream {
        self.server.upstream.as_ref().unwrap()
    }

    /// Runs a command; what it prints.
    pub async fn steward(&self, line: &[&str]) -> String {
        steward(&self.server.db, &self.server.world, line).await.unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    pub fn request(&self, method: Method, path: &str, key: &KeyText) -> RequestBuilder {
        http_client().request(method, format!("{}{path}", self.server.base)).bearer_auth(key.reveal())
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path, &self.key).json(body).send().await.unwrap()
    }

    pub async fn limit(&self, limits: BudgetLimits) {
        let mut tx = self.server.db.begin_system(SystemReason::Administration).await.unwrap();
        usage::set_budget(&mut tx, &self.server.world, self.tenant, limits).await.unwrap();
        tx.commit(self.server.world.id(), self.server.world.now(), "test").await.unwrap();
    }

    /// Waits until what was begun is settled.
    pub async fn settled(&self) {
        let settled = async {
            while self.server.state.gateway.running() > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), settled).await.unwrap();
    }

    /// Everything that was begun is settled; then the books are the provider's bill.
    pub async fn books_balance(&self) {
        self.settled().await;
        self.server.books_balance(&["prs"]).await;
    }

    /// The settled calls, by model, price and length: ids of one instant have no order.
    pub async fn calls(&self) -> Vec<Call> {
        self.settled().await;
        let mut tx = self.server.db.read_system(SystemReason::AuditOfBooks).await.unwrap();
        tx.query(
            "SELECT c.model, c.price_version, c.price_input, c.cost_pico_usd, c.list_cost_pico, c.markup_bp, c.rule, \
             c.baseline_model, c.baseline_cost_pico, p.slug FROM model_calls c \
             LEFT JOIN profiles p ON p.tenant_id = c.tenant_id AND p.id = c.profile_id \
             WHERE c.state = 'settled' ORDER BY c.model, c.price_version, c.input_tokens LIMIT 100",
        )
        .all()
        .await
        .unwrap()
    }
}

/// A settled call.
#[derive(Debug, sqlx::FromRow)]
pub struct Call {
    pub model: String,
    pub price_version: Option<String>,
    pub price_input: Option<i64>,
    pub cost_pico_usd: i64,
    pub list_cost_pico: i64,
    pub markup_bp: i64,
    pub rule: Option<String>,
    pub baseline_model: Option<String>,
    pub baseline_cost_pico: Option<i64>,
    pub slug: Option<String>,
}

/// Runs a command of the program on a database.
pub async fn steward(db: &Db, world: &World, line: &[&str]) -> Result<String, String> {
    let line = std::iter::once("steward").chain(line.iter().copied());
    let done = match Cli::try_parse_from(line).map_err(|error| error.to_string())?.command {
        Command::Profile { command, .. } => command.execute(db, world).await,
        Command::Prices { command, .. } => command.execute(db, world).await,
        Command::Tenant { command, .. } => command.execute(db, world).await,
        _ => panic!("not a command of these stories"),
    };
    done.map_err(|error| error.to_string())
}

pub async fn make_key(server: &TestServer, tenant: TenantId, user: UserId) -> KeyText {
    let mut tx = server.db.begin_system(SystemReason::Administration).await.unwrap();
    let wanted = WantedKey { name: "Test".into(), user: Some(user), ..WantedKey::default() };
    let key = api_keys::create(&mut tx, &server.world, tenant, None, &wanted).await.unwrap();
    tx.commit(server.world.id(), server.world.now(), "test").await.unwrap();
    key
}

/// An Anthropic request that is no side call of the scripted provider's.
pub fn ask(model: &str, text: &str) -> Value {
    json!({"model": model, "max_tokens": 1000, "messages": [{"role": "user", "content": text}]})
}

/// A profile is believed for a second: asks until the answer is that.
async fn until(status: StatusCode, mut ask: impl AsyncFnMut() -> Response) -> Response {
    let waiting = async {
        loop {
            let response = ask().await;
            if response.status() == status {
                return response;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), waiting).await.unwrap()
}

async fn error_of(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let mut body: Value = response.json().await.unwrap();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    (status, body)
}

db_test! {
    async fn a_profile_decides_for_its_clients(t: TestDb) {
        let house = House::new(t).await;
        let files = tempfile::tempdir().unwrap();
        let prompt = files.path().join("prompt.txt");
        std::fs::write(&prompt, "Be kind.\n").unwrap();
        let prompt = prompt.to_str().unwrap();
        let made = house.steward(&["profile", "create", "prs", "support", "--model", "claude-haiku-4-5",
            "--prompt-file", prompt, "--no-tools", "--max-output", "300"]).await;
        assert!(made.contains("/v1/openai/support") && made.contains("/ollama/support"), "{made}");

        let chat = json!({"model": "whatever", "messages": [{"role": "user", "content": "Hello"}]});
        let own = json!({"model": "x", "max_tokens": 1000, "system": [{"type": "text", "text": "Mine.", "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": "Hello"}]});
        let lines = json!({"model": "x", "messages": [{"role": "user", "content": "Hello"}], "stream": false});
        let asked = [
            ("/v1/openai/support/chat/completions", &chat),
            ("/v1/anthropic/support/messages", &own),
            ("/v1/anthropic/support/v1/messages", &own),
            ("/ollama/support/api/chat", &lines),
            ("/v1/ollama/support/api/chat", &lines),
        ];
        for (at, (path, body)) in asked.into_iter().enumerate() {
            let response = house.post(path, body).await;
            let status = response.status();
            assert_eq!(status, StatusCode::OK, "{path}: {}", response.text().await.unwrap());
            let sent = house.upstream().requests()[at].body.clone();
            assert_eq!((&sent["model"], &sent["max_tokens"]), (&json!("claude-haiku-4-5"), &json!(300)), "{path}: {sent}");
            let system = sent["system"].to_string();
            assert!(system.contains("Be kind."), "{path}: {sent}");
            if system.contains("Mine.") {
                assert_eq!(sent["system"][0], json!({"type": "text", "text": "Be kind."}), "first, and apart");
                assert_eq!(sent["system"][1]["cache_control"]["type"], "ephemeral");
            }
        }
        let tools = json!({"model": "x", "messages": [{"role": "user", "content": "x"}],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]});
        let (status, body) = error_of(house.post("/v1/openai/support/chat/completions", &tools).await).await;
        assert_eq!((status, &body["error"]["param"]), (400, &json!("tools")), "{body}");

        let get = async |path: &str| house.request(Method::GET, path, &house.key).send().await.unwrap();
        let openai: Value = get("/v1/openai/support/models").await.json().await.unwrap();
        assert_eq!((openai["data"].as_array().unwrap().len(), &openai["data"][0]["id"]), (1, &json!("claude-haiku-4-5")));
        let anthropic: Value = get("/v1/anthropic/support/v1/models").await.json().await.unwrap();
        assert_eq!((&anthropic["has_more"], &anthropic["data"][0]["type"]), (&json!(false), &json!("model")));
        let tags: Value = get("/ollama/support/api/tags").await.json().await.unwrap();
        assert_eq!(tags["models"].as_array().unwrap().len(), 1);
        assert_eq!(get("/v1/openai/support/models/claude-haiku-4-5").await.status(), StatusCode::OK);
        assert_eq!(get("/v1/openai/support/models/claude-opus-4-5").await.status(), StatusCode::NOT_FOUND);
        assert_eq!(get("/ollama/support/api/version").await.status(), StatusCode::OK);

        // The format is in the address: what is of another is not there, and says so in its words.
        let (status, body) = error_of(house.post("/v1/openai/support/messages", &own).await).await;
        assert!(status == 404 && body["error"]["code"].is_string(), "{body}");
        let (status, body) = error_of(house.post("/v1/anthropic/support/chat/completions", &chat).await).await;
        assert_eq!((status, &body["type"], &body["error"]["type"]), (404, &json!("error"), &json!("not_found_error")));
        let (status, body) = error_of(house.post("/ollama/support/v1/messages", &own).await).await;
        assert!(status == 404 && body["error"].is_string(), "{body}");
        let nobody = http_client().post(format!("{}/v1/openai/support/messages", house.server.base)).send().await.unwrap();
        assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);

        assert!(house.calls().await.iter().all(|call| call.slug.as_deref() == Some("support")));
        house.books_balance().await;
    }

    async fn another_tenants_profile_is_like_none(t: TestDb) {
        let house = House::new(t).await;
        let other = house.server.tenant("iop").await;
        let budi = house.server.account("budi@iop.example", &[(other, Role::Member)]).await;
        let stranger = make_key(&house.server, other, budi).await;
        house.steward(&["profile", "create", "prs", "support", "--model", "claude-haiku-4-5"]).await;
        house.steward(&["profile", "create", "prs", "closed"]).await;
        house.steward(&["profile", "disable", "prs", "closed"]).await;
        let paths = [
            ("/v1/openai/NAME/chat/completions", Method::POST),
            ("/v1/anthropic/NAME/messages", Method::POST),
            ("/v1/anthropic/NAME/v1/messages", Method::POST),
            ("/ollama/NAME/api/chat", Method::POST),
            ("/v1/openai/NAME/models", Method::GET),
            ("/v1/anthropic/NAME/models/claude-haiku-4-5", Method::GET),
            ("/ollama/NAME/api/tags", Method::GET),
        ];
        let answer = async |key: &KeyText, method: &Method, path: &str, slug: &str| {
            let request = house.request(method.clone(), &path.replace("NAME", slug), key).json(&ask("x", "Hello"));
            let (status, body) = error_of(request.send().await.unwrap()).await;
            (status, body.to_string().replace(slug, "NAME"))
        };
        for (path, method) in paths {
            let unknown = answer(&stranger, &method, path, "nothing").await;
            assert_eq!(unknown.0, 404, "{path}");
            assert_eq!(answer(&stranger, &method, path, "support").await, unknown, "{path}");
            assert_eq!(answer(&house.key, &method, path, "closed").await, unknown, "{path}");
            assert_eq!(answer(&house.key, &method, path, &"x".repeat(500)).await.0, 404, "{path}");
        }
        assert_eq!(house.upstream().bill().calls, 0);
    }

    async fn a_bound_key_is_under_its_profile_everywhere(t: TestDb) {
        let house = House::new(t).await;
        house.steward(&["profile", "create", "prs", "support", "--model", "claude-haiku-4-5", "--max-output", "50"]).await;
        house.steward(&["profile", "create", "prs", "other"]).await;
        house.steward(&["profile", "bind", "prs", "support", house.key.public_id()]).await;
        let response = house.post("/v1/messages", &ask("claude-opus-4-5", "Hello")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["x-steward-model"], "claude-haiku-4-5");
        assert!(!response.headers().contains_key("x-budget-max-tokens"), "no budget asked for less");
        assert_eq!(house.upstream().requests()[0].body["max_tokens"], 50);
        let models = house.request(Method::GET, "/v1/models", &house.key).send().await.unwrap();
        assert_eq!(models.json::<Value>().await.unwrap()["data"].as_array().unwrap().len(), 1);
        assert_eq!(house.post("/v1/anthropic/support/messages", &ask("x", "Hello")).await.status(), StatusCode::OK);
        let (other, unknown) = (
            error_of(house.post("/v1/anthropic/other/messages", &ask("x", "Hello")).await).await,
            error_of(house.post("/v1/anthropic/otter/messages", &ask("x", "Hello")).await).await,
        );
        assert_eq!((other.0, other.1.to_string()), (404, unknown.1.to_string().replace("otter", "other")));
        // Without its profile the key is good for nothing, rather than for everything.
        house.steward(&["profile", "disable", "prs", "support"]).await;
        until(StatusCode::NOT_FOUND, async || house.post("/v1/messages", &ask("x", "Hello")).await).await;
        house.steward(&["profile", "unbind", "prs", house.key.public_id()]).await;
        until(StatusCode::OK, async || house.post("/v1/messages", &ask("claude-haiku-4-5", "Hello")).await).await;
        house.settled().await;
        let violations = usage::audit_books(&house.server.db).await.unwrap();
        assert!(violations.is_empty(), "{violations:?}");
    }

    async fn a_key_is_made_for_a_profile(t: TestDb) {
        let house = House::new(t).await;
        house.steward(&["profile", "create", "prs", "support", "--model", "claude-haiku-4-5"]).await;
        let make = ["create", "prs", "--name", "Editor", "--profile"];
        let told = key_command(&house.server, &[&make[..], &["support"]].concat()).await.unwrap();
        let id = told.split('_').nth(1).unwrap();
        let mut tx = house.server.db.read_system(SystemReason::Administration).await.unwrap();
        let books = server::db::ledger::Books::within(&tx, house.tenant);
        let profile = server::db::profile::profile_by_slug(books, &mut tx, "support").await.unwrap().unwrap();
        let key = server::db::api_key::api_key_find(&mut tx, id).await.unwrap().unwrap();
        assert_eq!(key.profile, Some(profile.id));
        let refused = key_command(&house.server, &[&make[..], &["otter"]].concat()).await.unwrap_err();
        assert!(refused.contains("there is no profile otter in prs"), "{refused}");
    }

    async fn a_profiles_budget_holds_under_any_name(t: TestDb) {
        use server::db::{budget::{BudgetKey, Period, ScopeKind, budget_put}, ledger::Books, profile::profile_by_slug};
        let house = House::new(t).await;
        house.steward(&["profile", "create", "prs", "support", "--model", "claude-haiku-4-5"]).await;
        let world = &house.server.world;
        let mut tx = house.server.db.begin_system(SystemReason::Administration).await.unwrap();
        let books = Books::within(&tx, house.tenant);
        let profile = profile_by_slug(books, &mut tx, "support").await.unwrap().unwrap();
        let key = BudgetKey { scope: ScopeKind::Profile, scope_id: profile.id.0, period: Period::Month };
        let limits = BudgetLimits { requests: Some(1), ..BudgetLimits::default() };
        budget_put(books, &mut tx, world.id(), key, limits, world.now()).await.unwrap();
        tx.commit(world.id(), world.now(), "test").await.unwrap();
        assert_eq!(house.post("/v1/anthropic/support/messages", &ask("x", "Hello")).await.status(), StatusCode::OK);
        let refused = house.post("/v1/anthropic/support/messages", &ask("x", "Hello")).await;
        assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
        assert_eq!(house.post("/v1/messages", &ask("claude-haiku-4-5", "Hello")).await.status(), StatusCode::OK, "its own");
        house.steward(&["profile", "set", "prs", "support", "--rename", "help-desk"]).await;
        let refused = house.post("/v1/anthropic/help-desk/messages", &ask("x", "Hello")).await;
        assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED, "the same books");
        until(StatusCode::NOT_FOUND, async || house.post("/v1/anthropic/support/messages", &ask("x", "Hello")).await).await;
        let mut slugs: Vec<_> = house.calls().await.into_iter().map(|call| call.slug).collect();
        slugs.sort();
        assert_eq!(slugs, [None, Some("help-desk".to_owned())]);
        house.books_balance().await;
    }

    async fn what_a_model_does_not_answer_goes_to_the_next(t: TestDb) {
        let chains = ["--fallbacks", "claude-haiku-4-5>claude-sonnet-4-6"];
        let house = House::of(TestServer::start_with(t, &chains, true).await).await;
        let overloaded = || Script::error(529, "overloaded_error", "Overloaded");
        let model = |response: &Response| response.headers()["x-steward-model"].to_str().unwrap().to_owned();
        house.upstream().enqueue(overloaded());
        house.upstream().enqueue(overloaded());
        house.upstream().enqueue(Script::text("Sonnet here."));
        let response = house.post("/v1/messages", &ask("claude-haiku-4-5", "Hello")).await;
        assert_eq!((response.status(), model(&response).as_str()), (StatusCode::OK, "claude-sonnet-4-6"));
        response.text().await.unwrap();
        // A profile's own come before the server's, across formats too.
        house.steward(&["profile", "create", "prs", "safe", "--model", "claude-haiku-4-5", "--fallback", "gpt-4o-mini,claude-sonnet-4-6"]).await;
        house.upstream().enqueue(overloaded());
        house.upstream().enqueue(overloaded());
        house.upstream().enqueue(Script::text("GPT here."));
        let response = house.post("/v1/anthropic/safe/messages", &ask("x", "Hello")).await;
        assert_eq!((response.status(), model(&response).as_str()), (StatusCode::OK, "gpt-4o-mini"));
        assert_eq!(response.json::<Value>().await.unwrap()["content"][0]["text"], "GPT here.");
        // What another format cannot say is not sent to it, but to the one after it.
        house.upstream().enqueue(overloaded());
        house.upstream().enqueue(overloaded());
        house.upstream().enqueue(Script::text("Sonnet again."));
        let mut body = ask("x", "Hello");
        body["top_k"] = json!(5);
        let response = house.post("/v1/anthropic/safe/messages", &body).await;
        assert_eq!((response.status(), model(&response).as_str()), (StatusCode::OK, "claude-sonnet-4-6"));
        response.text().await.unwrap();
        house.books_balance().await;
        let priced: Vec<_> = house.calls().await.into_iter().map(|call| call.model).collect();
        assert_eq!(priced, ["claude-sonnet-4-6", "claude-sonnet-4-6", "gpt-4o-mini"]);
    }
}

/// A dollar is this much.
pub const DOLLAR: i64 = 1_000_000_000_000;

/// As a limit.
pub fn dollars(limit: i64) -> BudgetLimits {
    BudgetLimits { cost: Some(Money(limit)), ..BudgetLimits::default() }
}
