//! What a person changes about messages that are done: copies for a fork, their own words for an answer, a thumb.
//!
//! Callers have found the conversation first ([`super::conversation::conversation_find`]), which checks its person.

use app::model::{ConversationId, Feedback, MessageId, Part, Timestamp};
use uuid::Uuid;

use super::{
    Result, TenantScope, Tx,
    attachment::message_attachments_copy,
    message::to_json,
    search::{Indexed, readable, search_copy, search_put},
};

/// A message of a path, as far as copying asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathStep {
    pub id: MessageId,
    pub is_running: bool,
}

#[derive(sqlx::FromRow)]
struct StepRow {
    id: Uuid,
    status: String,
}

/// The path that ends at `leaf`, oldest first, at most `limit` messages of its end.
///
/// # Errors
/// Database errors.
pub async fn message_steps(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    leaf: MessageId,
    limit: i64,
) -> Result<Vec<PathStep>> {
    let rows = tx
        .query(
            "WITH RECURSIVE path (id, parent_id, status, depth) AS ( \
               SELECT id, parent_id, status, CAST(1 AS BIGINT) FROM messages \
               WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3 \
               UNION ALL SELECT m.id, m.parent_id, m.status, p.depth + 1 FROM path p \
               JOIN messages m ON m.tenant_id = $1 AND m.id = p.parent_id WHERE p.depth < $4) \
             SELECT id, status FROM path ORDER BY depth DESC",
        )
        .bind(scope.tenant())
        .bind(conversation)
        .bind(leaf)
        .bind(limit)
        .all::<StepRow>()
        .await?;
    Ok(rows.into_iter().map(|row| PathStep { id: MessageId(row.id), is_running: row.status == "running" }).collect())
}

/// Copies a message of the caller into another conversation of theirs, below `parent`. What it cost and what the person
/// thought of it stay with the original.
///
/// # Errors
/// Database errors.
pub async fn message_copy(
    scope: &TenantScope,
    tx: &mut Tx,
    original: MessageId,
    copy: MessageId,
    (conversation, parent): (ConversationId, Option<MessageId>),
) -> Result<()> {
    tx.query(
        "INSERT INTO messages (tenant_id, id, conversation_id, parent_id, author, status, parts, model_content, \
         model_bytes, error, model, turn_id, created_at, edited, searchable) \
         SELECT tenant_id, $3, $4, $5, author, status, parts, model_content, model_bytes, error, model, turn_id, \
         created_at, edited, TRUE FROM messages WHERE tenant_id = $1 AND id = $2",
    )
    .bind(scope.tenant())
    .bind(original)
    .bind(copy)
    .bind(conversation)
    .bind(parent)
    .execute()
    .await?;
    message_attachments_copy(scope, tx, original, copy).await?;
    search_copy(scope, tx, original, copy, conversation).await
}

/// Adds the person's own words as a sibling of an answer. The model sees the text of `parts`, `model_bytes` long.
///
/// # Errors
/// Database errors.
pub async fn message_insert_edited(
    scope: &TenantScope,
    tx: &mut Tx,
    (conversation, original): (ConversationId, MessageId),
    id: MessageId,
    (parts, model_bytes): (&[Part], i64),
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO messages (tenant_id, id, conversation_id, parent_id, author, status, parts, model_bytes, turn_id, \
         created_at, edited, searchable) \
         SELECT tenant_id, $3, conversation_id, parent_id, author, 'complete', $4, $5, turn_id, $6, TRUE, TRUE \
         FROM messages WHERE tenant_id = $1 AND id = $2",
    )
    .bind(scope.tenant())
    .bind(original)
    .bind(id)
    .bind(to_json(parts)?)
    .bind(model_bytes)
    .bind(now)
    .execute()
    .await?;
    search_put(scope, tx, Indexed::Message(conversation, id), &readable(parts), now).await
}

/// Keeps what the person thinks of a message; `None`: nothing any more.
///
/// # Errors
/// Database errors.
pub async fn message_rate(scope: &TenantScope, tx: &mut Tx, id: MessageId, feedback: Option<Feedback>) -> Result<()> {
    let word = feedback.map(|feedback| match feedback {
        Feedback::Up => "up",
        Feedback::Down => "down",
    });
    tx.query("UPDATE messages SET feedback = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(scope.tenant())
        .bind(id)
        .bind(word)
        .execute()
        .await?;
    Ok(())
}
