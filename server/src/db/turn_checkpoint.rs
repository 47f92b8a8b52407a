//! Where a waiting turn goes on. Written with the turn's lease in the same transaction.

use app::model::TurnId;

use super::{Result, TenantScope, Tx};

#[derive(sqlx::FromRow)]
struct StateRow {
    state: String,
}

/// Keeps it, in place of the one before. `state`: JSON.
///
/// # Errors
/// Database errors.
pub async fn turn_checkpoint_put(scope: &TenantScope, tx: &mut Tx, turn: TurnId, state: &str) -> Result<()> {
    tx.query(
        "INSERT INTO turn_checkpoints (tenant_id, turn_id, state) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant_id, turn_id) DO UPDATE SET state = excluded.state",
    )
    .bind(scope.tenant())
    .bind(turn)
    .bind(state)
    .execute()
    .await?;
    Ok(())
}

/// The one of a turn.
///
/// # Errors
/// Database errors.
pub async fn turn_checkpoint_find(scope: &TenantScope, tx: &mut Tx, turn: TurnId) -> Result<Option<String>> {
    let row = tx
        .query("SELECT state FROM turn_checkpoints WHERE tenant_id = $1 AND turn_id = $2")
        .bind(scope.tenant())
        .bind(turn)
        .optional::<StateRow>()
        .await?;
    Ok(row.map(|row| row.state))
}

/// The turn has gone on, or is over.
///
/// # Errors
/// Database errors.
pub async fn turn_checkpoint_delete(scope: &TenantScope, tx: &mut Tx, turn: TurnId) -> Result<()> {
    tx.query("DELETE FROM turn_checkpoints WHERE tenant_id = $1 AND turn_id = $2")
        .bind(scope.tenant())
        .bind(turn)
        .execute()
        .await?;
    Ok(())
}
