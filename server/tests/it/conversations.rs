//! Conversations: the list, the view of a long one, names, deletion and undo.

use std::collections::HashSet;

use app::model::{ConversationId, Cursor, MessageId, Role, Title};
use server::{
    conversations::{self, PAGE_SIZE, UNDO_MS},
    db::conversation::conversation_title_automatically,
    error::Error,
    usage,
};

use crate::{
    support::db::db_test,
    turns_fake::{Act, Gate, House, says, text, text_of, used},
};

/// `count` questions and answers, one after the other; all messages, oldest first.
async fn long_conversation(house: &House, count: usize) -> (ConversationId, Vec<MessageId>) {
    let mut ids = Vec::new();
    let mut place = None;
    for n in 0..count {
        house.fake.then(says(&format!("answer {n}")));
        let turn = house.ask(&format!("question {n}"), place).await;
        ids.extend([turn.user_message, turn.assistant_message]);
        place = Some((turn.conversation, Some(turn.assistant_message)));
    }
    (place.expect("at least one").0, ids)
}

db_test! {
    async fn the_list_pages_through_everything_once_newest_first(t: TestDb) {
        let house = House::new(t).await;
        let mut newest_first = Vec::new();
        for n in 0..PAGE_SIZE + 2 {
            newest_first.insert(0, house.ask(&format!("Question {n}"), None).await.conversation);
        }
        let mut tx = house.t.db.read(&house.scope).await.expect("a transaction");
        let first = conversations::list(&house.scope, &mut tx, app::model::Folder::Inbox, None).await.expect("a page");
        assert_eq!(first.items.len(), PAGE_SIZE);
        let second = conversations::list(&house.scope, &mut tx, app::model::Folder::Inbox, first.next.as_ref()).await.expect("a page");
        assert_eq!((second.items.len(), &second.next), (2, &None));
        let listed: Vec<_> = first.items.iter().chain(&second.items).map(|one| one.id).collect();
        assert_eq!(listed, newest_first);
        for wrong in ["", "x", "AAAA", &"A".repeat(1_000)] {
            let page = conversations::list(&house.scope, &mut tx, app::model::Folder::Inbox, Some(&Cursor(wrong.to_owned()))).await;
            assert!(matches!(page, Err(Error::Invalid { field: "cursor", .. })), "{wrong}");
        }
        drop(tx);
        house.close().await;
    }

    async fn the_list_says_what_is_being_written(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![Act::Wait(gate.clone()), text("x"), used(1, 1), Act::Stop(server::models::StopReason::EndTurn)]);
        let started = house.start("Slow", None).await;
        for is_running in [true, false] {
            let mut tx = house.t.db.read(&house.scope).await.expect("a transaction");
            let list = conversations::list(&house.scope, &mut tx, app::model::Folder::Inbox, None).await.expect("a list");
            assert_eq!(list.items[0].running, is_running);
            drop(tx);
            gate.open();
            house.events(started.turn, 0).await;
        }
        house.close().await;
    }

    async fn a_long_conversation_opens_at_its_end_and_pages_back_to_its_beginning(t: TestDb) {
        let house = House::new(t).await;
        let (id, all) = long_conversation(&house, 45).await;
        let mut shown = house.view(id).await;
        assert_eq!(shown.messages.len(), 40);
        let mut seen: Vec<MessageId> = shown.messages.iter().map(|message| message.id).collect();
        while let Some(cursor) = shown.earlier.clone() {
            let mut tx = house.t.db.read(&house.scope).await.expect("a transaction");
            shown = conversations::earlier(&house.scope, &mut tx, id, &cursor).await.expect("an earlier part");
            let part: Vec<MessageId> = shown.messages.iter().map(|message| message.id).collect();
            seen.splice(0..0, part);
        }
        assert_eq!(seen, all);
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 90);
        // Any message opens the branch it lies on, at its end.
        let at_start = house.view_at(id, Some(all[0])).await;
        assert_eq!(at_start.messages.last().map(|message| message.id), all.last().copied());
        let mut tx = house.t.db.read(&house.scope).await.expect("a transaction");
        let nowhere = conversations::open(&house.scope, &mut tx, id, Some(house.t.world.id())).await;
        assert!(matches!(nowhere, Err(Error::NotFound)));
        let wrong = conversations::earlier(&house.scope, &mut tx, id, &Cursor("AAAA".into())).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "cursor", .. })));
        drop(tx);
        house.close().await;
    }

    async fn editing_the_first_message_makes_a_branch_at_the_root(t: TestDb) {
        let house = House::new(t).await;
        let first = house.ask("First", None).await;
        house.ask("More", Some((first.conversation, Some(first.assistant_message)))).await;
        let edited = house.ask("First, edited", Some((first.conversation, None))).await;
        let view = house.view(first.conversation).await;
        assert_eq!(view.messages.len(), 2, "it opens at the branch written to last");
        let siblings = view.messages[0].siblings;
        assert_eq!((siblings.index, siblings.count, siblings.previous), (2, 2, Some(first.user_message)));
        assert_eq!(view.messages[0].id, edited.user_message);
        assert_eq!(house.view_at(first.conversation, siblings.previous).await.messages.len(), 4);
        assert_eq!(text_of(&view.messages[0].parts), "First, edited");
        house.close().await;
    }

    async fn a_persons_title_stays(t: TestDb) {
        let house = House::new(t).await;
        let one = house.ask("Hello", None).await;
        let title = Title::parse("My peaks").expect("a title");
        let mut tx = house.t.db.begin(&house.scope).await.expect("a transaction");
        conversations::rename(&house.scope, &mut tx, one.conversation, &title).await.expect("renamed");
        let is_changed =
            conversation_title_automatically(&house.scope, &mut tx, one.conversation, "Automatic").await.expect("asked");
        tx.commit().await.expect("a commit");
        assert!(!is_changed);
        assert_eq!(house.view(one.conversation).await.title, "My peaks");
        house.close().await;
    }

    async fn a_deletion_can_be_undone_for_an_hour_and_the_books_keep_everything(t: TestDb) {
        let house = House::new(t).await;
        let (id, messages) = long_conversation(&house, 2).await;
        let scope = house.scope.clone();
        let delete = async || {
            let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
            let stopped = conversations::delete(&scope, &mut tx, id, house.t.world.now()).await.expect("deleted");
            tx.commit().await.expect("a commit");
            assert_eq!(stopped, Vec::new());
        };
        let meter = async || {
            let mut tx = house.t.db.read(&scope).await.expect("a transaction");
            usage::meter(&scope, &mut tx, &house.t.world).await.expect("a meter")
        };
        let before = meter().await;
        assert_eq!(before.requests, 3);
        delete().await;
        let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
        assert!(matches!(conversations::open(&scope, &mut tx, id, None).await, Err(Error::NotFound)));
        assert!(conversations::list(&scope, &mut tx, app::model::Folder::Inbox, None).await.expect("a list").items.is_empty());
        let title = Title::parse("Too late").expect("a title");
        assert!(matches!(conversations::rename(&scope, &mut tx, id, &title).await, Err(Error::NotFound)));
        conversations::restore(&scope, &mut tx, id).await.expect("it comes back");
        tx.commit().await.expect("a commit");
        assert_eq!(house.view(id).await.messages.len(), messages.len());

        delete().await;
        house.t.clock.advance_ms(UNDO_MS);
        assert_eq!(house.turns.purge().await.expect("a purge"), 0, "not a moment too early");
        house.t.clock.advance_ms(1);
        assert_eq!(house.turns.purge().await.expect("a purge"), 1);
        let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
        assert!(matches!(conversations::restore(&scope, &mut tx, id).await, Err(Error::NotFound)));
        drop(tx);
        assert_eq!(meter().await, before);
        house.close().await;
    }

    async fn each_person_has_their_own_list(t: TestDb) {
        let house = House::new(t).await;
        house.ask("Mine", None).await;
        for other in [house.colleague().await, house.t.scope("iop", Role::Admin).await] {
            let mut tx = house.t.db.read(&other).await.expect("a transaction");
            assert!(conversations::list(&other, &mut tx, app::model::Folder::Inbox, None).await.expect("a list").items.is_empty());
        }
        house.close().await;
    }
}
