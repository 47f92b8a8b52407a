//! A PostgreSQL cluster for the tests of one process: started at the first use, gone when the process ends, however it
//! ends. No set-up, no network, no environment needed; where PostgreSQL is not installed the tests fail and say so.
//!
//! `STEWARD_TEST_PG_ADMIN_URL` names a cluster to use instead: a superuser's URL, with the roles `steward_owner` and
//! `steward_app` (both `LOGIN PASSWORD 'steward' NOSUPERUSER NOBYPASSRLS`) already there.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::OnceLock,
};

/// As whom to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PgRole {
    /// Creates databases; sees everything.
    Admin,
    /// `steward_owner`: owns a database and runs its migrations.
    Owner,
    /// `steward_app`: what the server uses; row-level security applies.
    App,
}

/// The URL of `database` for `role` in this process's cluster.
///
/// # Errors
/// PostgreSQL is not installed or did not start: what to do about it.
pub fn postgres_url(role: PgRole, database: &str) -> Result<String, String> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(Cluster::given_or_started).as_ref().map_err(Clone::clone)?;
    cluster.url(role, database)
}

struct Cluster {
    admin_url: String,
    /// The script that runs the cluster throws it away when this closes.
    _lifeline: Option<ChildStdin>,
}

impl Cluster {
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
            return Err(format!("no PostgreSQL for the tests: {}", reason.trim()));
        }
        Ok(Self { admin_url: line.trim().to_owned(), _lifeline: Some(lifeline) })
    }

    /// `postgres://[user[:password]@]host/database[?options]` with the user and the database replaced.
    fn url(&self, role: PgRole, database: &str) -> Result<String, String> {
        let malformed = || format!("STEWARD_TEST_PG_ADMIN_URL is not a PostgreSQL URL: {}", self.admin_url);
        let (scheme, rest) = self.admin_url.split_once("://").ok_or_else(malformed)?;
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("postgres", authority));
        let user = match role {
            PgRole::Admin => user,
            PgRole::Owner => "steward_owner:steward",
            PgRole::App => "steward_app:steward",
        };
        let separator = if options.is_empty() { "" } else { "?" };
        Ok(format!("{scheme}://{user}@{host}/{database}{separator}{options}"))
    }
}
