//! T11: month ends in the tenant's zone, calls that span them, days and people in reports, and books that outlive people.

use app::model::{Date, Quality, UsageBy, UsageReport};
use server::db::tenant::membership_put;

use super::*;
use crate::support::db::db_test;

fn day(text: &str) -> Date {
    text.parse().expect("a test day")
}

async fn report(t: &TestDb, scope: &TenantScope, month: Option<Date>) -> UsageReport {
    let mut tx = t.db.read(scope).await.unwrap();
    usage::report(scope, &mut tx, &t.world, month, UsageBy::Person).await.unwrap()
}

/// Somebody else in the same tenant.
async fn colleague(t: &TestDb, scope: &TenantScope) -> TenantScope {
    let user: app::model::UserId = t.world.id();
    let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
    let email = format!("{user}@prs.example");
    server::db::user::user_insert(&mut tx, user, &email, "Colleague", None, t.world.now()).await.unwrap();
    membership_put(&mut tx, scope.tenant(), user, Role::Member, t.world.now()).await.unwrap();
    tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
    let caller = app::backend::Caller { user, session: t.world.id(), request_id: "test".into() };
    server::tenancy::enter(&t.db, &caller, scope.code()).await.unwrap()
}

db_test! {
    async fn the_budget_is_new_at_midnight_of_the_tenants_month(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        t.clock.set(utc("2026-03-31T16:59:59.999Z"));
        let march = reserve(&t, &scope, &Ask::of(100, 10)).await;
        let refusal = try_reserve(&t, &scope, &Ask::of(1, 1)).await.expect_err("March is full");
        assert_eq!(refusal.resets_at, Some(utc("2026-03-31T17:00:00Z")));
        t.clock.advance_ms(1);
        let april = reserve(&t, &scope, &Ask::of(100, 10)).await;

        // The call of March ends in April: it is booked in March.
        settle(&t, &scope, march, completed(70, 7)).await;
        settle(&t, &scope, april, completed(50, 5)).await;
        assert_eq!(meter(&t, &scope).await.used.input, 50);
        let march = report(&t, &scope, Some(day("2026-03-10"))).await;
        assert_eq!((march.month, march.meter.used.input), (day("2026-03-01"), 70));
        assert_eq!(march.by_day.iter().map(|d| (d.day, d.tokens.input)).collect::<Vec<_>>(), [(day("2026-03-31"), 70)]);
        let april = report(&t, &scope, None).await;
        assert_eq!((april.month, april.by_day[0].day), (day("2026-04-01"), day("2026-04-01")));
        assert_balanced(&t).await;
    }

    async fn months_follow_the_clock_changes_of_the_zone(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let scope = move_tenant(&t, &scope, "Europe/Berlin").await;
        // Berlin: UTC+1 on 28 February, UTC+2 on 31 March.
        for (at, resets_at) in [
            ("2026-02-28T22:59:59Z", "2026-02-28T23:00:00.000Z"),
            ("2026-03-31T21:59:59Z", "2026-03-31T22:00:00.000Z"),
            ("2026-03-31T22:00:00Z", "2026-04-30T22:00:00.000Z"),
            ("2026-10-31T12:00:00Z", "2026-10-31T23:00:00.000Z"),
            ("2028-02-29T12:00:00Z", "2028-02-29T23:00:00.000Z"),
        ] {
            t.clock.set(utc(at));
            let hold = reserve(&t, &scope, &Ask::of(10, 10)).await;
            assert_eq!(meter(&t, &scope).await.resets_at.to_string(), resets_at, "{at}");
            settle(&t, &scope, hold, completed(10, 10)).await;
        }
        assert_balanced(&t).await;
    }

    async fn moving_to_another_zone_does_not_give_the_month_twice(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        let hold = reserve(&t, &scope, &Ask::of(100, 10)).await;
        settle(&t, &scope, hold, completed(100, 10)).await;
        let moved = move_tenant(&t, &scope, "America/New_York").await;
        let refusal = try_reserve(&t, &moved, &Ask::of(1, 1)).await.expect_err("the month is used up");
        t.clock.set(refusal.resets_at.unwrap());
        let next = reserve(&t, &moved, &Ask::of(100, 10)).await;
        settle(&t, &moved, next, completed(1, 1)).await;
        assert_balanced(&t).await;
    }

    async fn a_report_sums_by_day_and_by_person(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        let other = colleague(&t, &scope).await;
        for (at, who, input, output) in [
            ("2026-03-02T16:59:00Z", &scope, 10, 1), // 2 March, 23:59 in Jakarta
            ("2026-03-02T17:01:00Z", &scope, 20, 2), // 3 March
            ("2026-03-03T05:00:00Z", &other, 400, 4),
            ("2026-02-28T16:00:00Z", &scope, 999, 9), // February
        ] {
            t.clock.set(utc(at));
            let hold = reserve(&t, who, &Ask::of(1_000, 100)).await;
            settle(&t, who, hold, completed(input, output)).await;
        }
        t.clock.set(utc("2026-03-10T00:00:00Z"));
        let aborted = reserve(&t, &scope, &Ask::of(1_000, 100)).await;
        let cut = CallOutcome { ending: Ending::Aborted, reported: reported(1, 1, false), received_bytes: 2 };
        settle(&t, &scope, aborted, cut).await;

        let report = report(&t, &scope, None).await;
        let days: Vec<_> = report.by_day.iter().map(|d| (d.day, d.tokens.input, d.requests, d.quality)).collect();
        assert_eq!(
            days,
            [
                (day("2026-03-02"), 10, 1, Quality::Exact),
                (day("2026-03-03"), 420, 2, Quality::Exact),
                (day("2026-03-10"), 1, 1, Quality::Estimated),
            ]
        );
        let people: Vec<_> = report.breakdown.rows.iter().map(|p| (p.name.as_deref().unwrap(), p.tokens.input, p.requests)).collect();
        assert_eq!(people, [("Colleague", 400, 1), ("Person of prs", 31, 3)], "dearest first");
        let by_day: i64 = report.by_day.iter().map(|d| d.cost.0).sum();
        let by_person: i64 = report.breakdown.rows.iter().map(|p| p.cost.0).sum();
        assert_eq!((by_day, by_person), (report.meter.cost.0, report.meter.cost.0));
        assert_eq!(report.meter.quality, Quality::Estimated);
        assert_balanced(&t).await;
    }

    async fn the_books_outlive_people(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        let other = colleague(&t, &scope).await;
        let open = reserve(&t, &other, &Ask::of(1_000, 100)).await;
        let hold = reserve(&t, &other, &Ask::of(1_000, 100)).await;
        settle(&t, &other, hold, completed(400, 4)).await;
        let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
        tx.query("DELETE FROM users WHERE id = $1").bind(other.user()).execute().await.unwrap();
        tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();

        drop(open);
        t.clock.advance_ms(60_001);
        assert_eq!(sweep(&t).await, 1, "what somebody who is gone left open is settled, too");
        let report = report(&t, &scope, None).await;
        assert_eq!(report.breakdown.rows[0].name, None);
        assert_eq!(report.breakdown.rows[0].tokens.input_total(), 1_400);
        assert_balanced(&t).await;
    }

    async fn a_tenant_with_books_cannot_be_deleted(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        let hold = reserve(&t, &scope, &Ask::of(1_000, 100)).await;
        settle(&t, &scope, hold, completed(400, 4)).await;
        let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
        assert!(tx.query("DELETE FROM tenants WHERE id = $1").bind(scope.tenant()).execute().await.is_err());
    }
}
