//! Turns that wait for their person: approvals and forms, decided, expired, stopped, lost, taken up by another process.

use std::time::Duration;

use app::model::{Decision, MessageStatus, Part, Risk, ToolCallStatus, TurnEvent, TurnStarted, Wish};
use serde_json::json;
use server::{
    conversations,
    error::{Error, Result},
    models::{Content, StopReason},
    turns::TurnsConfig,
};

use crate::{
    support::db::db_test,
    turns_fake::{Act, Client, House, config, follow, patiently, played, says, text, text_of, turns_on, used},
};

/// A step that asks for these calls.
fn asks(calls: &[(&'static str, &'static str, &str)]) -> Vec<Act> {
    let mut acts = vec![text("Let me see. ")];
    acts.extend(calls.iter().map(|(id, tool, say)| Act::Tool(id, tool, json!({"say": say}))));
    acts.extend([used(20, 8), Act::Stop(StopReason::ToolUse)]);
    acts
}

/// A turn that waits for the decision about the call `a`.
async fn waiting(house: &House, say: &str) -> TurnStarted {
    house.fake.then(asks(&[("a", "change", say)])).then(says("It is done."));
    let started = house.start("Change it", None).await;
    house.parked(started.turn).await;
    started
}

async fn decide(house: &House, started: &TurnStarted, call: &str, decision: Decision) -> Result<()> {
    house.turns.decide(&house.scope, started.turn, call, decision).await
}

/// What the model was told about a call, in the last request.
fn told(house: &House, call: &str) -> (String, bool) {
    let requests = house.fake.requests();
    let contents = requests.last().expect("a request").messages.iter().flat_map(|message| &message.content);
    let result = contents.filter_map(|content| match content {
        Content::ToolResult { id, text, is_error } if id == call => Some((text.clone(), *is_error)),
        _ => None,
    });
    result.last().expect("a result")
}

async fn no_hold_is_open(house: &House) {
    let violations = server::usage::audit_books(&house.t.db).await.expect("an audit");
    assert_eq!(violations, Vec::<String>::new());
    let mut tx = house.t.db.read(&house.scope).await.expect("a transaction");
    let meter = server::usage::meter(&house.scope, &mut tx, &house.t.world).await.expect("a meter");
    let settled = 20 + 10;
    assert_eq!(meter.used.input_total(), settled, "the step and the title are settled, nothing is held");
}

