//! What a person's event stream reads beside the rows of their list: what runs.

use app::model::TurnId;
use uuid::Uuid;

use super::{Result, TenantScope, Tx};

#[derive(sqlx::FromRow)]
struct IdRow {
    id: Uuid,
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
