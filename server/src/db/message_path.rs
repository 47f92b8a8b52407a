//! Paths through a conversation's tree of messages. Each is bounded before it is read: the cost of a page or a prompt does
//! not grow with the conversation.
//!
//! Callers have found the conversation first ([`super::conversation::conversation_find`]), which checks its person.

use app::model::{ConversationId, MessageAuthor, MessageId, Part};
use uuid::Uuid;

use super::{
    Result, TenantScope, Tx,
    message::{MessageRecord, MessageRow, author, json, message_columns},
};

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

#[derive(sqlx::FromRow)]
struct HistoryRow {
    id: Uuid,
    author: String,
    parts: Option<String>,
    model_content: Option<String>,
}

#[derive(sqlx::FromRow)]
struct IdRow {
    id: Uuid,
}

#[derive(sqlx::FromRow)]
struct SiblingRow {
    id: Uuid,
    parent_id: Option<Uuid>,
}

/// The path that ends at `$3`, at most `$4` messages of it; the end has depth 1.
macro_rules! path_to {
    () => {
        "WITH RECURSIVE path (id, parent_id, depth) AS ( \
           SELECT id, parent_id, CAST(1 AS BIGINT) FROM messages \
           WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3 \
           UNION ALL SELECT m.id, m.parent_id, p.depth + 1 FROM path p \
           JOIN messages m ON m.tenant_id = $1 AND m.id = p.parent_id WHERE p.depth < $4) "
    };
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
    tx.query(concat!(
        path_to!(),
        "SELECT ",
        message_columns!(),
        " FROM path p JOIN messages m ON m.tenant_id = $1 AND m.id = p.id ORDER BY p.depth DESC",
    ))
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
        .query(concat!(
            path_to!(),
            "SELECT s.id, s.parent_id FROM path p JOIN messages s ON s.tenant_id = $1 AND s.parent_id = p.parent_id \
             ORDER BY s.created_at, s.id LIMIT 2000",
        ))
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
            // No join: the planner must not be able to choose anything but one index entry per message.
            "WITH RECURSIVE down (id, depth) AS ( \
               SELECT id, CAST(1 AS BIGINT) FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3 \
               UNION ALL SELECT (SELECT c.id FROM messages c WHERE c.tenant_id = $1 AND c.parent_id = d.id \
                 ORDER BY c.created_at DESC, c.id DESC LIMIT 1), d.depth + 1 FROM down d WHERE d.id IS NOT NULL) \
             SELECT id FROM down WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1",
        )
        .bind(scope.tenant())
        .bind(conversation)
        .bind(id)
        .optional::<IdRow>()
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