db_test! {
    async fn what_is_allowed_runs_once_and_the_answer_goes_on(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        let call = house.call(&started, "a").await;
        let ToolCallStatus::Waiting(question) = &call.status else { panic!("{call:?}") };
        let effect = "Change “one”".to_owned();
        assert_eq!(question.wish, Wish::Approval { risk: Risk::Write, effect });
        assert_eq!((house.turns.running_here(), house.changes()), (0, vec![]));
        no_hold_is_open(&house).await;
        // It waits with its follower, who sees everything from the beginning to the end, gapless.
        let follower = tokio::spawn({
            let (turns, scope, turn) = (house.turns.clone(), house.scope.clone(), started.turn);
            async move { follow(&turns, &scope, turn, 0).await }
        });
        decide(&house, &started, "a", Decision::AllowOnce).await.expect("decided");
        decide(&house, &started, "a", Decision::AllowOnce).await.expect("the same again is fine");
        let other = decide(&house, &started, "a", Decision::Deny).await;
        assert!(matches!(other, Err(Error::Conflict(_))), "{other:?}");
        let client = played(&patiently(follower).await.expect("a follower"));
        assert_eq!(client.text(), "Let me see. It is done.");
        let Some(TurnEvent::Finished { usage }) = client.ends.first() else { panic!("{:?}", client.ends) };
        assert_eq!((usage.calls, usage.tokens.input), (3, 40), "two steps and the title, each billed once");
        assert_eq!(house.changes(), ["one0"]);
        let call = house.call(&started, "a").await;
        assert_eq!(call.status, ToolCallStatus::Done);
        assert!(call.ran_as.ends_with("allowed once"), "{}", call.ran_as);
        let (text, is_error) = told(&house, "a");
        assert!(!is_error && text.contains("changed one"), "{text}");
        assert_eq!(house.view(started.conversation).await.messages[1].parts, client.parts);
        decide(&house, &started, "a", Decision::AllowOnce).await.expect("still the same");
        house.close().await;
    }

    async fn nobody_else_can_decide(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        let colleague = house.colleague().await;
        let stranger = house.t.scope("iop", app::model::Role::Admin).await;
        for scope in [&colleague, &stranger] {
            let foreign = house.turns.decide(scope, started.turn, "a", Decision::AllowOnce).await;
            assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
        }
        for id in ["b", "", "a\0", &"a".repeat(2_000)] {
            let unknown = decide(&house, &started, id, Decision::AllowOnce).await;
            assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
        }
        let unfit = decide(&house, &started, "a", Decision::Answer(vec![])).await;
        assert!(matches!(unfit, Err(Error::Invalid { field: "decision", .. })), "{unfit:?}");
        assert_eq!(house.changes(), Vec::<String>::new());
        house.turns.stop(&house.scope, started.turn).await.expect("stopped");
        house.close().await;
    }

    async fn what_is_denied_is_not_run_and_the_model_knows(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        decide(&house, &started, "a", Decision::Deny).await.expect("decided");
        let client = played(&house.events(started.turn, 0).await);
        assert_eq!(client.text(), "Let me see. It is done.");
        assert_eq!(house.changes(), Vec::<String>::new());
        assert!(matches!(house.call(&started, "a").await.status, ToolCallStatus::Denied(_)));
        let (text, is_error) = told(&house, "a");
        assert!(is_error && text.contains("did not allow"), "{text}");
        house.close().await;
    }

    async fn unanswered_it_is_denied_in_time_and_the_answer_goes_on(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        assert_eq!(house.turns.wake().await.expect("a look"), 0, "it is not time yet");
        house.t.clock.advance_ms(house_question_ms() + 1);
        let late = decide(&house, &started, "a", Decision::AllowOnce).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        assert_eq!(house.turns.reap().await.expect("a reaping"), 0, "a waiting turn is not abandoned");
        // Whoever looks first takes it up; the look after the parking may be late.
        house.turns.wake().await.expect("a look");
        let client = played(&house.events(started.turn, 0).await);
        assert_eq!(client.text(), "Let me see. It is done.");
        let ToolCallStatus::Denied(reason) = house.call(&started, "a").await.status else { panic!("not denied") };
        assert!(reason.contains("in time"), "{reason}");
        assert_eq!(house.changes(), Vec::<String>::new());
        let late = decide(&house, &started, "a", Decision::AllowOnce).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        let Some(TurnEvent::Finished { usage }) = client.ends.first() else { panic!("{:?}", client.ends) };
        assert!(usage.duration_ms < house_question_ms(), "waiting is not working: {}", usage.duration_ms);
        house.close().await;
    }

    async fn stopped_while_it_waits_it_ends(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        house.turns.stop(&house.scope, started.turn).await.expect("stopped");
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends.first(), Some(TurnEvent::Stopped { .. })), "{:?}", client.ends);
        assert_eq!(house.view(started.conversation).await.messages[1].status, MessageStatus::Stopped);
        assert!(matches!(house.call(&started, "a").await.status, ToolCallStatus::Denied(_)));
        let late = decide(&house, &started, "a", Decision::AllowOnce).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        assert_eq!(house.changes(), Vec::<String>::new());
        // What is remembered has no call without a result.
        house.fake.then(says("Fine."));
        house.ask("Go on", Some((started.conversation, Some(started.assistant_message)))).await;
        let requests = house.fake.requests();
        let contents = requests.last().expect("a request").messages.iter().flat_map(|message| &message.content);
        assert!(contents.into_iter().all(|content| matches!(content, Content::Text { .. })));
        house.close().await;
    }

    async fn deleted_with_its_conversation_it_ends(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        let mut tx = house.t.db.begin(&house.scope).await.expect("a transaction");
        let now = house.t.world.now();
        let turns = conversations::delete(&house.scope, &mut tx, started.conversation, now).await.expect("deleted");
        tx.commit().await.expect("a commit");
        house.turns.stop_here(&turns);
        house.turns.wake().await.expect("a look");
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends.first(), Some(TurnEvent::Stopped { .. })), "{:?}", client.ends);
        assert_eq!(house.changes(), Vec::<String>::new());
        house.close().await;
    }

    async fn it_waits_for_all_and_the_others_run_meanwhile(t: TestDb) {
        let house = House::new(t).await;
        let calls = [("a", "change", "one"), ("b", "echo", "two"), ("c", "change", "three")];
        house.fake.then(asks(&calls)).then(says("It is done."));
        let started = house.start("Change both", None).await;
        house.parked(started.turn).await;
        assert_eq!(house.call(&started, "b").await.status, ToolCallStatus::Done);
        decide(&house, &started, "c", Decision::AllowOnce).await.expect("decided");
        assert_eq!(house.turns.wake().await.expect("a look"), 0, "one is still asked");
        assert_eq!(house.changes(), Vec::<String>::new());
        decide(&house, &started, "a", Decision::Deny).await.expect("decided");
        let client = played(&house.events(started.turn, 0).await);
        assert_eq!(client.text(), "Let me see. It is done.");
        assert_eq!(house.changes(), ["three0"]);
        let requests = house.fake.requests();
        let results: Vec<&str> = requests[1].messages[2].content.iter().map(|content| match content {
            Content::ToolResult { id, .. } => id.as_str(),
            _ => "?",
        }).collect();
        assert_eq!(results, ["a", "b", "c"], "in the order of the calls");
        house.close().await;
    }

    async fn a_form_is_filled_in_and_checked(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "form").await;
        decide(&house, &started, "a", Decision::AllowOnce).await.expect("decided");
        let form = patiently(async {
            loop {
                house.parked(started.turn).await;
                let call = house.call(&started, "a").await;
                if let ToolCallStatus::Waiting(question) = call.status
                    && let Wish::Form { .. } = question.wish
                {
                    return question.wish;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        let Wish::Form { message, fields } = form else { panic!("a form") };
        assert_eq!((message.as_str(), fields.len()), ("How many?", 1));
        let answer = |text: &str| Decision::Answer(vec![("count".into(), text.into())]);
        for wrong in [answer("many"), answer(""), Decision::Answer(vec![("x".into(), "1".into())])] {
            let refused = decide(&house, &started, "a", wrong).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "answers", .. })), "{refused:?}");
        }
        assert!(matches!(decide(&house, &started, "a", Decision::AllowOnce).await, Err(Error::Invalid { .. })));
        decide(&house, &started, "a", answer("7")).await.expect("answered");
        let client = played(&house.events(started.turn, 0).await);
        assert_eq!(client.text(), "Let me see. It is done.");
        assert_eq!(house.changes(), ["form7"]);
        assert!(house.call(&started, "a").await.arguments.contains('7'), "as they were run");
        house.close().await;
    }

    async fn allowed_for_the_chat_it_does_not_ask_again_there(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        decide(&house, &started, "a", Decision::AllowForChat).await.expect("decided");
        house.events(started.turn, 0).await;
        house.fake.then(asks(&[("a", "change", "two")])).then(says("Again."));
        let place = Some((started.conversation, Some(started.assistant_message)));
        let second = house.ask("Once more", place).await;
        assert_eq!(house.changes(), ["one0", "two0"]);
        let call = house.call(&second, "a").await;
        assert!(call.ran_as.ends_with("allowed for this chat"), "{}", call.ran_as);
        // Another conversation asks again.
        let other = waiting(&house, "three").await;
        assert_eq!(house.changes().len(), 2);
        house.turns.stop(&house.scope, other.turn).await.expect("stopped");
        house.close().await;
    }

    async fn another_process_takes_it_up(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        house.turns.shutdown(Duration::from_secs(5)).await;
        // Its own scripts: what the first process had in mind is not needed.
        let fake = std::sync::Arc::new(crate::turns_fake::Fake::default());
        fake.then(says("Said by another."));
        let other = turns_on(&house.t.db, &house.t.world, &fake, config());
        other.decide(&house.scope, started.turn, "a", Decision::AllowOnce).await.expect("decided");
        let client = played(&follow(&other, &house.scope, started.turn, 0).await);
        assert_eq!(client.text(), "Let me see. Said by another.", "{:?}", client.ends);
        assert_eq!((house.changes(), fake.changes.lock().expect("a lock").clone()), (vec![], vec!["one0".to_owned()]));
        let request = fake.requests().remove(0);
        let texts: Vec<String> = request.messages.iter().flat_map(|message| &message.content).map(|content| match content {
            Content::Text { text } => text.clone(),
            Content::ToolUse { name, .. } => name.clone(),
            Content::ToolResult { text, .. } => text.lines().next().unwrap_or_default().to_owned(),
            Content::Image(_) | Content::Document(_) => "a file".to_owned(),
        }).collect();
        assert_eq!(texts, ["Change it", "Let me see. ", "change", "changed one"]);
        house.close().await;
    }

    async fn what_was_running_when_its_process_died_never_runs_again(t: TestDb) {
        // It does not renew its lease any more.
        let config = || TurnsConfig { write_every: Duration::from_secs(3600), ..config() };
        let house = House::with(t, config()).await;
        let started = waiting(&house, "gate").await;
        decide(&house, &started, "a", Decision::AllowOnce).await.expect("decided");
        house.fake.change_gate.reached().await;
        assert_eq!(house.changes(), ["gate0"], "it has begun");
        // The process hangs so long that others take it for dead.
        let fake = std::sync::Arc::new(crate::turns_fake::Fake::default());
        fake.then(says("I do not know whether it ran."));
        let other = turns_on(&house.t.db, &house.t.world, &fake, config());
        house.t.clock.advance_ms(3_600_000);
        assert_eq!(other.reap().await.expect("a reaping"), 1);
        let client = played(&follow(&other, &house.scope, started.turn, 0).await);
        assert_eq!(client.text(), "Let me see. I do not know whether it ran.");
        let lost = client.parts.iter().find_map(|part| match part {
            Part::Tool { call } => Some(call.status.clone()),
            _ => None,
        });
        let Some(ToolCallStatus::Failed(reason)) = lost else { panic!("{lost:?}") };
        assert!(reason.contains("not known"), "{reason}");
        let again = fake.requests().remove(0);
        let told = again.messages.iter().flat_map(|message| &message.content).any(
            |content| matches!(content, Content::ToolResult { text, is_error: true, .. } if text.contains("not known")),
        );
        assert!(told, "the model is told");
        // The first one comes back to life: it changes nothing any more.
        house.fake.change_gate.open();
        assert_eq!(fake.changes.lock().expect("a lock").clone(), Vec::<String>::new());
        house.close().await;
        assert_eq!(text_of(&client.parts), "Let me see. I do not know whether it ran.");
    }

    async fn a_reload_shows_what_waits_and_goes_on_from_there(t: TestDb) {
        let house = House::new(t).await;
        let started = waiting(&house, "one").await;
        let view = house.view(started.conversation).await;
        let (turn, seen) = view.running.expect("it is running, for everybody");
        let mut client = Client { parts: view.messages[1].parts.clone(), seen, ..Client::default() };
        decide(&house, &started, "a", Decision::AllowOnce).await.expect("decided");
        client.apply(&house.events(turn, seen).await);
        assert_eq!(client.text(), "Let me see. It is done.");
        assert_eq!(house.view(started.conversation).await.messages[1].parts, client.parts);
        house.close().await;
    }

    async fn waiting_ones_do_not_count_as_running(t: TestDb) {
        let house = House::new(t).await;
        let mut waits = Vec::new();
        for _ in 0..4 {
            house.fake.then(asks(&[("a", "change", "one")]));
            let started = house.start("Change it", None).await;
            house.parked(started.turn).await;
            waits.push(started);
        }
        for started in &waits {
            house.turns.stop(&house.scope, started.turn).await.expect("stopped");
        }
        house.close().await;
    }
}

fn house_question_ms() -> i64 {
    config().question_ms
}
