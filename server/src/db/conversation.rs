//! Conversations. Each belongs to one person in one tenant: every function asks for both. Their places in the list are in
//! [`super::conversation_list`].

use app::model::{ConversationId, MessageId, Timestamp};
use uuid::Uuid;

use super::{
    Result, SystemTx, TenantScope, Tx,
    changes::Change,
    search::{Indexed, search_put},
};

/// A conversation that is not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRecord {
    pub id: ConversationId,
    pub title: String,
    pub archived: bool,
    /// The message written last.
    pub current_leaf: Option<MessageId>,
}

#[derive(sqlx::FromRow)]
struct ConversationRow {
    id: Uuid,
    title: String,
    archived: bool,
    current_leaf: Option<Uuid>,
}

#[derive(sqlx::FromRow)]
struct TitledRow {
    updated_at: i64,
}

#[derive(sqlx::FromRow)]
struct PurgeRow {
    tenant_id: Uuid,
    id: Uuid,
}

/// Creates one, opened at `leaf`.
///
/// # Errors
/// Database errors.
pub async fn conversation_insert(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
    title: &str,
    leaf: MessageId,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO conversations (tenant_id, id, user_id, title, current_leaf, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(scope.tenant())
    .bind(id)
    .bind(scope.user())
    .bind(title)
    .bind(leaf)
    .bind(now)
    .execute()
    .await?;
    tx.announce(scope, Change::Conversation(id));
    search_put(scope, tx, Indexed::Title(id), title, now).await
}

/// Creates one that continues `origin` from a message of it on: its title, and whether a person chose it, stay.
///
/// # Errors
/// Database errors.
pub async fn conversation_insert_fork(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
    origin: (&ConversationRecord, MessageId),
    leaf: MessageId,
    now: Timestamp,
) -> Result<()> {
    let (origin, forked_at) = origin;
    tx.query(
        "INSERT INTO conversations (tenant_id, id, user_id, title, title_source, current_leaf, created_at, updated_at, \
         forked_from, forked_at) \
         SELECT tenant_id, $4, user_id, title, title_source, $5, $6, $6, id, $7 FROM conversations \
         WHERE tenant_id = $1 AND id = $2 AND user_id = $3",
    )
    .bind(scope.tenant())
    .bind(origin.id)
    .bind(scope.user())
    .bind(id)
    .bind(leaf)
    .bind(now)
    .bind(forked_at)
    .execute()
    .await?;
    tx.announce(scope, Change::Conversation(id));
    search_put(scope, tx, Indexed::Title(id), &origin.title, now).await
}

/// The caller's own, unless deleted.
///
/// # Errors
/// Database errors.
pub async fn conversation_find(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<Option<ConversationRecord>> {
    let row = tx
        .query(
            "SELECT id, title, archived, current_leaf FROM conversations \
             WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND deleted_at IS NULL",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .optional::<ConversationRow>()
        .await?;
    Ok(row.map(|row| ConversationRecord {
        id: ConversationId(row.id),
        title: row.title,
        archived: row.archived,
        current_leaf: row.current_leaf.map(MessageId),
    }))
}

/// Whether something was changed; who looks at the conversation is told.
fn announced(scope: &TenantScope, tx: &mut Tx, id: ConversationId, changed: u64) -> bool {
    if changed == 1 {
        tx.announce(scope, Change::Conversation(id));
    }
    changed == 1
}

/// Moves it to the top of the list; `leaf`: the message written last, `None` keeps the one there is. `false`: there is
/// no such conversation of the caller.
///
/// # Errors
/// Database errors.
pub async fn conversation_touch(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
    leaf: Option<MessageId>,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE conversations SET updated_at = $4, current_leaf = COALESCE($5, current_leaf) \
             WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND deleted_at IS NULL",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .bind(now)
        .bind(leaf)
        .execute()
        .await?;
    Ok(announced(scope, tx, id, changed))
}

/// Gives it a person's title. `false`: there is no such conversation of the caller.
///
/// # Errors
/// Database errors.
pub async fn conversation_rename(scope: &TenantScope, tx: &mut Tx, id: ConversationId, title: &str) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE conversations SET title = $4, title_source = 'person' \
             WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND deleted_at IS NULL RETURNING updated_at",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .bind(title)
        .optional::<TitledRow>()
        .await?;
    titled(scope, tx, id, title, changed).await
}

/// Gives it an automatic title unless a person chose one. `false`: nothing was changed.
///
/// # Errors
/// Database errors.
pub async fn conversation_title_automatically(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
    title: &str,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE conversations SET title = $4 \
             WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND title_source = 'auto' RETURNING updated_at",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .bind(title)
        .optional::<TitledRow>()
        .await?;
    titled(scope, tx, id, title, changed).await
}

/// Makes the new title findable, if there is one.
async fn titled(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
    title: &str,
    changed: Option<TitledRow>,
) -> Result<bool> {
    let Some(TitledRow { updated_at }) = changed else { return Ok(false) };
    tx.announce(scope, Change::Conversation(id));
    search_put(scope, tx, Indexed::Title(id), title, Timestamp(updated_at)).await?;
    Ok(true)
}

/// Hides it from `now` on; one that is hidden already keeps its time. `false`: there is none of the caller.
///
/// # Errors
/// Database errors.
pub async fn conversation_delete(scope: &TenantScope, tx: &mut Tx, id: ConversationId, now: Timestamp) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE conversations SET deleted_at = COALESCE(deleted_at, $4) \
             WHERE tenant_id = $1 AND id = $2 AND user_id = $3",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .bind(now)
        .execute()
        .await?;
    Ok(announced(scope, tx, id, changed))
}

/// Undoes a deletion. `false`: there is none of the caller (any more).
///
/// # Errors
/// Database errors.
pub async fn conversation_restore(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<bool> {
    let changed = tx
        .query("UPDATE conversations SET deleted_at = NULL WHERE tenant_id = $1 AND id = $2 AND user_id = $3")
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .execute()
        .await?;
    Ok(announced(scope, tx, id, changed))
}

/// Removes for good what was deleted before `before`, at most `limit` conversations, none with a running turn. Messages,
/// turns and events go with them; the books do not.
///
/// # Errors
/// Database errors.
pub async fn conversation_purge(tx: &mut SystemTx, before: Timestamp, limit: i64) -> Result<u64> {
    let due = tx
        .query(
            "SELECT c.tenant_id, c.id FROM conversations c WHERE c.deleted_at IS NOT NULL AND c.deleted_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.tenant_id = c.tenant_id AND t.conversation_id = c.id \
             AND t.status = 'running') ORDER BY c.deleted_at LIMIT $2",
        )
        .bind(before)
        .bind(limit)
        .all::<PurgeRow>()
        .await?;
    let mut removed = 0;
    for row in due {
        // Restored in between: it stays.
        removed += tx
            .query("DELETE FROM conversations WHERE tenant_id = $1 AND id = $2 AND deleted_at < $3")
            .bind(row.tenant_id)
            .bind(row.id)
            .bind(before)
            .execute()
            .await?;
    }
    Ok(removed)
}
