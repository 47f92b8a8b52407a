//! The desk by itself: what the gateway reserves, keeps and settles through it.

use std::time::Duration;

use app::model::Role;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use server::{
    db::{Engine, Tx},
    usage::{Desk, RateKind, Spill},
};

use super::*;
use crate::support::db::db_test;

fn asked(t: &TestDb, scope: &TenantScope, input_bound: i64) -> Wish {
    wish(scope, via(t), input_bound)
}

/// Takes every connection that could write, so that the desk's work waits and is done together when they are given back.
async fn occupy(t: &TestDb, scope: &TenantScope) -> Vec<Tx> {
    let connections = if t.db.engine() == Engine::Sqlite { 1 } else { 4 };
    let mut taken = Vec::new();
    for _ in 0..connections {
        taken.push(t.db.begin(scope).await.unwrap());
    }
    taken
}

async fn until(condition: impl Fn() -> bool) {
    let patience = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), patience).await.expect("it never came");
}

/// A hold whose reservation was never committed: it cannot be settled.
async fn of_no_books(t: &TestDb, scope: &TenantScope) -> Hold {
    let model = model();
    let request = ReserveRequest {
        turn: None,
        step: 1,
        attempt: 1,
        purpose: Purpose::Answer,
        model: &model,
        price: None,
        input_bound: 10,
        output_wanted: 10,
        output_floor: 10,
        searches: 0,
        via: None,
    };
    let mut tx = t.db.begin(scope).await.unwrap();
    usage::reserve(scope, &mut tx, &t.world, request).await.unwrap()
}

/// A desk on SQLite with one settlement that the ledger does not take until [`Stuck::relent`].
struct Stuck {
    t: TestDb,
    scope: TenantScope,
    desk: Desk,
    settling: tokio::task::JoinHandle<Option<Settled>>,
    /// Another call, which goes on.
    running: Hold,
}

impl Stuck {
    /// `told`: where the metrics of this test's thread go; the desk is seen to have tried once.
    async fn new(spill: &Spill, told: &PrometheusHandle) -> Self {
        let t = TestDb::sqlite().await;
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open_with(&t.db, &t.world, spill);
        let hold = desk.reserve(asked(&t, &scope, 500)).await.unwrap();
        let running = desk.reserve(asked(&t, &scope, 500)).await.unwrap();
        let mut tx = t.db.begin(&scope).await.unwrap();
        let full = "CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'full'); END";
        tx.query(full).execute().await.unwrap();
        tx.commit().await.unwrap();
        let settling = tokio::spawn({
            let (desk, scope) = (desk.clone(), scope.clone());
            async move { desk.settle(scope, hold, completed(400, 90)).await }
        });
        until(|| told.render().contains("steward_settlements_waiting 1")).await;
        Self { t, scope, desk, settling, running }
    }

    async fn relent(&self) {
        let mut tx = self.t.db.begin(&self.scope).await.unwrap();
        tx.query("DROP TRIGGER full").execute().await.unwrap();
        tx.commit().await.unwrap();
    }

    /// It was written in the end.
    async fn settles(self) {
        assert!(self.settling.await.unwrap().is_some(), "written by a later try");
        self.desk.close().await;
        settle(&self.t, &self.scope, self.running, completed(400, 10)).await;
        assert_eq!(meter(&self.t, &self.scope).await.used.output, 100);
        assert_balanced(&self.t).await;
    }
}

#[tokio::test]
async fn what_cannot_be_written_now_is_written_later_and_not_given_to_the_file_at_once() {
    let files = tempfile::tempdir().unwrap();
    let spill = Spill::to(files.path().join("unsettled.jsonl"));
    let recorder = PrometheusBuilder::new().build_recorder();
    let _here = metrics::set_default_local_recorder(&recorder);
    let stuck = Stuck::new(&spill, &recorder.handle()).await;
    // Others are no reason to try it sooner.
    for bytes in 0..5 {
        stuck.desk.checkpoint(&stuck.scope, &stuck.running, ReportedUsage::default(), bytes).await;
    }
    stuck.relent().await;
    stuck.settles().await;
    assert!(spill.is_empty());
}

#[tokio::test]
async fn a_desk_that_closes_tries_again_before_it_gives_it_to_the_file() {
    let files = tempfile::tempdir().unwrap();
    let spill = Spill::to(files.path().join("unsettled.jsonl"));
    let recorder = PrometheusBuilder::new().build_recorder();
    let _here = metrics::set_default_local_recorder(&recorder);
    let stuck = Stuck::new(&spill, &recorder.handle()).await;
    let desk = stuck.desk.clone();
    let closing = begun(Box::pin(desk.close())).await;
    stuck.relent().await;
    closing.await;
    stuck.settles().await;
    assert!(spill.is_empty());
}

