//! The desk by itself: what the gateway reserves, keeps and settles through it.

use app::model::Role;
use server::usage::Desk;

use super::*;
use crate::support::db::db_test;

db_test! {
    async fn a_call_that_takes_long_keeps_its_lease(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open(&t.db, &t.world);
        let hold = desk.reserve(wish(&scope, via(&t), 500)).await.unwrap();
        for _ in 0..5 {
            t.clock.advance_ms(50_000);
            desk.checkpoint(&scope, &hold, ReportedUsage::default(), 0).await;
            assert_eq!(sweep(&t).await, 0, "somebody is at it");
        }
        let settled = desk.settle(scope.clone(), hold, completed(400, 90)).await.unwrap();
        assert_eq!((settled.tokens.input, settled.tokens.output, settled.quality), (400, 90, app::model::Quality::Exact));
        let left = desk.reserve(wish(&scope, via(&t), 500)).await.unwrap();
        t.clock.advance_ms(61_000);
        assert_eq!(sweep(&t).await, 1, "nobody is");
        left.discharge();
        desk.close().await;
        assert!(desk.reserve(wish(&scope, via(&t), 1)).await.is_err(), "a closed desk lets nothing through");
        assert_balanced(&t).await;
    }

    async fn those_that_wait_together_get_what_fits(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(5_000), None, None, None)).await;
        let desk = Desk::open(&t.db, &t.world);
        let all = futures::future::join_all((0..30).map(|_| desk.reserve(wish(&scope, via(&t), 500)))).await;
        let (holds, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
        assert_eq!((holds.len(), refused.len()), (10, 20));
        let settling = holds.into_iter().map(|hold| desk.settle(scope.clone(), hold.unwrap(), completed(500, 10)));
        assert!(futures::future::join_all(settling).await.iter().all(Option::is_some));
        assert_eq!(meter(&t, &scope).await.used.input, 5_000);
        assert_balanced(&t).await;
    }
}
