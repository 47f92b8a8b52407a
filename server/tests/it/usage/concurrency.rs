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
}
