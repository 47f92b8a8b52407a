//! Opening a database: pools, migrations, and the guard that refuses an unsafe PostgreSQL role.

use std::{path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    changes::Changes,
    error::{Error, Result},
    scope::TenantScope,
    tx::{Inner, SystemReason, SystemTx, Tx},
};

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// Which database, and how many connections.
#[derive(Clone)]
pub enum DbConfig {
    /// A file; made when it is not there.
    Sqlite { path: PathBuf },
    /// `url`: the application's role, without ownership. `owner_url`: the role that owns the tables and runs
    /// migrations; `None` when they are run by hand.
    Postgres { url: String, owner_url: Option<String>, max_connections: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(super) pools: Pools,
    pub(super) changes: Changes,
}

#[derive(Clone)]
pub(super) enum Pools {
    /// One writer, so `BEGIN IMMEDIATE` queues here instead of failing in SQLite; readers never wait for it (WAL).
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

impl Db {
    /// Opens, migrates and checks.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be reached, [`Error::Refused`] for an unsafe role.
    pub async fn open(config: &DbConfig) -> Result<Self> {
        match config {
            DbConfig::Sqlite { path } => Self::open_sqlite(path).await,
            DbConfig::Postgres { url, owner_url, max_connections } => {
                if let Some(owner_url) = owner_url {
                    migrate_postgres(owner_url, url).await?;
                }
                Self::open_postgres(url, *max_connections).await
            }
        }
    }

    async fn open_sqlite(path: &std::path::Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // The ledger must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(ACQUIRE_TIMEOUT)
            .pragma("cache_size", "-4000")
            .disable_statement_logging();
        // A file does not go away between two transactions: no question whether it is still there before each.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await?;
        SQLITE_MIGRATIONS.run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.pragma("query_only", "true"))
            .await?;
        Ok(Self { pools: Pools::Sqlite { writer, readers }, changes: Changes::default() })
    }

    async fn open_postgres(url: &str, max_connections: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await?;
        let db = Self { pools: Pools::Postgres(pool), changes: Changes::default() };
        db.refuse_unsafe_role().await?;
        Ok(db)
    }

    /// Row-level security does not bind superusers, roles with BYPASSRLS, or the owner of a table.
    async fn refuse_unsafe_role(&self) -> Result<()> {
        let Pools::Postgres(pool) = &self.pools else { return Ok(()) };
        let (superuser, bypass, owned): (bool, bool, i64) = sqlx::query_as(
            "SELECT rolsuper, rolbypassrls, (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'public' AND pg_has_role(current_user, c.relowner, 'USAGE')) \
             FROM pg_roles WHERE rolname = current_user",
        )
        .fetch_one(pool)
        .await?;
        let problem = match (superuser, bypass, owned) {
            (true, _, _) => "is a superuser",
            (_, true, _) => "has BYPASSRLS",
            (_, _, 1..) => "owns tables",
            _ => return Ok(()),
        };
        Err(Error::Refused(format!(
            "the database role of DATABASE_URL {problem}, so row-level security would not protect tenants from each other. \
             Use a plain role there and give the owner's URL in DATABASE_OWNER_URL for migrations."
        )))
    }

    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    async fn write_tx(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { writer, .. } => Inner::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Inner::Postgres(pool.begin().await?),
        };
        Ok(Tx::new(inner, self.changes.clone()))
    }

    async fn read_tx(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { readers, .. } => Inner::Sqlite(readers.begin().await?),
            Pools::Postgres(pool) => {
                Inner::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(Tx::new(inner, self.changes.clone()))
    }

    /// A transaction on one tenant's data.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn begin(&self, scope: &TenantScope) -> Result<Tx> {
        let mut tx = self.write_tx().await?;
        set_local(&mut tx, "SELECT set_config('app.tenant_id', $1, true)", &scope.tenant().to_string()).await?;
        Ok(tx)
    }

    /// A read-only transaction on one tenant's data; on SQLite it never waits for the writer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read(&self, scope: &TenantScope) -> Result<Tx> {
        let mut tx = self.read_tx().await?;
        set_local(&mut tx, "SELECT set_config('app.tenant_id', $1, true)", &scope.tenant().to_string()).await?;
        Ok(tx)
    }

    /// A transaction on the directory (people, sessions, throttles): tables that belong to no tenant.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn begin_directory(&self) -> Result<Tx> {
        self.write_tx().await
    }

    /// As [`Db::begin_directory`], read-only.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_directory(&self) -> Result<Tx> {
        self.read_tx().await
    }

    /// A read-only transaction that sees one person's own memberships (and their tenants), for `tenancy` to decide on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_memberships_of(&self, user: app::model::UserId) -> Result<Tx> {
        let mut tx = self.read_tx().await?;
        set_local(&mut tx, "SELECT set_config('app.user_id', $1, true)", &user.to_string()).await?;
        Ok(tx)
    }

    /// A transaction across tenants.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn begin_system(&self, reason: SystemReason) -> Result<SystemTx> {
        let mut tx = self.write_tx().await?;
        set_local(&mut tx, "SELECT set_config('app.system', $1, true)", "on").await?;
        Ok(SystemTx { tx, reason })
    }

    /// A read-only transaction across tenants (it cannot be committed to any effect).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_system(&self, reason: SystemReason) -> Result<SystemTx> {
        let mut tx = self.read_tx().await?;
        set_local(&mut tx, "SELECT set_config('app.system', $1, true)", "on").await?;
        tracing::debug!(reason = reason.as_str(), "system read");
        Ok(SystemTx { tx, reason })
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Sets a row-level-security variable for this transaction; SQLite has no such thing and relies on the WHERE alone.
async fn set_local(tx: &mut Tx, sql: &'static str, value: &str) -> Result<()> {
    if tx.engine() == Engine::Postgres {
        tx.query(sql).bind(value).execute().await?;
    }
    Ok(())
}

/// Runs the migrations as the owner and grants the application's role what it needs.
async fn migrate_postgres(owner_url: &str, app_url: &str) -> Result<()> {
    let app_role = PgConnectOptions::from_str(app_url)?.get_username().to_owned();
    let owner = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).connect(owner_url).await?;
    POSTGRES_MIGRATIONS.run(&owner).await?;
    sqlx::query("SELECT set_config('app.grantee', $1, false)").bind(app_role).execute(&owner).await?;
    sqlx::raw_sql(
        "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', current_setting('app.grantee')); \
         EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', current_setting('app.grantee')); \
         END $$",
    )
    .execute(&owner)
    .await?;
    owner.close().await;
    Ok(())
}
