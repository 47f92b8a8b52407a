//! Configuration: one struct per concern. Every value is an environment variable and a flag of the same meaning; the doc
//! comment of a field is what `steward serve --help` and the README show. Nothing else reads the environment.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::{
    attachments::{Limits, Store},
    db::DbConfig,
    telemetry::otlp::Collector,
};

/// Where the data is.
#[derive(Args, Clone)]
pub struct DatabaseArgs {
    /// Folder of the embedded database. Made when it is not there.
    #[arg(long, global = true, env = "STEWARD_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    /// PostgreSQL instead of the embedded SQLite: `postgres://user@host/database`. The role must be a plain one (no
    /// superuser, no BYPASSRLS, not the tables' owner).
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The PostgreSQL role that owns the tables; used at start for migrations only.
    #[arg(long, global = true, env = "DATABASE_OWNER_URL", hide_env_values = true)]
    pub database_owner_url: Option<String>,
    /// PostgreSQL connections at most.
    #[arg(long, global = true, env = "DATABASE_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=500))]
    pub database_connections: u32,
    /// File for settlements that cannot be written while the database is away; they are booked when it is back. Default:
    /// `unsettled.jsonl` in the data folder.
    #[arg(long, global = true, env = "STEWARD_SPILL_FILE")]
    pub spill_file: Option<PathBuf>,
}

/// Which model answers.
#[derive(Args, Clone)]
pub struct ModelArgs {
    /// Key for the Anthropic Messages API. Without it, and without another provider's models, the built-in demo model
    /// answers, labelled as such.
    #[arg(long, env = "ANTHROPIC_API_KEY", hide_env_values = true)]
    pub anthropic_api_key: Option<String>,
    /// Where the Messages API is.
    #[arg(long, env = "ANTHROPIC_BASE_URL", default_value = "https://api.anthropic.com")]
    pub anthropic_base_url: String,
    /// Key for the OpenAI chat completions API, for the chat and the gateway.
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    pub openai_api_key: Option<String>,
    /// Where chat completions are: OpenAI's, or those of a server that is compatible.
    #[arg(long, env = "OPENAI_BASE_URL", default_value = "https://api.openai.com/v1")]
    pub openai_base_url: String,
    /// Models of that server which are not in the catalogue, exact ids with commas between them. Their price is not
    /// known, so a budget in money refuses them.
    #[arg(long, env = "STEWARD_OPENAI_MODELS", default_value = "")]
    pub openai_models: String,
    /// Where Ollama is, for the chat and the gateway, e.g. `http://127.0.0.1:11434`.
    #[arg(long, env = "OLLAMA_BASE_URL")]
    pub ollama_base_url: Option<String>,
    /// Its models, exact names with commas between them. They cost nothing.
    #[arg(long, env = "STEWARD_OLLAMA_MODELS", default_value = "")]
    pub ollama_models: String,
    /// What is asked when a model does not answer, for the gateway: `a>b>c, d>e` sends what `a` does not answer to `b`, then
    /// to `c`. Exact ids.
    #[arg(long, env = "STEWARD_FALLBACKS", default_value = "")]
    pub fallbacks: String,
    /// The chat's model unless a person chooses another, exact id. Without ANTHROPIC_API_KEY: this one if another provider
    /// has it, else the first there is; without any provider the demo model.
    #[arg(long, env = "STEWARD_MODEL", default_value = "claude-sonnet-5")]
    pub model: String,
    /// Which models people may choose among in the chat (the gateway offers all), exact ids with commas between them;
    /// STEWARD_MODEL is always one of them.
    /// Default: every model of the providers there is a key or an address for, without any the demo models.
    #[arg(long, env = "STEWARD_MODELS", default_value = "")]
    pub models: String,
    /// How fast the demo model writes.
    #[arg(long, env = "STEWARD_DEMO_PACE", value_enum, default_value_t = DemoPace::Human)]
    pub demo_pace: DemoPace,
}

/// How fast the demo model writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DemoPace {
    /// As a person reads.
    Human,
    /// At once, for tests.
    Fast,
}

