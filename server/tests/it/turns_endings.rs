//! How turns end when they do not simply finish: stopped, failed, out of budget, panicked, shut down, crashed. However it
//! ends, the text so far stays, there is one end, and the books balance.

use std::time::Duration;

use app::model::{
    BudgetLimits, MessageStatus, Part, Quality, ToolCallStatus, TurnError, TurnErrorCode, TurnEvent, TurnStarted,
};
use serde_json::json;
use server::{
    conversations,
    db::{Db, DbConfig, Engine, SystemReason, turn::turn_find},
    error::Error,
    models::{Billed, ProviderErrorKind, ReportedUsage, StopReason},
    turns::{Turns, TurnsConfig},
    usage,
};

use crate::{
    support::db::db_test,
    turns_fake::{
        Act, Fake, Gate, House, Opening, config, follow, patiently, played, provider_error, says, text, text_of,
        turns_on, used,
    },
};

async fn set_budget(house: &House, limits: BudgetLimits) {
    let (db, world) = (&house.t.db, &house.t.world);
    let mut tx = db.begin_system(SystemReason::Administration).await.expect("a transaction");
    usage::set_budget(&mut tx, world, house.scope.tenant(), limits).await.expect("a budget");
    tx.commit(world.id(), world.now(), "test").await.expect("a commit");
}

/// The error a turn ends with, and its text.
async fn failure(house: &House, started: TurnStarted) -> (TurnError, String) {
    let client = played(&house.events(started.turn, 0).await);
    let [TurnEvent::Failed { error }] = &client.ends[..] else { panic!("{:?}", client.ends) };
    let view = house.view(started.conversation).await;
    let answer = view.messages.last().expect("an answer");
    assert_eq!((&answer.status, &answer.parts), (&MessageStatus::Failed(error.clone()), &client.parts));
    assert_eq!(error.request_id, "req-1");
    (error.clone(), client.text())
}

