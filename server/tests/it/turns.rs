//! Turns from start to finish: tools, replay, followers, branches, idempotency. How they end otherwise: `turns_endings`.

use std::time::Duration;

use app::model::{
    MessageStatus, Part, Role, ToolCallStatus, TurnEnvelope, TurnErrorCode, TurnEvent, TurnId, TurnStarted,
};
use serde_json::json;
use server::{
    conversations,
    error::Error,
    models::{Content, MessageRole, StopReason},
    turns::TurnsConfig,
};

use crate::{
    support::db::db_test,
    turns_fake::{Act, Client, Gate, House, config, follow, patiently, played, says, text, text_of, turns_on, used},
};

/// Two tools at once, then the answer.
fn with_tools(house: &House) {
    house.fake.then(vec![
        text("Let me look. "),
        Act::Tool("a", "echo", json!({"say": "one"})),
        Act::Tool("b", "echo", json!({"say": "two"})),
        used(20, 8),
        Act::Stop(StopReason::ToolUse),
    ]);
    house.fake.then(says("It is 42 kWh."));
}

db_test! {
    async fn a_turn_asks_the_model_runs_its_tools_and_keeps_everything(t: TestDb) {
        let house = House::new(t).await;
        with_tools(&house);
        let started = house.start("How much?", None).await;
        let client = played(&house.events(started.turn, 0).await);
        assert_eq!(client.text(), "Let me look. It is 42 kWh.");
        let Some(TurnEvent::Finished { usage }) = client.ends.first() else { panic!("{:?}", client.ends) };
        assert_eq!((usage.calls, usage.tokens.input, usage.tokens.output), (3, 40, 18), "two steps and the title");

        let view = house.view(started.conversation).await;
        assert_eq!((view.title.as_str(), view.messages.len(), view.running), ("A title", 2, None));
        let answer = &view.messages[1];
        assert_eq!((answer.parts.clone(), &answer.status), (client.parts, &MessageStatus::Complete));
        assert_eq!(answer.usage.as_ref(), Some(usage));
        let Part::Tool { call } = &answer.parts[1] else { panic!("{:?}", answer.parts) };
        assert_eq!((call.title.as_str(), call.summary.as_str(), &call.status), ("Echo", "one", &ToolCallStatus::Done));
        assert_eq!(call.ran_as, "prs name · Person of prs · built-in");

        let second = &house.fake.requests()[1];
        let roles: Vec<MessageRole> = second.messages.iter().map(|message| message.role).collect();
        assert_eq!(roles, [MessageRole::User, MessageRole::Assistant, MessageRole::User]);
        let results: Vec<(&str, bool)> = second.messages[2].content.iter().map(|content| match content {
            Content::ToolResult { id, is_error, .. } => (id.as_str(), *is_error),
            other => panic!("{other:?}"),
        }).collect();
        assert_eq!(results, [("a", false), ("b", false)], "in the order of the calls");
        house.close().await;
    }

    async fn the_next_turn_remembers_what_was_said_and_what_the_tools_gave(t: TestDb) {
        let house = House::new(t).await;
        with_tools(&house);
        let first = house.ask("How much?", None).await;
        house.ask("And before?", Some((first.conversation, Some(first.assistant_message)))).await;
        let request = house.fake.requests().pop().expect("a request");
        assert_eq!(request.messages.len(), 5, "question, call, results, answer, question");
        assert!(matches!(&request.messages[2].content[0], Content::ToolResult { text, .. } if text.contains("one")));
        assert!(matches!(&request.messages[4].content[0], Content::Text { text } if text == "And before?"));
        assert!(request.system.contains("You are Wira, an energy assistant for prs name."), "{}", request.system);
        assert!(request.system.contains("Today is Tuesday, 10 March 2026 in Asia/Jakarta"), "{}", request.system);
        house.close().await;
    }

    async fn a_reload_mid_answer_loses_and_doubles_nothing_at_any_point(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        let mut acts = Vec::new();
        for piece in ["Com", "pres", "sor ", "3 ", "é", "🙂"] {
            acts.push(text(piece));
        }
        acts.extend([Act::Tool("a", "echo", json!({"say": "x"})), used(1, 1), Act::Stop(StopReason::ToolUse)]);
        house.fake.then(acts);
        house.fake.then(vec![text("cost "), Act::Wait(gate.clone()), text("a lot."), used(1, 1), Act::Stop(StopReason::EndTurn)]);
        let started = house.start("Cost?", None).await;
        gate.reached().await;
        let view = house.view(started.conversation).await;
        let (turn, in_view) = view.running.expect("it runs");
        let mut reloaded = Client { parts: view.messages[1].parts.clone(), seen: in_view, ..Client::default() };
        let readers: Vec<_> = (0..12_usize).map(|cut| {
            let (turns, scope) = (house.turns.clone(), house.scope.clone());
            let after = u64::try_from(cut).expect("small");
            (cut, tokio::spawn(async move { follow(&turns, &scope, turn, after).await }))
        }).collect();
        gate.open();
        let whole = house.events(turn, 0).await;
        let complete = played(&whole);
        assert_eq!(complete.text(), "Compressor 3 é🙂cost a lot.");
        assert_eq!(complete.ends.len(), 1);
        for (cut, reader) in readers {
            let rest = patiently(reader).await.expect("a reader");
            // Whoever has seen the end does not come back.
            let Some(before) = events_up_to(&whole, cut) else { continue };
            let mut client = played(before);
            client.apply(&rest);
            assert_eq!((client.parts, client.ends.len()), (complete.parts.clone(), 1), "cut at {cut}");
        }
        reloaded.apply(&house.events(turn, in_view).await);
        assert_eq!(reloaded.parts, complete.parts);
        // And long after the end, from anywhere, even from beyond it.
        for cut in 0..14 {
            let mut late = Client { seen: cut, ..Client::default() };
            late.apply(&house.events(turn, cut).await);
            assert_eq!(late.ends.len(), 1);
            assert!(late.parts == complete.parts || late.seen == cut + 1, "cut at {cut}: {:?}", late.parts);
        }
        house.close().await;
    }

    async fn another_process_follows_from_the_log(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![text("one "), Act::Wait(gate.clone()), text("two"), used(1, 1), Act::Stop(StopReason::EndTurn)]);
        let started = house.start("Count", None).await;
        gate.reached().await;
        let elsewhere = turns_on(&house.t.db, &house.t.world, &house.fake, config());
        let scope = house.scope.clone();
        let reader = tokio::spawn(async move { follow(&elsewhere, &scope, started.turn, 0).await });
        let ahead = turns_on(&house.t.db, &house.t.world, &house.fake, config());
        let scope = house.scope.clone();
        let beyond = tokio::spawn(async move { follow(&ahead, &scope, started.turn, 1_000).await });
        gate.open();
        let client = played(&patiently(reader).await.expect("a reader"));
        assert_eq!((client.text().as_str(), client.ends.len()), ("one two", 1));
        let mut client = Client { seen: 1_000, ..Client::default() };
        client.apply(&patiently(beyond).await.expect("a reader"));
        assert_eq!((client.text().as_str(), client.ends.len()), ("one two", 1));
        house.close().await;
    }

    async fn closing_every_browser_does_not_stop_it(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![text("still "), Act::Wait(gate.clone()), text("here"), used(1, 1), Act::Stop(StopReason::EndTurn)]);
        let started = house.start("Hello", None).await;
        gate.reached().await;
        drop(house.turns.follow(&house.scope, started.turn, 0).await.expect("a follower"));
        gate.open();
        assert_eq!(played(&house.events(started.turn, 0).await).text(), "still here");
        house.close().await;
    }

    async fn the_same_key_starts_one_turn(t: TestDb) {
        let house = House::new(t).await;
        let start = house.message("Once", None);
        let attempts = (0..6).map(|_| house.turns.start(&house.scope, "req", start.clone()));
        let started: Vec<TurnStarted> =
            futures::future::join_all(attempts).await.into_iter().collect::<Result<_, _>>().expect("all are answered");
        assert!(started.iter().all(|one| *one == started[0]));
        house.events(started[0].turn, 0).await;
        let again = house.turns.start(&house.scope, "req", start).await.expect("and later, too");
        assert_eq!(again, started[0]);
        assert_eq!(house.fake.requests().len(), 1);
        let mut tx = house.t.db.read(&house.scope).await.expect("a transaction");
        let list = conversations::list(&house.scope, &mut tx, app::model::Folder::Inbox, None).await.expect("a list");
        assert_eq!(list.items.len(), 1);
        drop(tx);
        house.close().await;
    }

    async fn two_tabs_that_send_at_once_make_branches(t: TestDb) {
        let house = House::new(t).await;
        let root = house.ask("Root", None).await;
        let place = Some((root.conversation, Some(root.assistant_message)));
        house.fake.then(says("To one")).then(says("To two"));
        let (one, two) = tokio::join!(house.start("One", place), house.start("Two", place));
        house.events(one.turn, 0).await;
        house.events(two.turn, 0).await;
        let first = house.view_at(root.conversation, Some(one.user_message)).await;
        assert_eq!(first.messages.len(), 4);
        let siblings = first.messages[2].siblings;
        assert_eq!(siblings.count, 2);
        let other = siblings.previous.or(siblings.next).expect("the other branch");
        assert_eq!(other, two.user_message);
        let second = house.view_at(root.conversation, Some(other)).await;
        assert_eq!(text_of(&second.messages[2].parts), "Two");
        assert_eq!(second.messages[3].id, two.assistant_message);
        house.close().await;
    }

    async fn a_message_that_is_being_written_cannot_be_followed_by_another(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![Act::Wait(gate.clone()), text("done"), used(1, 1), Act::Stop(StopReason::EndTurn)]);
        let started = house.start("Slow", None).await;
        let place = Some((started.conversation, Some(started.assistant_message)));
        let refused = house.turns.start(&house.scope, "req", house.message("More", place)).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        let place = Some((started.conversation, Some(started.user_message)));
        let refused = house.turns.start(&house.scope, "req", house.message("More", place)).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "parent", .. })), "{refused:?}");
        gate.open();
        house.events(started.turn, 0).await;
        house.close().await;
    }

    async fn a_person_has_a_few_turns_at_once(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        for _ in 0..3 {
            house.fake.then(vec![Act::Wait(gate.clone()), text("x"), used(1, 1), Act::Stop(StopReason::EndTurn)]);
        }
        let mut running = Vec::new();
        for _ in 0..3 {
            running.push(house.start("Slow", None).await.turn);
        }
        let refused = house.turns.start(&house.scope, "req", house.message("One more", None)).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        let colleague = house.colleague().await;
        let other = house.turns.start(&colleague, "req", house.message("Mine", None)).await.expect("others may");
        follow(&house.turns, &colleague, other.turn, 0).await;
        gate.open();
        for turn in running {
            house.events(turn, 0).await;
        }
        house.close().await;
    }

    async fn nobody_else_finds_it(t: TestDb) {
        let house = House::new(t).await;
        let started = house.ask("Secret", None).await;
        let strangers = [house.colleague().await, house.t.scope("iop", Role::Admin).await];
        for stranger in &strangers {
            let db = &house.t.db;
            assert!(matches!(house.turns.stop(stranger, started.turn).await, Err(Error::NotFound)));
            assert!(matches!(house.turns.follow(stranger, started.turn, 0).await.err(), Some(Error::NotFound)));
            let place = Some((started.conversation, Some(started.assistant_message)));
            let more = house.turns.start(stranger, "req", house.message("More", place)).await;
            assert!(matches!(more, Err(Error::NotFound)), "{more:?}");
            let mut tx = db.begin(stranger).await.expect("a transaction");
            let id = started.conversation;
            assert!(matches!(conversations::open(stranger, &mut tx, id, None).await, Err(Error::NotFound)));
            let leaf = Some(started.assistant_message);
            assert!(matches!(conversations::open(stranger, &mut tx, id, leaf).await, Err(Error::NotFound)));
            let title = app::model::Title::parse("Mine now").expect("a title");
            assert!(matches!(conversations::rename(stranger, &mut tx, id, &title).await, Err(Error::NotFound)));
            let now = house.t.world.now();
            assert!(matches!(conversations::delete(stranger, &mut tx, id, now).await, Err(Error::NotFound)));
            assert!(matches!(conversations::restore(stranger, &mut tx, id).await, Err(Error::NotFound)));
            assert!(conversations::list(stranger, &mut tx, app::model::Folder::Inbox, None).await.expect("a list").items.is_empty());
        }
        let nowhere: TurnId = house.t.world.id();
        assert!(matches!(house.turns.stop(&house.scope, nowhere).await, Err(Error::NotFound)));
        house.close().await;
    }

    async fn a_message_of_another_conversation_is_no_parent(t: TestDb) {
        let house = House::new(t).await;
        let one = house.ask("One", None).await;
        let two = house.ask("Two", None).await;
        let place = Some((one.conversation, Some(two.assistant_message)));
        let mixed = house.turns.start(&house.scope, "req", house.message("Mixed", place)).await;
        assert!(matches!(mixed, Err(Error::NotFound)), "{mixed:?}");
        house.close().await;
    }

    async fn a_thousand_deltas_are_few_events_and_fewer_commits(t: TestDb) {
        let slow = TurnsConfig {
            write_every: Duration::from_millis(500),
            text_every: Duration::from_millis(40),
            ..config()
        };
        let house = House::with(t, slow).await;
        let mut acts: Vec<Act> = (0..1_000).map(|n| text(&format!("{n} "))).collect();
        acts.extend([used(1, 1_000), Act::Stop(StopReason::EndTurn)]);
        house.fake.then(acts);
        let began = std::time::Instant::now();
        let started = house.start("Count", None).await;
        let events = house.events(started.turn, 0).await;
        let elapsed = began.elapsed();
        let expected: String = (0..1_000).map(|n| format!("{n} ")).collect();
        assert_eq!(played(&events).text(), expected);
        let texts = events.iter().filter(|one| matches!(one.event, TurnEvent::Text { .. })).count();
        let allowed = usize::try_from(elapsed.as_millis() / 40).expect("small") + 3;
        assert!(texts <= allowed, "{texts} events in {elapsed:?}");
        let commits = house.turns.log_commits();
        assert!(commits <= u64::try_from(elapsed.as_millis() / 500).expect("small") + 2, "{commits} in {elapsed:?}");
        house.close().await;
    }

    async fn history_is_cut_to_what_fits_at_a_question(t: TestDb) {
        let house = House::with(t, TurnsConfig { max_history_bytes: 60, ..config() }).await;
        let mut place = None;
        for n in 0..5 {
            house.fake.then(says(&format!("answer number {n}")));
            let one = house.ask(&format!("question number {n}"), place).await;
            place = Some((one.conversation, Some(one.assistant_message)));
        }
        let request = house.fake.requests().pop().expect("a request");
        let first = &request.messages[0];
        assert_eq!(first.role, MessageRole::User);
        assert!(matches!(&first.content[0], Content::Text { text } if text == "question number 3"), "{first:?}");
        assert_eq!(request.messages.len(), 3);
        house.close().await;
    }

    async fn a_tool_that_fails_does_not_end_the_turn(t: TestDb) {
        let house = House::new(t).await;
        house.fake.then(vec![
            Act::Tool("a", "echo", json!({"say": "panic"})),
            Act::Tool("b", "echo", json!({"say": "refuse"})),
            Act::Tool("c", "echo", json!(null)),
            Act::Tool("d", "nonsense", json!({})),
            Act::Tool("a", "echo", json!({"say": "fine"})),
            used(1, 1),
            Act::Stop(StopReason::ToolUse),
        ]);
        house.fake.then(says("Some of it failed."));
        let started = house.start("Try", None).await;
        let client = played(&house.events(started.turn, 0).await);
        assert!(matches!(client.ends[0], TurnEvent::Finished { .. }));
        let statuses: Vec<(String, bool)> = client.parts.iter().filter_map(|part| match part {
            Part::Tool { call } => Some((call.call_id.clone(), call.status == ToolCallStatus::Done)),
            Part::Text { .. } | Part::Reasoning { .. } | Part::Attachment { .. } => None,
        }).collect();
        let expected = [("a", false), ("b", false), ("c", false), ("d", false), ("a_2", true)];
        assert_eq!(statuses, expected.map(|(id, ok)| (id.to_owned(), ok)));
        house.close().await;
    }

    async fn steps_have_a_limit(t: TestDb) {
        let house = House::with(t, TurnsConfig { max_steps: 3, ..config() }).await;
        for _ in 0..5 {
            let call = Act::Tool("a", "echo", json!({"say": "again"}));
            house.fake.then(vec![call, used(1, 1), Act::Stop(StopReason::ToolUse)]);
        }
        let started = house.start("Loop", None).await;
        let client = played(&house.events(started.turn, 0).await);
        let Some(TurnEvent::Failed { error }) = client.ends.first() else { panic!("{:?}", client.ends) };
        assert_eq!((error.code, house.fake.requests().len()), (TurnErrorCode::LimitReached, 3));
        house.close().await;
    }
}

/// The events a reader who is cut off after `cut` had seen; `None`: the end is among them.
fn events_up_to(whole: &[TurnEnvelope], cut: usize) -> Option<&[TurnEnvelope]> {
    whole.get(..cut).filter(|_| cut < whole.len())
}