/// Files that go along with messages.
#[derive(Args, Clone)]
pub struct AttachmentArgs {
    /// Folder for the files people attach. Without it they are in the database.
    #[arg(long, env = "STEWARD_ATTACHMENTS_DIR")]
    pub attachments_dir: Option<PathBuf>,
    /// Size of an attached image at most, megabytes. It is stored smaller.
    #[arg(long, env = "STEWARD_ATTACHMENT_IMAGE_MB", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub attachment_image_mb: u32,
    /// Size of an attached text or CSV at most, megabytes.
    #[arg(long, env = "STEWARD_ATTACHMENT_TEXT_MB", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub attachment_text_mb: u32,
    /// Size of an attached PDF at most, megabytes.
    #[arg(long, env = "STEWARD_ATTACHMENT_PDF_MB", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub attachment_pdf_mb: u32,
    /// All attached files of a tenant together at most, megabytes.
    #[arg(long, env = "STEWARD_ATTACHMENTS_TENANT_MB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    pub attachments_tenant_mb: u32,
}

/// How the server is reached.
#[derive(Args, Clone)]
pub struct HttpArgs {
    /// Address to listen on.
    #[arg(long, env = "STEWARD_ADDR", default_value = "127.0.0.1:3000")]
    pub addr: SocketAddr,
    /// The address people type. With `https` cookies are `__Host-…; Secure`; with `http` (allowed on loopback only)
    /// they are named `steward-dev` and not `Secure`. Default: `http://` and the address listened on.
    #[arg(long, env = "STEWARD_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Folder with the built page (`pkg/`), as cargo-leptos writes it.
    #[arg(long, env = "LEPTOS_SITE_ROOT", default_value = "target/site")]
    pub site_root: String,
    /// Whether the page's files carry a hash in their names (then they are cached for ever).
    #[arg(long, env = "LEPTOS_HASH_FILES", default_value_t = true, action = clap::ArgAction::Set)]
    pub hash_files: bool,
    /// Networks of the reverse proxies in front, e.g. `10.0.0.0/8, ::1`: their `X-Forwarded-For` is believed, nobody
    /// else's.
    #[arg(long, env = "STEWARD_TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: String,
    /// Bearer token for `/metrics`. Without it, `/metrics` answers on loopback only.
    #[arg(long, env = "STEWARD_METRICS_TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
    /// Seconds that running answers get to end at shutdown.
    #[arg(long, env = "STEWARD_SHUTDOWN_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=300))]
    pub shutdown_seconds: u64,
}

/// What is logged, and how.
#[derive(Args, Clone)]
pub struct LogArgs {
    /// What to log, e.g. `info` or `server=debug,warn`. Secrets and message texts are never logged.
    #[arg(long, env = "STEWARD_LOG", default_value = "info", global = true)]
    pub log: String,
    /// How to log it.
    #[arg(long, env = "STEWARD_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
}

/// Where spans are sent: an OpenTelemetry collector. Nothing is sent unless it is named.
#[derive(Args, Clone)]
pub struct TelemetryArgs {
    /// The collector's base URL for OTLP over HTTP, e.g. `http://127.0.0.1:4318`. Spans of model calls, without contents.
    #[arg(long = "otlp-endpoint", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// Headers for it: `name=value` with commas between them.
    #[arg(long = "otlp-headers", env = "OTEL_EXPORTER_OTLP_HEADERS", default_value = "", hide_env_values = true)]
    pub otlp_headers: String,
}

impl TelemetryArgs {
    /// The collector, when one is named.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn collector(&self) -> Result<Option<Collector>, ConfigError> {
        let Some(endpoint) = self.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty()) else {
            return Ok(None);
        };
        Collector::parse(endpoint, &self.otlp_headers)
            .map(Some)
            .map_err(|problem| ConfigError(format!("OTEL_EXPORTER_OTLP_ENDPOINT or _HEADERS: {problem}")))
    }
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// A configuration that cannot work, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl DatabaseArgs {
    /// Whether there is a database: PostgreSQL's is always tried.
    #[must_use]
    pub fn exists(&self) -> bool {
        let is_embedded = self.database_url.as_ref().is_none_or(String::is_empty);
        !is_embedded || self.embedded_path().exists()
    }

    /// # Errors
    /// There is no database, in words.
    pub fn must_exist(&self) -> Result<(), ConfigError> {
        if self.exists() {
            return Ok(());
        }
        let path = self.embedded_path();
        Err(ConfigError(format!(
            "there is no database at {}: is STEWARD_DATA_DIR right? `steward serve` makes a new one",
            path.display()
        )))
    }

    fn embedded_path(&self) -> PathBuf {
        self.data_dir.join("steward.db")
    }

    /// The database to open. Makes the folder of the embedded one.
    ///
    /// # Errors
    /// When the folder cannot be made, or the URL is not PostgreSQL's.
    pub fn config(&self) -> Result<DbConfig, ConfigError> {
        let Some(url) = self.database_url.clone().filter(|url| !url.is_empty()) else {
            std::fs::create_dir_all(&self.data_dir).map_err(|error| {
                ConfigError(format!("cannot make the data folder {}: {error}", self.data_dir.display()))
            })?;
            return Ok(DbConfig::Sqlite { path: self.embedded_path() });
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(ConfigError(
                "DATABASE_URL must start with postgres://; leave it out for the embedded SQLite".into(),
            ));
        }
        let owner_url = self.database_owner_url.clone().filter(|url| !url.is_empty());
        Ok(DbConfig::Postgres { url, owner_url, max_connections: self.database_connections })
    }
}

