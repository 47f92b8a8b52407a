//! The façade itself, on both engines.

use app::{backend::Caller, model::Role};
use server::{
    db::{DbValue, Engine, Error, SystemReason, statistics::statistics_refresh},
    tenancy,
};
use uuid::Uuid;

use crate::support::db::db_test;

const INSERT: &str = "INSERT INTO system_access (id, at, reason, detail)";

db_test! {
    async fn a_scope_needs_a_membership_of_that_person_in_that_tenant(t: TestDb) {
        let ours = t.scope("prs", Role::Admin).await;
        let theirs = t.scope("iop", Role::Member).await;
        assert_eq!((ours.role(), ours.code().as_str()), (Role::Admin, "prs"));
        let caller = Caller { user: ours.user(), session: t.world.id(), request_id: "test".into() };
        assert!(matches!(tenancy::enter(&t.db, &caller, theirs.code()).await, Err(server::error::Error::NotFound)));
    }

    async fn what_is_not_committed_is_gone(t: TestDb) {
        let id: Uuid = t.world.id();
        let mut tx = t.db.begin_system(SystemReason::Health).await.unwrap();
        let values = vec![DbValue::Id(id), DbValue::Int(1), DbValue::Text("health".into()), DbValue::Text("x".into())];
        assert_eq!(tx.insert_many(INSERT, 4, values.clone(), "").await.unwrap(), 1);
        drop(tx);
        let mut tx = t.db.begin_system(SystemReason::Health).await.unwrap();
        assert_eq!(tx.insert_many(INSERT, 4, values.clone(), "").await.unwrap(), 1, "the first one was rolled back");
        tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
        let mut tx = t.db.begin_system(SystemReason::Health).await.unwrap();
        assert!(matches!(tx.insert_many(INSERT, 4, values, "").await, Err(Error::Duplicate(_))));
    }

    async fn a_table_that_has_grown_is_known_to_the_planner(t: TestDb) {
        assert_eq!(statistics_refresh(&t.db).await.unwrap(), 0, "nothing has grown yet");
        let mut tx = t.db.begin_system(SystemReason::Health).await.unwrap();
        let line = |_| [DbValue::Id(t.world.id()), DbValue::Int(1), DbValue::Text("health".into()), DbValue::Text("x".repeat(100))];
        let values: Vec<DbValue> = (0..1_000).flat_map(line).collect();
        tx.insert_many(INSERT, 4, values, "").await.unwrap();
        tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
        let is_postgres = t.db.engine() == Engine::Postgres;
        assert_eq!(statistics_refresh(&t.db).await.unwrap(), i64::from(is_postgres));
        assert_eq!(statistics_refresh(&t.db).await.unwrap(), 0, "once is enough");
    }

    async fn a_missing_bind_is_an_error_and_not_null(t: TestDb) {
        let mut tx = t.db.begin_directory().await.unwrap();
        let result = tx.query("UPDATE system_access SET detail = $2 WHERE id = $1").bind(Uuid::nil()).execute().await;
        assert!(matches!(result, Err(Error::Misuse(_))));
    }

    async fn a_reader_cannot_write(t: TestDb) {
        let mut tx = t.db.read_directory().await.unwrap();
        let result = tx
            .query("INSERT INTO system_access (id, at, reason, detail) VALUES ($1, 1, 'health', '')")
            .bind(Uuid::nil())
            .execute()
            .await;
        assert!(result.is_err());
    }

    async fn the_record_of_system_access_cannot_be_rewritten(t: TestDb) {
        let tx = t.db.begin_system(SystemReason::Health).await.unwrap();
        tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
        let mut tx = t.db.begin_system(SystemReason::Health).await.unwrap();
        assert!(tx.query("UPDATE system_access SET detail = 'forged'").execute().await.is_err());
        drop(tx);
        let mut tx = t.db.begin_system(SystemReason::Health).await.unwrap();
        assert!(tx.query("DELETE FROM system_access").execute().await.is_err());
    }
}
