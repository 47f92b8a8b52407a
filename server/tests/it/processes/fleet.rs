//! `steward serve` as several processes on one database, a scripted provider, tenants with keys, and a look into the
//! books behind their backs.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use app::model::{BudgetLimits, Role, TenantId, UserId};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use server::{
    db::{
        Db, DbConfig, SystemReason,
        tenant::{NewTenant, membership_put, tenant_insert},
        user::user_insert,
    },
    identity::api_keys::{self, WantedKey},
    usage,
    world::World,
};
use upstream::Upstream;

use crate::support::db::TestDb;

/// Nothing takes this long unless it hangs; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(90);
/// A free port may be taken by somebody else until the program binds it.
const TRIES_TO_START: usize = 5;

pub struct Fleet {
    pub upstream: Upstream,
    pub db: Db,
    /// The programs read the real clock, so their tenants live in it.
    pub world: World,
    pub http: reqwest::Client,
    config: DbConfig,
    _database: TestDb,
}

/// A tenant, and a key of a member.
#[derive(Clone)]
pub struct Client {
    pub tenant: TenantId,
    pub key: String,
}

/// A running server; killed, as `kill -9` does, when dropped.
pub struct Process {
    child: Child,
    pub base: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In which format somebody asks, and how.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    Messages { stream: bool },
    Completions { stream: bool },
}

impl Format {
    /// A different one for neighbours.
    pub fn nth(at: usize) -> Self {
        let stream = (at / 2).is_multiple_of(2);
        if at.is_multiple_of(2) { Self::Messages { stream } } else { Self::Completions { stream } }
    }
}

/// How a call ended for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Answer,
    OverBudget,
}

/// What is booked of a tenant's settled calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Booked {
    pub calls: i64,
    /// All classes.
    pub input: i64,
    pub output: i64,
    pub cost: i64,
}

/// The windows of a tenant together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Windows {
    pub requests: i64,
    pub cost: i64,
    /// Requests that are held.
    pub held: i64,
    pub unknown: i64,
}

impl Fleet {
    pub async fn new(database: TestDb) -> Self {
        let upstream = Upstream::start().await.expect("the scripted provider");
        #[expect(clippy::disallowed_methods, reason = "the other side of the wire")]
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().expect("a client");
        Self {
            upstream,
            db: database.db.clone(),
            world: World::real(),
            http,
            config: database.config.clone(),
            _database: database,
        }
    }

    /// The program with this database.
    pub fn command(&self) -> Command {
        self.with_database(Command::new(env!("CARGO_BIN_EXE_steward")))
    }

