//! How long search and the list take when there is a lot: measured, not part of the usual run.
//! `cargo test -p server --test it search_scale -- --ignored --nocapture --test-threads 1`

use std::time::{Duration, Instant};

use app::model::{Folder, MessageAuthor, Part, Role};
use server::{
    conversations,
    db::{
        TenantScope,
        conversation::conversation_insert,
        message::{NewMessage, message_insert},
    },
};

use crate::{conversations_more::empty_conversations, search::search, support::db::TestDb};

/// A vocabulary in which the first words are in nearly every message and the last ones in a few.
struct Speaker(u64);

impl Speaker {
    /// A number below `most`, the small ones far more often.
    fn rank(&mut self, most: u64) -> u64 {
        // Steele and Vigna's constants for a 64-bit linear congruential generator (2021).
        self.0 = self.0.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(1);
        let (high, low) = ((self.0 >> 40) % 1_000, (self.0 >> 20) % 1_000);
        most * high * high * low / 1_000_000_000
    }

    fn message(&mut self, number: usize) -> String {
        let words = (0..60).map(|_| {
            let rank = self.rank(20_000);
            format!("{}{rank}", char::from(b'a' + u8::try_from(rank % 26).unwrap_or(0)))
        });
        let words: Vec<String> = words.collect();
        format!("{} energy peak load. Number n{number}", words.join(" "))
    }
}

/// Messages without parents: what checks them plans once for an empty table, and nothing here tells it of the rest.
async fn talk(t: &TestDb, scope: &TenantScope, conversations: usize, each: usize, seed: u64) {
    let mut speaker = Speaker(seed);
    for n in 0..conversations {
        t.clock.advance_ms(1_000);
        let (id, now) = (t.world.id(), t.world.now());
        let mut tx = t.db.begin(scope).await.expect("a transaction");
        conversation_insert(scope, &mut tx, id, &format!("Conversation {n}"), t.world.id(), now).await.expect("one");
        for m in 0..each {
            let parts = [Part::Text { text: speaker.message(n * each + m) }];
            let message = NewMessage {
                id: t.world.id(),
                conversation: id,
                parent: None,
                author: MessageAuthor::User,
                complete: true,
                parts: &parts,
                model_bytes: 0,
                turn: t.world.id(),
            };
            message_insert(scope, &mut tx, message, now).await.expect("a message");
        }
        tx.commit().await.expect("a commit");
    }
}

/// Middle and longest of some runs.
async fn measured(what: &str, mut run: impl AsyncFnMut() -> usize) -> Duration {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..15 {
        let start = Instant::now();
        found = run().await;
        times.push(start.elapsed());
    }
    times.sort();
    println!("{what:32} {found:3} hits  median {:7.1?}  longest {:7.1?}", times[7], times[14]);
    times[7]
}

async fn a_hundred_thousand_messages_answer_in_a_tenth_of_a_second(t: TestDb) {
    let scope = t.scope("prs", Role::Member).await;
    let other = t.scope("iop", Role::Member).await;
    let start = Instant::now();
    talk(&t, &scope, 2_000, 50, 1).await;
    talk(&t, &other, 400, 50, 2).await;
    println!("{:?}: 120,000 messages written in {:?}", t.db.engine(), start.elapsed());
    let queries = [
        "n77777",
        "n777",
        "energy",
        "energy peak load",
        "\"peak load number\"",
        "\"energy peak",
        "a",
        "a1",
        "n",
        "en",
        "a0 b1 c2 energ",
        "b1 n5",
        "absent",
        "energy absent",
        "conversation 12",
    ];
    let mut slow = Vec::new();
    for query in queries {
        let time = measured(query, async || search(&t, &scope, query).await.len()).await;
        if time > Duration::from_millis(100) {
            slow.push((query, time));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

async fn a_page_of_fifty_thousand_conversations_comes_in_a_twentieth_of_a_second(t: TestDb) {
    let scope = t.scope("prs", Role::Member).await;
    for _ in 0..50 {
        empty_conversations(&t, &scope, 1_000).await;
    }
    for folder in [Folder::Inbox, Folder::Archive] {
        let what = format!("{:?} {folder:?}", t.db.engine());
        let page = async || {
            let mut tx = t.db.read(&scope).await.expect("a transaction");
            conversations::list(&scope, &mut tx, folder, None).await.expect("a page").items.len()
        };
        assert!(measured(&what, page).await < Duration::from_millis(50));
    }
}

#[tokio::test]
#[ignore = "a measurement of several minutes"]
async fn search_on_sqlite() {
    a_hundred_thousand_messages_answer_in_a_tenth_of_a_second(TestDb::sqlite().await).await;
}

#[tokio::test]
#[ignore = "a measurement of several minutes"]
async fn search_on_postgres() {
    a_hundred_thousand_messages_answer_in_a_tenth_of_a_second(TestDb::postgres().await).await;
}

#[tokio::test]
#[ignore = "a measurement"]
async fn the_list_on_sqlite() {
    a_page_of_fifty_thousand_conversations_comes_in_a_twentieth_of_a_second(TestDb::sqlite().await).await;
}

#[tokio::test]
#[ignore = "a measurement"]
async fn the_list_on_postgres() {
    a_page_of_fifty_thousand_conversations_comes_in_a_twentieth_of_a_second(TestDb::postgres().await).await;
}
