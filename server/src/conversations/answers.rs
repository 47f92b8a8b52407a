//! What a person does to an answer: their own words in its place, and a thumb up or down.

use app::model::{ConversationId, Feedback, MessageAuthor, MessageId, MessageText, Part};

use super::found;
use crate::{
    db::{
        TenantScope, Tx,
        conversation::{conversation_find, conversation_touch},
        message::{message_find, message_state},
        message_change::{message_insert_edited, message_rate},
    },
    error::{Error, Result},
    world::World,
};

/// Puts the person's words beside an answer and opens the conversation there. Tool calls stay as they were; what the
/// model sees from now on is the new text. The old answer stays, too.
///
/// # Errors
/// - [`Error::NotFound`]: no such conversation of the caller, or no such message in it.
/// - [`Error::Conflict`]: the answer is still being written.
/// - [`Error::Invalid`]: it is no answer.
pub async fn edit(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    (id, message): (ConversationId, MessageId),
    text: MessageText,
) -> Result<MessageId> {
    match answer(scope, tx, id, message).await? {
        Progress::Written => {}
        Progress::Running => {
            let words = "The answer is still being written. Wait for it or stop it first.";
            return Err(Error::Conflict(words.to_owned()));
        }
    }
    let original = message_find(scope, tx, message).await?.ok_or(Error::NotFound)?;
    let model_bytes = i64::try_from(text.as_str().len()).unwrap_or(i64::MAX);
    let mut parts: Vec<Part> = original.parts.into_iter().filter(|part| matches!(part, Part::Tool { .. })).collect();
    parts.push(Part::Text { text: text.into() });
    let (new, now): (MessageId, _) = (world.id(), world.now());
    found(conversation_touch(scope, tx, id, Some(new), now).await?)?;
    message_insert_edited(scope, tx, (id, message), new, (&parts, model_bytes), now).await?;
    Ok(new)
}

/// Keeps what the person thinks of an answer; `None` takes it back.
///
/// # Errors
/// [`Error::NotFound`]: no such conversation of the caller, or no such message in it; [`Error::Invalid`]: it is no
/// answer.
pub async fn rate(
    scope: &TenantScope,
    tx: &mut Tx,
    (id, message): (ConversationId, MessageId),
    feedback: Option<Feedback>,
) -> Result<()> {
    answer(scope, tx, id, message).await?;
    Ok(message_rate(scope, tx, message, feedback).await?)
}

enum Progress {
    Running,
    Written,
}

/// The answer is there and the caller's.
async fn answer(scope: &TenantScope, tx: &mut Tx, id: ConversationId, message: MessageId) -> Result<Progress> {
    conversation_find(scope, tx, id).await?.ok_or(Error::NotFound)?;
    match message_state(scope, tx, id, message).await?.ok_or(Error::NotFound)? {
        (MessageAuthor::User, _) => Err(Error::invalid("message", "this is a message of yours, not an answer")),
        (MessageAuthor::Assistant, true) => Ok(Progress::Running),
        (MessageAuthor::Assistant, false) => Ok(Progress::Written),
    }
}
