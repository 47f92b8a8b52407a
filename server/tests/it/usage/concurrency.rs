//! T1 in small: under concurrency exactly what fits is let through.

use std::sync::Arc;

use super::*;
use crate::support::db::db_test;

db_test! {
    async fn a_budget_of_k_calls_lets_exactly_k_through(t: TestDb) {
        const K: i64 = 17;
        let scope = t.scope("prs", Role::Member).await;
        let ask = Ask::of(10, 10);
        let cost = 10 * 2_000_000 + 10 * 5_000_000;
        set_limits(&t, &scope, limits(None, None, None, Some(K * cost))).await;
        let t = Arc::new(t);
        let calls: Vec<_> = (0..50)
            .map(|_| {
                let (t, scope, ask) = (t.clone(), scope.clone(), ask.clone());
                tokio::spawn(async move { try_reserve(&t, &scope, &ask).await })
            })
            .collect();
        let mut holds = Vec::new();
        for call in calls {
            match call.await.unwrap() {
                Ok(hold) => holds.push(hold),
                Err(refusal) => assert_eq!(refusal.limit, Money(K * cost).to_string()),
            }
        }
        assert_eq!(holds.len(), 17);
        assert_eq!(meter(&t, &scope).await.percent, Some(100));
        assert_balanced(&t).await;

        // All are billed in full, at once: the budget is spent to the last pico-dollar and not beyond.
        let settled: Vec<_> = holds
            .into_iter()
            .map(|hold| {
                let (t, scope) = (t.clone(), scope.clone());
                let dearest = ReportedUsage { cache_write_1h: Some(10), ..reported(0, 10, true) };
                let outcome = CallOutcome { ending: Ending::Completed, reported: dearest, received_bytes: 10 };
                tokio::spawn(async move { settle(&t, &scope, hold, outcome).await })
            })
            .collect();
        for settled in settled {
            assert!(!settled.await.unwrap().overrun);
        }
        assert_eq!(meter(&t, &scope).await.cost, Money(K * cost));
        assert!(try_reserve(&t, &scope, &ask).await.is_err());
        assert_balanced(&t).await;
    }

    async fn calls_that_can_be_shortened_share_the_rest_without_passing_the_limit(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(None, Some(1_050), None, None)).await;
        let t = Arc::new(t);
        let calls: Vec<_> = (0..30)
            .map(|_| {
                let (t, scope) = (t.clone(), scope.clone());
                let ask = Ask { output_floor: 20, ..Ask::of(10, 100) };
                tokio::spawn(async move { try_reserve(&t, &scope, &ask).await.ok() })
            })
            .collect();
        let mut caps = Vec::new();
        let mut holds = Vec::new();
        for call in calls {
            if let Some(hold) = call.await.unwrap() {
                caps.push(hold.permit().max_output_tokens());
                holds.push(hold);
            }
        }
        caps.sort_unstable();
        assert_eq!(caps, [vec![50], vec![100; 10]].concat(), "ten whole ones, and the rest for one more");
        assert_balanced(&t).await;
        for hold in holds {
            settle(&t, &scope, hold, completed(10, 7)).await;
        }
        assert_balanced(&t).await;
    }

    async fn two_servers_on_one_database_share_the_budget(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(None, None, Some(11), None)).await;
        let replica = Db::open(&t.config).await.unwrap();
        let t = Arc::new(t);
        let calls: Vec<_> = (0..40)
            .map(|nth| {
                let (t, scope) = (t.clone(), scope.clone());
                let db = if nth % 2 == 0 { t.db.clone() } else { replica.clone() };
                tokio::spawn(async move { try_reserve_on(&db, &t, &scope, &Ask::of(10, 10)).await.ok() })
            })
            .collect();
        let mut holds = Vec::new();
        for call in calls {
            holds.extend(call.await.unwrap());
        }
        assert_eq!(holds.len(), 11);
        for hold in holds {
            settle(&t, &scope, hold, completed(10, 7)).await;
        }
        assert_eq!(meter(&t, &scope).await.requests, 11);
        assert_balanced(&t).await;
        replica.close().await;
    }

    async fn calls_with_several_budgets_neither_deadlock_nor_pass_one(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(1_000), None, None, None)).await;
        set_own_daily_limit(&t, &scope, 100).await;
        let t = Arc::new(t);
        let calls: Vec<_> = (0..30)
            .map(|_| {
                let (t, scope) = (t.clone(), scope.clone());
                tokio::spawn(async move {
                    let Ok(hold) = try_reserve(&t, &scope, &Ask::of(20, 10)).await else { return 0 };
                    settle(&t, &scope, hold, completed(15, 1)).await;
                    15
                })
            })
            .collect();
        let mut used = 0;
        for call in calls {
            used += call.await.unwrap();
        }
        // Each leaves 5 of its 20; at the end fewer than 20 are left.
        assert!((75..=90).contains(&used), "{used} of 100");
        assert_eq!(meter(&t, &scope).await.used.input, used);
        assert_balanced(&t).await;
    }

    async fn a_turns_end_and_its_title_settle_at_once_without_a_deadlock(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let t = Arc::new(t);
        for _ in 0..15 {
            let turn = t.world.id();
            let ask = Ask { turn: Some(turn), ..Ask::of(10, 10) };
            let held = [(reserve(&t, &scope, &ask).await, completed(10, 10))];
            let title = reserve(&t, &scope, &ask).await;
            let beside = {
                let (t, scope) = (t.clone(), scope.clone());
                tokio::spawn(async move { settle(&t, &scope, title, completed(10, 10)).await })
            };
            let mut tx = t.db.begin(&scope).await.unwrap();
            usage::settle_turn(&scope, &mut tx, &t.world, turn, &held).await.unwrap();
            tx.commit().await.unwrap();
            let [(answer, _)] = held;
            answer.discharge();
            beside.await.unwrap();
        }
        assert_eq!(meter(&t, &scope).await.requests, 30);
        assert_balanced(&t).await;
    }

    async fn the_sweeper_and_the_late_server_settle_a_call_once(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let mut holds = Vec::new();
        for _ in 0..10 {
            holds.push(reserve(&t, &scope, &Ask::of(10, 10)).await);
        }
        t.clock.advance_ms(60_001);
        let t = Arc::new(t);
        let sweeps: Vec<_> = (0..2)
            .map(|_| {
                let t = t.clone();
                tokio::spawn(async move { sweep(&t).await })
            })
            .collect();
        for hold in holds {
            settle(&t, &scope, hold, completed(10, 10)).await;
        }
        for swept in sweeps {
            swept.await.unwrap();
        }
        let after = meter(&t, &scope).await;
        assert_eq!((after.requests, after.used.input_total()), (10, 100));
        assert_balanced(&t).await;
    }
}
