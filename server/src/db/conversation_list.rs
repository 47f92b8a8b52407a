//! A person's conversations as a list: the inbox with its pins, and the archive.
//!
//! What must hold: a page costs the same with 30 and with 50,000 conversations (the index `conversations_in_folder`);
//! nothing is pinned and archived at once.

use app::model::{ConversationId, ConversationSummary, Folder, Timestamp};
use uuid::Uuid;

use super::{Result, TenantScope, Tx, changes::Change};

#[derive(sqlx::FromRow)]
struct SummaryRow {
    id: Uuid,
    title: String,
    updated_at: i64,
    running: bool,
    waiting: bool,
    pinned: bool,
    archived: bool,
}

#[derive(sqlx::FromRow)]
struct CountRow {
    count: i64,
}

impl From<SummaryRow> for ConversationSummary {
    fn from(row: SummaryRow) -> Self {
        Self {
            id: ConversationId(row.id),
            title: row.title,
            updated_at: Timestamp(row.updated_at),
            running: row.running,
            waiting: row.waiting,
            pinned: row.pinned,
            archived: row.archived,
        }
    }
}

/// The caller's conversations that are not deleted, as the list shows them, and which of them.
macro_rules! select_summaries {
    ($which:literal) => {
        concat!(
            "SELECT c.id, c.title, c.updated_at, c.pinned, c.archived, \
             EXISTS (SELECT 1 FROM turns t WHERE t.tenant_id = c.tenant_id AND t.user_id = c.user_id \
               AND t.conversation_id = c.id AND t.status = 'running') AS running, \
             EXISTS (SELECT 1 FROM turns t WHERE t.tenant_id = c.tenant_id AND t.user_id = c.user_id \
               AND t.conversation_id = c.id AND t.status = 'running' AND t.waiting_until IS NOT NULL) AS waiting \
             FROM conversations c WHERE c.tenant_id = $1 AND c.user_id = $2 AND c.deleted_at IS NULL AND ",
            $which
        )
    };
}

/// The caller's conversations of a folder below `(updated_at, id)` that are not pinned, newest first.
///
/// # Errors
/// Database errors.
pub async fn conversation_page(
    scope: &TenantScope,
    tx: &mut Tx,
    folder: Folder,
    below: (Timestamp, ConversationId),
    limit: i64,
) -> Result<Vec<ConversationSummary>> {
    let rows = tx
        .query(select_summaries!(
            "c.archived = $3 AND c.pinned = FALSE AND (c.updated_at, c.id) < ($4, $5) \
             ORDER BY c.updated_at DESC, c.id DESC LIMIT $6"
        ))
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(folder == Folder::Archive)
        .bind(below.0)
        .bind(below.1)
        .bind(limit)
        .all::<SummaryRow>()
        .await?;
    Ok(rows.into_iter().map(ConversationSummary::from).collect())
}

/// The caller's pinned conversations, newest first.
///
/// # Errors
/// Database errors.
pub async fn conversation_pins(scope: &TenantScope, tx: &mut Tx, limit: i64) -> Result<Vec<ConversationSummary>> {
    let rows = tx
        .query(select_summaries!(
            "c.archived = FALSE AND c.pinned = TRUE ORDER BY c.updated_at DESC, c.id DESC LIMIT $3"
        ))
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(limit)
        .all::<SummaryRow>()
        .await?;
    Ok(rows.into_iter().map(ConversationSummary::from).collect())
}

/// One conversation of the caller as the list shows it; `None`: there is none, or it is deleted.
///
/// # Errors
/// Database errors.
pub async fn conversation_summary(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<Option<ConversationSummary>> {
    let row = tx
        .query(select_summaries!("c.id = $3"))
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(id)
        .optional::<SummaryRow>()
        .await?;
    Ok(row.map(ConversationSummary::from))
}

/// How many conversations the caller has pinned, `id` not counted.
///
/// # Errors
/// Database errors.
pub async fn conversation_other_pins(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<i64> {
    let row = tx
        .query(
            "SELECT COUNT(*) AS count FROM conversations WHERE tenant_id = $1 AND user_id = $2 AND archived = FALSE \
             AND pinned = TRUE AND deleted_at IS NULL AND id <> $3",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(id)
        .one::<CountRow>()
        .await?;
    Ok(row.count)
}

/// Pins it (which takes it out of the archive) or takes the pin off. `false`: there is none of the caller.
///
/// # Errors
/// Database errors.
pub async fn conversation_pin(scope: &TenantScope, tx: &mut Tx, id: ConversationId, pinned: bool) -> Result<bool> {
    let set = "UPDATE conversations SET pinned = $4, archived = CASE WHEN $4 THEN FALSE ELSE archived END \
               WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND deleted_at IS NULL";
    place(scope, tx, set, id, pinned).await
}

/// Archives it (which takes a pin off) or brings it back. `false`: there is none of the caller.
///
/// # Errors
/// Database errors.
pub async fn conversation_archive(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
    archived: bool,
) -> Result<bool> {
    let set = "UPDATE conversations SET archived = $4, pinned = CASE WHEN $4 THEN FALSE ELSE pinned END \
               WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND deleted_at IS NULL";
    place(scope, tx, set, id, archived).await
}

/// Moves one of the caller's conversations within their list, and tells their pages.
async fn place(
    scope: &TenantScope,
    tx: &mut Tx,
    update: &'static str,
    id: ConversationId,
    is_there: bool,
) -> Result<bool> {
    let query = tx.query(update).bind(scope.tenant()).bind(id).bind(scope.user()).bind(is_there);
    let changed = query.execute().await? == 1;
    if changed {
        tx.announce(scope, Change::Conversation(id));
    }
    Ok(changed)
}
