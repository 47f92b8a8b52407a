//! Tools that need not ask again in a conversation, because its person said so.

use app::model::{ConversationId, Timestamp};

use super::{Result, TenantScope, Tx};

#[derive(sqlx::FromRow)]
struct ToolRow {
    tool: String,
}

/// Most tools a conversation's grants are about.
const MAX_GRANTS: i64 = 500;

/// Remembers it; once is enough.
///
/// # Errors
/// Database errors.
pub async fn grant_put(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    tool: &str,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO tool_grants (tenant_id, conversation_id, tool, granted_by, granted_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, conversation_id, tool) DO NOTHING",
    )
    .bind(scope.tenant())
    .bind(conversation)
    .bind(tool)
    .bind(scope.user())
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// The tools the caller has allowed for a conversation.
///
/// # Errors
/// Database errors.
pub async fn grant_list(scope: &TenantScope, tx: &mut Tx, conversation: ConversationId) -> Result<Vec<String>> {
    let rows = tx
        .query(
            "SELECT tool FROM tool_grants WHERE tenant_id = $1 AND conversation_id = $2 AND granted_by = $3 \
             ORDER BY tool LIMIT $4",
        )
        .bind(scope.tenant())
        .bind(conversation)
        .bind(scope.user())
        .bind(MAX_GRANTS)
        .all::<ToolRow>()
        .await?;
    Ok(rows.into_iter().map(|row| row.tool).collect())
}
