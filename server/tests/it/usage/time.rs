//! T11: windows of every length in the tenant's zone, clock changes, leap days, calls that span windows, and a clock that
//! goes backwards.

use super::*;
use crate::support::db::db_test;

/// When the refused budget begins anew.
async fn refused_until(t: &TestDb, scope: &TenantScope) -> String {
    try_reserve(t, scope, &Ask::of(100, 10)).await.expect_err("it is used up").resets_at.unwrap().to_string()
}

async fn use_up(t: &TestDb, scope: &TenantScope) {
    let hold = reserve(t, scope, &Ask::of(100, 10)).await;
    settle(t, scope, hold, completed(100, 10)).await;
}

db_test! {
    async fn t11_days_weeks_and_months_end_in_the_tenants_zone(t: TestDb) {
        let jakarta = t.scope("prs", Role::Member).await;
        for (period, at, ends) in [
            // Jakarta: UTC+7, no clock changes. 5 January 2027 is a Tuesday. Each in a week and a month of its own, so that
            // nothing of one counts in another.
            ("day", "2027-01-05T16:59:59.999Z", "2027-01-05T17:00:00.000Z"),
            ("day", "2027-01-05T17:00:00Z", "2027-01-06T17:00:00.000Z"),
            ("week", "2027-02-14T16:59:59.999Z", "2027-02-14T17:00:00.000Z"),
            ("week", "2027-02-14T17:00:00Z", "2027-02-21T17:00:00.000Z"),
            ("month", "2027-03-31T16:59:59.999Z", "2027-03-31T17:00:00.000Z"),
            ("month", "2027-03-31T17:00:00Z", "2027-04-30T17:00:00.000Z"),
            ("day", "2028-02-28T17:00:00Z", "2028-02-29T17:00:00.000Z"),
            ("month", "2032-02-29T16:59:59.999Z", "2032-02-29T17:00:00.000Z"),
        ] {
            for other in ["day", "week", "month"] {
                let limit = if other == period { "100" } else { "unlimited" };
                command(&t, &["budget", "prs", "--period", other, "--input-tokens", limit]).await.unwrap();
            }
            t.clock.set(utc(at));
            use_up(&t, &jakarta).await;
            assert_eq!(refused_until(&t, &jakarta).await, ends, "a {period} at {at}");
        }
        assert_balanced(&t).await;
    }

    async fn t11_days_of_clock_changes_have_23_and_25_hours(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let berlin = move_tenant(&t, &scope, "Europe/Berlin").await;
        command(&t, &["budget", "prs", "--period", "day", "--input-tokens", "100"]).await.unwrap();
        for (at, ends) in [
            // 29 March 2026: 23 hours; 25 October 2026: 25 hours, the hour from 2 to 3 twice.
            ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00.000Z"),
            ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00.000Z"),
        ] {
            t.clock.set(utc(at));
            use_up(&t, &berlin).await;
            assert_eq!(refused_until(&t, &berlin).await, ends);
            t.clock.set(Timestamp(utc(ends).0 - 1));
            assert_eq!(refused_until(&t, &berlin).await, ends, "until its last instant");
            t.clock.set(utc(ends));
            use_up(&t, &berlin).await;
        }
        assert_balanced(&t).await;
    }

    async fn t11_a_call_that_spans_three_months_is_booked_in_its_own(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        t.clock.set(utc("2026-01-31T16:59:00Z"));
        let january = reserve(&t, &scope, &Ask::of(100, 10)).await;
        t.clock.set(utc("2026-02-10T00:00:00Z"));
        let february = reserve(&t, &scope, &Ask::of(100, 10)).await;
        t.clock.set(utc("2026-03-20T00:00:00Z"));
        use_up(&t, &scope).await;
        settle(&t, &scope, january, completed(60, 6)).await;
        settle(&t, &scope, february, completed(70, 7)).await;
        assert_eq!(meter(&t, &scope).await.used.input, 100, "March has only its own");
        for (at, input) in [("2026-01-31T16:59:00Z", 60), ("2026-02-10T00:00:00Z", 70)] {
            t.clock.set(utc(at));
            assert_eq!(meter(&t, &scope).await.used.input, input);
        }
        assert_balanced(&t).await;
    }

    async fn t11_a_clock_that_goes_backwards_spends_nothing_twice(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        t.clock.set(utc("2026-03-31T16:59:59Z"));
        use_up(&t, &scope).await;
        t.clock.set(utc("2026-03-31T17:00:01Z"));
        let april = reserve(&t, &scope, &Ask::of(40, 10)).await;
        // Back in March: it is as used up as it was; the call of April is settled in April.
        t.clock.set(utc("2026-03-31T16:59:58Z"));
        assert_eq!(refused_until(&t, &scope).await, "2026-03-31T17:00:00.000Z");
        assert_eq!(sweep(&t).await, 0, "its lease is in the future");
        settle(&t, &scope, april, completed(40, 10)).await;
        assert_eq!(meter(&t, &scope).await.used.input, 100);
        t.clock.set(utc("2026-03-31T17:00:02Z"));
        assert_eq!(meter(&t, &scope).await.used.input, 40);
        assert!(try_reserve(&t, &scope, &Ask::of(61, 1)).await.is_err());
        assert_balanced(&t).await;
    }
}
