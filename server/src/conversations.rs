//! Conversations of one person in one tenant: list, open, rename, delete and undo.
//!
//! Every function takes the person's [`TenantScope`] and their transaction; a conversation of somebody else does not
//! exist here ([`Error::NotFound`]). What must hold: a page or a view costs the same after 10 and after 10,000 messages;
//! no query per message; a person's title is never overwritten by the automatic one; deleting never touches the books.

mod cursor;
mod view;

pub use view::{earlier, open};

use app::model::{ConversationId, ConversationSummary, Cursor, Folder, Page, Timestamp, Title, TurnId};

use crate::{
    db::{
        SystemTx, TenantScope, Tx,
        conversation::{
            conversation_delete, conversation_find, conversation_page, conversation_purge, conversation_rename,
            conversation_restore,
        },
        turn::turns_request_stop,
    },
    error::{Error, Result},
};
use cursor::ListCursor;

/// Conversations on a page of the list.
pub const PAGE_SIZE: usize = 30;
/// How long a deletion can be undone, milliseconds.
pub const UNDO_MS: i64 = 60 * 60 * 1000;
/// Conversations removed in one purge.
const PURGE_BATCH: i64 = 50;

/// A page of the list, the conversation written to last first.
///
/// # Errors
/// [`Error::Invalid`] for a cursor that is not ours.
pub async fn list(
    scope: &TenantScope,
    tx: &mut Tx,
    _folder: Folder,
    after: Option<&Cursor>,
) -> Result<Page<ConversationSummary>> {
    let below = after.map_or(Ok(ListCursor::START), ListCursor::parse)?;
    let limit = i64::try_from(PAGE_SIZE + 1).unwrap_or(i64::MAX);
    let mut items = conversation_page(scope, tx, (below.updated_at, below.id), limit).await?;
    let has_more = items.len() > PAGE_SIZE;
    items.truncate(PAGE_SIZE);
    let next = items.last().filter(|_| has_more).map(|last| ListCursor { updated_at: last.updated_at, id: last.id });
    Ok(Page { items, next: next.map(ListCursor::into_cursor) })
}

/// Nothing, when the conversation is there and the caller's.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn require(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<()> {
    conversation_find(scope, tx, id).await?.map(drop).ok_or(Error::NotFound)
}

/// Gives it a person's title.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn rename(scope: &TenantScope, tx: &mut Tx, id: ConversationId, title: &Title) -> Result<()> {
    found(conversation_rename(scope, tx, id, title.as_str()).await?)
}

/// Hides it and asks its running turns to stop. After the commit hand the turns to `Turns::stop_here`, so that those of
/// this process stop at once; the others notice by themselves.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(scope: &TenantScope, tx: &mut Tx, id: ConversationId, now: Timestamp) -> Result<Vec<TurnId>> {
    found(conversation_delete(scope, tx, id, now).await?)?;
    Ok(turns_request_stop(scope, tx, id).await?)
}

/// Undoes a deletion.
///
/// # Errors
/// [`Error::NotFound`], also when it has been removed for good.
pub async fn restore(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<()> {
    found(conversation_restore(scope, tx, id).await?)
}

/// Removes for good what was deleted longer than [`UNDO_MS`] ago, a bounded number at a time. Returns how many.
///
/// # Errors
/// Database errors.
pub async fn purge(tx: &mut SystemTx, now: Timestamp) -> Result<u64> {
    let before = Timestamp(now.0.saturating_sub(UNDO_MS));
    Ok(conversation_purge(tx, before, PURGE_BATCH).await?)
}

fn found(found: bool) -> Result<()> {
    if found { Ok(()) } else { Err(Error::NotFound) }
}
