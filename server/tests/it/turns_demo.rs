//! The whole main job with nothing scripted by the test: the demo's data, the built-in tools, the demo model, one turn.

use std::sync::Arc;

use app::{
    backend::Caller,
    model::{Decision, MessageText, Part, StartTurn, ToolCallStatus, TurnEvent, TurnId, Wish},
};
use futures::StreamExt as _;
use server::{
    conversations,
    db::{SystemReason, TenantScope, user::user_find_by_email},
    demo,
    models::{
        Catalogue,
        demo::{DemoModel, Pace},
    },
    tenancy,
    tools::Registry,
    turns::{Models, Turns},
    usage::{Spill, audit_books},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    support::db::{TestDb, db_test},
    turns_fake::{config, follow, patiently, played},
};

async fn ana(t: &TestDb) -> TenantScope {
    demo::seed(&t.db, &t.world, async |password: &str| Ok(format!("hash of {password}"))).await.expect("the demo");
    let mut tx = t.db.read_system(SystemReason::Administration).await.expect("a transaction");
    let user = user_find_by_email(&mut tx, "ana@prs.example").await.expect("a read").expect("Ana");
    drop(tx);
    let caller = Caller { user: user.id, session: t.world.id(), request_id: "test".into() };
    tenancy::enter(&t.db, &caller, &"prs".parse().expect("a code")).await.expect("a member")
}

fn demo_turns(t: &TestDb) -> (Turns, TaskTracker, CancellationToken) {
    let model = Catalogue::built_in().find("steward-demo").expect("the demo model").clone();
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let turns = Turns::new(
        config(),
        t.db.clone(),
        t.world.clone(),
        Models::only(model, Arc::new(DemoModel::new(Pace::Fast))),
        Catalogue::built_in(),
        Registry::built_in(),
        Spill::nowhere(),
        tracker.clone(),
        &shutdown,
    );
    (turns, tracker, shutdown)
}

db_test! {
    async fn questions_are_answered_from_the_meters(t: TestDb) {
        let scope = ana(&t).await;
        let (turns, tracker, shutdown) = demo_turns(&t);
        let mut place = None;
        for (question, needs_tools, says) in [
            ("What did compressor 3 cost us last week?", true, "Compressor 3"),
            ("And which devices used most?", true, "kWh"),
            ("/daily-digest", true, "kWh"),
            ("Berapa konsumsi energi kemarin?", true, "kWh"),
            ("Write me a poem about cats", false, "energy"),
        ] {
            t.clock.advance_ms(1_000);
            let start = StartTurn {
                conversation: place.map(|(conversation, _)| conversation),
                parent: place.map(|(_, parent)| parent),
                text: Some(MessageText::parse(question).expect("a message")),
                attachments: vec![],
                model: None,
                key: t.world.id(),
            };
            let started = turns.start(&scope, "req", start).await.expect("a turn");
            place = Some((started.conversation, started.assistant_message));
            let client = played(&follow(&turns, &scope, started.turn, 0).await);
            let TurnEvent::Finished { usage } = &client.ends[0] else { panic!("{question}: {:?}", client.ends) };
            assert!(usage.cost.0 > 0);
            let text = client.text();
            assert!(text.contains(says), "{question}: {text}");
            let calls: Vec<_> = client.parts.iter().filter_map(|part| match part {
                Part::Tool { call } => Some(call),
                Part::Text { .. } | Part::Reasoning { .. } | Part::Attachment { .. } => None,
            }).collect();
            assert_eq!(!calls.is_empty(), needs_tools, "{question}: {text}");
            assert!(calls.iter().all(|call| call.status == ToolCallStatus::Done), "{question}: {calls:?}");
        }
        let mut tx = t.db.read(&scope).await.expect("a transaction");
        let list = conversations::list(&scope, &mut tx, app::model::Folder::Inbox, None).await.expect("a list");
        assert!(list.items[0].title.contains("Compressor 3"), "{}", list.items[0].title);
        drop(tx);
        shutdown.cancel();
        tracker.close();
        tracker.wait().await;
        assert_eq!(audit_books(&t.db).await.expect("an audit"), Vec::<String>::new());
    }

    async fn a_note_is_asked_about_filled_in_and_deleted_again(t: TestDb) {
        let scope = ana(&t).await;
        let (turns, tracker, shutdown) = demo_turns(&t);
        let text = Decision::Answer(vec![("text".into(), "Bearing noise".into())]);
        for (question, decisions, says) in [
            ("Add a note to compressor 3", vec![Decision::AllowOnce, text], "Stored: note 1, **Compressor 3**"),
            ("Show the notes", vec![], "Bearing noise"),
            ("Delete note 1", vec![Decision::Deny], "nothing was changed"),
            ("hapus catatan terakhir", vec![Decision::AllowOnce], "Terhapus: catatan 1"),
            ("Show the notes", vec![], "There are no notes"),
        ] {
            t.clock.advance_ms(1_000);
            let start = StartTurn {
                conversation: None,
                parent: None,
                text: Some(MessageText::parse(question).expect("a message")),
                attachments: vec![],
                model: None,
                key: t.world.id(),
            };
            let started = turns.start(&scope, "req", start).await.expect("a turn");
            let answer = tokio::spawn({
                let (turns, scope) = (turns.clone(), scope.clone());
                async move { follow(&turns, &scope, started.turn, 0).await }
            });
            for decision in decisions {
                let call = patiently(next_question(&turns, &scope, started.turn, &decision)).await;
                turns.decide(&scope, started.turn, &call, decision).await.expect("decided");
            }
            let client = played(&patiently(answer).await.expect("a follower"));
            assert!(client.text().contains(says), "{question}: {}", client.text());
        }
        shutdown.cancel();
        tracker.close();
        tracker.wait().await;
        assert_eq!(audit_books(&t.db).await.expect("an audit"), Vec::<String>::new());
    }
}

/// The call that asks something this decision fits, once there is one.
async fn next_question(turns: &Turns, scope: &TenantScope, turn: TurnId, decision: &Decision) -> String {
    let is_form = matches!(decision, Decision::Answer(_));
    let mut events = std::pin::pin!(turns.follow(scope, turn, 0).await.expect("the turn is followed"));
    while let Some(envelope) = events.next().await {
        let parts = match envelope.event {
            TurnEvent::ToolStarted { call } | TurnEvent::ToolChanged { call } => vec![Part::Tool { call }],
            TurnEvent::Snapshot { parts } => parts,
            _ => vec![],
        };
        for part in parts {
            if let Part::Tool { call } = part
                && let ToolCallStatus::Waiting(question) = &call.status
                && matches!(question.wish, Wish::Form { .. }) == is_form
            {
                return call.call_id;
            }
        }
    }
    panic!("nothing was asked")
}
