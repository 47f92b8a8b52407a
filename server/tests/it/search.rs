//! Search in one's own titles and messages: what is found, in which order, and by whom.

use app::model::{
    ConversationId, Cursor, MessageAuthor, MessageId, MessageText, Page, Part, Role, SearchHit, SnippetPiece, Title,
};
use serde_json::json;
use server::{
    conversations::{self, SEARCH_PAGE, UNDO_MS},
    db::{
        Engine, TenantScope, Tx,
        conversation::conversation_insert,
        message::{NewMessage, message_insert},
    },
    error::Error,
    models::StopReason,
};
use tokio_util::sync::CancellationToken;

use crate::{
    support::db::{TestDb, db_test},
    turns_fake::{Act, House, says, used},
};

pub async fn search(t: &TestDb, scope: &TenantScope, query: &str) -> Vec<SearchHit> {
    search_after(t, scope, query, None).await.expect("a search").items
}

async fn search_after(
    t: &TestDb,
    scope: &TenantScope,
    query: &str,
    after: Option<&Cursor>,
) -> Result<Page<SearchHit>, Error> {
    let mut tx = t.db.read(scope).await.expect("a transaction");
    conversations::search(scope, &mut tx, query, after, t.world.now()).await
}

fn line(pieces: &[SnippetPiece]) -> String {
    let show = |piece: &SnippetPiece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() };
    pieces.iter().map(show).collect()
}

/// A conversation with these messages, of the person and of the assistant in turn.
async fn written(
    t: &TestDb,
    scope: &TenantScope,
    tx: &mut Tx,
    title: &str,
    texts: &[&str],
) -> (ConversationId, Vec<MessageId>) {
    t.clock.advance_ms(1_000);
    let (world, now) = (&t.world, t.world.now());
    let id = world.id();
    let ids: Vec<MessageId> = texts.iter().map(|_| world.id()).collect();
    conversation_insert(scope, tx, id, title, ids.last().copied().unwrap_or(world.id()), now).await.expect("one");
    for (at, text) in texts.iter().enumerate() {
        let parts = [Part::Text { text: (*text).to_owned() }];
        let message = NewMessage {
            id: ids[at],
            conversation: id,
            parent: at.checked_sub(1).map(|before| ids[before]),
            author: if at % 2 == 0 { MessageAuthor::User } else { MessageAuthor::Assistant },
            complete: true,
            parts: &parts,
            model_bytes: 0,
            turn: world.id(),
        };
        message_insert(scope, tx, message, now).await.expect("a message");
    }
    (id, ids)
}

async fn write(t: &TestDb, scope: &TenantScope, title: &str, texts: &[&str]) -> (ConversationId, Vec<MessageId>) {
    let mut tx = t.db.begin(scope).await.expect("a transaction");
    let done = written(t, scope, &mut tx, title, texts).await;
    tx.commit().await.expect("a commit");
    done
}

/// What somebody might type by accident, or to break it.
const ODD: &[&str] = &[
    "",
    " ",
    "\"",
    "\"\"",
    "*",
    "peak*",
    "pea:*",
    "(peak",
    "peak)",
    "AND",
    "OR NOT",
    "NEAR(peak load)",
    "words:peak",
    "^peak",
    "-peak",
    "peak & load",
    "peak | load",
    "peak <-> load",
    "!peak",
    "'peak'",
    "'; DROP TABLE messages; --",
    "\\",
    "\\'",
    "\0",
    "peak\0load",
    "{peak}",
    "col : peak",
    "é\u{301}",
    "\u{202E}kaep",
    "🙂",
    "日本",
    "%",
    "_",
    "peak\"load\"peak",
    "a AND b OR \"",
    "$1",
    "?1",
    "1e5",
    "0x1F",
    "3.5",
    "a.b@c.d",
    "https://example.com/a?b=c#d",
];

