//! Another answer to a message that was sent before, or more of an answer that stopped early.

use std::sync::Arc;

use app::model::{
    Again, ConversationId, MessageAuthor, MessageId, MessageStatus, Part, Timestamp, TurnEvent, TurnId, TurnKey,
    TurnStarted,
};
use tracing::Instrument as _;

use super::{
    Inner, Turns,
    engine::Work,
    offer::Answering,
    prompt,
    start::{Admitted, New, Opening, find_by_key, launch, open, started, unwritten},
};
use crate::{
    db::{
        self, TenantScope, Tx,
        conversation::{conversation_find, conversation_touch},
        message::{message_find, message_insert, message_state},
        turn::turn_by_key,
        turn_answer::{answer_reopen, message_children},
        turn_event::{NewTurnEvent, turn_events_append},
        turn_lease::turn_renew,
    },
    error::{Error, Result},
    models::{Content, ModelRequest, demo::CONTINUE},
};

/// Where the answer is written.
struct Place {
    /// The person's message.
    question: MessageId,
    /// The answer that goes on, with what it has.
    answer: Option<(MessageId, Vec<Part>)>,
}

/// What is asked for.
struct Ask<'a> {
    conversation: ConversationId,
    again: Again,
    key: TurnKey,
    request_id: &'a str,
}

impl Turns {
    /// Begins another answer, or goes on with one. The same key gives the same turn.
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no such conversation of the caller, or no such message in it.
    /// - [`Error::Invalid`]: the message is not of the kind it must be; the model is not offered.
    /// - [`Error::Conflict`]: an answer is being written; the one to go on with is complete or was followed; too many
    ///   turns of the person run.
    /// - [`Error::OverBudget`], [`Error::Unavailable`] as [`Turns::start`].
    pub async fn again(
        &self,
        scope: &TenantScope,
        request_id: &str,
        conversation: ConversationId,
        again: Again,
        model: Option<String>,
        key: TurnKey,
    ) -> Result<TurnStarted> {
        // In a task of its own, as a start is.
        let (inner, scope, request_id) = (self.0.clone(), scope.clone(), request_id.to_owned());
        let beginning = async move {
            let answering = inner.models.choose(model.as_deref())?;
            let ask = Ask { conversation, again, key, request_id: &request_id };
            begin(&inner, &scope, answering, ask).await
        };
        self.0.tracker.spawn(beginning.in_current_span()).await.map_err(Error::internal)?
    }
}

async fn begin(
    inner: &Arc<Inner>,
    scope: &TenantScope,
    answering: Arc<Answering>,
    ask: Ask<'_>,
) -> Result<TurnStarted> {
    if inner.shutdown.is_cancelled() {
        return Err(Error::Unavailable("shutting down: no new turns".to_owned()));
    }
    let mut tx = inner.db.read(scope).await?;
    if let Some(before) = turn_by_key(scope, &mut tx, ask.key).await? {
        return Ok(started(&before));
    }
    let place = find_place(scope, &mut tx, &ask).await?;
    let model = &answering.model;
    let request = prompt::request_for(inner, model, scope, &mut tx, ask.conversation, place.question).await?;
    let mut work = Work::new(request);
    if let Some((answer, _)) = &place.answer {
        let before = prompt::answer_so_far(scope, &mut tx, ask.conversation, *answer).await?;
        // Nothing was said yet: then the question alone is asked.
        let is_blank = |content: &Content| matches!(content, Content::Text { text } if text.trim().is_empty());
        let has_words = before.iter().flat_map(|message| &message.content).any(|content| !is_blank(content));
        work = work.going_on(before, has_words.then(|| prompt::user_text(CONTINUE)));
    }
    drop(tx);
    let admitted = match admit(inner, &answering, scope, &ask, &work.request).await {
        Err(Error::Db(db::Error::Duplicate(_))) => Admitted::Before(find_by_key(inner, scope, ask.key).await?),
        other => other?,
    };
    Ok(launch(inner, scope, ask.request_id, answering, admitted, work, None))
}

