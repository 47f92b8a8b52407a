//! A conversation as shown: the last messages of one branch, the alternatives at each place, and what is being written.

use std::collections::HashMap;

use app::model::{
    ConversationId, ConversationView, Cursor, MessageId, MessageStatus, MessageView, Part, Siblings, TurnId,
};

use super::cursor::PathCursor;
use crate::{
    db::{
        TenantScope, Tx,
        conversation::{ConversationRecord, conversation_find},
        message::{MessageRecord, message_find},
        message_path::{message_newest_leaf, message_path, message_roots, message_siblings},
        turn::{TurnStatus, turn_find},
        turn_event::turn_events_after,
    },
    error::{Error, Result},
    turns::fold,
};

/// Messages in a view.
pub const VIEW_MESSAGES: usize = 40;
/// Events of a running turn that are folded into a view; a turn cannot have more.
const MAX_EVENTS: i64 = 20_000;

/// Opens the branch that `leaf` lies on (the newest leaf below it), or the branch written to last.
///
/// # Errors
/// [`Error::NotFound`]: no such conversation of the caller, or no such message in it.
pub async fn open(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
    leaf: Option<MessageId>,
) -> Result<ConversationView> {
    let conversation = conversation_find(scope, tx, id).await?.ok_or(Error::NotFound)?;
    let leaf = match (leaf, conversation.current_leaf) {
        (Some(named), current) if Some(named) != current => {
            message_newest_leaf(scope, tx, id, named).await?.ok_or(Error::NotFound)?
        }
        (_, Some(current)) => current,
        (_, None) => return Err(Error::NotFound),
    };
    let mut view = view_ending_at(scope, tx, conversation, leaf).await?;
    let Some(last) = view.messages.last_mut() else { return Ok(view) };
    let (Some(turn), MessageStatus::Running) = (last.turn, &last.status) else { return Ok(view) };
    view.running = fill_running(scope, tx, last, turn).await?;
    Ok(view)
}

/// The part of the path that ends at `before`.
///
/// # Errors
/// [`Error::NotFound`]: no such conversation of the caller; [`Error::Invalid`]: not a cursor of it.
pub async fn earlier(
    scope: &TenantScope,
    tx: &mut Tx,
    id: ConversationId,
    before: &Cursor,
) -> Result<ConversationView> {
    let PathCursor(last) = PathCursor::parse(before)?;
    let conversation = conversation_find(scope, tx, id).await?.ok_or(Error::NotFound)?;
    let view = view_ending_at(scope, tx, conversation, last).await?;
    if view.messages.is_empty() {
        return Err(Error::invalid("cursor", "this place in the conversation is not known; open it again"));
    }
    Ok(view)
}

async fn view_ending_at(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationRecord,
    leaf: MessageId,
) -> Result<ConversationView> {
    // One more than is shown tells where the older part ends.
    let limit = i64::try_from(VIEW_MESSAGES + 1).unwrap_or(i64::MAX);
    let mut path = message_path(scope, tx, conversation.id, leaf, limit).await?;
    let earlier = if path.len() > VIEW_MESSAGES { Some(PathCursor(path.remove(0).id).into_cursor()) } else { None };
    let mut places = Places::default();
    for (parent, id) in message_siblings(scope, tx, conversation.id, leaf, limit).await? {
        places.0.entry(parent).or_default().push(id);
    }
    if path.first().is_some_and(|first| first.parent.is_none()) {
        places.0.insert(None, message_roots(scope, tx, conversation.id).await?);
    }
    let messages = path.into_iter().map(|record| places.view(record)).collect();
    let ConversationRecord { id, title, archived, .. } = conversation;
    Ok(ConversationView { id, title, archived, messages, earlier, running: None })
}

/// The alternatives by parent, oldest first.
#[derive(Default)]
struct Places(HashMap<Option<MessageId>, Vec<MessageId>>);

impl Places {
    fn view(&self, record: MessageRecord) -> MessageView {
        let siblings = self.0.get(&record.parent).map_or_else(Siblings::only, |all| siblings(all, record.id));
        MessageView {
            id: record.id,
            parent: record.parent,
            author: record.author,
            parts: record.parts,
            status: record.status,
            created_at: record.created_at,
            turn: Some(record.turn),
            siblings,
            usage: record.usage,
            model: record.model,
            feedback: record.feedback,
            edited: record.edited,
            rich: vec![],
        }
    }
}

fn siblings(all: &[MessageId], id: MessageId) -> Siblings {
    let Some(at) = all.iter().position(|other| *other == id) else { return Siblings::only() };
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Siblings {
        index: count(at + 1),
        count: count(all.len()),
        previous: at.checked_sub(1).and_then(|before| all.get(before)).copied(),
        next: all.get(at + 1).copied(),
    }
}

/// Fills a message that is being written with what the log has of it; gives the turn and the last event contained.
async fn fill_running(
    scope: &TenantScope,
    tx: &mut Tx,
    message: &mut MessageView,
    turn: TurnId,
) -> Result<Option<(TurnId, u64)>> {
    let record = turn_find(scope, tx, turn).await?.ok_or(Error::NotFound)?;
    if record.status == TurnStatus::Running {
        let events = turn_events_after(scope, tx, turn, 0, MAX_EVENTS).await?;
        // Ended just now on PostgreSQL, where each statement sees the newest commit: following from 0 gives it whole.
        let last = events.last().map_or(0, |(seq, _)| *seq);
        message.parts = fold(Vec::<Part>::new(), events.into_iter().map(|(_, event)| event));
        return Ok(Some((turn, last)));
    }
    let ended = message_find(scope, tx, message.id).await?.ok_or(Error::NotFound)?;
    (message.parts, message.status, message.usage) = (ended.parts, ended.status, ended.usage);
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn alternatives_know_their_neighbours() {
        let ids: Vec<MessageId> = (1..=3).map(|n| MessageId(Uuid::from_u128(n))).collect();
        let middle = siblings(&ids, ids[1]);
        assert_eq!((middle.index, middle.count), (2, 3));
        assert_eq!((middle.previous, middle.next), (Some(ids[0]), Some(ids[2])));
        assert_eq!(siblings(&ids[..1], ids[0]), Siblings::only());
    }
}
