//! Conversations beyond the foundation: pins, archive, many at once, forks, edited answers, thumbs, and REST.

use app::model::{ConversationId, ConversationSummary, Feedback, Folder, MessageText, Part, Role, Title};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    conversations::{self, MAX_AT_ONCE, MAX_FORK_MESSAGES, MAX_PINS, PAGE_SIZE, UNDO_MS},
    db::{
        TenantScope, Tx,
        conversation::conversation_insert,
        message::{NewMessage, message_insert},
    },
    error::Error,
    models::Content,
    usage,
};

use crate::{
    support::{
        db::{TestDb, db_test},
        server::TestServer,
    },
    turns_fake::{Act, Gate, House, says, text, text_of, used},
};

/// `count` conversations without messages, one second apart; the newest first.
pub async fn empty_conversations(t: &TestDb, scope: &TenantScope, count: usize) -> Vec<ConversationId> {
    let mut ids = Vec::new();
    let mut tx = t.db.begin(scope).await.expect("a transaction");
    for n in 0..count {
        t.clock.advance_ms(1_000);
        let id = t.world.id();
        conversation_insert(scope, &mut tx, id, &format!("Number {n}"), t.world.id(), t.world.now())
            .await
            .expect("one");
        ids.insert(0, id);
    }
    tx.commit().await.expect("a commit");
    ids
}

async fn change<T>(
    t: &TestDb,
    scope: &TenantScope,
    how: impl AsyncFnOnce(&mut Tx) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut tx = t.db.begin(scope).await.expect("a transaction");
    let done = how(&mut tx).await?;
    tx.commit().await.expect("a commit");
    Ok(done)
}

async fn page(t: &TestDb, scope: &TenantScope, folder: Folder) -> Vec<ConversationSummary> {
    let mut tx = t.db.read(scope).await.expect("a transaction");
    conversations::list(scope, &mut tx, folder, None).await.expect("a page").items
}

fn ids(rows: &[ConversationSummary]) -> Vec<ConversationId> {
    rows.iter().map(|row| row.id).collect()
}

