//! A whole server on a port of its own, and people who use it over HTTP: what a story needs.

use std::{net::SocketAddr, time::Duration};

use app::model::{Role, TenantCode, TenantId, UserId};
use clap::Parser;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use server::{
    cli::{Cli, Command},
    db::{
        Db, SystemReason,
        tenant::{NewTenant, membership_put, tenant_insert},
        user::user_insert,
    },
    state::{AppState, Parts},
    usage,
    world::World,
};
use tokio::{net::TcpListener, sync::OnceCell, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use upstream::Upstream;

use super::db::TestDb;

/// Everybody's password in the stories.
pub const PASSWORD: &str = "correct horse battery staple";

/// Made once: it is meant to take long.
static PASSWORD_HASH: OnceCell<String> = OnceCell::const_new();

/// A running server on a database of its own.
pub struct TestServer {
    pub base: String,
    pub state: AppState,
    pub db: Db,
    pub world: World,
    /// The provider it asks; `None`: the demo model.
    pub upstream: Option<Upstream>,
    password_hash: String,
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
    _database: TestDb,
}

impl TestServer {
    /// With the scripted provider.
    pub async fn start(database: TestDb) -> Self {
        let upstream = Upstream::start().await.expect("the scripted provider");
        Self::launch(database, Some(upstream), &[]).await
    }

    /// With the built-in demo model.
    pub async fn start_with_demo_model(database: TestDb) -> Self {
        Self::launch(database, None, &[]).await
    }

    /// With more on its command line, and the scripted provider or the demo model.
    pub async fn start_with(database: TestDb, arguments: &[&str], has_upstream: bool) -> Self {
        let upstream = if has_upstream { Some(Upstream::start().await.expect("the scripted provider")) } else { None };
        Self::launch(database, upstream, arguments).await
    }

    async fn launch(database: TestDb, upstream: Option<Upstream>, arguments: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let base = format!("http://{address}");
        let mut line = vec!["steward".to_owned(), "serve".into(), "--public-url".into(), base.clone()];
        line.extend(["--demo-pace".into(), "fast".into(), "--hash-files".into(), "false".into()]);
        line.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        if let Some(upstream) = &upstream {
            line.extend(["--anthropic-api-key".into(), "test-key".into()]);
            line.extend(["--anthropic-base-url".into(), upstream.url()]);
            line.extend(["--model".into(), "claude-haiku-4-5".into()]);
            line.extend(["--openai-api-key".into(), "test-key".into()]);
            line.extend(["--openai-base-url".into(), format!("{}/v1", upstream.url())]);
            line.extend(["--ollama-base-url".into(), upstream.url(), "--ollama-models".into(), "llama3.2".into()]);
        }
        let Command::Serve(args) = Cli::parse_from(line).command else { unreachable!("the command is serve") };
        let parts = Parts {
            db: database.db.clone(),
            world: database.world.clone(),
            http: args.http,
            model: args.model,
            attachments: args.attachments,
            metrics: None,
            spill: usage::Spill::nowhere(),
        };
        let state = AppState::wire(parts).await.expect("a server");
        let hash = async || state.auth.passwords.hash(PASSWORD).await.expect("a hash");
        let password_hash = PASSWORD_HASH.get_or_init(hash).await.clone();
        let stop = CancellationToken::new();
        let (serving_state, stopped) = (state.clone(), stop.clone().cancelled_owned());
        let serving = tokio::spawn(async move {
            server::serve(serving_state, listener, stopped, Duration::from_secs(1)).await.expect("serving");
        });
        Self {
            base,
            state,
            db: database.db.clone(),
            world: database.world.clone(),
            upstream,
            password_hash,
            stop,
            serving: Some(serving),
            _database: database,
        }
    }

    /// A tenant with the default budget.
    pub async fn tenant(&self, code: &str) -> TenantId {
        let id: TenantId = self.world.id();
        let now = self.world.now();
        let new = NewTenant {
            id,
            code: code.parse().expect("a code"),
            name: format!("CANARY-{code}-NAME"),
            assistant: format!("CANARY-{code}-ASSISTANT"),
            time_zone: chrono_tz::Asia::Jakarta,
            currency: "IDR".into(),
            prompts: vec![format!("CANARY-{code}-PROMPT")],
            contact: format!("canary-{code}-contact@example.com"),
        };
        let mut tx = self.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        tenant_insert(&mut tx, &new, now).await.expect("a tenant");
        usage::set_budget(&mut tx, &self.world, id, usage::default_limits()).await.expect("a budget");
        tx.commit(self.world.id(), now, "test").await.expect("a commit");
        id
    }

    /// A person with roles in tenants, signed in with a browser.
    pub async fn person(&self, email: &str, roles: &[(TenantId, Role)]) -> Browser {
        self.account(email, roles).await;
        self.sign_in(email).await
    }

    /// A person without a session.
    pub async fn account(&self, email: &str, roles: &[(TenantId, Role)]) -> UserId {
        let id: UserId = self.world.id();
        let now = self.world.now();
        let mut tx = self.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        user_insert(&mut tx, id, email, &format!("Name of {email}"), Some(&self.password_hash), now)
            .await
            .expect("a person");
        for (tenant, role) in roles {
            membership_put(&mut tx, *tenant, id, *role, now).await.expect("a membership");
        }
        tx.commit(self.world.id(), now, "test").await.expect("a commit");
        id
    }

    async fn sign_in(&self, email: &str) -> Browser {
        let response = self
            .nobody()
            .request(Method::POST, "/login")
            .form(&[("email", email), ("password", PASSWORD)])
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{email} signs in");
        let cookie = response.headers().get(header::SET_COOKIE).expect("a cookie").to_str().expect("text");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        Browser { base: self.base.clone(), http: http_client(), cookie: Some(cookie), bearer: None }
    }

    /// A browser without a session.
    pub fn nobody(&self) -> Browser {
        Browser { base: self.base.clone(), http: http_client(), cookie: None, bearer: None }
    }

    /// An API client with a token for one tenant.
    pub async fn api(&self, email: &str, tenant: &str) -> Browser {
        let answer: Value = self
            .nobody()
            .request(Method::POST, "/api/auth/login")
            .json(&json!({"email": email, "password": PASSWORD, "tenant": tenant}))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned();
        Browser { base: self.base.clone(), http: http_client(), cookie: None, bearer: Some(token) }
    }

    /// Closes a story that spends: every token the provider billed is in the ledger, and the books balance.
    pub async fn books_balance(&self, tenants: &[&str]) {
        let violations = usage::audit_books(&self.db).await.expect("an audit");
        assert!(violations.is_empty(), "the books do not balance: {violations:#?}");
        let Some(upstream) = &self.upstream else { return };
        let bill = upstream.bill();
        let (mut input, mut output, mut requests) = (0, 0, 0);
        for code in tenants {
            let meter = self.meter(code).await;
            input += meter.used.input_total();
            output += meter.used.output;
            requests += meter.requests;
        }
        let billed_input = bill.input + bill.cache_read + bill.cache_write;
        assert_eq!((requests, input, output), (bill.calls, billed_input, bill.output), "ledger = the provider's bill");
    }

    /// A tenant's month, read behind the scenes.
    pub async fn meter(&self, code: &str) -> app::model::UsageMeter {
        let code: TenantCode = code.parse().expect("a code");
        let admin = self.account(&format!("{}@meter.example", self.world.id::<UserId>()), &[]).await;
        let mut tx = self.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        let tenant =
            server::db::tenant::tenant_find_by_code(&mut tx, &code).await.expect("a tenant").expect("it exists").id;
        membership_put(&mut tx, tenant, admin, Role::Admin, self.world.now()).await.expect("a membership");
        tx.commit(self.world.id(), self.world.now(), "test").await.expect("a commit");
        let caller = app::backend::Caller { user: admin, session: self.world.id(), request_id: "test".into() };
        self.state.backend.usage_meter(&caller, &code).await.expect("a meter")
    }

    /// Stops the server as SIGTERM would, and waits for it.
    pub async fn shut_down(&mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            serving.await.expect("a clean end");
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A client that follows nothing and waits 20 seconds at most. Nothing it talks to has a certificate, and reading the
/// system's takes longer than most stories.
pub fn http_client() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "the other side of the wire")]
    let builder = reqwest::Client::builder();
    builder
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .no_proxy()
        .tls_certs_only([])
        .build()
        .expect("a client")
}

/// Somebody on the other side of the wire.
#[derive(Clone)]
pub struct Browser {
    base: String,
    http: reqwest::Client,
    cookie: Option<String>,
    bearer: Option<String>,
}

impl Browser {
    /// A request as this browser or client makes it: same-origin, with its credentials.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie).header("sec-fetch-site", "same-origin");
        }
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer);
        }
        request
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.expect("an answer")
    }

    /// Calls a server function that takes JSON.
    pub async fn call(&self, function: &str, arguments: Value) -> (StatusCode, Value) {
        let response =
            self.request(Method::POST, &format!("/fn/{function}")).json(&arguments).send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Posts a form to a server function, as a script does.
    pub async fn post_form(&self, function: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let response = self
            .request(Method::POST, &format!("/fn/{function}"))
            .header(header::ACCEPT, "application/json")
            .form(fields)
            .send()
            .await
            .expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Asks over REST and waits for the whole answer.
    pub async fn ask(&self, body: Value) -> (StatusCode, Value) {
        let response = self.request(Method::POST, "/api/chat").json(&body).send().await.expect("an answer");
        (response.status(), response.json().await.expect("JSON"))
    }
}
