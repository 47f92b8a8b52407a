//! Soft thresholds: people are told once in a window, and can put it away.

use server::db::budget::notice::{NoticeKind, notice_list};

use super::*;
use crate::support::db::db_test;

async fn kinds(t: &TestDb, scope: &TenantScope) -> Vec<NoticeKind> {
    let mut tx = t.db.read(scope).await.unwrap();
    let mut kinds: Vec<_> =
        notice_list(scope, &mut tx, t.world.now()).await.unwrap().into_iter().map(|notice| notice.kind).collect();
    kinds.sort();
    kinds
}

async fn spend(t: &TestDb, scope: &TenantScope, input: i64) {
    let hold = reserve(t, scope, &Ask { output_floor: 0, ..Ask::of(input, 0) }).await;
    settle(t, scope, hold, completed(input, 0)).await;
}

db_test! {
    async fn people_are_told_once_in_a_window(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(1_000), None, None, None)).await;
        spend(&t, &scope, 799).await;
        assert_eq!((kinds(&t, &scope).await, meter(&t, &scope).await.notice), (vec![], None));
        spend(&t, &scope, 1).await;
        assert_eq!(kinds(&t, &scope).await, [NoticeKind::Soft]);
        let notice = meter(&t, &scope).await.notice.expect("a notice");
        assert_eq!((notice.budget.as_str(), notice.percent), ("prs name's monthly budget", 80));
        assert_eq!(notice.resets_at.unwrap().to_string(), "2026-03-31T17:00:00.000Z");

        // Put away by one person, for this window.
        let mut tx = t.db.begin(&scope).await.unwrap();
        usage::put_away(&scope, &mut tx, &t.world, &notice.key).await.unwrap();
        for wrong in ["", "x", "1.2.3", "00000000-0000-0000-0000-000000000000.0.soft"] {
            assert!(usage::put_away(&scope, &mut tx, &t.world, wrong).await.is_err(), "{wrong}");
        }
        tx.commit().await.unwrap();
        assert_eq!(meter(&t, &scope).await.notice, None);
        spend(&t, &scope, 100).await;
        assert_eq!((kinds(&t, &scope).await, meter(&t, &scope).await.notice), (vec![NoticeKind::Soft], None));
        spend(&t, &scope, 100).await;
        assert_eq!(kinds(&t, &scope).await, [NoticeKind::Soft, NoticeKind::Hard]);
        assert_eq!(meter(&t, &scope).await.notice.expect("it is full").percent, 100);

        // Next month all is new.
        t.clock.set(meter(&t, &scope).await.resets_at);
        assert_eq!(meter(&t, &scope).await.notice, None);
        spend(&t, &scope, 850).await;
        assert_eq!(meter(&t, &scope).await.notice.expect("again").percent, 85);
        assert_balanced(&t).await;
    }

    async fn the_threshold_is_the_administrators_and_none_is_none(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        command(&t, &["budget", "prs", "--input-tokens", "1000", "--soft-percent", "0"]).await.unwrap();
        spend(&t, &scope, 990).await;
        assert_eq!(kinds(&t, &scope).await, []);
        command(&t, &["budget", "prs", "--soft-percent", "99"]).await.unwrap();
        spend(&t, &scope, 1).await;
        assert_eq!(kinds(&t, &scope).await, [NoticeKind::Soft]);
        let hold = reserve(&t, &scope, &Ask { output_floor: 0, ..Ask::of(5, 0) }).await;
        assert!(hold.is_soft(), "what comes after it is marked");
        settle(&t, &scope, hold, completed(8, 0)).await;
        assert_eq!(kinds(&t, &scope).await, [NoticeKind::Soft, NoticeKind::Overrun]);
        assert_balanced(&t).await;
    }

    async fn what_was_put_away_of_one_budget_is_told_of_another(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(1_000), None, None, None)).await;
        set_own_daily_limit(&t, &scope, 900).await;
        spend(&t, &scope, 850).await;
        let daily = meter(&t, &scope).await.notice.expect("a notice");
        let mut tx = t.db.begin(&scope).await.unwrap();
        usage::put_away(&scope, &mut tx, &t.world, &daily.key).await.unwrap();
        tx.commit().await.unwrap();
        let monthly = meter(&t, &scope).await.notice.expect("the other one");
        assert_eq!((monthly.budget.as_str(), monthly.percent), ("prs name's monthly budget", 85));
        assert_balanced(&t).await;
    }

    async fn the_fullest_budget_of_the_person_is_told(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(1_000), None, None, None)).await;
        set_own_daily_limit(&t, &scope, 900).await;
        spend(&t, &scope, 850).await;
        let notice = meter(&t, &scope).await.notice.expect("a notice");
        assert_eq!(notice.percent, 94);
        assert!(notice.budget.ends_with("daily budget"), "{}", notice.budget);
        let theirs = t.scope("iop", Role::Member).await;
        assert_eq!(meter(&t, &theirs).await.notice, None);
        let mut tx = t.db.begin(&theirs).await.unwrap();
        assert!(usage::put_away(&theirs, &mut tx, &t.world, &notice.key).await.is_err(), "another tenant's");
    }
}
