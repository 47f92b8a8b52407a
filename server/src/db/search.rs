//! The words of titles and messages, and who wrote which: what search looks through.
//!
//! Whoever writes a title or a message writes its entry in the same transaction. The words are folded and cut here
//! ([`words`]), the same for both engines; PostgreSQL keeps them as a `tsvector`, SQLite in an FTS5 index that follows
//! the table by triggers.
//!
//! What must hold: each word stands behind the mark of its person in their tenant. A common word of everybody else costs
//! nobody anything, and the index itself cannot give one person's text for another's question; tenant and person are
//! asked for besides.

pub mod shown;
mod wanted;
pub mod words;

pub use wanted::Term;

use std::fmt::Write as _;

use app::model::{ConversationId, MessageId, Part, TenantId, Timestamp, UserId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Engine, Error, Result, SystemTx, TenantScope, Tx};

/// Words of a message that are indexed; PostgreSQL counts no further than 16,383.
const MAX_WORDS: usize = 16_000;

/// What is indexed: a title or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    Title(ConversationId),
    Message(ConversationId, MessageId),
}

/// Something that contains all the words.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub conversation: ConversationId,
    /// `None`: the conversation's title.
    pub message: Option<MessageId>,
    pub written_at: Timestamp,
    /// Positive, higher is better; only comparable within one answer.
    pub score: f64,
}

/// A message from before search knew it, with its conversation's title.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsearchable {
    pub tenant: TenantId,
    pub user: UserId,
    pub conversation: ConversationId,
    pub message: MessageId,
    pub parts: Vec<Part>,
    pub written_at: Timestamp,
    pub title: String,
    pub title_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct CandidateRow {
    id: Uuid,
    conversation_id: Uuid,
    is_title: bool,
    written_at: i64,
    score: f64,
}

#[derive(sqlx::FromRow)]
struct UnsearchableRow {
    tenant_id: Uuid,
    user_id: Uuid,
    conversation_id: Uuid,
    id: Uuid,
    parts: String,
    created_at: i64,
    title: String,
    updated_at: i64,
}

