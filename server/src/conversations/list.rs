//! The list: the inbox with its pins, the archive, and what moves conversations between them.

use app::model::{ConversationId, ConversationSummary, Cursor, Folder, Page};

use super::{MAX_AT_ONCE, cursor::ListCursor, found};
use crate::{
    db::{
        TenantScope, Tx,
        conversation_list::{
            conversation_archive, conversation_other_pins, conversation_page, conversation_pin, conversation_pins,
            conversation_summary,
        },
    },
    error::{Error, Result},
};

/// Conversations on a page of the list, pins not counted.
pub const PAGE_SIZE: usize = 30;
/// Conversations a person may have pinned in a tenant.
pub const MAX_PINS: i64 = 50;

/// A page of a folder, the conversation written to last first; all pins come before, on the inbox's first page.
///
/// # Errors
/// [`Error::Invalid`] for a cursor that is not ours.
pub async fn list(
    scope: &TenantScope,
    tx: &mut Tx,
    folder: Folder,
    after: Option<&Cursor>,
) -> Result<Page<ConversationSummary>> {
    let below = after.map_or(Ok(ListCursor::START), ListCursor::parse)?;
    let limit = i64::try_from(PAGE_SIZE + 1).unwrap_or(i64::MAX);
    let mut rest = conversation_page(scope, tx, folder, (below.updated_at, below.id), limit).await?;
    let has_more = rest.len() > PAGE_SIZE;
    rest.truncate(PAGE_SIZE);
    let next = rest.last().filter(|_| has_more).map(|last| ListCursor { updated_at: last.updated_at, id: last.id });
    let mut items = match (folder, after) {
        // Two who pin at the same moment may get past the limit by one: what is pinned is shown.
        (Folder::Inbox, None) => conversation_pins(scope, tx, 2 * MAX_PINS).await?,
        _ => Vec::new(),
    };
    items.append(&mut rest);
    Ok(Page { items, next: next.map(ListCursor::into_cursor) })
}

/// One row of the list.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn summary(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<ConversationSummary> {
    conversation_summary(scope, tx, id).await?.ok_or(Error::NotFound)
}

/// Pins it, which takes it out of the archive, or takes the pin off.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] when [`MAX_PINS`] are pinned already.
pub async fn pin(scope: &TenantScope, tx: &mut Tx, id: ConversationId, pinned: bool) -> Result<()> {
    found(conversation_pin(scope, tx, id, pinned).await?)?;
    if pinned && conversation_other_pins(scope, tx, id).await? >= MAX_PINS {
        return Err(Error::Conflict(format!(
            "{MAX_PINS} conversations are pinned already. Take a pin off another one first."
        )));
    }
    Ok(())
}

/// Takes the pin off a conversation that came back when there was no room left for it.
pub(super) async fn make_room(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<()> {
    let is_pinned = conversation_summary(scope, tx, id).await?.is_some_and(|row| row.pinned);
    if is_pinned && conversation_other_pins(scope, tx, id).await? >= MAX_PINS {
        conversation_pin(scope, tx, id, false).await?;
    }
    Ok(())
}

/// Archives all of these, which takes pins off, or brings all of them back.
///
/// # Errors
/// [`Error::NotFound`] when one of them is not there, and then none may be committed; [`Error::Invalid`] for more than
/// [`MAX_AT_ONCE`].
pub async fn archive(scope: &TenantScope, tx: &mut Tx, ids: &[ConversationId], archived: bool) -> Result<()> {
    for id in distinct(ids)? {
        found(conversation_archive(scope, tx, id, archived).await?)?;
    }
    Ok(())
}

/// Each once, in one order for everybody: two who change the same rows do not wait for each other in a circle.
pub(super) fn distinct(ids: &[ConversationId]) -> Result<Vec<ConversationId>> {
    if ids.len() > MAX_AT_ONCE {
        return Err(Error::invalid("ids", format!("choose at most {MAX_AT_ONCE} conversations at once")));
    }
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
