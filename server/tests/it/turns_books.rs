//! What turns leave in the books when something is in the way: a database that is away, a client that goes away, a stop
//! before the first word.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use app::model::{Quality, TurnEvent, UsageMeter};
use server::{
    db::{Engine, Tx},
    models::{Billed, ProviderErrorKind, ReportedUsage, StopReason},
    turns::TurnsConfig,
    usage::{Spill, meter},
};

use crate::{
    support::db::db_test,
    turns_fake::{
        Act, Gate, House, Opening, config, patiently, played, provider_error, says, text, turns_on, turns_spilling,
        used,
    },
};

/// No title, so that the answer's calls stand alone in the books.
fn untitled(house: &House) {
    house.fake.title(Opening::Refuses(provider_error(ProviderErrorKind::Rejected, Billed::No)));
}

async fn books(house: &House) -> UsageMeter {
    let mut tx = house.t.db.read(&house.scope).await.expect("a transaction");
    meter(&house.scope, &mut tx, &house.t.world).await.expect("a meter")
}

/// Takes every connection that could write, so that nothing is written until they are given back.
async fn occupy(house: &House) -> Vec<Tx> {
    let mut taken = Vec::new();
    let connections = match house.t.db.engine() {
        Engine::Sqlite => 1,
        Engine::Postgres => 4,
    };
    for _ in 0..connections {
        taken.push(patiently(house.t.db.begin(&house.scope)).await.expect("a transaction"));
    }
    taken
}

async fn until(condition: impl Fn() -> bool) {
    patiently(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Polls a future so many times, then drops it where it is.
async fn cut_off_after(polls: usize, future: impl Future) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        future.as_mut().poll(cx).map(|_| ())
    })
    .await;
}

db_test! {
    async fn an_end_outlives_a_database_that_is_away_with_its_text_and_its_exact_bill(t: TestDb) {
        let house = House::new(t).await;
        untitled(&house);
        let gate = Gate::new();
        house.fake.then(vec![
            text("All "),
            Act::Wait(gate.clone()),
            text("of it."),
            used(123, 45),
            Act::Stop(StopReason::EndTurn),
        ]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        let taken = occupy(&house).await;
        gate.open();
        let failed = || house.turns.failed_ends() > 0;
        until(failed).await;
        // Long enough for every lease; neither is this process's own reaper or sweeper to take it away.
        house.t.clock.advance_ms(10 * 60_000);
        drop(taken);
        house.turns.reap().await.expect("a pass");
        house.turns.sweep().await.expect("a pass");
        let client = played(&house.events(started.turn, 0).await);
        let [TurnEvent::Finished { usage }] = &client.ends[..] else { panic!("{:?}", client.ends) };
        assert_eq!((client.text().as_str(), usage.quality), ("All of it.", Quality::Exact));
        assert_eq!((usage.tokens.input, usage.tokens.output), (123, 45));
        house.close().await;
    }

    async fn a_bill_of_a_process_that_dies_while_the_database_is_away_is_exact_nevertheless(t: TestDb) {
        let files = tempfile::tempdir().expect("a folder");
        let spill = Spill::to(files.path().join("unsettled.jsonl"));
        let mut house = House::new(t).await;
        house.turns = turns_spilling(&house.t.db, &house.t.world, &house.fake, config(), &spill);
        untitled(&house);
        let gate = Gate::new();
        house.fake.then(vec![text("All."), Act::Wait(gate.clone()), used(123, 45), Act::Stop(StopReason::EndTurn)]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        let taken = occupy(&house).await;
        gate.open();
        until(|| !spill.is_empty()).await;
        assert!(house.turns.shutdown(Duration::from_secs(30)).await, "it gives up and is gone");
        drop(taken);
        house.t.clock.advance_ms(10 * 60_000);
        // Who comes next does not book by the checkpoint what the file knows better.
        let next = turns_on(&house.t.db, &house.t.world, &house.fake, config());
        assert_eq!((next.reap().await.expect("a pass"), next.sweep().await.expect("a pass")), (0, 0));
        // The refused title may be among them.
        assert!(spill.replay(&house.t.db, &house.t.world).await.expect("it is there") >= 1);
        assert_eq!(next.reap().await.expect("a pass"), 1);
        house.turns = next;
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends[..], [TurnEvent::Failed { .. }]), "{:?}", client.ends);
        let books = books(&house).await;
        assert_eq!((books.used.input, books.used.output, books.quality), (123, 45, Quality::Exact));
        house.close().await;
    }

    async fn a_step_that_cannot_be_booked_is_booked_exactly_with_the_end(t: TestDb) {
        let house = House::new(t).await;
        untitled(&house);
        let gate = Gate::new();
        house.fake.then(vec![
            Act::Tool("a", "echo", serde_json::json!({"say": "one"})),
            used(77, 33),
            Act::Wait(gate.clone()),
            Act::Stop(StopReason::ToolUse),
        ]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        let taken = occupy(&house).await;
        gate.open();
        let failed = || house.turns.failed_ends() > 0;
        until(failed).await;
        drop(taken);
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends[..], [TurnEvent::Failed { .. }]), "{:?}", client.ends);
        let books = books(&house).await;
        assert_eq!((books.used.input, books.used.output, books.quality), (77, 33, Quality::Exact));
        house.close().await;
    }

    async fn a_client_that_goes_away_while_starting_leaves_a_turn_that_runs_or_none(t: TestDb) {
        let house = House::new(t).await;
        for polls in 1..40 {
            house.fake.then(says("Here."));
            let start = house.message("Hello", None);
            cut_off_after(polls, house.turns.start(&house.scope, "req-1", start.clone())).await;
            let started = house.turns.start(&house.scope, "req-1", start).await.expect("the same key");
            let client = played(&house.events(started.turn, 0).await);
            assert!(matches!(client.ends[..], [TurnEvent::Finished { .. }]), "{polls}: {:?}", client.ends);
        }
        house.close().await;
    }

    async fn a_stop_before_anything_was_heard_leaves_the_hold_charged(t: TestDb) {
        let house = House::with(t, TurnsConfig { max_output_tokens: 1_000, ..config() }).await;
        untitled(&house);
        let gate = Gate::new();
        house.fake.then(vec![Act::Wait(gate.clone())]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        house.turns.stop(&house.scope, started.turn).await.expect("it is stopped");
        house.events(started.turn, 0).await;
        let after = books(&house).await;
        assert_eq!((after.used.output, after.quality), (1_000, Quality::Unknown));
        house.close().await;
    }

    async fn a_stop_inside_something_hidden_counts_what_came(t: TestDb) {
        let house = House::new(t).await;
        untitled(&house);
        let gate = Gate::new();
        let begun = ReportedUsage { input: Some(7), output: Some(1), ..ReportedUsage::default() };
        house.fake.then(vec![Act::Usage(begun), Act::Received(500), Act::Wait(gate.clone())]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        house.turns.stop(&house.scope, started.turn).await.expect("it is stopped");
        house.events(started.turn, 0).await;
        let after = books(&house).await;
        assert_eq!((after.used.input, after.used.output, after.quality), (7, 500, Quality::Estimated));
        house.close().await;
    }
}