    /// The program where no file can grow beyond so many blocks of 512 bytes, as on a disk that is full.
    pub fn command_on_full_disk(&self, blocks: u32) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh", &blocks.to_string()]);
        command.arg(env!("CARGO_BIN_EXE_steward"));
        self.with_database(command)
    }

    fn with_database(&self, mut command: Command) -> Command {
        command.env_clear().env("STEWARD_LOG", "error");
        match &self.config {
            DbConfig::Sqlite { path } => command.env("STEWARD_DATA_DIR", path.parent().expect("a folder")),
            DbConfig::Postgres { url, .. } => command
                .env("DATABASE_URL", url)
                .env("DATABASE_CONNECTIONS", "8")
                .env("STEWARD_DATA_DIR", env!("CARGO_TARGET_TMPDIR")),
        };
        command
    }

    /// Starts a server and waits until it is ready.
    pub async fn serve(&self) -> Process {
        self.serve_as(|| self.command(), &[]).await
    }

    /// With settings that replace the usual ones.
    pub async fn serve_as(&self, command: impl Fn() -> Command, settings: &[(&str, &str)]) -> Process {
        for _ in 0..TRIES_TO_START {
            let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
            let child = command()
                .args(["serve", "--hash-files", "false", "--addr", &format!("127.0.0.1:{port}")])
                .env("ANTHROPIC_API_KEY", "test-key")
                .env("ANTHROPIC_BASE_URL", self.upstream.url())
                .env("STEWARD_MODEL", "claude-haiku-4-5")
                .env("OPENAI_API_KEY", "test-key")
                .env("OPENAI_BASE_URL", format!("{}/v1", self.upstream.url()))
                .envs(settings.iter().copied())
                .stdout(Stdio::null())
                .spawn()
                .expect("the program starts");
            let mut process = Process { child, base: format!("http://127.0.0.1:{port}") };
            if self.is_ready(&mut process).await {
                return process;
            }
        }
        panic!("the program does not start");
    }

    /// Whether it comes up; not, when it ended instead.
    async fn is_ready(&self, process: &mut Process) -> bool {
        let begin = Instant::now();
        let ready = format!("{}/readyz", process.base);
        while begin.elapsed() < PATIENCE {
            if self.http.get(&ready).send().await.is_ok_and(|response| response.status().is_success()) {
                return process.child.try_wait().expect("its state").is_none();
            }
            if process.child.try_wait().expect("its state").is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not ready in time");
    }

    /// A new tenant with a monthly budget, and a key of its one member.
    pub async fn client(&self, code: &str, limits: BudgetLimits) -> Client {
        let (tenant, user): (TenantId, UserId) = (self.world.id(), self.world.id());
        let now = self.world.now();
        let new = NewTenant {
            id: tenant,
            code: code.parse().expect("a code"),
            name: code.to_owned(),
            assistant: "Wira".into(),
            time_zone: chrono_tz::Asia::Jakarta,
            currency: "IDR".into(),
            prompts: Vec::new(),
            contact: format!("admin@{code}.example"),
        };
        let mut tx = self.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        tenant_insert(&mut tx, &new, now).await.expect("a tenant");
        user_insert(&mut tx, user, &format!("ana@{code}.example"), "Ana", None, now).await.expect("a person");
        membership_put(&mut tx, tenant, user, Role::Member, now).await.expect("a membership");
        usage::set_budget(&mut tx, &self.world, tenant, limits).await.expect("a budget");
        let wanted = WantedKey { name: "Test".into(), user: Some(user), ..WantedKey::default() };
        let key = api_keys::create(&mut tx, &self.world, tenant, None, &wanted).await.expect("a key").reveal();
        tx.commit(self.world.id(), now, "test").await.expect("a commit");
        Client { tenant, key }
    }

    /// A request that may be 1,000 tokens long.
    pub fn request(&self, server: &Process, client: &Client, format: Format, text: &str) -> RequestBuilder {
        let messages = json!([{"role": "user", "content": text}]);
        let (path, body) = match format {
            Format::Messages { stream } => (
                "/v1/messages",
                json!({"model": "claude-haiku-4-5", "max_tokens": 1_000, "stream": stream, "messages": messages}),
            ),
            Format::Completions { stream } => (
                "/v1/chat/completions",
                json!({"model": "gpt-4o-mini", "max_completion_tokens": 1_000, "stream": stream, "messages": messages}),
            ),
        };
        self.http.post(format!("{}{path}", server.base)).bearer_auth(&client.key).json(&body)
    }

    /// Asks and reads the answer to its end; anything but an answer or a budget that is used up is a failure.
    pub async fn ask(&self, server: &Process, client: &Client, format: Format, text: &str) -> Told {
        let response = self.request(server, client, format, text).send().await.expect("a response");
        told(format, response).await
    }

    /// What is booked.
    pub async fn booked(&self, client: &Client) -> Booked {
        let mut tx = self.db.read_system(SystemReason::AuditOfBooks).await.expect("a transaction");
        let query = tx.query(
            "SELECT COUNT(*) AS calls, \
             CAST(COALESCE(SUM(input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens), 0) \
             AS BIGINT) AS input, CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output, \
             CAST(COALESCE(SUM(cost_pico_usd), 0) AS BIGINT) AS cost \
             FROM model_calls WHERE tenant_id = $1 AND state = 'settled'",
        );
        query.bind(client.tenant).one().await.expect("sums")
    }

    pub async fn windows(&self, client: &Client) -> Windows {
        let mut tx = self.db.read_system(SystemReason::AuditOfBooks).await.expect("a transaction");
        let query = tx.query(
            "SELECT CAST(COALESCE(SUM(settled_requests), 0) AS BIGINT) AS requests, \
             CAST(COALESCE(SUM(settled_pico_usd), 0) AS BIGINT) AS cost, \
             CAST(COALESCE(SUM(reserved_requests), 0) AS BIGINT) AS held, \
             CAST(COALESCE(SUM(unknown_calls), 0) AS BIGINT) AS unknown \
             FROM budget_windows WHERE tenant_id = $1",
        );
        query.bind(client.tenant).one().await.expect("sums")
    }

    /// Calls of all tenants that are not settled.
    pub async fn open_calls(&self) -> i64 {
        #[derive(sqlx::FromRow)]
        struct Row {
            open: i64,
        }
        let mut tx = self.db.read_system(SystemReason::AuditOfBooks).await.expect("a transaction");
        let row: Row =
            tx.query("SELECT COUNT(*) AS open FROM model_calls WHERE state = 'open'").one().await.expect("a count");
        row.open
    }

    /// Waits until so many calls are open.
    pub async fn until_open(&self, count: i64) {
        until(&format!("{count} calls are open"), async || (self.open_calls().await == count).then_some(())).await;
    }

    /// As if the minute had passed after which a silent process is taken for dead.
    pub async fn age_leases(&self) {
        let mut tx = self.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        tx.query("UPDATE model_calls SET lease_until = 0 WHERE state = 'open'").execute().await.expect("an update");
        tx.commit(self.world.id(), self.world.now(), "test").await.expect("a commit");
    }

    /// The theorem holds, by the library and by the program.
    pub async fn audit(&self) {
        let violations = usage::audit_books(&self.db).await.expect("an audit");
        assert!(violations.is_empty(), "the books do not balance: {violations:#?}");
        let output = self.command().arg("audit").output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Reads a response to its end.
pub async fn told(format: Format, response: Response) -> Told {
    let status = response.status();
    let body = response.text().await.expect("a whole body");
    match (status, format) {
        (StatusCode::OK, _) => {
            let end = match format {
                Format::Messages { .. } => "stop_reason",
                Format::Completions { .. } => "finish_reason",
            };
            assert!(body.contains(end) && !body.contains("\"error\""), "{format:?}: {body}");
            Told::Answer
        }
        (StatusCode::PAYMENT_REQUIRED, Format::Messages { .. })
        | (StatusCode::TOO_MANY_REQUESTS, Format::Completions { .. }) => {
            let error: Value = serde_json::from_str(&body).expect("JSON");
            let kind = error["error"]["type"].as_str().unwrap_or_default();
            assert!(matches!(kind, "billing_error" | "budget_exceeded"), "{body}");
            Told::OverBudget
        }
        _ => panic!("{format:?}: {status} {body}"),
    }
}

/// Asks again until there is an answer.
pub async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
