//! A fresh, migrated database per test, on either engine.

use std::sync::{Arc, OnceLock};

use app::{
    backend::Caller,
    model::{Role, TenantCode, TenantId, Timestamp, UserId},
};
use server::{
    db::{
        Db, DbConfig, SystemReason, TenantScope,
        tenant::{NewTenant, membership_put, tenant_insert},
        user::user_insert,
    },
    tenancy,
    world::{MockClock, World},
};

use super::postgres;

/// 2026-03-10 08:00 in Jakarta (01:00 UTC), a Tuesday.
pub const NOW: Timestamp = Timestamp(1_773_104_400_000);

/// A database of its own for one test, with a clock that stands still at [`NOW`].
pub struct TestDb {
    pub db: Db,
    pub world: World,
    pub clock: Arc<MockClock>,
    pub config: DbConfig,
    _files: Option<tempfile::TempDir>,
}

impl TestDb {
    pub async fn sqlite() -> Self {
        let files = tempfile::tempdir().expect("a temporary folder");
        let path = files.path().join("steward.db");
        let copy = path.clone();
        tokio::task::spawn_blocking(|| std::fs::write(copy, migrated_file())).await.expect("ran").expect("a copy");
        Self::open(DbConfig::Sqlite { path }, Some(files)).await
    }

    pub async fn postgres() -> Self {
        let (url, owner_url) = postgres::fresh_database().await;
        Self::open(DbConfig::Postgres { url, owner_url: Some(owner_url), max_connections: 4 }, None).await
    }

    async fn open(config: DbConfig, files: Option<tempfile::TempDir>) -> Self {
        let db = Db::open(&config).await.expect("the database opens");
        let clock = MockClock::at(NOW);
        Self { db, world: World::mock(clock.clone()), clock, config, _files: files }
    }

    /// A new person who is a member of a new tenant (zone Asia/Jakarta), as a scope.
    pub async fn scope(&self, code: &str, role: Role) -> TenantScope {
        let (tenant, user): (TenantId, UserId) = (self.world.id(), self.world.id());
        let now = self.world.now();
        let code: TenantCode = code.parse().expect("a tenant code");
        let new = NewTenant {
            id: tenant,
            code: code.clone(),
            name: format!("{code} name"),
            assistant: "Wira".into(),
            time_zone: chrono_tz::Asia::Jakarta,
            currency: "IDR".into(),
            prompts: Vec::new(),
            contact: format!("admin@{code}.example"),
        };
        let mut tx = self.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        tenant_insert(&mut tx, &new, now).await.expect("a tenant");
        user_insert(&mut tx, user, &format!("{user}@{code}.example"), &format!("Person of {code}"), None, now)
            .await
            .expect("a person");
        membership_put(&mut tx, tenant, user, role, now).await.expect("a membership");
        tx.commit(self.world.id(), now, "test").await.expect("a commit");
        let caller = Caller { user, session: self.world.id(), request_id: "test".into() };
        tenancy::enter(&self.db, &caller, &code).await.expect("a scope")
    }
}

/// A migrated database, to be copied for each test: the migrations run once a process.
fn migrated_file() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("migrated.db");
        migrate(DbConfig::Sqlite { path: path.clone() });
        std::fs::read(path).expect("the migrated database")
    })
}

/// Opens a database, which migrates it, and closes it.
pub fn migrate(config: DbConfig) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { Db::open(&config).await.expect("the database opens").close().await });
}

/// Runs a story on both engines: `db_test! { async fn a_row_is_found(t: TestDb) { … } }`.
macro_rules! db_test {
    ($( $(#[$meta:meta])* async fn $name:ident($t:ident: TestDb) $body:block )+) => { $(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every story needs its module's imports")]
            use super::*;
            async fn story($t: $crate::support::db::TestDb) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() { story($crate::support::db::TestDb::sqlite().await).await; }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() { story($crate::support::db::TestDb::postgres().await).await; }
        }
    )+ };
}
pub(crate) use db_test;
