//! Messages: a tree per conversation, by `parent_id`. Everything read here is a path, bounded before it is read: the
//! cost of a page or a prompt does not grow with the conversation.
//!
//! Callers have found the conversation first ([`super::conversation::conversation_find`]), which checks its person.

use app::model::{
    ConversationId, MessageAuthor, MessageId, MessageStatus, Part, Timestamp, TurnError, TurnId, TurnUsage,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Error, Result, TenantScope, Tx};

/// A message to insert.
#[derive(Clone, Debug)]
pub struct NewMessage<'a> {
    pub id: MessageId,
    pub conversation: ConversationId,
    pub parent: Option<MessageId>,
    pub author: MessageAuthor,
    /// `false`: being written.
    pub complete: bool,
    pub parts: &'a [Part],
    pub model_bytes: i64,
    pub turn: TurnId,
}

/// A message as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRecord {
    pub id: MessageId,
    pub parent: Option<MessageId>,
    pub author: MessageAuthor,
    pub parts: Vec<Part>,
    pub status: MessageStatus,
    pub turn: TurnId,
    pub usage: Option<TurnUsage>,
    pub created_at: Timestamp,
}

/// What the model must see again of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRecord {
    pub author: MessageAuthor,
    pub content: HistoryContent,
}

/// Tool calls and their results are kept as the model saw them; else the text of the parts is all there is.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryContent {
    Parts(Vec<Part>),
    /// JSON array of `models::Message`.
    Stored(String),
}

/// The end of an assistant's message.
#[derive(Clone, Debug)]
pub struct MessageEnd<'a> {
    pub parts: &'a [Part],
    /// JSON; `None`: the text of the parts.
    pub model_content: Option<String>,
    pub model_bytes: i64,
    /// Not [`MessageStatus::Running`].
    pub status: &'a MessageStatus,
    pub usage: &'a TurnUsage,
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: Uuid,
    parent_id: Option<Uuid>,
    author: String,
    status: String,
    parts: String,
    error: Option<String>,
    usage: Option<String>,
    turn_id: Uuid,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct HistoryRow {
    id: Uuid,
    author: String,
    parts: Option<String>,
    model_content: Option<String>,
}

#[derive(sqlx::FromRow)]
struct SiblingRow {
    id: Uuid,
    parent_id: Option<Uuid>,
}

#[derive(sqlx::FromRow)]
struct StateRow {
    author: String,
    status: String,
}

fn corrupt(column: &'static str, row: Uuid, problem: impl ToString) -> Error {
    Error::Corrupt { table: "messages", column, row: row.to_string(), problem: problem.to_string() }
}

fn json<T: DeserializeOwned>(column: &'static str, row: Uuid, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(column, row, error))
}

fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Misuse(format!("this cannot be written as JSON: {error}")))
}

fn author(row: Uuid, text: &str) -> Result<MessageAuthor> {
    match text {
        "user" => Ok(MessageAuthor::User),
        "assistant" => Ok(MessageAuthor::Assistant),
        other => Err(corrupt("author", row, other)),
    }
}

fn status(row: Uuid, text: &str, error: Option<&str>) -> Result<MessageStatus> {
    match (text, error) {
        ("complete", _) => Ok(MessageStatus::Complete),
        ("running", _) => Ok(MessageStatus::Running),
        ("stopped", _) => Ok(MessageStatus::Stopped),
        ("failed", Some(error)) => Ok(MessageStatus::Failed(json::<TurnError>("error", row, error)?)),
        (other, _) => Err(corrupt("status", row, other)),
    }
}

impl MessageRow {
    fn record(self) -> Result<MessageRecord> {
        Ok(MessageRecord {
            id: MessageId(self.id),
            parent: self.parent_id.map(MessageId),
            author: author(self.id, &self.author)?,
            parts: json("parts", self.id, &self.parts)?,
            status: status(self.id, &self.status, self.error.as_deref())?,
            turn: TurnId(self.turn_id),
            usage: self.usage.map(|usage| json("usage", self.id, &usage)).transpose()?,
            created_at: Timestamp(self.created_at),
        })
    }
}

