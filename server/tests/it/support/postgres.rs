//! One throw-away PostgreSQL for this test process, one database per test: a copy of one that was migrated once.
//!
//! The cluster is started at the first use and gone when the process ends, however it ends. No set-up, no network, no
//! environment needed; where PostgreSQL is not installed the tests fail and say so.
//!
//! `STEWARD_TEST_PG_ADMIN_URL` names a cluster to use instead: a superuser's URL, with the roles `steward_owner` and
//! `steward_app` (both `LOGIN PASSWORD 'steward' NOSUPERUSER NOBYPASSRLS`) already there.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use server::db::DbConfig;

use super::db::migrate;

/// Creates a migrated database; gives the application role's URL and the owner's.
pub async fn fresh_database() -> (String, String) {
    tokio::task::spawn_blocking(|| Cluster::of_this_process().fresh_database()).await.expect("a database for the test")
}

struct Cluster {
    admin_url: String,
    /// The script that runs the cluster throws it away when this closes.
    _lifeline: Option<ChildStdin>,
}

impl Cluster {
    /// # Panics
    /// PostgreSQL is not installed or did not start: says what to do about it.
    fn of_this_process() -> &'static Self {
        static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
        match CLUSTER.get_or_init(Self::given_or_started) {
            Ok(cluster) => cluster,
            Err(reason) => panic!("no PostgreSQL for the tests: {reason}"),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the tests' one setting")]
    fn given_or_started() -> Result<Self, String> {
        match std::env::var("STEWARD_TEST_PG_ADMIN_URL") {
            Ok(admin_url) => Ok(Self { admin_url, _lifeline: None }),
            Err(_) => Self::start(),
        }
    }

    fn start() -> Result<Self, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../end2end/tools/postgres.sh");
        let mut child = Command::new(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} could not be run: {error}", script.display()))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(lifeline), Some(stdout), Some(mut stderr)) = (stdin, stdout, stderr) else {
            return Err("the pipes to postgres.sh are missing".to_owned());
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(|error| format!("postgres.sh: {error}"))?;
        if line.is_empty() {
            let mut reason = String::new();
            stderr.read_to_string(&mut reason).map_err(|error| format!("postgres.sh: {error}"))?;
            return Err(reason.trim().to_owned());
        }
        Ok(Self { admin_url: line.trim().to_owned(), _lifeline: Some(lifeline) })
    }

    fn fresh_database(&self) -> (String, String) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        static MIGRATED: OnceLock<String> = OnceLock::new();
        let template = MIGRATED.get_or_init(|| {
            let name = format!("steward_migrated_{}", std::process::id());
            let (url, owner_url) = self.create(&name, "template0");
            migrate(DbConfig::Postgres { url, owner_url: Some(owner_url), max_connections: 1 });
            name
        });
        let name = format!("steward_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        self.create(&name, template)
    }

    fn create(&self, name: &str, template: &str) -> (String, String) {
        let create = format!("CREATE DATABASE {name} OWNER steward_owner TEMPLATE {template}");
        let done = Command::new("psql")
            .args(["-qX", "-v", "ON_ERROR_STOP=1", &self.admin_url, "-c", &create])
            .status()
            .expect("psql runs (Debian package postgresql-client)");
        assert!(done.success(), "a test database was not created");
        (self.url("steward_app", name), self.url("steward_owner", name))
    }

    /// `postgres://[user[:password]@]host[/database][?options]` with the user and the database replaced.
    fn url(&self, role: &str, database: &str) -> String {
        let (address, options) = self.admin_url.split_once('?').unwrap_or((&self.admin_url, ""));
        let (scheme, address) = address.split_once("://").expect("STEWARD_TEST_PG_ADMIN_URL is a postgres:// URL");
        let authority = address.split_once('/').map_or(address, |(authority, _)| authority);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let separator = if options.is_empty() { "" } else { "?" };
        format!("{scheme}://{role}:steward@{host}/{database}{separator}{options}")
    }
}

/// A database that takes no connections and has cut those it had, as when PostgreSQL is restarted.
pub struct Outage {
    database: String,
}

impl Outage {
    pub async fn begin(config: &DbConfig) -> Self {
        let DbConfig::Postgres { url, .. } = config else { panic!("not a PostgreSQL database") };
        let path = url.split_once('?').map_or(url.as_str(), |(path, _)| path);
        let database = path.rsplit_once('/').map(|(_, name)| name.to_owned()).expect("a database's name");
        let away = [
            format!("ALTER DATABASE {database} CONNECTION LIMIT 0"),
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"),
        ];
        run_as_admin(away.to_vec()).await;
        Self { database }
    }

    pub async fn end(self) {
        run_as_admin(vec![format!("ALTER DATABASE {} CONNECTION LIMIT -1", self.database)]).await;
    }
}

async fn run_as_admin(commands: Vec<String>) {
    let run = move || {
        let cluster = Cluster::of_this_process();
        let commands = commands.iter().flat_map(|command| ["-c", command]);
        let mut psql = Command::new("psql");
        psql.args(["-qX", "-v", "ON_ERROR_STOP=1", &cluster.admin_url]).args(commands).stdout(Stdio::null());
        assert!(psql.status().expect("psql runs (Debian package postgresql-client)").success());
    };
    tokio::task::spawn_blocking(run).await.expect("psql ran");
}
