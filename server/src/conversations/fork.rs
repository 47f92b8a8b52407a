//! Forks: a new conversation with copies of a branch. Nothing is asked of a model, so the books do not change.

use app::model::{ConversationId, MessageId};

use crate::{
    db::{
        TenantScope, Tx,
        conversation::{conversation_find, conversation_insert_fork},
        message_change::{message_copy, message_steps},
    },
    error::{Error, Result},
    world::World,
};

/// The longest path that can be forked, messages.
pub const MAX_FORK_MESSAGES: usize = 2_000;

/// A new conversation with the path up to `message`, tool calls included; it has the same title and knows where it comes
/// from.
///
/// # Errors
/// - [`Error::NotFound`]: no such conversation of the caller, or no such message in it.
/// - [`Error::Conflict`]: a message of the path is still being written, or the path is longer than
///   [`MAX_FORK_MESSAGES`].
pub async fn fork(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    id: ConversationId,
    message: MessageId,
) -> Result<ConversationId> {
    let origin = conversation_find(scope, tx, id).await?.ok_or(Error::NotFound)?;
    let limit = i64::try_from(MAX_FORK_MESSAGES + 1).unwrap_or(i64::MAX);
    let path = message_steps(scope, tx, id, message, limit).await?;
    if path.is_empty() {
        return Err(Error::NotFound);
    }
    if path.iter().any(|step| step.is_running) {
        return Err(Error::Conflict("The answer is still being written. Wait for it or stop it first.".to_owned()));
    }
    if path.len() > MAX_FORK_MESSAGES {
        return Err(Error::Conflict(format!("This is too long to fork: {MAX_FORK_MESSAGES} messages at most.")));
    }
    let copies: Vec<MessageId> = path.iter().map(|_| world.id()).collect();
    let leaf = copies.last().copied().ok_or(Error::NotFound)?;
    let new: ConversationId = world.id();
    conversation_insert_fork(scope, tx, new, (&origin, message), leaf, world.now()).await?;
    let mut parent = None;
    for (step, copy) in path.iter().zip(copies) {
        message_copy(scope, tx, step.id, copy, (new, parent)).await?;
        parent = Some(copy);
    }
    Ok(new)
}
