//! Two tenants' books never touch, and the ledger cannot be rewritten.

use server::db::Engine;

use super::*;
use crate::support::db::db_test;

#[derive(sqlx::FromRow)]
struct CountRow {
    count: i64,
}

db_test! {
    async fn one_tenants_spending_is_not_anothers(t: TestDb) {
        let ours = t.scope("prs", Role::Admin).await;
        let theirs = t.scope("iop", Role::Admin).await;
        set_limits(&t, &ours, limits(Some(100), None, None, None)).await;
        set_limits(&t, &theirs, limits(Some(100), None, None, None)).await;
        let turn: TurnId = t.world.id();
        let hold = reserve(&t, &ours, &Ask { turn: Some(turn), ..Ask::of(100, 10) }).await;
        let before = meter(&t, &theirs).await;
        assert_eq!((before.used.input, before.requests), (0, 0));

        // Their scope cannot settle our turn, nor see what it used.
        let mut tx = t.db.begin(&theirs).await.unwrap();
        usage::settle_turn(&theirs, &mut tx, &t.world, turn, &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(meter(&t, &ours).await.used.input, 100, "still held");
        settle(&t, &ours, hold, completed(90, 9)).await;
        let mut tx = t.db.read(&theirs).await.unwrap();
        assert_eq!(usage::turn_usage(&theirs, &mut tx, turn, 0).await.unwrap().calls, 0);
        let report = usage::report(&theirs, &mut tx, &t.world, None, app::model::UsageBy::Person).await.unwrap();
        assert!(report.by_day.is_empty() && report.breakdown.rows.is_empty());
        drop(tx);
        let own = reserve(&t, &theirs, &Ask::of(100, 10)).await;
        settle(&t, &theirs, own, completed(1, 1)).await;
        assert_balanced(&t).await;
    }

    async fn a_hold_cannot_be_settled_in_another_tenant(t: TestDb) {
        let ours = t.scope("prs", Role::Admin).await;
        let theirs = t.scope("iop", Role::Admin).await;
        let hold = reserve(&t, &ours, &Ask::of(100, 10)).await;
        let mut tx = t.db.begin(&theirs).await.unwrap();
        assert!(usage::settle(&theirs, &mut tx, &t.world, &hold, completed(1, 1)).await.is_err());
        drop(tx);
        assert_eq!(meter(&t, &ours).await.used.input, 100);
        assert_balanced(&t).await;
    }

    async fn row_level_security_hides_the_books_of_others(t: TestDb) {
        let ours = t.scope("prs", Role::Admin).await;
        let theirs = t.scope("iop", Role::Admin).await;
        let open = reserve(&t, &ours, &Ask::of(100, 10)).await;
        let hold = reserve(&t, &ours, &Ask::of(100, 10)).await;
        settle(&t, &ours, hold, completed(1, 1)).await;
        for (sql, rows) in [
            ("SELECT COUNT(*) AS count FROM budgets", 1),
            ("SELECT COUNT(*) AS count FROM budget_windows", 1),
            ("SELECT COUNT(*) AS count FROM model_calls", 2),
            ("SELECT COUNT(*) AS count FROM holds", 1),
            ("SELECT COUNT(*) AS count FROM ledger", 4),
        ] {
            let mut tx = t.db.read(&ours).await.unwrap();
            assert_eq!(tx.query(sql).one::<CountRow>().await.unwrap().count, rows, "{sql}");
            drop(tx);
            let mut tx = t.db.read(&theirs).await.unwrap();
            // Without a WHERE: on PostgreSQL the policy alone protects, on SQLite the statements' WHERE does.
            let seen = if t.db.engine() == Engine::Postgres { 0 } else { rows };
            assert_eq!(tx.query(sql).one::<CountRow>().await.unwrap().count, seen, "{sql}");
        }
        settle(&t, &ours, open, completed(1, 1)).await;
    }

    async fn the_ledger_cannot_be_rewritten(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        let hold = reserve(&t, &scope, &Ask::of(100, 10)).await;
        settle(&t, &scope, hold, completed(1, 1)).await;
        for sql in ["UPDATE ledger SET pico_usd = 0", "DELETE FROM ledger"] {
            let mut tx = t.db.begin(&scope).await.unwrap();
            assert!(tx.query(sql).execute().await.is_err(), "{sql}");
        }
    }
}
