//! Messages: a tree per conversation, by `parent_id`. Paths through it are in [`super::message_path`].
//!
//! Callers have found the conversation first ([`super::conversation::conversation_find`]), which checks its person.

use app::model::{
    ConversationId, Feedback, MessageAuthor, MessageId, MessageStatus, Part, Timestamp, TurnError, TurnId, TurnUsage,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{
    Error, Result, TenantScope, Tx,
    search::{Indexed, readable, search_put},
};

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
    /// The name of the model that wrote it.
    pub model: Option<String>,
    pub created_at: Timestamp,
    pub feedback: Option<Feedback>,
    /// The person's own words.
    pub edited: bool,
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

/// The columns of a [`MessageRow`], of messages `m`.
macro_rules! message_columns {
    () => {
        "m.id, m.parent_id, m.author, m.status, m.parts, m.error, m.usage, m.model, m.turn_id, m.created_at, m.feedback, \
         m.edited"
    };
}

pub(super) use message_columns;

#[derive(sqlx::FromRow)]
pub(super) struct MessageRow {
    id: Uuid,
    parent_id: Option<Uuid>,
    author: String,
    status: String,
    parts: String,
    error: Option<String>,
    usage: Option<String>,
    model: Option<String>,
    turn_id: Uuid,
    created_at: i64,
    feedback: Option<String>,
    edited: bool,
}

#[derive(sqlx::FromRow)]
struct StateRow {
    author: String,
    status: String,
}

#[derive(sqlx::FromRow)]
struct FinishedRow {
    conversation_id: Uuid,
    created_at: i64,
}

fn corrupt(column: &'static str, row: Uuid, problem: impl ToString) -> Error {
    Error::Corrupt { table: "messages", column, row: row.to_string(), problem: problem.to_string() }
}

pub(super) fn json<T: DeserializeOwned>(column: &'static str, row: Uuid, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(column, row, error))
}

pub(super) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Misuse(format!("this cannot be written as JSON: {error}")))
}

pub(super) fn author(row: Uuid, text: &str) -> Result<MessageAuthor> {
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

fn feedback(row: Uuid, text: Option<&str>) -> Result<Option<Feedback>> {
    match text {
        None => Ok(None),
        Some("up") => Ok(Some(Feedback::Up)),
        Some("down") => Ok(Some(Feedback::Down)),
        Some(other) => Err(corrupt("feedback", row, other)),
    }
}

impl MessageRow {
    pub(super) fn record(self) -> Result<MessageRecord> {
        Ok(MessageRecord {
            id: MessageId(self.id),
            parent: self.parent_id.map(MessageId),
            author: author(self.id, &self.author)?,
            parts: json("parts", self.id, &self.parts)?,
            status: status(self.id, &self.status, self.error.as_deref())?,
            turn: TurnId(self.turn_id),
            usage: self.usage.map(|usage| json("usage", self.id, &usage)).transpose()?,
            model: self.model,
            created_at: Timestamp(self.created_at),
            feedback: feedback(self.id, self.feedback.as_deref())?,
            edited: self.edited,
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
         created_at, searchable) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
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
    .bind(new.complete)
    .execute()
    .await?;
    if !new.complete {
        return Ok(());
    }
    search_put(scope, tx, Indexed::Message(new.conversation, new.id), &readable(new.parts), now).await
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
    tx.query(concat!("SELECT ", message_columns!(), " FROM messages m WHERE m.tenant_id = $1 AND m.id = $2"))
        .bind(scope.tenant())
        .bind(id)
        .optional::<MessageRow>()
        .await?
        .map(MessageRow::record)
        .transpose()
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
    let finished = tx
        .query(
            "UPDATE messages SET status = $3, parts = $4, model_content = $5, model_bytes = $6, error = $7, usage = $8, \
             searchable = TRUE WHERE tenant_id = $1 AND id = $2 RETURNING conversation_id, created_at",
        )
        .bind(scope.tenant())
    .bind(id)
    .bind(status)
    .bind(to_json(end.parts)?)
    .bind(end.model_content)
    .bind(end.model_bytes)
    .bind(error)
    .bind(to_json(end.usage)?)
    .optional::<FinishedRow>()
    .await?;
    // A conversation that was removed meanwhile has nothing to find any more.
    let Some(row) = finished else { return Ok(()) };
    let what = Indexed::Message(ConversationId(row.conversation_id), id);
    search_put(scope, tx, what, &readable(end.parts), Timestamp(row.created_at)).await
}