impl DatabaseArgs {
    /// Where settlements wait while the database is away.
    #[must_use]
    pub fn spill_path(&self) -> PathBuf {
        let named = self.spill_file.clone().filter(|path| !path.as_os_str().is_empty());
        named.unwrap_or_else(|| self.data_dir.join("unsettled.jsonl"))
    }
}

impl AttachmentArgs {
    /// Where new files go.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn store(&self) -> Result<Store, ConfigError> {
        let Some(directory) = self.attachments_dir.clone().filter(|path| !path.as_os_str().is_empty()) else {
            return Ok(Store::Database);
        };
        std::fs::create_dir_all(&directory)
            .map_err(|error| ConfigError(format!("STEWARD_ATTACHMENTS_DIR: {}: {error}", directory.display())))?;
        Ok(Store::Directory(directory))
    }

    #[must_use]
    pub fn limits(&self) -> Limits {
        const MB: u32 = 1024 * 1024;
        let bytes = |megabytes: u32| usize::try_from(megabytes).unwrap_or(1) * 1024 * 1024;
        Limits {
            image_bytes: bytes(self.attachment_image_mb),
            text_bytes: bytes(self.attachment_text_mb),
            pdf_bytes: bytes(self.attachment_pdf_mb),
            tenant_bytes: i64::from(self.attachments_tenant_mb) * i64::from(MB),
        }
    }
}

impl HttpArgs {
    /// The origin people use, without a trailing slash.
    ///
    /// # Errors
    /// When it is neither `https` nor loopback `http`.
    pub fn origin(&self) -> Result<String, ConfigError> {
        let url = self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.addr));
        let origin = url.trim_end_matches('/').to_owned();
        if origin.starts_with("https://") {
            return Ok(origin);
        }
        let host = origin.strip_prefix("http://").unwrap_or_default();
        let is_loopback = ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        if is_loopback {
            return Ok(origin);
        }
        Err(ConfigError(format!(
            "STEWARD_PUBLIC_URL is {origin}: use https, because sign-in cookies must not travel in the clear (plain http is allowed on loopback only)"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        http: HttpArgs,
    }

    #[test]
    fn a_mistyped_folder_is_no_database() {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            database: DatabaseArgs,
        }
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| {
            let path = folder.path().join(name);
            Line::parse_from(["steward", "--data-dir", path.to_str().expect("text")]).database
        };
        let missing = at("typo");
        let said = missing.must_exist().expect_err("there is none").to_string();
        assert!(said.contains("STEWARD_DATA_DIR"), "{said}");
        assert!(!folder.path().join("typo").exists(), "looking makes nothing");
        missing.config().expect("it is made when it is opened");
        std::fs::write(folder.path().join("typo/steward.db"), "").expect("a file");
        assert!(at("typo").must_exist().is_ok());
    }

    fn origin(url: &str) -> Result<String, ConfigError> {
        Line::parse_from(["steward", "--public-url", url]).http.origin()
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert_eq!(origin("https://steward.example/").ok().as_deref(), Some("https://steward.example"));
        assert_eq!(origin("http://127.0.0.1:3000").ok().as_deref(), Some("http://127.0.0.1:3000"));
        for wrong in ["http://steward.example", "http://127.0.0.1.evil.example", "ftp://localhost", "localhost:3000"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