#[tokio::test]
async fn without_a_file_it_is_tried_for_as_long_as_it_takes() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _here = metrics::set_default_local_recorder(&recorder);
    let mut stuck = Stuck::new(&Spill::nowhere(), &recorder.handle()).await;
    // More tries than it takes to give something to a file.
    let given_up = tokio::time::timeout(Duration::from_millis(1_500), &mut stuck.settling).await;
    assert!(given_up.is_err(), "{given_up:?}");
    stuck.relent().await;
    stuck.settles().await;
}

db_test! {
    async fn those_who_settle_together_each_get_their_own(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let theirs = t.scope("iop", Role::Member).await;
        let desk = Desk::open(&t.db, &t.world);
        let mut holds = Vec::new();
        for number in 0..8 {
            let scope = if number % 2 == 0 { &scope } else { &theirs };
            holds.push((number, scope.clone(), desk.reserve(asked(&t, scope, 500)).await.unwrap()));
        }
        let taken = occupy(&t, &scope).await;
        // The last first: not in the order of their ids.
        let settling = futures::future::join_all(holds.into_iter().rev().map(|(number, scope, hold)| {
            let desk = &desk;
            async move { (number, desk.settle(scope, hold, completed(100 + number, number)).await) }
        }));
        let settling = begun(Box::pin(settling)).await;
        drop(taken);
        for (number, settled) in settling.await {
            let tokens = settled.expect("settled").tokens;
            assert_eq!((tokens.input, tokens.output), (100 + number, number));
        }
        assert_eq!(meter(&t, &scope).await.used.input, 400 + 2 + 4 + 6);
        assert_eq!(meter(&t, &theirs).await.used.input, 400 + 1 + 3 + 5 + 7);
        desk.close().await;
        assert_balanced(&t).await;
    }

    async fn those_that_wait_together_keep_to_the_rates_of_their_key(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open(&t.db, &t.world);
        let none = Rates::default();
        // Each call is 500 + 100 tokens.
        for (rates, fit, kind) in [
            (Rates { requests_per_minute: Some(3), ..none }, 3, RateKind::Requests),
            (Rates { concurrent: Some(2), ..none }, 2, RateKind::Concurrent),
            (Rates { tokens_per_minute: Some(2_399), ..none }, 3, RateKind::Tokens),
        ] {
            let via = Via { rates, ..asked(&t, &scope, 500).via };
            let taken = occupy(&t, &scope).await;
            let at_it = begun(Box::pin(desk.reserve(asked(&t, &scope, 1)))).await;
            until(|| desk.waiting() == 0).await;
            let all = (0..5).map(|_| desk.reserve(Wish { via: via.clone(), ..asked(&t, &scope, 500) }));
            let all = begun(Box::pin(futures::future::join_all(all))).await;
            drop(taken);
            let mut holds = vec![at_it.await.unwrap()];
            for (at, answer) in all.await.into_iter().enumerate() {
                match answer {
                    Ok(hold) if at < fit => holds.push(hold),
                    Err(ReserveError::TooFast(refusal)) if at >= fit => assert_eq!(refusal.kind, kind),
                    other => panic!("{kind:?}, call {at}: {other:?}"),
                }
            }
            for hold in holds {
                assert!(desk.settle(scope.clone(), hold, completed(1, 1)).await.is_some());
            }
        }
        desk.close().await;
        assert_balanced(&t).await;
    }

    async fn what_was_not_used_of_a_hold_is_the_keys_again_in_the_same_minute(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open(&t.db, &t.world);
        let rates = Rates { tokens_per_minute: Some(1_200), ..Rates::default() };
        let via = Via { rates, ..asked(&t, &scope, 1).via };
        let of = |input| Wish { via: via.clone(), ..asked(&t, &scope, input) };
        let hold = desk.reserve(of(500)).await.unwrap();
        assert_eq!(hold.rates_left().map(|left| left.tokens), Some(600));
        assert!(desk.reserve(of(501)).await.is_err());
        assert!(desk.settle(scope.clone(), hold, completed(100, 10)).await.is_some());
        assert!(desk.reserve(of(991)).await.is_err(), "110 are used");
        let hold = desk.reserve(of(990)).await.unwrap();
        assert_eq!(hold.rates_left().map(|left| left.tokens), Some(0));
        assert!(desk.settle(scope.clone(), hold, completed(1, 1)).await.is_some());
        desk.close().await;
        assert_balanced(&t).await;
    }

    async fn who_went_away_holds_nothing(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open(&t.db, &t.world);
        let first = desk.reserve(asked(&t, &scope, 1)).await.unwrap();
        assert_eq!(desk.waiting(), 0);
        let taken = occupy(&t, &scope).await;
        // One that the desk is at, and one that waits behind it.
        let at_it = begun(Box::pin(desk.reserve(asked(&t, &scope, 500)))).await;
        until(|| desk.waiting() == 0).await;
        let behind = begun(Box::pin(desk.reserve(asked(&t, &scope, 500)))).await;
        let stays = begun(Box::pin(desk.reserve(asked(&t, &scope, 7)))).await;
        assert_eq!(desk.waiting(), 2);
        drop((at_it, behind));
        drop(taken);
        let stays = stays.await.unwrap();
        assert_eq!(meter(&t, &scope).await.used.input, 8, "only those that are there hold something");
        for hold in [first, stays] {
            assert!(desk.settle(scope.clone(), hold, completed(1, 1)).await.is_some());
        }
        desk.close().await;
        let after = meter(&t, &scope).await;
        assert_eq!((after.requests, after.used.input), (2, 2));
        assert_balanced(&t).await;
    }

    async fn one_that_cannot_be_reserved_does_not_stop_the_others(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open(&t.db, &t.world);
        let taken = occupy(&t, &scope).await;
        let at_it = begun(Box::pin(desk.reserve(asked(&t, &scope, 1)))).await;
        until(|| desk.waiting() == 0).await;
        // There is no attempt 0: the database refuses it.
        let wrong = begun(Box::pin(desk.reserve(Wish { attempt: 0, ..asked(&t, &scope, 100) }))).await;
        let right = begun(Box::pin(desk.reserve(asked(&t, &scope, 100)))).await;
        drop(taken);
        let holds = [at_it.await.unwrap(), right.await.unwrap()];
        assert!(matches!(wrong.await, Err(ReserveError::Db(_))));
        // The same beside a settlement.
        let [first, second] = holds;
        let taken = occupy(&t, &scope).await;
        let at_it = begun(Box::pin(desk.reserve(asked(&t, &scope, 1)))).await;
        until(|| desk.waiting() == 0).await;
        let wrong = begun(Box::pin(desk.reserve(Wish { attempt: 0, ..asked(&t, &scope, 100) }))).await;
        let settling = begun(Box::pin(desk.settle(scope.clone(), first, completed(1, 1)))).await;
        drop(taken);
        assert!(matches!(wrong.await, Err(ReserveError::Db(_))));
        assert!(settling.await.is_some());
        for hold in [second, at_it.await.unwrap()] {
            assert!(desk.settle(scope.clone(), hold, completed(1, 1)).await.is_some());
        }
        desk.close().await;
        assert_eq!(meter(&t, &scope).await.requests, 3);
        assert_balanced(&t).await;
    }

    async fn one_that_cannot_be_settled_does_not_stop_the_others(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("unsettled.jsonl");
        let spill = Spill::to(path.clone());
        let desk = Desk::open_with(&t.db, &t.world, &spill);
        let good = [desk.reserve(asked(&t, &scope, 500)).await.unwrap(), desk.reserve(asked(&t, &scope, 500)).await.unwrap()];
        let bad = of_no_books(&t, &scope).await;
        let call = bad.call();
        let taken = occupy(&t, &scope).await;
        let at_it = begun(Box::pin(desk.reserve(asked(&t, &scope, 1)))).await;
        until(|| desk.waiting() == 0).await;
        let [first, last] = good.map(|hold| desk.settle(scope.clone(), hold, completed(400, 90)));
        let first = begun(Box::pin(first)).await;
        let bad = begun(Box::pin(desk.settle(scope.clone(), bad, completed(1, 1)))).await;
        let last = begun(Box::pin(last)).await;
        drop(taken);
        assert!(first.await.is_some() && last.await.is_some());
        assert_eq!(bad.await, None, "it was tried for long enough");
        let file = std::fs::read_to_string(&path).unwrap();
        assert!(file.lines().count() == 1 && file.contains(&call.to_string()), "{file}");
        assert!(desk.settle(scope.clone(), at_it.await.unwrap(), completed(1, 1)).await.is_some());
        desk.close().await;
        assert_eq!(meter(&t, &scope).await.requests, 3);
        assert_balanced(&t).await;
    }

    async fn what_waits_when_it_closes_is_written(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open(&t.db, &t.world);
        let hold = desk.reserve(asked(&t, &scope, 500)).await.unwrap();
        let running = desk.reserve(asked(&t, &scope, 500)).await.unwrap();
        let taken = occupy(&t, &scope).await;
        let at_it = begun(Box::pin(desk.reserve(asked(&t, &scope, 1)))).await;
        until(|| desk.waiting() == 0).await;
        let closing = begun(Box::pin(desk.close())).await;
        // More than is done at once, and behind all of it one that must not be forgotten.
        let mut crowd = Vec::new();
        for bytes in 0..256 {
            crowd.push(begun(Box::pin(desk.checkpoint(&scope, &running, ReportedUsage::default(), bytes))).await);
        }
        let late = begun(Box::pin(desk.settle(scope.clone(), hold, completed(400, 90)))).await;
        drop(taken);
        let (at_it, (), late, _) = tokio::join!(at_it, closing, late, futures::future::join_all(crowd));
        assert!(late.is_some());
        running.discharge();
        at_it.unwrap().discharge();
        assert_eq!(meter(&t, &scope).await.used.output, 90 + 2 * 100, "one settled, two still held");
    }

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
