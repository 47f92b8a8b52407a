//! The answer a turn writes: who writes it now, and whether it may be written (again).
//!
//! Callers have found the conversation first ([`super::conversation::conversation_find`]), which checks its person.

use app::model::{ConversationId, MessageId, TurnId};

use super::{Result, TenantScope, Tx};

#[derive(sqlx::FromRow)]
struct ChildrenRow {
    count: i64,
    running: i64,
}

/// Messages below one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Children {
    pub count: i64,
    /// Being written.
    pub running: i64,
}

/// Names the model that writes an answer, as people see it.
///
/// # Errors
/// Database errors.
pub async fn answer_model(scope: &TenantScope, tx: &mut Tx, id: MessageId, model: &str) -> Result<()> {
    tx.query("UPDATE messages SET model = $3 WHERE tenant_id = $1 AND id = $2 AND author = 'assistant'")
        .bind(scope.tenant())
        .bind(id)
        .bind(model)
        .execute()
        .await?;
    Ok(())
}

/// An answer that stopped early is being written again, by this turn. Its parts and usage stay until that ends.
/// `false`: it is complete, or being written already.
///
/// # Errors
/// Database errors.
pub async fn answer_reopen(scope: &TenantScope, tx: &mut Tx, id: MessageId, turn: TurnId) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE messages SET status = 'running', error = NULL, turn_id = $3 \
             WHERE tenant_id = $1 AND id = $2 AND author = 'assistant' AND status IN ('stopped', 'failed')",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(turn)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// What is below a message.
///
/// # Errors
/// Database errors.
pub async fn message_children(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    id: MessageId,
) -> Result<Children> {
    let row = tx
        .query(
            "SELECT COUNT(*) AS count, \
             CAST(COALESCE(SUM(CASE WHEN status = 'running' THEN 1 ELSE 0 END), 0) AS BIGINT) AS running \
             FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND parent_id = $3",
        )
        .bind(scope.tenant())
        .bind(conversation)
        .bind(id)
        .one::<ChildrenRow>()
        .await?;
    Ok(Children { count: row.count, running: row.running })
}
