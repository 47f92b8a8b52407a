//! Conversations on their way out (read page by page, all branches) and in (with what they were called elsewhere).

use app::model::{ConversationId, MessageAuthor, MessageId, Part, Timestamp, TurnId};
use uuid::Uuid;

use super::{
    Result, TenantScope, Tx,
    changes::Change,
    message::{MessageRecord, MessageRow, message_columns, to_json},
    search::{Indexed, readable, search_put},
};

/// A conversation as it is taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortedConversation {
    pub id: ConversationId,
    pub title: String,
    pub current_leaf: Option<MessageId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub pinned: bool,
    pub archived: bool,
}

/// A conversation to bring in.
#[derive(Clone, Debug)]
pub struct ImportedConversation<'a> {
    pub id: ConversationId,
    pub origin_sha256: [u8; 32],
    pub title: &'a str,
    pub leaf: MessageId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A message to bring in.
#[derive(Clone, Debug)]
pub struct ImportedMessage<'a> {
    pub id: MessageId,
    pub parent: Option<MessageId>,
    pub author: MessageAuthor,
    pub parts: &'a [Part],
    /// What the model must see again of it.
    pub model_bytes: i64,
    /// The name of the model that wrote it.
    pub model: Option<&'a str>,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct PortedRow {
    id: Uuid,
    title: String,
    current_leaf: Option<Uuid>,
    created_at: i64,
    updated_at: i64,
    pinned: bool,
    archived: bool,
}

#[derive(sqlx::FromRow)]
struct KnownRow {
    is_live: bool,
}

impl From<PortedRow> for PortedConversation {
    fn from(row: PortedRow) -> Self {
        Self {
            id: ConversationId(row.id),
            title: row.title,
            current_leaf: row.current_leaf.map(MessageId),
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            pinned: row.pinned,
            archived: row.archived,
        }
    }
}

/// The caller's conversations that are not deleted, by id, after `after`, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn conversation_port_page(
    scope: &TenantScope,
    tx: &mut Tx,
    after: ConversationId,
    limit: i64,
) -> Result<Vec<PortedConversation>> {
    let rows = tx
        .query(
            "SELECT id, title, current_leaf, created_at, updated_at, pinned, archived FROM conversations \
             WHERE tenant_id = $1 AND user_id = $2 AND id > $3 AND deleted_at IS NULL ORDER BY id LIMIT $4",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(after)
        .bind(limit)
        .all::<PortedRow>()
        .await?;
    Ok(rows.into_iter().map(PortedConversation::from).collect())
}

/// The caller's own, unless deleted.
///
/// # Errors
/// Database errors.
pub async fn conversation_port_find(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<Option<PortedConversation>> {
    let row = tx
        .query(
            "SELECT id, title, current_leaf, created_at, updated_at, pinned, archived FROM conversations \
             WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND deleted_at IS NULL",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(id)
        .optional::<PortedRow>()
        .await?;
    Ok(row.map(PortedConversation::from))
}

/// The messages of all branches by id, after `after`, at most `limit`. The caller has found the conversation.
///
/// # Errors
/// Database errors.
pub async fn message_port_page(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    after: MessageId,
    limit: i64,
) -> Result<Vec<MessageRecord>> {
    tx.query(concat!(
        "SELECT ",
        message_columns!(),
        " FROM messages m WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.id > $3 ORDER BY m.id LIMIT $4",
    ))
    .bind(scope.tenant())
    .bind(conversation)
    .bind(after)
    .bind(limit)
    .all::<MessageRow>()
    .await?
    .into_iter()
    .map(MessageRow::record)
    .collect()
}

/// Whether the caller has brought this in before and has not deleted it since.
///
/// # Errors
/// Database errors.
pub async fn import_is_known(scope: &TenantScope, tx: &mut Tx, origin_sha256: [u8; 32]) -> Result<bool> {
    let row = tx
        .query(
            "SELECT c.deleted_at IS NULL AS is_live FROM imported_conversations i \
             JOIN conversations c ON c.tenant_id = i.tenant_id AND c.id = i.conversation_id \
             WHERE i.tenant_id = $1 AND i.user_id = $2 AND i.origin_sha256 = $3",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(origin_sha256.as_slice())
        .optional::<KnownRow>()
        .await?;
    Ok(row.is_some_and(|row| row.is_live))
}

/// Brings a conversation in, without its messages. The place of one that was deleted since is taken.
///
/// # Errors
/// Database errors.
pub async fn import_insert(scope: &TenantScope, tx: &mut Tx, new: ImportedConversation<'_>) -> Result<()> {
    tx.query(
        "INSERT INTO conversations (tenant_id, id, user_id, title, title_source, current_leaf, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, 'person', $5, $6, $7)",
    )
    .bind(scope.tenant())
    .bind(new.id)
    .bind(scope.user())
    .bind(new.title)
    .bind(new.leaf)
    .bind(new.created_at)
    .bind(new.updated_at)
    .execute()
    .await?;
    tx.query(
        "INSERT INTO imported_conversations (tenant_id, user_id, origin_sha256, conversation_id) \
         VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, user_id, origin_sha256) DO UPDATE SET conversation_id = excluded.conversation_id",
    )
    .bind(scope.tenant())
    .bind(scope.user())
    .bind(new.origin_sha256.as_slice())
    .bind(new.id)
    .execute()
    .await?;
    tx.announce(scope, Change::Conversation(new.id));
    search_put(scope, tx, Indexed::Title(new.id), new.title, new.updated_at).await
}

/// Adds a message to a conversation that was just brought in; its parent is there already. `turn` is nobody's: no turn
/// wrote it, nothing was charged.
///
/// # Errors
/// Database errors.
pub async fn import_message(
    scope: &TenantScope,
    tx: &mut Tx,
    (conversation, turn): (ConversationId, TurnId),
    new: ImportedMessage<'_>,
) -> Result<()> {
    let author = match new.author {
        MessageAuthor::User => "user",
        MessageAuthor::Assistant => "assistant",
    };
    tx.query(
        "INSERT INTO messages (tenant_id, id, conversation_id, parent_id, author, status, parts, model_bytes, model, \
         turn_id, created_at, searchable) VALUES ($1, $2, $3, $4, $5, 'complete', $6, $7, $8, $9, $10, TRUE)",
    )
    .bind(scope.tenant())
    .bind(new.id)
    .bind(conversation)
    .bind(new.parent)
    .bind(author)
    .bind(to_json(new.parts)?)
    .bind(new.model_bytes)
    .bind(new.model)
    .bind(turn)
    .bind(new.created_at)
    .execute()
    .await?;
    search_put(scope, tx, Indexed::Message(conversation, new.id), &readable(new.parts), new.created_at).await
}