fn still_written() -> Error {
    Error::Conflict("An answer is still being written. Wait for it or stop it first.".to_owned())
}

async fn find_place(scope: &TenantScope, tx: &mut Tx, ask: &Ask<'_>) -> Result<Place> {
    conversation_find(scope, tx, ask.conversation).await?.ok_or(Error::NotFound)?;
    let id = match ask.again {
        Again::Answer(id) | Again::Continue(id) => id,
    };
    let (author, _) = message_state(scope, tx, ask.conversation, id).await?.ok_or(Error::NotFound)?;
    let below = message_children(scope, tx, ask.conversation, id).await?;
    match (ask.again, author) {
        (Again::Answer(_), MessageAuthor::Assistant) => {
            Err(Error::invalid("again", "Another answer is given to a message of yours, not to an answer."))
        }
        (Again::Answer(_), MessageAuthor::User) if below.running > 0 => Err(still_written()),
        (Again::Answer(question), MessageAuthor::User) => Ok(Place { question, answer: None }),
        (Again::Continue(_), MessageAuthor::User) => {
            Err(Error::invalid("again", "Only an answer can go on, not a message of yours."))
        }
        (Again::Continue(answer), MessageAuthor::Assistant) => {
            let message = message_find(scope, tx, answer).await?.ok_or(Error::NotFound)?;
            match message.status {
                MessageStatus::Running => return Err(still_written()),
                MessageStatus::Complete => {
                    return Err(Error::Conflict("This answer is complete. Ask for what is missing.".to_owned()));
                }
                MessageStatus::Stopped | MessageStatus::Failed(_) => {}
            }
            if below.count > 0 {
                let message = "The conversation has gone on below this answer. Ask there for the rest.";
                return Err(Error::Conflict(message.to_owned()));
            }
            let question = message.parent.ok_or_else(|| Error::internal("an answer to nothing"))?;
            Ok(Place { question, answer: Some((answer, message.parts)) })
        }
    }
}

/// The one transaction.
async fn admit(
    inner: &Inner,
    answering: &Answering,
    scope: &TenantScope,
    ask: &Ask<'_>,
    request: &ModelRequest,
) -> Result<Admitted> {
    let now = inner.world.now();
    let mut tx = inner.db.begin(scope).await?;
    if let Some(before) = turn_by_key(scope, &mut tx, ask.key).await? {
        return Ok(Admitted::Before(started(&before)));
    }
    let place = find_place(scope, &mut tx, ask).await?;
    let ids = TurnStarted {
        conversation: ask.conversation,
        turn: inner.world.id::<TurnId>(),
        user_message: place.question,
        assistant_message: place.answer.as_ref().map_or_else(|| inner.world.id(), |(answer, _)| *answer),
    };
    if !conversation_touch(scope, &mut tx, ids.conversation, Some(ids.assistant_message), now).await? {
        return Err(Error::NotFound);
    }
    if place.answer.is_some() {
        if !answer_reopen(scope, &mut tx, ids.assistant_message, ids.turn).await? {
            return Err(still_written());
        }
    } else {
        message_insert(scope, &mut tx, unwritten(ids), now).await?;
    }
    let opening = Opening { ids, key: ask.key, request_id: ask.request_id, request };
    let opened = open(inner, answering, scope, &mut tx, opening).await?;
    let mut events = Vec::new();
    if let Some((_, parts)) = place.answer {
        // The log begins with what there is, so that whatever happens the answer does not get shorter.
        events.push(TurnEvent::Snapshot { parts });
        let lease_until = Timestamp(now.0.saturating_add(inner.config.lease_ms));
        turn_renew(scope, &mut tx, ids.turn, opened.lease_token, lease_until, 1).await?;
        let begins = events.iter().cloned().map(|event| NewTurnEvent { scope, turn: ids.turn, seq: 1, event });
        turn_events_append(&mut tx, begins.collect()).await?;
    }
    tx.commit().await?;
    Ok(Admitted::Now(Box::new(New { ids, opened, events })))
}
