//! Transactions: one per use case, passed down, with no I/O inside. Statements about many rows are in [`bulk`].

mod bulk;

use std::ops::{Deref, DerefMut};

use app::model::Timestamp;
use sqlx::{Postgres, Sqlite, Transaction};
use uuid::Uuid;

use super::{
    changes::{Change, Changes, Person},
    connect::Engine,
    error::Result,
    listen::notify,
    query::Query,
    scope::TenantScope,
};

pub use bulk::Insert;

/// A transaction. Dropping it rolls back.
#[must_use = "dropping a transaction rolls it back"]
pub struct Tx {
    inner: Inner,
    pub(super) changes: Changes,
    /// Told when this is committed.
    pub(super) announced: Vec<(Person, Change)>,
}

pub(super) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn new(inner: Inner, changes: Changes) -> Self {
        Self { inner, changes, announced: Vec::new() }
    }

    /// Tells whoever follows the scope's person that something changed, once this is committed.
    pub fn announce(&mut self, scope: &TenantScope, change: Change) {
        let announced = ((scope.tenant(), scope.user()), change);
        if !self.announced.contains(&announced) {
            self.announced.push(announced);
        }
    }

    /// A statement for both engines.
    pub fn query(&mut self, sql: &'static str) -> Query<'_> {
        match &mut self.inner {
            Inner::Sqlite(tx) => Query::sqlite(sql, tx),
            Inner::Postgres(tx) => Query::postgres(sql, tx),
        }
    }

    /// The statement of this transaction's engine, where one text cannot serve both. Use it only then: a test counts.
    #[must_use]
    pub fn dialect(&self, postgres: &'static str, sqlite: &'static str) -> &'static str {
        match self.engine() {
            Engine::Postgres => postgres,
            Engine::Sqlite => sqlite,
        }
    }

    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// # Errors
    /// See [`crate::db::Error`]; nothing was changed then.
    pub async fn commit(mut self) -> Result<()> {
        if self.engine() == Engine::Postgres {
            notify(&mut self).await?;
        }
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => tx.commit().await?,
        }
        for (person, change) in self.announced {
            self.changes.tell(person, change);
        }
        Ok(())
    }
}

/// Why something looks across tenants. Each is an audited exception; `tests/architecture.rs` lists the callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemReason {
    /// `steward tenant|user|membership|import …` on the command line.
    Administration,
    /// Demo data at start.
    DemoSeed,
    /// Turns whose server is gone are ended.
    Reaper,
    /// Holds whose lease ran out are settled.
    Sweeper,
    /// The books are checked.
    AuditOfBooks,
    /// Conversations past their time to undo are removed.
    Purge,
    /// Messages from before search are indexed.
    SearchBackfill,
    /// A shared link, which names no tenant, is opened.
    SharedLink,
    /// A gateway key, which names no tenant, is looked up.
    GatewayKey,
    /// A key is made or rotated by a person in a tenant: a service's account comes with it.
    KeyMaking,
    /// `steward doctor`, readiness.
    Health,
}

impl SystemReason {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administration => "administration",
            Self::DemoSeed => "demo_seed",
            Self::Reaper => "reaper",
            Self::Sweeper => "sweeper",
            Self::AuditOfBooks => "audit_of_books",
            Self::Purge => "purge",
            Self::SearchBackfill => "search_backfill",
            Self::SharedLink => "shared_link",
            Self::GatewayKey => "gateway_key",
            Self::KeyMaking => "key_making",
            Self::Health => "health",
        }
    }
}

/// A transaction across tenants. Committing writes a row to `system_access`; one that only read rolls back and is logged.
#[must_use = "dropping a transaction rolls it back"]
pub struct SystemTx {
    pub(super) tx: Tx,
    pub(super) reason: SystemReason,
}

impl SystemTx {
    /// Commits with its audit row.
    ///
    /// # Errors
    /// See [`crate::db::Error`]; nothing was changed then.
    pub async fn commit(mut self, id: Uuid, now: Timestamp, detail: &str) -> Result<()> {
        self.tx
            .query("INSERT INTO system_access (id, at, reason, detail) VALUES ($1, $2, $3, $4)")
            .bind(id)
            .bind(now)
            .bind(self.reason.as_str())
            .bind(detail)
            .execute()
            .await?;
        self.tx.commit().await
    }
}

impl Deref for SystemTx {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}
impl DerefMut for SystemTx {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}
