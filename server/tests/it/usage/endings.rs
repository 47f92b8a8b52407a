//! How calls end, and what is booked for each ending (the table of `accounting.md` §3).

use app::model::{Money, Quality, Tokens, TurnId};

use super::*;
use crate::support::db::db_test;

async fn turn_usage(t: &TestDb, scope: &TenantScope, turn: TurnId) -> app::model::TurnUsage {
    let mut tx = t.db.read(scope).await.unwrap();
    usage::turn_usage(scope, &mut tx, turn, 1_234).await.unwrap()
}

/// A sweep counts what it settled, and says nothing where it settled nothing.
#[tokio::test]
async fn a_sweep_is_counted_when_it_settles_something() {
    let t = TestDb::sqlite().await;
    let scope = t.scope("prs", Role::Member).await;
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _here = metrics::set_default_local_recorder(&recorder);
    let hold = reserve(&t, &scope, &Ask::of(500, 100)).await;
    assert_eq!(sweep(&t).await, 0);
    assert!(!recorder.handle().render().contains("steward_holds_swept_total"));
    t.clock.advance_ms(61_000);
    assert_eq!(sweep(&t).await, 1);
    assert!(recorder.handle().render().contains("steward_holds_swept_total 1"));
    hold.discharge();
    assert_balanced(&t).await;
}

