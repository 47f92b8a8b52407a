//! A very long conversation costs no more than a short one: what is sent, and what is shown.

use std::time::Instant;

use app::model::{ConversationId, MessageAuthor, MessageId, Part, Timestamp};
use server::db::message::{NewMessage, message_insert};

use crate::{
    support::db::db_test,
    turns_fake::{House, says},
};

const LONG: usize = 10_000;

/// Puts messages of the same size below `parent`; the last one.
async fn lengthen(house: &House, conversation: ConversationId, mut parent: MessageId, count: usize) -> MessageId {
    let parts = [Part::Text { text: "x".repeat(400) }];
    let mut tx = house.t.db.begin(&house.scope).await.expect("a transaction");
    for n in 0..count {
        let id = house.t.world.id();
        let author = if n % 2 == 0 { MessageAuthor::User } else { MessageAuthor::Assistant };
        let message = NewMessage {
            id,
            conversation,
            parent: Some(parent),
            author,
            complete: true,
            parts: &parts,
            model_bytes: 400,
            turn: house.t.world.id(),
        };
        let at = Timestamp(house.t.world.now().0 + i64::try_from(n).expect("small"));
        message_insert(&house.scope, &mut tx, message, at).await.expect("a message");
        parent = id;
    }
    tx.commit().await.expect("a commit");
    parent
}

db_test! {
    async fn ten_thousand_messages_of_history_are_as_light_as_a_few_hundred(t: TestDb) {
        let house = House::new(t).await;
        let mut sizes = Vec::new();
        for count in [400, LONG] {
            let first = house.ask("Begin", None).await;
            let leaf = lengthen(&house, first.conversation, first.assistant_message, count).await;
            house.fake.then(says("Here."));
            let began = Instant::now();
            let turn = house.ask("Go on", Some((first.conversation, Some(leaf)))).await;
            let asked = began.elapsed();
            let began = Instant::now();
            let view = house.view(first.conversation).await;
            let opened = began.elapsed();
            let began = Instant::now();
            let from_start = house.view_at(first.conversation, Some(first.user_message)).await;
            let engine = house.t.db.engine();
            println!("{engine:?}, {count} messages: asked in {asked:?}, opened in {opened:?}, from the start in {:?}", began.elapsed());
            assert_eq!((view.messages.len(), view.messages.last().map(|one| one.id)), (40, Some(turn.assistant_message)));
            assert_eq!(from_start, view);
            let request = house.fake.requests().pop().expect("a request");
            sizes.push((request.messages.len(), serde_json::to_string(&request.messages).expect("json").len()));
        }
        assert_eq!(sizes[0], sizes[1], "what is sent does not grow");
        house.close().await;
    }
}