db_test! {
    async fn pins_come_first_and_all_of_them(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let all = empty_conversations(&t, &scope, PAGE_SIZE + 3).await;
        let (oldest, second_oldest) = (all[all.len() - 1], all[all.len() - 2]);
        for id in [oldest, second_oldest] {
            change(&t, &scope, async |tx| conversations::pin(&scope, tx, id, true).await).await.expect("pinned");
        }
        let mut tx = t.db.read(&scope).await.expect("a transaction");
        let first = conversations::list(&scope, &mut tx, Folder::Inbox, None).await.expect("a page");
        assert_eq!(ids(&first.items[..2]), [second_oldest, oldest]);
        assert!(first.items[0].pinned && !first.items[2].pinned);
        assert_eq!(first.items.len(), PAGE_SIZE + 2);
        let second = conversations::list(&scope, &mut tx, Folder::Inbox, first.next.as_ref()).await.expect("a page");
        assert_eq!((ids(&second.items), &second.next), (vec![all[PAGE_SIZE]], &None));
        drop(tx);
        change(&t, &scope, async |tx| conversations::pin(&scope, tx, oldest, false).await).await.expect("taken off");
        assert_eq!(ids(&page(&t, &scope, Folder::Inbox).await)[..2], [second_oldest, all[0]]);
    }

    async fn there_is_room_for_so_many_pins(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let most = usize::try_from(MAX_PINS).expect("a count");
        let all = empty_conversations(&t, &scope, most + 1).await;
        let pin = async |id| change(&t, &scope, async |tx| conversations::pin(&scope, tx, id, true).await).await;
        for id in &all[..most] {
            pin(*id).await.expect("pinned");
        }
        pin(all[0]).await.expect("again is not one more");
        let refused = pin(all[most]).await;
        assert!(matches!(&refused, Err(Error::Conflict(words)) if words.contains("50")), "{refused:?}");
        assert!(!page(&t, &scope, Folder::Inbox).await.iter().any(|row| row.id == all[most] && row.pinned));
        // A pin that comes back when its place is taken comes back without it.
        let now = t.world.now();
        change(&t, &scope, async |tx| conversations::delete(&scope, tx, all[0], now).await).await.expect("deleted");
        pin(all[most]).await.expect("there is room");
        change(&t, &scope, async |tx| conversations::restore(&scope, tx, all[0]).await).await.expect("restored");
        let rows = page(&t, &scope, Folder::Inbox).await;
        assert_eq!(rows.iter().filter(|row| row.pinned).count(), most);
        assert!(rows.iter().any(|row| row.id == all[0] && !row.pinned));
    }

    async fn the_archive_is_a_list_of_its_own(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let all = empty_conversations(&t, &scope, 3).await;
        change(&t, &scope, async |tx| conversations::pin(&scope, tx, all[0], true).await).await.expect("pinned");
        let both = [all[2], all[0], all[0]];
        change(&t, &scope, async |tx| conversations::archive(&scope, tx, &both, true).await).await.expect("archived");
        let archive = page(&t, &scope, Folder::Archive).await;
        assert_eq!(ids(&archive), [all[0], all[2]]);
        assert!(archive.iter().all(|row| row.archived && !row.pinned));
        assert_eq!(ids(&page(&t, &scope, Folder::Inbox).await), [all[1]]);
        // Out again, one by name and one by its pin.
        change(&t, &scope, async |tx| conversations::archive(&scope, tx, &[all[2]], false).await).await.expect("back");
        change(&t, &scope, async |tx| conversations::pin(&scope, tx, all[0], true).await).await.expect("pinned");
        assert_eq!(ids(&page(&t, &scope, Folder::Inbox).await), all);
        assert_eq!(page(&t, &scope, Folder::Archive).await, Vec::new());
    }

    async fn many_change_together_or_not_at_all(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let stranger = t.scope("iop", Role::Admin).await;
        let mine = empty_conversations(&t, &scope, 3).await;
        let theirs = empty_conversations(&t, &stranger, 1).await;
        let now = t.world.now();
        for foreign in [theirs[0], t.world.id()] {
            let mixed = [mine[0], foreign, mine[1]];
            let archived = change(&t, &scope, async |tx| conversations::archive(&scope, tx, &mixed, true).await).await;
            assert!(matches!(archived, Err(Error::NotFound)));
            let deleted = change(&t, &scope, async |tx| conversations::delete_all(&scope, tx, &mixed, now).await).await;
            assert!(matches!(deleted, Err(Error::NotFound)));
        }
        let too_many: Vec<ConversationId> = (0..=MAX_AT_ONCE).map(|_| t.world.id()).collect();
        let refused = change(&t, &scope, async |tx| conversations::delete_all(&scope, tx, &too_many, now).await).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "ids", .. })));
        assert_eq!(ids(&page(&t, &scope, Folder::Inbox).await), mine);
        change(&t, &scope, async |tx| conversations::delete_all(&scope, tx, &mine[1..], now).await).await.expect("gone");
        assert_eq!(ids(&page(&t, &scope, Folder::Inbox).await), mine[..1]);
        change(&t, &scope, async |tx| conversations::restore(&scope, tx, mine[2]).await).await.expect("it comes back");
        assert_eq!(ids(&page(&t, &scope, Folder::Inbox).await), [mine[0], mine[2]]);
        assert_eq!(ids(&page(&t, &stranger, Folder::Inbox).await), theirs);
    }

    async fn deleting_many_stops_what_runs_in_them(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![Act::Wait(gate.clone()), text("x"), used(1, 1), Act::Stop(server::models::StopReason::EndTurn)]);
        let slow = house.start("Slow", None).await;
        gate.reached().await;
        let (scope, now) = (house.scope.clone(), house.t.world.now());
        let stopped = change(&house.t, &scope, async |tx| {
            conversations::delete_all(&scope, tx, &[slow.conversation], now).await
        });
        let stopped = stopped.await.expect("deleted");
        assert_eq!(stopped, [slow.turn]);
        house.turns.stop_here(&stopped);
        gate.open();
        house.events(slow.turn, 0).await;
        house.close().await;
    }

    async fn a_fork_goes_its_own_way_with_the_tool_calls_and_without_a_bill(t: TestDb) {
        let house = House::new(t).await;
        let scope = house.scope.clone();
        house.fake.then(vec![Act::Tool("call_1", "echo", json!({"say": "hi"})), used(5, 5), Act::Stop(server::models::StopReason::ToolUse)]);
        house.fake.then(says("It said hi."));
        let first = house.ask("Say hi", None).await;
        let place = (first.conversation, Some(first.assistant_message));
        let second = house.ask("And now?", Some(place)).await;
        let spent = async || {
            let mut tx = house.t.db.read(&scope).await.expect("a transaction");
            usage::meter(&scope, &mut tx, &house.t.world).await.expect("a meter")
        };
        let before = spent().await;
        let world = house.t.world.clone();
        let fork = change(&house.t, &scope, async |tx| {
            conversations::fork(&scope, tx, &world, first.conversation, first.assistant_message).await
        });
        let fork = fork.await.expect("a fork");
        assert_eq!(spent().await, before);

        let (view, original) = (house.view(fork).await, house.view(first.conversation).await);
        assert_eq!(view.title, original.title);
        assert_eq!(view.messages.len(), 2);
        for (copy, message) in view.messages.iter().zip(&original.messages) {
            assert_ne!(copy.id, message.id);
            assert_eq!((&copy.parts, &copy.status, copy.created_at), (&message.parts, &message.status, message.created_at));
            assert_eq!((&copy.model, copy.usage), (&message.model, None), "it cost nothing");
        }
        assert!(view.messages[1].parts.iter().any(|part| matches!(part, Part::Tool { .. })));
        // The model remembers the tool's result there, and the original does not change.
        house.ask("Go on", Some((fork, Some(view.messages[1].id)))).await;
        let request = house.fake.requests().pop().expect("a request");
        let is_result = |content: &Content| matches!(content, Content::ToolResult { text, .. } if text.contains("prs name: hi"));
        assert!(request.messages.iter().flat_map(|message| &message.content).any(is_result), "{request:?}");
        assert_eq!(house.view(fork).await.messages.len(), 4);
        assert_eq!(house.view(first.conversation).await.messages.last().map(|last| last.id), Some(second.assistant_message));
        // It outlives the original.
        let now = world.now();
        change(&house.t, &scope, async |tx| conversations::delete(&scope, tx, first.conversation, now).await).await.expect("deleted");
        house.t.clock.advance_ms(UNDO_MS + 1);
        assert_eq!(house.turns.purge().await.expect("a purge"), 1);
        assert_eq!(house.view(fork).await.messages.len(), 4);
        house.close().await;
    }

    async fn what_is_being_written_is_neither_forked_nor_edited(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![Act::Wait(gate.clone()), text("x"), used(1, 1), Act::Stop(server::models::StopReason::EndTurn)]);
        let slow = house.start("Slow", None).await;
        let (scope, world, place) = (house.scope.clone(), house.t.world.clone(), (slow.conversation, slow.assistant_message));
        let fork = change(&house.t, &scope, async |tx| conversations::fork(&scope, tx, &world, place.0, place.1).await).await;
        assert!(matches!(&fork, Err(Error::Conflict(words)) if words.contains("still being written")), "{fork:?}");
        let words = MessageText::parse("mine").expect("a text");
        let edit = change(&house.t, &scope, async |tx| conversations::edit(&scope, tx, &world, place, words).await).await;
        assert!(matches!(edit, Err(Error::Conflict(_))), "{edit:?}");
        // The question before it is done.
        let question = slow.user_message;
        change(&house.t, &scope, async |tx| conversations::fork(&scope, tx, &world, place.0, question).await).await.expect("a fork");
        gate.open();
        house.events(slow.turn, 0).await;
        house.close().await;
    }

    async fn a_path_that_is_too_long_is_not_forked(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let (id, world) = (empty_conversations(&t, &scope, 1).await[0], t.world.clone());
        let mut tx = t.db.begin(&scope).await.expect("a transaction");
        let mut path = Vec::new();
        for _ in 0..=MAX_FORK_MESSAGES {
            let message = NewMessage {
                id: world.id(),
                conversation: id,
                parent: path.last().copied(),
                author: app::model::MessageAuthor::User,
                complete: true,
                parts: &[],
                model_bytes: 0,
                turn: world.id(),
            };
            path.push(message.id);
            message_insert(&scope, &mut tx, message, world.now()).await.expect("a message");
        }
        let last = path[MAX_FORK_MESSAGES];
        assert!(matches!(conversations::fork(&scope, &mut tx, &world, id, last).await, Err(Error::Conflict(_))));
        let before = path[MAX_FORK_MESSAGES - 1];
        conversations::fork(&scope, &mut tx, &world, id, before).await.expect("a fork of as much as may be");
    }

    async fn an_edited_answer_is_what_the_model_sees(t: TestDb) {
        let house = House::new(t).await;
        let scope = house.scope.clone();
        house.fake.then(vec![Act::Tool("call_1", "echo", json!({"say": "hi"})), used(5, 5), Act::Stop(server::models::StopReason::ToolUse)]);
        house.fake.then(says("The model's words"));
        let turn = house.ask("Say hi", None).await;
        house.t.clock.advance_ms(1_000);
        let (world, place) = (house.t.world.clone(), (turn.conversation, turn.assistant_message));
        let words = MessageText::parse("My own words").expect("a text");
        let edited = change(&house.t, &scope, async |tx| conversations::edit(&scope, tx, &world, place, words).await).await.expect("edited");

        let view = house.view(turn.conversation).await;
        let last = view.messages.last().expect("an answer");
        assert_eq!((last.id, last.edited, text_of(&last.parts).as_str()), (edited, true, "My own words"));
        assert!(last.parts.iter().any(|part| matches!(part, Part::Tool { .. })), "the tool's card stays");
        assert_eq!((last.siblings.index, last.siblings.count, last.usage), (2, 2, None));
        let old = house.view_at(turn.conversation, Some(turn.assistant_message)).await;
        let old = old.messages.last().expect("an answer");
        assert!(!old.edited && text_of(&old.parts) == "The model's words");

        house.ask("Go on", Some((turn.conversation, Some(edited)))).await;
        let request = format!("{:?}", house.fake.requests().pop().expect("a request"));
        assert!(request.contains("My own words") && !request.contains("The model's words"), "{request}");
        // A question is not an answer.
        let words = MessageText::parse("x").expect("a text");
        let question = (turn.conversation, turn.user_message);
        let refused = change(&house.t, &scope, async |tx| conversations::edit(&scope, tx, &world, question, words).await).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "message", .. })));
        house.close().await;
    }

    async fn a_thumb_is_kept_changed_and_taken_back(t: TestDb) {
        let house = House::new(t).await;
        let scope = house.scope.clone();
        let turn = house.ask("Hello", None).await;
        let place = (turn.conversation, turn.assistant_message);
        for feedback in [Some(Feedback::Down), Some(Feedback::Up), None] {
            change(&house.t, &scope, async |tx| conversations::rate(&scope, tx, place, feedback).await).await.expect("kept");
            assert_eq!(house.view(turn.conversation).await.messages[1].feedback, feedback);
        }
        let question = (turn.conversation, turn.user_message);
        let refused = change(&house.t, &scope, async |tx| conversations::rate(&scope, tx, question, Some(Feedback::Up)).await).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "message", .. })));
        house.close().await;
    }

    async fn nothing_of_this_works_on_what_is_somebody_elses(t: TestDb) {
        let house = House::new(t).await;
        let turn = house.ask("Mine", None).await;
        let other = house.ask("Another of mine", None).await;
        let world = house.t.world.clone();
        let place = (turn.conversation, turn.assistant_message);
        let title = Title::parse("Theirs now").expect("a title");
        let words = || MessageText::parse("x").expect("a text");
        for stranger in [house.colleague().await, house.t.scope("iop", Role::Admin).await] {
            let mut tx = house.t.db.begin(&stranger).await.expect("a transaction");
            assert!(matches!(conversations::pin(&stranger, &mut tx, place.0, true).await, Err(Error::NotFound)));
            assert!(matches!(conversations::archive(&stranger, &mut tx, &[place.0], true).await, Err(Error::NotFound)));
            assert!(matches!(conversations::fork(&stranger, &mut tx, &world, place.0, place.1).await, Err(Error::NotFound)));
            assert!(matches!(conversations::edit(&stranger, &mut tx, &world, place, words()).await, Err(Error::NotFound)));
            assert!(matches!(conversations::rate(&stranger, &mut tx, place, None).await, Err(Error::NotFound)));
            assert!(matches!(conversations::summary(&stranger, &mut tx, place.0).await, Err(Error::NotFound)));
            assert!(matches!(conversations::newest_message(&stranger, &mut tx, place.0).await, Err(Error::NotFound)));
            assert!(matches!(conversations::rename(&stranger, &mut tx, place.0, &title).await, Err(Error::NotFound)));
        }
        // A message of another conversation is not in this one.
        let scope = house.scope.clone();
        let crossed = (turn.conversation, other.assistant_message);
        let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
        assert!(matches!(conversations::fork(&scope, &mut tx, &world, crossed.0, crossed.1).await, Err(Error::NotFound)));
        assert!(matches!(conversations::edit(&scope, &mut tx, &world, crossed, words()).await, Err(Error::NotFound)));
        assert!(matches!(conversations::rate(&scope, &mut tx, crossed, None).await, Err(Error::NotFound)));
        drop(tx);
        house.close().await;
    }

    async fn the_rest_interface_finds_pins_and_archives(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        let api = server.api("ana@prs.example", "prs").await;
        let (_, answer) = api.ask(json!({"message": "How is the flywheel?"})).await;
        let id = answer["conversation"].as_str().expect("an id").to_owned();
        // Without a parent it goes on where it is.
        let (status, more) = api.ask(json!({"conversation": id, "message": "And the gearbox?"})).await;
        assert_eq!((status, &more["conversation"]), (StatusCode::OK, &answer["conversation"]));
        let path = format!("/api/conversations/{id}");
        let whole: Value = api.get(&path).await.json().await.expect("JSON");
        assert_eq!(whole["messages"].as_array().map(Vec::len), Some(4));

        let found: Value = api.get("/api/search?q=flywhe").await.json().await.expect("JSON");
        assert_eq!((&found["items"][0]["conversation"], found["items"][0]["author"].as_str()), (&answer["conversation"], Some("user")));
        let nothing: Value = api.get("/api/search?q=submarine").await.json().await.expect("JSON");
        assert_eq!(nothing, json!({"items": [], "next": null}));
        let long = api.get(&format!("/api/search?q={}", "a".repeat(201))).await;
        assert_eq!(long.status(), StatusCode::UNPROCESSABLE_ENTITY);

        let patch = async |body: Value| {
            let response = api.request(Method::PATCH, &path).json(&body).send().await.expect("an answer");
            (response.status(), response.json::<Value>().await.expect("JSON"))
        };
        let (status, row) = patch(json!({"title": "Flywheels", "pinned": true})).await;
        assert_eq!((status, &row["title"], &row["pinned"]), (StatusCode::OK, &json!("Flywheels"), &json!(true)));
        let (_, row) = patch(json!({"archived": true})).await;
        assert_eq!((&row["archived"], &row["pinned"]), (&json!(true), &json!(false)));
        for wrong in [json!({"pinned": true, "archived": true}), json!({"title": ""}), json!({"colour": "red"})] {
            assert_eq!(patch(wrong.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        }
        let inbox: Value = api.get("/api/conversations").await.json().await.expect("JSON");
        assert_eq!(inbox["items"], json!([]));
        let archive: Value = api.get("/api/conversations?folder=archive").await.json().await.expect("JSON");
        assert_eq!(archive["items"][0]["title"], "Flywheels");
        let document: Value = api.get("/api/openapi.json").await.json().await.expect("JSON");
        assert!(document["paths"]["/api/search"]["get"].is_object());
        assert!(document["paths"]["/api/conversations/{id}"]["patch"].is_object());
        server.books_balance(&["prs"]).await;
    }
}