db_test! {
    async fn a_completed_call_is_booked_as_reported(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let turn: TurnId = t.world.id();
        let hold = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(500, 100) }).await;
        assert_eq!(hold.permit().max_output_tokens(), 100);
        let during = meter(&t, &scope).await;
        assert_eq!((during.used.input, during.used.output, during.requests), (500, 100, 1));
        assert_eq!(during.cost, Money(500 * 2_000_000 + 100 * 5_000_000), "held at the dearest price");

        let classes = ReportedUsage { cache_read: Some(50), cache_write_5m: Some(20), ..reported(30, 40, true) };
        let outcome = CallOutcome { ending: Ending::Completed, reported: classes, received_bytes: 160 };
        let settled = settle(&t, &scope, hold, outcome).await;
        let tokens = Tokens { input: 30, cache_read: 50, cache_write_5m: 20, cache_write_1h: 0, output: 40 };
        let cost = Money(30 * 1_000_000 + 50 * 100_000 + 20 * 1_250_000 + 40 * 5_000_000);
        assert_eq!(settled, Settled { tokens, cost, quality: Quality::Exact, overrun: false });

        let after = meter(&t, &scope).await;
        assert_eq!((after.used, after.cost, after.requests, after.quality), (tokens, cost, 1, Quality::Exact));
        let of_turn = turn_usage(&t, &scope, turn).await;
        assert_eq!((of_turn.tokens, of_turn.cost, of_turn.calls, of_turn.duration_ms), (tokens, cost, 1, 1_234));
        assert_balanced(&t).await;
    }

    async fn what_was_not_billed_is_released_in_full(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let turn: TurnId = t.world.id();
        let hold = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(500, 100) }).await;
        let outcome =
            CallOutcome { ending: Ending::NotBilled, reported: ReportedUsage::default(), received_bytes: 0 };
        let settled = settle(&t, &scope, hold, outcome).await;
        assert_eq!((settled.tokens, settled.cost, settled.quality), (Tokens::default(), Money(0), Quality::Exact));
        let after = meter(&t, &scope).await;
        assert_eq!((after.used, after.cost, after.requests), (Tokens::default(), Money(0), 0));
        assert_eq!(turn_usage(&t, &scope, turn).await.calls, 0);
        assert_balanced(&t).await;
    }

    async fn a_lost_call_stays_charged(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let hold = reserve(&t, &scope, &Ask::of(500, 100)).await;
        let outcome = CallOutcome { ending: Ending::Lost, reported: ReportedUsage::default(), received_bytes: 0 };
        let settled = settle(&t, &scope, hold, outcome).await;
        assert_eq!((settled.tokens.input_total(), settled.tokens.output), (500, 100));
        assert_eq!(settled.cost, Money(500 * 2_000_000 + 100 * 5_000_000));
        let after = meter(&t, &scope).await;
        assert_eq!((after.quality, after.requests, after.cost), (Quality::Unknown, 1, settled.cost));
        assert_balanced(&t).await;
    }

    async fn an_aborted_call_is_booked_at_its_upper_bound(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let hold = reserve(&t, &scope, &Ask::of(500, 100)).await;
        let outcome = CallOutcome { ending: Ending::Aborted, reported: reported(200, 3, false), received_bytes: 60 };
        let settled = settle(&t, &scope, hold, outcome).await;
        assert_eq!((settled.tokens.input, settled.tokens.output), (200, 60), "a token is at least a byte");
        assert_eq!((settled.quality, settled.overrun), (Quality::Estimated, false));
        assert_balanced(&t).await;
    }

    async fn settling_twice_books_once(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let hold = reserve(&t, &scope, &Ask::of(500, 100)).await;
        t.clock.advance_ms(60_001);
        assert_eq!(sweep(&t).await, 1, "the lease is over, so the sweeper takes the server for dead");
        let swept = meter(&t, &scope).await;
        let settled = settle(&t, &scope, hold, completed(10, 10)).await;
        assert_eq!(settled.quality, Quality::Unknown, "what the sweeper booked is returned");
        assert_eq!(meter(&t, &scope).await, swept);
        assert_eq!(sweep(&t).await, 0);
        assert_balanced(&t).await;
    }

    async fn a_settlement_that_is_rolled_back_can_be_made_again(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let hold = reserve(&t, &scope, &Ask::of(500, 100)).await;
        let mut tx = t.db.begin(&scope).await.unwrap();
        usage::settle(&scope, &mut tx, &t.world, &hold, completed(10, 10)).await.unwrap();
        drop(tx);
        let settled = settle(&t, &scope, hold, completed(10, 10)).await;
        assert_eq!((settled.tokens.output, settled.quality), (10, Quality::Exact));
        assert_balanced(&t).await;
    }

    async fn the_sweeper_leaves_the_turns_of_its_own_process_alone(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let (ours, other): (TurnId, TurnId) = (t.world.id(), t.world.id());
        let running = reserve(&t, &scope, &Ask { turn: Some(ours), ..Ask::of(500, 100) }).await;
        drop(reserve(&t, &scope, &Ask { turn: Some(other), ..Ask::of(500, 100) }).await);
        t.clock.advance_ms(60_001);
        let mut tx = t.db.begin_system(SystemReason::Sweeper).await.unwrap();
        assert_eq!(usage::sweep(&mut tx, &t.world, &[ours]).await.unwrap(), 1);
        tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
        let settled = settle(&t, &scope, running, completed(10, 10)).await;
        assert_eq!(settled.quality, Quality::Exact);
        assert_balanced(&t).await;
    }

    async fn a_turn_is_settled_at_once_each_call_with_what_is_known_of_it(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let turn: TurnId = t.world.id();
        let title = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(500, 100) }).await;
        let answer = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(500, 100) }).await;
        let before = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(500, 100) }).await;
        drop(title);
        settle(&t, &scope, before, completed(1, 1)).await;
        let held = [(answer, completed(20, 10))];
        let mut tx = t.db.begin(&scope).await.unwrap();
        usage::settle_turn(&scope, &mut tx, &t.world, turn, &held).await.unwrap();
        tx.commit().await.unwrap();
        let [(answer, _)] = held;
        answer.discharge();
        let used = turn_usage(&t, &scope, turn).await;
        assert_eq!((used.calls, used.tokens.input_total(), used.tokens.output), (3, 1 + 20 + 500, 1 + 10 + 100));
        assert_balanced(&t).await;
    }

    async fn a_settlement_that_is_rolled_back_leaves_the_hold_to_the_sweeper(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let hold = reserve(&t, &scope, &Ask::of(500, 100)).await;
        let before = meter(&t, &scope).await;
        let mut tx = t.db.begin(&scope).await.unwrap();
        usage::settle(&scope, &mut tx, &t.world, &hold, completed(10, 10)).await.unwrap();
        drop((tx, hold));
        assert_eq!(meter(&t, &scope).await, before);
        assert_balanced(&t).await;
        t.clock.advance_ms(60_001);
        assert_eq!(sweep(&t).await, 1);
        assert_balanced(&t).await;
    }

    async fn the_sweeper_settles_from_the_last_checkpoint(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let turn: TurnId = t.world.id();
        let hold = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(500, 100) }).await;
        t.clock.advance_ms(59_000);
        checkpoint(&t, &scope, &hold, reported(200, 1, false), 30).await;
        t.clock.advance_ms(59_000);
        assert_eq!(sweep(&t).await, 0, "the checkpoint renewed the lease");
        drop(hold);
        t.clock.advance_ms(1_001);
        assert_eq!(sweep(&t).await, 1);
        let used = turn_usage(&t, &scope, turn).await;
        assert_eq!((used.tokens.input, used.tokens.output, used.quality), (200, 30, Quality::Estimated));
        assert_balanced(&t).await;
    }

    async fn the_final_report_of_a_checkpoint_is_exact(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let turn: TurnId = t.world.id();
        let hold = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(500, 100) }).await;
        checkpoint(&t, &scope, &hold, reported(200, 17, true), 60).await;
        drop(hold);
        t.clock.advance_ms(60_001);
        assert_eq!(sweep(&t).await, 1);
        let used = turn_usage(&t, &scope, turn).await;
        assert_eq!((used.tokens.output, used.quality), (17, Quality::Exact));
        assert_balanced(&t).await;
    }

    async fn an_abandoned_turn_is_settled_with_all_its_calls_and_no_others(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let (turn, other): (TurnId, TurnId) = (t.world.id(), t.world.id());
        let first = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(500, 100) }).await;
        let second = reserve(&t, &scope, &Ask { turn: Some(turn), ..Ask::of(300, 50) }).await;
        let running = reserve(&t, &scope, &Ask { turn: Some(other), ..Ask::of(40, 10) }).await;
        checkpoint(&t, &scope, &first, reported(100, 2, false), 20).await;
        drop((first, second));
        for _ in 0..2 {
            let mut tx = t.db.begin(&scope).await.unwrap();
            usage::settle_turn(&scope, &mut tx, &t.world, turn, &[]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let used = turn_usage(&t, &scope, turn).await;
        assert_eq!((used.calls, used.tokens.input_total(), used.tokens.output), (2, 100 + 300, 20 + 50));
        assert_eq!(turn_usage(&t, &scope, other).await.calls, 0, "the other turn's call is still running");
        assert_balanced(&t).await;
        settle(&t, &scope, running, completed(30, 5)).await;
        assert_eq!(turn_usage(&t, &scope, other).await.calls, 1);
        assert_balanced(&t).await;
    }

    async fn more_than_was_held_is_recorded_and_not_dropped(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(500), Some(100), Some(2), None)).await;
        let hold = reserve(&t, &scope, &Ask::of(500, 100)).await;
        let settled = settle(&t, &scope, hold, completed(510, 250)).await;
        assert!(settled.overrun);
        assert_eq!((settled.tokens.input, settled.tokens.output), (510, 250));
        let after = meter(&t, &scope).await;
        assert_eq!((after.used.output, after.percent), (250, Some(250)));
        let refusal = try_reserve(&t, &scope, &Ask::of(1, 1)).await.expect_err("nothing is left");
        assert_eq!(refusal.limit, "500 input tokens");
        assert_balanced(&t).await;
    }

    async fn of_searches_that_nobody_heard_the_end_of_the_most_is_booked(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, BudgetLimits::default()).await;
        let price = PriceVersion { per_search: Some(7_000_000), ..price() };
        let ask = Ask { searches: 3, price: Some(price), ..Ask::of(500, 100) };
        let seen = ReportedUsage { searches: Some(1), ..reported(30, 40, false) };
        // What was heard of each before its server died, and what is booked: input, searches, quality.
        let dead = [
            // Four rounds of at most 30 tokens and 5 bytes.
            (Some((seen, 5)), 140, 3, Quality::Estimated),
            (Some((ReportedUsage { is_final: true, ..seen }, 5)), 30, 1, Quality::Exact),
            (None, 10_000_000, 3, Quality::Unknown),
        ];
        let (mut input, mut searches) = (0, 0);
        for (heard, read, searched, quality) in dead {
            let hold = reserve(&t, &scope, &ask).await;
            if let Some((seen, bytes)) = heard {
                let mut tx = t.db.begin(&scope).await.unwrap();
                usage::checkpoint(&scope, &mut tx, &t.world, &hold, seen, bytes).await.unwrap();
                tx.commit().await.unwrap();
            }
            hold.discharge();
            t.clock.advance_ms(61_000);
            assert_eq!(sweep(&t).await, 1);
            (input, searches) = (input + read, searches + searched);
            let meter = meter(&t, &scope).await;
            assert_eq!((meter.used.input_total(), meter.quality), (input, quality.max(meter.quality)));
            assert_eq!(meter.cost.0 % 100_000, 0);
            let tokens = meter.used;
            let of_tokens = tokens.input * 1_000_000 + tokens.cache_read * 100_000 + tokens.cache_write_5m * 1_250_000
                + tokens.cache_write_1h * 2_000_000 + tokens.output * 5_000_000;
            assert_eq!(meter.cost.0 - of_tokens, searches * 7_000_000, "{heard:?}");
            assert_balanced(&t).await;
        }
    }

    async fn a_search_is_booked_once_and_its_fee_is_in_the_audit(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, BudgetLimits::default()).await;
        let price = PriceVersion { per_search: Some(7_000_000), ..price() };
        let hold = reserve(&t, &scope, &Ask { searches: 3, price: Some(price), ..Ask::of(500, 100) }).await;
        assert_eq!(meter(&t, &scope).await.cost, Money(10_000_000 * 2_000_000 + 100 * 5_000_000 + 3 * 7_000_000));
        let outcome = completed(30, 10);
        let outcome = CallOutcome { reported: ReportedUsage { searches: Some(2), ..outcome.reported }, ..outcome };
        let settled = settle(&t, &scope, hold, outcome).await;
        assert_eq!((settled.cost.0, settled.quality), (30 * 1_000_000 + 10 * 5_000_000 + 2 * 7_000_000, Quality::Exact));
        assert_balanced(&t).await;
        // One more than was paid for.
        let mut tx = t.db.begin(&scope).await.unwrap();
        tx.query("UPDATE model_calls SET searches = searches + 1 WHERE tenant_id = $1").bind(scope.tenant()).execute().await.unwrap();
        tx.commit().await.unwrap();
        let found = usage::audit_books(&t.db).await.unwrap();
        assert!(found.iter().any(|line| line.contains("its cost is not its tokens times its prices")), "{found:?}");
    }
}