/// Adds a message.
///
/// # Errors
/// Database errors; the parent is a message of the same tenant.
pub async fn message_insert(scope: &TenantScope, tx: &mut Tx, new: NewMessage<'_>, now: Timestamp) -> Result<()> {
    let author = match new.author {
        MessageAuthor::User => "user",
        MessageAuthor::Assistant => "assistant",
    };
    tx.query(
        "INSERT INTO messages (tenant_id, id, conversation_id, parent_id, author, status, parts, model_bytes, turn_id, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(scope.tenant())
    .bind(new.id)
    .bind(new.conversation)
    .bind(new.parent)
    .bind(author)
    .bind(if new.complete { "complete" } else { "running" })
    .bind(to_json(new.parts)?)
    .bind(new.model_bytes)
    .bind(new.turn)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// Who wrote a message of this conversation, and whether it is still being written.
///
/// # Errors
/// Database errors.
pub async fn message_state(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    id: MessageId,
) -> Result<Option<(MessageAuthor, bool)>> {
    let row = tx
        .query("SELECT author, status FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3")
        .bind(scope.tenant())
        .bind(conversation)
        .bind(id)
        .optional::<StateRow>()
        .await?;
    row.map(|row| Ok((author(id.0, &row.author)?, row.status == "running"))).transpose()
}

/// One message of the caller's tenant by its id.
///
/// # Errors
/// Database errors.
pub async fn message_find(scope: &TenantScope, tx: &mut Tx, id: MessageId) -> Result<Option<MessageRecord>> {
    tx.query(
        "SELECT id, parent_id, author, status, parts, error, usage, turn_id, created_at FROM messages \
         WHERE tenant_id = $1 AND id = $2",
    )
    .bind(scope.tenant())
    .bind(id)
    .optional::<MessageRow>()
    .await?
    .map(MessageRow::record)
    .transpose()
}

/// The last `limit` messages of the path that ends at `leaf`, oldest first.
///
/// # Errors
/// Database errors.
pub async fn message_path(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    leaf: MessageId,
    limit: i64,
) -> Result<Vec<MessageRecord>> {
    tx.query(
        "WITH RECURSIVE path (id, parent_id, depth) AS ( \
           SELECT id, parent_id, CAST(1 AS BIGINT) FROM messages \
           WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3 \
           UNION ALL SELECT m.id, m.parent_id, p.depth + 1 FROM path p \
           JOIN messages m ON m.tenant_id = $1 AND m.id = p.parent_id WHERE p.depth < $4) \
         SELECT m.id, m.parent_id, m.author, m.status, m.parts, m.error, m.usage, m.turn_id, m.created_at \
         FROM path p JOIN messages m ON m.tenant_id = $1 AND m.id = p.id ORDER BY p.depth DESC",
    )
    .bind(scope.tenant())
    .bind(conversation)
    .bind(leaf)
    .bind(limit)
    .all::<MessageRow>()
    .await?
    .into_iter()
    .map(MessageRow::record)
    .collect()
}

/// The alternatives at every place of the same path, each place oldest first: `(parent, id)`. At most 2,000.
///
/// # Errors
/// Database errors.
pub async fn message_siblings(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    leaf: MessageId,
    limit: i64,
) -> Result<Vec<(Option<MessageId>, MessageId)>> {
    let rows = tx
        .query(
            "WITH RECURSIVE path (id, parent_id, depth) AS ( \
               SELECT id, parent_id, CAST(1 AS BIGINT) FROM messages \
               WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3 \
               UNION ALL SELECT m.id, m.parent_id, p.depth + 1 FROM path p \
               JOIN messages m ON m.tenant_id = $1 AND m.id = p.parent_id WHERE p.depth < $4) \
             SELECT s.id, s.parent_id FROM path p JOIN messages s ON s.tenant_id = $1 AND s.parent_id = p.parent_id \
             ORDER BY s.created_at, s.id LIMIT 2000",
        )
        .bind(scope.tenant())
        .bind(conversation)
        .bind(leaf)
        .bind(limit)
        .all::<SiblingRow>()
        .await?;
    Ok(rows.into_iter().map(|row| (row.parent_id.map(MessageId), MessageId(row.id))).collect())
}

/// The alternatives at the very beginning, oldest first. At most 2,000.
///
/// # Errors
/// Database errors.
pub async fn message_roots(scope: &TenantScope, tx: &mut Tx, conversation: ConversationId) -> Result<Vec<MessageId>> {
    let rows = tx
        .query(
            "SELECT id, parent_id FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND parent_id IS NULL \
             ORDER BY created_at, id LIMIT 2000",
        )
        .bind(scope.tenant())
        .bind(conversation)
        .all::<SiblingRow>()
        .await?;
    Ok(rows.into_iter().map(|row| MessageId(row.id)).collect())
}

/// The end of the branch that continues below `id` by always taking the newest child; `None`: no such message here.
/// Reads one index entry per message below.
///
/// # Errors
/// Database errors.
pub async fn message_newest_leaf(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    id: MessageId,
) -> Result<Option<MessageId>> {
    let row = tx
        .query(
            "WITH RECURSIVE down (id, parent_id, depth) AS ( \
               SELECT id, parent_id, CAST(1 AS BIGINT) FROM messages \
               WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3 \
               UNION ALL SELECT m.id, m.parent_id, d.depth + 1 FROM down d \
               JOIN messages m ON m.tenant_id = $1 AND m.id = (SELECT c.id FROM messages c \
                 WHERE c.tenant_id = $1 AND c.parent_id = d.id ORDER BY c.created_at DESC, c.id DESC LIMIT 1)) \
             SELECT id, parent_id FROM down ORDER BY depth DESC LIMIT 1",
        )
        .bind(scope.tenant())
        .bind(conversation)
        .bind(id)
        .optional::<SiblingRow>()
        .await?;
    Ok(row.map(|row| MessageId(row.id)))
}

/// What the model must see again of the path that ends at `leaf`, oldest first: as many of the newest messages as fit
/// `max_bytes` and `max_messages`. What does not fit is not read.
///
/// # Errors
/// Database errors.
pub async fn message_history(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    leaf: MessageId,
    max_messages: i64,
    max_bytes: i64,
) -> Result<Vec<HistoryRecord>> {
    tx.query(
        "WITH RECURSIVE path (id, parent_id, depth, bytes) AS ( \
           SELECT id, parent_id, CAST(1 AS BIGINT), model_bytes FROM messages \
           WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3 AND model_bytes <= $5 \
           UNION ALL SELECT m.id, m.parent_id, p.depth + 1, p.bytes + m.model_bytes FROM path p \
           JOIN messages m ON m.tenant_id = $1 AND m.id = p.parent_id \
           WHERE p.depth < $4 AND p.bytes + m.model_bytes <= $5) \
         SELECT m.id, m.author, CASE WHEN m.model_content IS NULL THEN m.parts END AS parts, m.model_content \
         FROM path p JOIN messages m ON m.tenant_id = $1 AND m.id = p.id ORDER BY p.depth DESC",
    )
    .bind(scope.tenant())
    .bind(conversation)
    .bind(leaf)
    .bind(max_messages)
    .bind(max_bytes)
    .all::<HistoryRow>()
    .await?
    .into_iter()
    .map(|row| {
        let content = match (row.model_content, row.parts) {
            (Some(stored), _) => HistoryContent::Stored(stored),
            (None, Some(parts)) => HistoryContent::Parts(json("parts", row.id, &parts)?),
            (None, None) => HistoryContent::Parts(Vec::new()),
        };
        Ok(HistoryRecord { author: author(row.id, &row.author)?, content })
    })
    .collect()
}

/// Ends a message that is being written.
///
/// # Errors
/// [`Error::Misuse`] when `end` says it is still running; database errors.
pub async fn message_finish(scope: &TenantScope, tx: &mut Tx, id: MessageId, end: MessageEnd<'_>) -> Result<()> {
    let (status, error) = match end.status {
        MessageStatus::Complete => ("complete", None),
        MessageStatus::Stopped => ("stopped", None),
        MessageStatus::Failed(error) => ("failed", Some(to_json(error)?)),
        MessageStatus::Running => return Err(Error::Misuse("a finished message is not running".to_owned())),
    };
    tx.query(
        "UPDATE messages SET status = $3, parts = $4, model_content = $5, model_bytes = $6, error = $7, usage = $8 \
         WHERE tenant_id = $1 AND id = $2",
    )
    .bind(scope.tenant())
    .bind(id)
    .bind(status)
    .bind(to_json(end.parts)?)
    .bind(end.model_content)
    .bind(end.model_bytes)
    .bind(error)
    .bind(to_json(end.usage)?)
    .execute()
    .await?;
    Ok(())
}