/// Waits until the log holds text of the turn.
async fn in_the_log(db: &Db, scope: &server::tenancy::TenantScope, started: TurnStarted) {
    patiently(async {
        loop {
            let mut tx = db.read(scope).await.expect("a transaction");
            let turn = turn_find(scope, &mut tx, started.turn).await.expect("a read").expect("the turn");
            if turn.last_seq > 0 {
                return;
            }
            drop(tx);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

db_test! {
    async fn a_stop_from_another_process_ends_it_with_what_was_written(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![text("some "), Act::Wait(gate.clone()), text("more")]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        let elsewhere = turns_on(&house.t.db, &house.t.world, &house.fake, config());
        elsewhere.stop(&house.scope, started.turn).await.expect("it is stopped");
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends[..], [TurnEvent::Stopped { .. }]), "{:?}", client.ends);
        assert_eq!(client.text(), "some ");
        let view = house.view(started.conversation).await;
        assert_eq!(view.messages[1].status, MessageStatus::Stopped);
        assert_eq!(text_of(&view.messages[1].parts), "some ");
        elsewhere.stop(&house.scope, started.turn).await.expect("stopping what is over is no error");
        house.close().await;
    }

    async fn a_stop_here_is_immediate_and_the_next_turn_goes_on(t: TestDb) {
        // The writer would notice much later: only the direct way can make this quick.
        let house = House::with(t, TurnsConfig { write_every: Duration::from_secs(3600), ..config() }).await;
        let gate = Gate::new();
        house.fake.then(vec![text("some "), Act::Wait(gate.clone()), text("more")]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        house.turns.stop(&house.scope, started.turn).await.expect("it is stopped");
        house.events(started.turn, 0).await;
        let next = house.ask("Go on", Some((started.conversation, Some(started.assistant_message)))).await;
        assert_eq!(house.view(next.conversation).await.messages.len(), 4);
        house.close().await;
    }

    async fn a_stopped_call_is_heard_for_its_final_count(t: TestDb) {
        let house = House::with(t, TurnsConfig { final_usage_within: Duration::from_secs(60), ..config() }).await;
        house.fake.title(Opening::Refuses(provider_error(ProviderErrorKind::Rejected, Billed::No)));
        let gate = Gate::new();
        house.fake.then(vec![text("some "), Act::Wait(gate.clone()), text("unseen"), used(77, 33)]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        house.turns.stop(&house.scope, started.turn).await.expect("it is stopped");
        gate.open();
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends[..], [TurnEvent::Stopped { .. }]), "{:?}", client.ends);
        assert_eq!(client.text(), "some ");
        let view = house.view(started.conversation).await;
        let usage = view.messages[1].usage.as_ref().expect("usage");
        assert_eq!((usage.tokens.input, usage.tokens.output, usage.quality), (77, 33, Quality::Exact));
        house.close().await;
    }

    async fn deleting_the_conversation_stops_it(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![text("some "), Act::Wait(gate.clone()), text("more")]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        let mut tx = house.t.db.begin(&house.scope).await.expect("a transaction");
        let now = house.t.world.now();
        let running = conversations::delete(&house.scope, &mut tx, started.conversation, now).await.expect("deleted");
        tx.commit().await.expect("a commit");
        assert_eq!(running, vec![started.turn]);
        house.turns.stop_here(&running);
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends[..], [TurnEvent::Stopped { .. }]), "{:?}", client.ends);
        house.close().await;
    }

    async fn over_budget_at_the_start_nothing_is_stored_or_sent(t: TestDb) {
        let house = House::new(t).await;
        set_budget(&house, BudgetLimits { requests: Some(0), ..BudgetLimits::default() }).await;
        let start = house.message("Too late", None);
        let refused = house.turns.start(&house.scope, "req", start).await;
        let Err(Error::OverBudget(refusal)) = refused else { panic!("{refused:?}") };
        assert_eq!(refusal.contact, "admin@prs.example");
        assert!(house.fake.requests().is_empty());
        let mut tx = house.t.db.read(&house.scope).await.expect("a transaction");
        let list = conversations::list(&house.scope, &mut tx, app::model::Folder::Inbox, None).await.expect("a list");
        assert_eq!(list.items, Vec::new());
        drop(tx);
        house.close().await;
    }

    async fn t16_over_budget_inside_the_loop_keeps_the_answer_so_far(t: TestDb) {
        let house = House::new(t).await;
        // The first step alone: neither the title nor the second step.
        set_budget(&house, BudgetLimits { requests: Some(1), ..BudgetLimits::default() }).await;
        house.fake.then(vec![
            text("Let me look. "),
            Act::Tool("a", "echo", json!({"say": "one"})),
            used(5, 5),
            Act::Stop(StopReason::ToolUse),
        ]);
        let started = house.start("How much?", None).await;
        let (error, written) = failure(&house, started).await;
        assert_eq!((error.code, written.as_str()), (TurnErrorCode::OverBudget, "Let me look. "));
        assert_eq!(house.view(started.conversation).await.title, "How much?");
        let refusal = error.refusal.expect("it says which limit");
        assert!(error.message.contains(&refusal.limit), "{}", error.message);
        house.close().await;
    }

    async fn an_overloaded_provider_is_asked_again(t: TestDb) {
        let house = House::new(t).await;
        let overloaded = provider_error(ProviderErrorKind::Unavailable, Billed::No);
        house.fake.then_opening(Opening::Refuses(overloaded.clone()));
        house.fake.then(vec![Act::Fail(overloaded)]);
        house.fake.then(says("Here."));
        let started = house.start("Hello?", None).await;
        let client = played(&house.events(started.turn, 0).await);
        assert_eq!(client.text(), "Here.");
        let TurnEvent::Finished { usage } = &client.ends[0] else { panic!("{:?}", client.ends) };
        assert_eq!(usage.tokens.output, 10, "only what was billed: the answer and the title");
        assert_eq!(house.fake.requests().len(), 3);
        house.close().await;
    }

    async fn a_provider_that_stays_away_is_given_up(t: TestDb) {
        let house = House::new(t).await;
        let away = provider_error(ProviderErrorKind::RateLimited, Billed::No);
        for _ in 0..4 {
            house.fake.then_opening(Opening::Refuses(away.clone()));
        }
        let (error, written) = failure(&house, house.start("Hello?", None).await).await;
        assert_eq!((error.code, written.as_str()), (TurnErrorCode::RateLimited, ""));
        let in_a_minute = house.t.world.now().0 + 60_000;
        assert_eq!(error.retry_at.map(|at| at.0), Some(in_a_minute), "nobody said how long");
        assert_eq!(house.fake.requests().len(), 3);
        house.close().await;
    }

    async fn what_cannot_succeed_is_not_tried_again(t: TestDb) {
        let house = House::new(t).await;
        let cases = [
            (ProviderErrorKind::Unauthorized, TurnErrorCode::ModelMisconfigured),
            (ProviderErrorKind::NoSuchModel, TurnErrorCode::ModelMisconfigured),
            (ProviderErrorKind::ContextTooLong, TurnErrorCode::ContextTooLong),
            (ProviderErrorKind::Rejected, TurnErrorCode::ModelRefused),
        ];
        for (at, (kind, code)) in cases.into_iter().enumerate() {
            house.fake.then_opening(Opening::Refuses(provider_error(kind, Billed::No)));
            let (error, _) = failure(&house, house.start("Hello?", None).await).await;
            assert_eq!((error.code, house.fake.requests().len()), (code, at + 1));
        }
        house.close().await;
    }

    async fn an_error_after_the_first_word_ends_it_there(t: TestDb) {
        let house = House::new(t).await;
        let broken = provider_error(ProviderErrorKind::Unavailable, Billed::Partly);
        let begun = ReportedUsage { input: Some(7), ..ReportedUsage::default() };
        house.fake.then(vec![Act::Usage(begun), text("The cost is "), Act::Fail(broken)]);
        let (error, written) = failure(&house, house.start("Cost?", None).await).await;
        assert_eq!((error.code, written.as_str()), (TurnErrorCode::ModelUnavailable, "The cost is "));
        assert_eq!(house.fake.requests().len(), 1);
        house.close().await;
    }

    async fn a_stream_without_an_end_is_a_failure(t: TestDb) {
        let house = House::new(t).await;
        house.fake.then(vec![text("half")]);
        let (error, written) = failure(&house, house.start("Cost?", None).await).await;
        assert_eq!((error.code, written.as_str()), (TurnErrorCode::ModelUnavailable, "half"));
        house.close().await;
    }

    async fn every_stop_reason_has_its_words(t: TestDb) {
        let house = House::new(t).await;
        let cases = [
            (StopReason::MaxTokens, TurnErrorCode::CutOff),
            (StopReason::Refusal, TurnErrorCode::ModelRefused),
            (StopReason::ContextWindow, TurnErrorCode::ContextTooLong),
        ];
        for (reason, code) in cases {
            house.fake.then(vec![text("So "), used(1, 1), Act::Stop(reason)]);
            let (error, written) = failure(&house, house.start("Cost?", None).await).await;
            assert_eq!((error.code, written.as_str()), (code, "So "));
        }
        house.fake.then(vec![used(1, 0), Act::Stop(StopReason::EndTurn)]);
        let (error, _) = failure(&house, house.start("Cost?", None).await).await;
        assert_eq!(error.code, TurnErrorCode::ModelUnavailable, "an answer without a word is none");
        house.close().await;
    }

    async fn a_panic_ends_the_turn_and_nothing_else(t: TestDb) {
        let house = House::new(t).await;
        house.fake.then_opening(Opening::Panics);
        let (error, _) = failure(&house, house.start("Boom", None).await).await;
        assert_eq!(error.code, TurnErrorCode::Internal);
        house.fake.then(vec![text("so far "), Act::Panic]);
        let (error, written) = failure(&house, house.start("Boom", None).await).await;
        assert_eq!((error.code, written.as_str()), (TurnErrorCode::Internal, "so far "));
        house.ask("Still there?", None).await;
        house.close().await;
    }

    async fn a_title_that_fails_is_the_first_words(t: TestDb) {
        let house = House::new(t).await;
        let away = provider_error(ProviderErrorKind::Unavailable, Billed::No);
        for opening in [Opening::Refuses(away), Opening::Panics, Opening::Streams(vec![text("\n \n")])] {
            house.fake.title(opening);
            let started = house.ask("What did compressor 3 cost us last week?", None).await;
            let view = house.view(started.conversation).await;
            assert_eq!(view.title, "What did compressor 3 cost us last week?");
        }
        house.close().await;
    }

    async fn a_title_that_hangs_does_not_hold_the_answer_up(t: TestDb) {
        let house = House::with(t, TurnsConfig { title_wait: Duration::from_millis(20), ..config() }).await;
        house.fake.title(Opening::Streams(vec![text("A"), Act::Wait(Gate::new()), text("B")]));
        let started = house.start("Hello", None).await;
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends[..], [TurnEvent::Finished { .. }]), "{:?}", client.ends);
        house.close().await;
    }

    async fn a_shutdown_ends_what_runs_and_takes_nothing_new(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![text("some "), Act::Wait(gate.clone()), text("more")]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        let (turns, scope) = (house.turns.clone(), house.scope.clone());
        let reader = tokio::spawn(async move { follow(&turns, &scope, started.turn, 0).await });
        assert!(house.turns.shutdown(Duration::from_secs(20)).await, "it ends in time");
        let client = played(&patiently(reader).await.expect("a reader"));
        let [TurnEvent::Failed { error }] = &client.ends[..] else { panic!("{:?}", client.ends) };
        assert_eq!((error.code, client.text().as_str()), (TurnErrorCode::Interrupted, "some "));
        let late = house.turns.start(&house.scope, "req", house.message("Late", None)).await;
        assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
        house.close().await;
    }

    async fn a_crash_leaves_the_text_interrupted_and_the_hold_settled(t: TestDb) {
        let house = House::new(t).await;
        let fake = std::sync::Arc::new(Fake::default());
        fake.title(Opening::Refuses(provider_error(ProviderErrorKind::Rejected, Billed::No)));
        let begun = ReportedUsage { input: Some(7), ..ReportedUsage::default() };
        fake.then(vec![
            Act::Usage(begun),
            text("some text"),
            Act::Tool("a", "echo", json!({"say": "x"})),
            Act::Wait(Gate::new()),
        ]);
        let started = crash(&house, fake).await;
        // Its lease still holds: it might be alive.
        assert_eq!(house.turns.reap().await.expect("a pass"), 0);
        let view = house.view(started.conversation).await;
        assert_eq!(view.running.map(|(turn, _)| turn), Some(started.turn));
        assert_eq!(text_of(&view.messages[1].parts), "some text");
        let (turns, scope) = (house.turns.clone(), house.scope.clone());
        let reader = tokio::spawn(async move { follow(&turns, &scope, started.turn, 1_000).await });

        house.t.clock.advance_ms(TurnsConfig::default().lease_ms + 1);
        assert_eq!(house.turns.reap().await.expect("a pass"), 1);
        assert_eq!(house.turns.reap().await.expect("a pass"), 0, "once");
        let (error, written) = failure(&house, started).await;
        assert_eq!((error.code, written.as_str()), (TurnErrorCode::Interrupted, "some text"));
        let rest = patiently(reader).await.expect("a reader");
        assert!(matches!(rest[0].event, TurnEvent::Snapshot { .. }), "it saw more than was kept: {rest:?}");
        assert!(rest.iter().filter(|envelope| envelope.event.is_terminal()).count() == 1);
        let next = house.ask("Again", Some((started.conversation, Some(started.assistant_message)))).await;
        assert_eq!(house.view(next.conversation).await.messages.len(), 4);
        house.close().await;
    }

    async fn a_restart_on_the_embedded_database_does_not_wait_for_the_lease(t: TestDb) {
        let house = House::new(t).await;
        let fake = std::sync::Arc::new(Fake::default());
        fake.then(vec![text("some text"), Act::Wait(Gate::new())]);
        let crashed = crash(&house, fake).await;
        house.t.clock.advance_ms(1_000);
        let gate = Gate::new();
        house.fake.then(vec![Act::Wait(gate.clone()), text("alive"), used(1, 1), Act::Stop(StopReason::EndTurn)]);
        let restarted = turns_on(&house.t.db, &house.t.world, &house.fake, config());
        let alive = restarted.start(&house.scope, "req-1", house.message("New", None)).await.expect("a turn");
        let is_embedded = house.t.db.engine() == Engine::Sqlite;
        assert_eq!(restarted.reap_orphans().await.expect("a pass"), u64::from(is_embedded));
        house.t.clock.advance_ms(TurnsConfig::default().lease_ms);
        restarted.reap().await.expect("a pass");
        let (error, written) = failure(&house, crashed).await;
        assert_eq!((error.code, written.as_str()), (TurnErrorCode::Interrupted, "some text"));
        gate.open();
        assert_eq!(played(&house.events(alive.turn, 0).await).text(), "alive");
        house.close().await;
    }

    async fn a_crash_after_somebody_pressed_stop_is_a_stop(t: TestDb) {
        let house = House::new(t).await;
        let fake = std::sync::Arc::new(Fake::default());
        fake.then(vec![text("some text"), Act::Wait(Gate::new())]);
        let started = crash(&house, fake).await;
        house.turns.stop(&house.scope, started.turn).await.expect("it is asked to stop");
        house.t.clock.advance_ms(TurnsConfig::default().lease_ms + 1);
        assert_eq!(house.turns.reap().await.expect("a pass"), 1);
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends[..], [TurnEvent::Stopped { .. }]), "{:?}", client.ends);
        house.close().await;
    }

    async fn whoever_lost_the_lease_writes_nothing_more(t: TestDb) {
        // Its writer never comes round, so that it does not notice.
        let house = House::with(t, TurnsConfig { write_every: Duration::from_secs(3600), ..config() }).await;
        let gate = Gate::new();
        house.fake.then(vec![text("mine"), Act::Wait(gate.clone()), text(" still"), used(9, 9), Act::Stop(StopReason::EndTurn)]);
        let started = house.start("Long", None).await;
        gate.reached().await;
        house.t.clock.advance_ms(TurnsConfig::default().lease_ms + 1);
        let elsewhere = turns_on(&house.t.db, &house.t.world, &house.fake, config());
        assert_eq!(elsewhere.reap().await.expect("a pass"), 1);
        gate.open();
        let client = played(&house.events(started.turn, 0).await);
        assert_eq!(client.ends.len(), 1);
        let view = house.view(started.conversation).await;
        let MessageStatus::Failed(error) = &view.messages[1].status else { panic!("{:?}", view.messages[1].status) };
        assert_eq!(error.code, TurnErrorCode::Interrupted);
        house.close().await;
    }

    async fn a_tool_that_did_not_come_back_says_so(t: TestDb) {
        let house = House::with(t, TurnsConfig { max_duration: Duration::from_millis(300), ..config() }).await;
        house.fake.then(vec![Act::Tool("a", "echo", json!({"say": "hang"})), used(1, 1), Act::Stop(StopReason::ToolUse)]);
        let started = house.start("Hang", None).await;
        let (error, _) = failure(&house, started).await;
        assert_eq!(error.code, TurnErrorCode::LimitReached);
        let view = house.view(started.conversation).await;
        let Part::Tool { call } = &view.messages[1].parts[0] else { panic!("{:?}", view.messages[1].parts) };
        assert!(matches!(call.status, ToolCallStatus::Failed(_)), "{:?}", call.status);
        // And the model is not told of a call without a result.
        house.ask("And now?", Some((started.conversation, Some(started.assistant_message)))).await;
        let request = house.fake.requests().pop().expect("a request");
        assert_eq!(request.messages.len(), 1, "{:?}", request.messages);
        house.close().await;
    }
}

/// Starts a turn in a process of its own, lets it write something, and kills it.
async fn crash(house: &House, fake: std::sync::Arc<Fake>) -> TurnStarted {
    let (scope, world) = (house.scope.clone(), house.t.world.clone());
    let start = house.message("Long", None);
    let config_of_db = match &house.t.config {
        DbConfig::Postgres { url, max_connections, .. } => {
            DbConfig::Postgres { url: url.clone(), owner_url: None, max_connections: *max_connections }
        }
        sqlite @ DbConfig::Sqlite { .. } => sqlite.clone(),
    };
    let process = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let started = runtime.block_on(async {
            let db = Db::open(&config_of_db).await.expect("the database");
            let turns: Turns = turns_on(&db, &world, &fake, config());
            let started = turns.start(&scope, "req-1", start).await.expect("a turn");
            in_the_log(&db, &scope, started).await;
            started
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
        started
    });
    let waited = tokio::task::spawn_blocking(move || process.join().expect("the process")).await;
    waited.expect("it ran")
}
