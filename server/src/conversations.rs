//! Conversations of one person in one tenant: list, open, find, rename, pin, archive, fork, delete and undo.
//!
//! Every function takes the person's [`TenantScope`] and their transaction; a conversation of somebody else does not
//! exist here ([`Error::NotFound`]). What must hold: a page or a view costs the same after 10 and after 10,000 messages;
//! no query per message; a person's title is never overwritten by the automatic one; deleting never touches the books.

mod answers;
mod backfill;
mod cursor;
pub mod export;
mod fork;
pub mod import;
mod list;
mod search;
pub mod share;
mod view;

pub use answers::{edit, rate};
pub use backfill::index_old_messages;
pub use fork::{MAX_FORK_MESSAGES, fork};
pub use list::{MAX_PINS, PAGE_SIZE, archive, list, pin, summary};
pub use search::{SEARCH_PAGE, search};
pub use view::{earlier, open};

use app::model::{ConversationId, MessageId, Timestamp, Title, TurnId};

use crate::{
    db::{
        SystemTx, TenantScope, Tx,
        conversation::{
            conversation_delete, conversation_find, conversation_purge, conversation_rename, conversation_restore,
        },
        turn::turns_request_stop,
    },
    error::{Error, Result},
};

/// Conversations that can be changed at once.
pub const MAX_AT_ONCE: usize = 200;
/// How long a deletion can be undone, milliseconds.
pub const UNDO_MS: i64 = 60 * 60 * 1000;
/// Conversations removed in one purge.
const PURGE_BATCH: i64 = 50;

/// Nothing, when the conversation is there and the caller's.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn require(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<()> {
    conversation_find(scope, tx, id).await?.map(drop).ok_or(Error::NotFound)
}

/// The message written last; `None`: there is none yet.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn newest_message(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<Option<MessageId>> {
    Ok(conversation_find(scope, tx, id).await?.ok_or(Error::NotFound)?.current_leaf)
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

/// As [`delete`], for all of these.
///
/// # Errors
/// [`Error::NotFound`] when one of them is not there, and then none may be committed; [`Error::Invalid`] for more than
/// [`MAX_AT_ONCE`].
pub async fn delete_all(
    scope: &TenantScope,
    tx: &mut Tx,
    ids: &[ConversationId],
    now: Timestamp,
) -> Result<Vec<TurnId>> {
    let mut running = Vec::new();
    for id in list::distinct(ids)? {
        running.append(&mut delete(scope, tx, id, now).await?);
    }
    Ok(running)
}

/// Undoes a deletion. A pin comes back as long as there is room for it.
///
/// # Errors
/// [`Error::NotFound`], also when it has been removed for good.
pub async fn restore(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<()> {
    found(conversation_restore(scope, tx, id).await?)?;
    list::make_room(scope, tx, id).await
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
