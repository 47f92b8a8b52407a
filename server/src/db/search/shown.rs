//! What a page of hits shows of the titles and messages that were found: two statements for all of them.

use app::model::{ConversationId, MessageAuthor, MessageId, Part, Timestamp};
use uuid::Uuid;

use crate::db::{
    Result, TenantScope, Tx,
    message::{author, json},
};

/// Conversations or messages in one statement.
pub const MAX_SHOWN: usize = 20;

/// A conversation that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownConversation {
    pub id: ConversationId,
    pub title: String,
    pub archived: bool,
    pub updated_at: Timestamp,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownMessage {
    pub id: MessageId,
    pub author: MessageAuthor,
    pub parts: Vec<Part>,
}

#[derive(sqlx::FromRow)]
struct ConversationRow {
    id: Uuid,
    title: String,
    archived: bool,
    updated_at: i64,
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: Uuid,
    author: String,
    parts: String,
}

/// The caller's conversations with these ids, in any order; the first [`MAX_SHOWN`].
///
/// # Errors
/// Database errors.
pub async fn search_conversations(
    scope: &TenantScope,
    tx: &mut Tx,
    ids: &[ConversationId],
) -> Result<Vec<ShownConversation>> {
    let mut query = tx
        .query(
            "SELECT id, title, archived, updated_at FROM conversations \
             WHERE tenant_id = $1 AND user_id = $2 AND deleted_at IS NULL AND id IN ($3, $4, $5, $6, $7, $8, $9, $10, $11, \
             $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        )
        .bind(scope.tenant())
        .bind(scope.user());
    for at in 0..MAX_SHOWN {
        query = query.bind(ids.get(at).map_or(Uuid::nil(), |id| id.0));
    }
    let rows = query.all::<ConversationRow>().await?;
    let shown = |row: ConversationRow| ShownConversation {
        id: ConversationId(row.id),
        title: row.title,
        archived: row.archived,
        updated_at: Timestamp(row.updated_at),
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Messages of the caller's tenant with these ids, in any order; the first [`MAX_SHOWN`]. The ids are of
/// [`super::search_candidates`], which asks for the person.
///
/// # Errors
/// Database errors.
pub async fn search_messages(scope: &TenantScope, tx: &mut Tx, ids: &[MessageId]) -> Result<Vec<ShownMessage>> {
    let mut query = tx
        .query(
            "SELECT id, author, parts FROM messages WHERE tenant_id = $1 AND id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, \
             $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        )
        .bind(scope.tenant());
    for at in 0..MAX_SHOWN {
        query = query.bind(ids.get(at).map_or(Uuid::nil(), |id| id.0));
    }
    let rows = query.all::<MessageRow>().await?;
    rows.into_iter()
        .map(|row| {
            let id = MessageId(row.id);
            Ok(ShownMessage { id, author: author(row.id, &row.author)?, parts: json("parts", row.id, &row.parts)? })
        })
        .collect()
}