/// What people read of a message, without tool calls.
#[must_use]
pub fn readable(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        Part::Tool { .. } | Part::Reasoning { .. } | Part::Attachment { .. } => None,
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

/// Makes a title or a message of the caller findable by `text`, in the place of what it said before.
///
/// # Errors
/// Database errors.
pub async fn search_put(scope: &TenantScope, tx: &mut Tx, what: Indexed, text: &str, at: Timestamp) -> Result<()> {
    put(tx, (scope.tenant(), scope.user()), what, text, at).await
}

/// As [`search_put`], for an old message of anybody.
///
/// # Errors
/// Database errors.
pub async fn search_put_old(tx: &mut SystemTx, old: &Unsearchable) -> Result<()> {
    let message = Indexed::Message(old.conversation, old.message);
    put(tx, (old.tenant, old.user), message, &readable(&old.parts), old.written_at).await?;
    tx.query("UPDATE messages SET searchable = TRUE WHERE tenant_id = $1 AND id = $2")
        .bind(old.tenant)
        .bind(old.message)
        .execute()
        .await?;
    Ok(())
}

/// As [`search_put`], for the title of an old conversation of anybody.
///
/// # Errors
/// Database errors.
pub async fn search_put_old_title(tx: &mut SystemTx, old: &Unsearchable) -> Result<()> {
    put(tx, (old.tenant, old.user), Indexed::Title(old.conversation), &old.title, old.title_at).await
}

async fn put(tx: &mut Tx, owner: (TenantId, UserId), what: Indexed, text: &str, at: Timestamp) -> Result<()> {
    let (tenant, user) = owner;
    let (id, conversation, is_title) = match what {
        Indexed::Title(conversation) => (conversation.0, conversation, true),
        Indexed::Message(conversation, message) => (message.0, conversation, false),
    };
    tx.query("DELETE FROM search_entries WHERE tenant_id = $1 AND id = $2").bind(tenant).bind(id).execute().await?;
    let words = words::words(text, MAX_WORDS);
    if words.is_empty() {
        return Ok(());
    }
    let mark = mark(tenant, user);
    let stored = match tx.engine() {
        Engine::Postgres => vector(&words, &mark),
        Engine::Sqlite => marked(&words, &mark),
    };
    let sql = tx.dialect(
        "INSERT INTO search_entries (tenant_id, id, conversation_id, user_id, is_title, written_at, words) \
         VALUES ($1, $2, $3, $4, $5, $6, CAST($7 AS tsvector))",
        "INSERT INTO search_entries (tenant_id, id, conversation_id, user_id, is_title, written_at, words) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    tx.query(sql)
        .bind(tenant)
        .bind(id)
        .bind(conversation)
        .bind(user)
        .bind(is_title)
        .bind(at)
        .bind(stored)
        .execute()
        .await?;
    Ok(())
}

/// Makes the copy of a message of the caller findable by the words of the original.
///
/// # Errors
/// Database errors.
pub async fn search_copy(
    scope: &TenantScope,
    tx: &mut Tx,
    original: MessageId,
    copy: MessageId,
    conversation: ConversationId,
) -> Result<()> {
    tx.query(
        "INSERT INTO search_entries (tenant_id, id, conversation_id, user_id, is_title, written_at, words) \
         SELECT tenant_id, $4, $5, user_id, is_title, written_at, words FROM search_entries \
         WHERE tenant_id = $1 AND user_id = $2 AND id = $3",
    )
    .bind(scope.tenant())
    .bind(scope.user())
    .bind(original)
    .bind(copy)
    .bind(conversation)
    .execute()
    .await?;
    Ok(())
}

/// The newest `limit` of the caller's titles and messages that contain every term; deleted conversations are left out.
///
/// # Errors
/// Database errors.
pub async fn search_candidates(scope: &TenantScope, tx: &mut Tx, terms: &[Term], limit: i64) -> Result<Vec<Candidate>> {
    let mark = mark(scope.tenant(), scope.user());
    let wanted = match tx.engine() {
        Engine::Postgres => wanted::for_postgres(terms, &mark),
        Engine::Sqlite => wanted::for_sqlite(terms, &mark),
    };
    let sql = tx.dialect(
        "SELECT id, conversation_id, is_title, written_at, score FROM search_candidates($1, $2, $3, $4)",
        // From the index outwards, newest first, so that it ends with the last row wanted. FTS5's scores are negative.
        "SELECT e.id, e.conversation_id, e.is_title, e.written_at, -bm25(search_index) AS score \
         FROM search_index CROSS JOIN search_entries e ON e.doc = search_index.rowid \
         WHERE search_index MATCH $1 AND e.tenant_id = $2 AND e.user_id = $3 AND NOT EXISTS ( \
           SELECT 1 FROM conversations c WHERE c.tenant_id = e.tenant_id AND c.id = e.conversation_id \
           AND c.deleted_at IS NOT NULL) \
         ORDER BY search_index.rowid DESC LIMIT $4",
    );
    let rows =
        tx.query(sql).bind(wanted).bind(scope.tenant()).bind(scope.user()).bind(limit).all::<CandidateRow>().await?;
    let candidate = |row: CandidateRow| Candidate {
        conversation: ConversationId(row.conversation_id),
        message: (!row.is_title).then_some(MessageId(row.id)),
        written_at: Timestamp(row.written_at),
        score: row.score,
    };
    Ok(rows.into_iter().map(candidate).collect())
}

/// Messages that search does not know yet, at most `limit`. Those being written are left to their turns.
///
/// # Errors
/// Database errors.
pub async fn search_missing(tx: &mut SystemTx, limit: i64) -> Result<Vec<Unsearchable>> {
    let rows = tx
        .query(
            "SELECT m.tenant_id, c.user_id, m.conversation_id, m.id, m.parts, m.created_at, c.title, c.updated_at \
             FROM messages m JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id \
             WHERE m.searchable = FALSE AND m.status <> 'running' ORDER BY m.tenant_id, m.id LIMIT $1",
        )
        .bind(limit)
        .all::<UnsearchableRow>()
        .await?;
    rows.into_iter().map(UnsearchableRow::record).collect()
}

impl UnsearchableRow {
    fn record(self) -> Result<Unsearchable> {
        let parts = serde_json::from_str(&self.parts).map_err(|error| Error::Corrupt {
            table: "messages",
            column: "parts",
            row: self.id.to_string(),
            problem: error.to_string(),
        })?;
        Ok(Unsearchable {
            tenant: TenantId(self.tenant_id),
            user: UserId(self.user_id),
            conversation: ConversationId(self.conversation_id),
            message: MessageId(self.id),
            parts,
            written_at: Timestamp(self.created_at),
            title: self.title,
            title_at: Timestamp(self.updated_at),
        })
    }
}

/// What a person's words begin with in the index: five letters or digits. Two people may have the same one: it divides
/// the index, it does not guard it.
fn mark(tenant: TenantId, user: UserId) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let digest = Sha256::new().chain_update(tenant.0.as_bytes()).chain_update(user.0.as_bytes()).finalize();
    digest.iter().take(5).map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect()
}

/// The words as FTS5 reads them.
fn marked(words: &[words::Word], mark: &str) -> String {
    let mut text = String::with_capacity(words.len() * (mark.len() + 8));
    for word in words {
        text.push_str(mark);
        text.push_str(&word.text);
        text.push(' ');
    }
    text
}

/// The text of a `tsvector`: every word with its place. PostgreSQL sorts and merges them.
fn vector(words: &[words::Word], mark: &str) -> String {
    let mut text = String::with_capacity(words.len() * (mark.len() + 16));
    for (at, word) in words.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "'{mark}{}':{} ", word.text, at + 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_written_for_each_engine() {
        let words = words::words("Peak: 42 kWh", 10);
        assert_eq!(marked(&words, "abcde"), "abcdepeak abcde42 abcdekwh ");
        assert_eq!(vector(&words, "abcde"), "'abcdepeak':1 'abcde42':2 'abcdekwh':3 ");
    }

    #[test]
    fn people_have_marks_of_their_own() {
        let id = |n: u128| Uuid::from_u128(n);
        let one = mark(TenantId(id(1)), UserId(id(2)));
        assert_eq!(one.len(), 5);
        assert_ne!(one, mark(TenantId(id(1)), UserId(id(3))));
        assert_ne!(one, mark(TenantId(id(3)), UserId(id(2))));
    }
}