db_test! {
    async fn questions_answers_and_titles_are_found_as_soon_as_they_are_there(t: TestDb) {
        let house = House::new(t).await;
        house.fake.then(vec![Act::Tool("call_1", "echo", json!({"say": "submarine"})), used(5, 5), Act::Stop(StopReason::ToolUse)]);
        house.fake.then(says("The **flywheel** turns.\n\nIt is fine."));
        let turn = house.ask("How is the gearbox of Kompresor 3?", None).await;
        let hits = search(&house.t, &house.scope, "flywheel turns").await;
        assert_eq!(hits.len(), 1);
        assert_eq!((hits[0].conversation, hits[0].message), (turn.conversation, Some(turn.assistant_message)));
        assert_eq!(hits[0].author, Some(MessageAuthor::Assistant));
        assert_eq!(line(&hits[0].snippet), "The [flywheel] [turns]. It is fine.");
        let hits = search(&house.t, &house.scope, "kompres").await;
        assert_eq!((hits[0].message, line(&hits[0].snippet)), (Some(turn.user_message), "How is the gearbox of [Kompresor] 3?".into()));
        assert_eq!(search(&house.t, &house.scope, "submarine").await, Vec::new(), "what tools say is not searched");
        // The automatic title, then a person's.
        let hits = search(&house.t, &house.scope, "title").await;
        assert_eq!((hits[0].message, line(&hits[0].title), hits[0].snippet.len()), (None, "A [title]".into(), 0));
        let mut tx = house.t.db.begin(&house.scope).await.expect("a transaction");
        let title = Title::parse("Zeppelins").expect("a title");
        conversations::rename(&house.scope, &mut tx, turn.conversation, &title).await.expect("renamed");
        tx.commit().await.expect("a commit");
        assert_eq!(search(&house.t, &house.scope, "title").await, Vec::new());
        assert_eq!(search(&house.t, &house.scope, "zeppelins").await.len(), 1);
        house.close().await;
    }

    async fn all_words_phrases_and_an_unfinished_last_word(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let (one, _) = write(&t, &scope, "One", &["The peak load of last week was 42.5 kWh/m² in Überlingen"]).await;
        let (two, _) = write(&t, &scope, "Two", &["A week of load, at last a peak. Don't panic, 日本語"]).await;
        let found = async |query: &str| -> Vec<ConversationId> {
            let mut ids: Vec<_> = search(&t, &scope, query).await.iter().map(|hit| hit.conversation).collect();
            ids.sort();
            ids
        };
        assert_eq!(found("peak load").await, [one, two]);
        assert_eq!(found("\"peak load\"").await, [one]);
        assert_eq!(found("\"last we").await, [one]);
        assert_eq!(found("wee").await, [one, two]);
        assert_eq!(found("wee ").await, [] as [ConversationId; 0]);
        assert_eq!(found("wee load").await, [] as [ConversationId; 0], "only the last word may be unfinished");
        assert_eq!(found("PEAK uberlingen").await, [one]);
        assert_eq!(found("ÜBERLING").await, [one]);
        assert_eq!(found("42.5").await, [one]);
        assert_eq!(found("kwh/m2").await, [one]);
        assert_eq!(found("don't").await, [two]);
        assert_eq!(found("本語").await, [two]);
        assert_eq!(found("語本").await, [] as [ConversationId; 0]);
        assert_eq!(found("peak absent").await, [] as [ConversationId; 0]);
    }

    async fn nothing_that_is_typed_is_a_syntax_error(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        write(&t, &scope, "Peak", &["peak load a b words and or not near"]).await;
        for odd in ODD {
            let page = search_after(&t, &scope, odd, None).await;
            assert!(page.is_ok(), "{odd:?}: {page:?}");
        }
        // And the same as the text of a message.
        for odd in ODD {
            write(&t, &scope, "Odd", &[&odd.replace('\0', "")]).await;
        }
        let long = "a".repeat(201);
        assert!(matches!(search_after(&t, &scope, &long, None).await, Err(Error::Invalid { field: "query", .. })));
        assert!(search_after(&t, &scope, &"é ".repeat(100), None).await.is_ok());
        let wrong = Cursor("AAAA".into());
        assert!(matches!(search_after(&t, &scope, "peak", Some(&wrong)).await, Err(Error::Invalid { field: "cursor", .. })));
    }

    async fn a_text_of_any_size_can_be_stored_and_found(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let many = (0..60_000).map(|n| format!("w{n} ")).collect::<String>();
        let same = "energy ".repeat(30_000);
        let endless = "x".repeat(200_000);
        for text in [&many, &same, &endless] {
            write(&t, &scope, "Long", &[text]).await;
        }
        assert_eq!(search(&t, &scope, "w15000 ").await.len(), 1);
        assert_eq!(search(&t, &scope, "\"energy energy\"").await.len(), 1);
        assert_eq!(search(&t, &scope, "xxx").await.len(), 1);
    }

    async fn every_conversation_is_found_once_with_its_best_message_the_best_first(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let (old, _) = write(&t, &scope, "Old", &["compressor compressor compressor"]).await;
        t.clock.advance_ms(200 * 86_400_000);
        let filler = "and many other words that are about something else entirely ".repeat(4);
        let (weak, _) = write(&t, &scope, "Weak", &[&format!("{filler} compressor {filler}")]).await;
        let (strong, ids) = write(&t, &scope, "Strong", &[&format!("compressor {filler}"), "compressor compressor compressor"]).await;
        let (titled, _) = write(&t, &scope, "The compressor", &["nothing"]).await;
        let hits = search(&t, &scope, "compressor").await;
        let order: Vec<_> = hits.iter().map(|hit| hit.conversation).collect();
        assert_eq!(order.len(), 4);
        let place = |id| order.iter().position(|other| *other == id).expect("it is found");
        assert!(place(strong) < place(old), "newer before older: {order:?}");
        assert!(place(strong) < place(weak) && place(old) < place(weak), "better before worse: {order:?}");
        assert_eq!(hits[place(strong)].message, Some(ids[1]));
        assert_eq!(hits[place(titled)].message, None);
    }

    async fn pages_follow_each_other_without_a_gap(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let mut all = Vec::new();
        for n in 0..2 * SEARCH_PAGE + 3 {
            all.push(write(&t, &scope, "Same", &[&format!("peak number {n}")]).await.0);
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = search_after(&t, &scope, "peak", after.as_ref()).await.expect("a page");
            seen.extend(page.items.iter().map(|hit| hit.conversation));
            // Time goes on between two pages; the ranking stays.
            t.clock.advance_ms(86_400_000);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), all.len());
        seen.sort();
        all.sort();
        assert_eq!(seen, all);
    }

    async fn archived_is_found_deleted_is_not_removed_is_gone(t: TestDb) {
        let house = House::new(t).await;
        let scope = house.scope.clone();
        let (id, _) = write(&house.t, &scope, "Flywheels", &["flywheel"]).await;
        let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
        conversations::archive(&scope, &mut tx, &[id], true).await.expect("archived");
        tx.commit().await.expect("a commit");
        assert!(search(&house.t, &scope, "flywheel").await[0].archived);
        let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
        conversations::delete(&scope, &mut tx, id, house.t.world.now()).await.expect("deleted");
        tx.commit().await.expect("a commit");
        assert_eq!(search(&house.t, &scope, "flywheel").await, Vec::new());
        let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
        conversations::restore(&scope, &mut tx, id).await.expect("restored");
        tx.commit().await.expect("a commit");
        assert_eq!(search(&house.t, &scope, "flywheel").await.len(), 1);
        let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
        conversations::delete(&scope, &mut tx, id, house.t.world.now()).await.expect("deleted");
        tx.commit().await.expect("a commit");
        house.t.clock.advance_ms(UNDO_MS + 1);
        assert_eq!(house.turns.purge().await.expect("a purge"), 1);
        // Nothing of it is left in the index: the rows are numbered anew and found under their own words only.
        write(&house.t, &scope, "Other", &["gearbox"]).await;
        assert_eq!(search(&house.t, &scope, "flywheel").await, Vec::new());
        assert_eq!(search(&house.t, &scope, "gearbox").await.len(), 1);
        house.close().await;
    }

    async fn forks_and_edited_answers_are_found(t: TestDb) {
        let house = House::new(t).await;
        let scope = house.scope.clone();
        house.fake.then(says("The flywheel turns."));
        let turn = house.ask("Hello", None).await;
        let world = house.t.world.clone();
        let mut tx = house.t.db.begin(&scope).await.expect("a transaction");
        let fork = conversations::fork(&scope, &mut tx, &world, turn.conversation, turn.assistant_message).await.expect("a fork");
        let words = MessageText::parse("A zeppelin flies.").expect("a text");
        let edited = conversations::edit(&scope, &mut tx, &world, (turn.conversation, turn.assistant_message), words).await.expect("edited");
        tx.commit().await.expect("a commit");
        let mut found: Vec<_> = search(&house.t, &scope, "flywheel").await.iter().map(|hit| hit.conversation).collect();
        found.sort();
        let mut both = vec![turn.conversation, fork];
        both.sort();
        assert_eq!(found, both);
        let hits = search(&house.t, &scope, "zeppelin").await;
        assert_eq!((hits.len(), hits[0].message), (1, Some(edited)));
        house.close().await;
    }

    async fn nobody_finds_what_is_somebody_elses(t: TestDb) {
        let house = House::new(t).await;
        write(&house.t, &house.scope, "Flywheel", &["the flywheel turns"]).await;
        for stranger in [house.colleague().await, house.t.scope("iop", Role::Admin).await] {
            write(&house.t, &stranger, "Other", &["a gearbox"]).await;
            assert_eq!(search(&house.t, &stranger, "flywheel").await, Vec::new());
            assert_eq!(search(&house.t, &stranger, "flyw").await, Vec::new());
            assert_eq!(search(&house.t, &stranger, "gearbox").await.len(), 1);
        }
        assert_eq!(search(&house.t, &house.scope, "gearbox").await, Vec::new());
        house.close().await;
    }

    async fn the_index_itself_keeps_tenants_apart(t: TestDb) {
        // SQLite has no rows of its own to protect: there the statement's WHERE is all, as everywhere.
        if t.db.engine() == Engine::Sqlite {
            return;
        }
        let (ours, theirs) = (t.scope("prs", Role::Member).await, t.scope("iop", Role::Admin).await);
        write(&t, &ours, "Flywheel", &["the flywheel turns"]).await;
        let everything = "!'nothing'";
        for (scope, expected) in [(&ours, 2), (&theirs, 0)] {
            let mut tx = t.db.read(scope).await.expect("a transaction");
            let rows = tx.query("SELECT id FROM search_entries").all::<IdRow>().await.expect("rows");
            assert_eq!(rows.len(), expected);
            let asked = tx
                .query("SELECT id FROM search_candidates($1, $2, $3, $4)")
                .bind(everything)
                .bind(ours.tenant())
                .bind(ours.user())
                .bind(10_i64);
            assert_eq!(asked.all::<IdRow>().await.expect("rows").len(), expected, "asked for by {}", scope.code());
        }
    }

    async fn what_is_older_than_search_becomes_findable(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let count = 230;
        for n in 0..count {
            write(&t, &scope, "Flywheels", &[&format!("gearbox {n}")]).await;
        }
        // As the migration finds a database that is in use.
        forget(&t, &scope).await;
        assert_eq!(search(&t, &scope, "gearbox").await, Vec::new());
        let stop = CancellationToken::new();
        let indexed = conversations::index_old_messages(&t.db, &t.world, &stop).await.expect("indexed");
        assert_eq!(indexed, count);
        assert_eq!(conversations::index_old_messages(&t.db, &t.world, &stop).await.expect("nothing to do"), 0);
        assert_eq!(search(&t, &scope, "gearbox 7 ").await.len(), 1);
        assert_eq!(search(&t, &scope, "flywheels").await.len(), SEARCH_PAGE);
    }
}

#[derive(sqlx::FromRow)]
struct IdRow {
    #[expect(dead_code, reason = "rows are counted")]
    id: uuid::Uuid,
}

/// Empties the index and marks everything as unknown to it.
async fn forget(t: &TestDb, scope: &TenantScope) {
    let mut tx = t.db.begin(scope).await.expect("a transaction");
    for sql in ["DELETE FROM search_entries", "UPDATE messages SET searchable = FALSE"] {
        tx.query(sql).execute().await.expect("done");
    }
    tx.commit().await.expect("a commit");
}
