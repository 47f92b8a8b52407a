//! What a person's event stream reads: one row of their list, and what runs.

use app::model::{ConversationId, ConversationSummary, Timestamp, TurnId};
use uuid::Uuid;

use super::{Result, TenantScope, Tx};

#[derive(sqlx::FromRow)]
struct SummaryRow {
    title: String,
    updated_at: i64,
    running: bool,
    waiting: bool,
}

#[derive(sqlx::FromRow)]
struct IdRow {
    id: Uuid,
}

/// The caller's conversation as a row of their list; `None`: deleted, or not theirs.
///
/// # Errors
/// Database errors.
pub async fn conversation_row(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<Option<ConversationSummary>> {
    let row = tx
        .query(
            "SELECT c.title, c.updated_at, EXISTS (SELECT 1 FROM turns t WHERE t.tenant_id = c.tenant_id \
             AND t.user_id = c.user_id AND t.conversation_id = c.id AND t.status = 'running') AS running, \
             EXISTS (SELECT 1 FROM turns t WHERE t.tenant_id = c.tenant_id AND t.user_id = c.user_id \
             AND t.conversation_id = c.id AND t.status = 'running' AND t.waiting_until IS NOT NULL) AS waiting \
             FROM conversations c WHERE c.tenant_id = $1 AND c.user_id = $2 AND c.id = $3 AND c.deleted_at IS NULL",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(id)
        .optional::<SummaryRow>()
        .await?;
    Ok(row.map(|row| ConversationSummary {
        id,
        title: row.title,
        updated_at: Timestamp(row.updated_at),
        running: row.running,
        waiting: row.waiting,
        pinned: false,
        archived: false,
    }))
}

/// The caller's turns that are not over, the newest first, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn turns_open(scope: &TenantScope, tx: &mut Tx, limit: i64) -> Result<Vec<TurnId>> {
    let rows = tx
        .query(
            "SELECT id FROM turns WHERE tenant_id = $1 AND user_id = $2 AND status = 'running' \
             ORDER BY started_at DESC, id DESC LIMIT $3",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(limit)
        .all::<IdRow>()
        .await?;
    Ok(rows.into_iter().map(|row| TurnId(row.id)).collect())
}
