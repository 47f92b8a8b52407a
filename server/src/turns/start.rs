//! Admitting a turn: one transaction that finds, inserts and reserves, or changes nothing at all.

use std::sync::Arc;

use app::model::{
    AttachmentView, ConversationId, MessageAuthor, MessageId, MessageText, StartTurn, Timestamp, TurnEvent, TurnId,
    TurnKey, TurnStarted,
};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{
    Inner, Turns,
    engine::{self, Work},
    live::{Beginning, Halt, Live, Timing},
    offer::Answering,
    prompt, title,
};
use crate::{
    attachments,
    db::{
        self, TenantScope, Tx,
        conversation::{conversation_find, conversation_insert, conversation_touch},
        message::{NewMessage, message_insert, message_state},
        turn::{NewTurn, TurnRecord, turn_by_key, turn_insert, turns_running},
        turn_answer::answer_model,
    },
    error::{Error, Result},
    models::ModelRequest,
    usage::{self, Hold, Purpose, ReserveError, ReserveRequest},
};

/// The least output that is of use, tokens: with less headroom a call is refused.
pub(super) const OUTPUT_FLOOR: i64 = 256;

/// What a transaction came to.
pub(super) enum Admitted {
    Now(Box<New>),
    Before(TurnStarted),
}

/// A turn that was admitted now.
pub(super) struct New {
    pub(super) ids: TurnStarted,
    pub(super) opened: Opened,
    /// Its log so far.
    pub(super) events: Vec<TurnEvent>,
}

/// A turn's row and the hold of its first model call.
pub(super) struct Opened {
    pub(super) lease_token: Uuid,
    pub(super) hold: Hold,
    pub(super) started_at: Timestamp,
}

impl Turns {
    /// Starts a turn; the answer is written whether or not anybody follows it. The same key gives the same turn.
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no such conversation of the caller, or no such message in it.
    /// - [`Error::Conflict`]: the parent is still being written, or too many turns of the person run.
    /// - [`Error::Invalid`]: the parent is not an answer, or there is neither text nor file.
    /// - [`Error::OverBudget`]: nothing was stored and nothing was sent.
    /// - [`Error::Unavailable`]: the server goes down.
    pub async fn start(&self, scope: &TenantScope, request_id: &str, start: StartTurn) -> Result<TurnStarted> {
        // In a task of its own: a client that goes away while the transaction commits must not leave a turn without an
        // engine.
        let (inner, scope, request_id) = (self.0.clone(), scope.clone(), request_id.to_owned());
        let starting = async move { start_turn(&inner, &scope, &request_id, start).await };
        self.0.tracker.spawn(starting.in_current_span()).await.map_err(Error::internal)?
    }
}

async fn start_turn(
    inner: &Arc<Inner>,
    scope: &TenantScope,
    request_id: &str,
    start: StartTurn,
) -> Result<TurnStarted> {
    if inner.shutdown.is_cancelled() {
        return Err(Error::Unavailable("shutting down: no new turns".to_owned()));
    }
    if start.text.is_none() && start.attachments.is_empty() {
        return Err(Error::invalid("text", "write something first"));
    }
    // Read before the writing transaction: what it reads of the branch never changes, and the writer's time is
    // short. Whether conversation and parent are still there is asked again inside.
    let answering = inner.models.choose(start.model.as_deref())?;
    let mut tx = inner.db.read(scope).await?;
    if let Some(before) = turn_by_key(scope, &mut tx, start.key).await? {
        return Ok(started(&before));
    }
    let branch = start.conversation.zip(start.parent);
    check_place(scope, &mut tx, &start).await?;
    let files = attachments::chosen(scope, &mut tx, &start.attachments).await?;
    let parts = attachments::parts(&files, words_of(&start));
    let request = prompt::first_request(inner, &answering.model, scope, &mut tx, branch, &parts).await?;
    drop(tx);

    let admitted = match admit(inner, &answering, scope, request_id, (&start, &files), &request).await {
        // Somebody sent the same key at the same moment and was first.
        Err(Error::Db(db::Error::Duplicate(_))) => Admitted::Before(find_by_key(inner, scope, start.key).await?),
        other => other?,
    };
    let untitled = start.text.clone().filter(|_| start.conversation.is_none());
    Ok(launch(inner, scope, request_id, answering, admitted, Work::new(request), untitled))
}

/// What was typed; nothing when the files say it all.
fn words_of(start: &StartTurn) -> &str {
    start.text.as_ref().map_or("", MessageText::as_str)
}

/// Begins an admitted turn; one that was admitted before runs already.
pub(super) fn launch(
    inner: &Arc<Inner>,
    scope: &TenantScope,
    request_id: &str,
    answering: Arc<Answering>,
    admitted: Admitted,
    work: Work,
    untitled: Option<MessageText>,
) -> TurnStarted {
    let New { ids, opened, events } = match admitted {
        Admitted::Before(ids) => return ids,
        Admitted::Now(new) => *new,
    };
    let live = Arc::new(Live::new(Beginning {
        scope: scope.clone(),
        ids,
        lease_token: opened.lease_token,
        request_id: request_id.to_owned(),
        started_at: opened.started_at,
        answering,
        timing: Timing::default(),
        events,
        hold: Some(opened.hold),
    }));
    inner.hub.insert(live.clone());
    if inner.shutdown.is_cancelled() {
        live.halt(Halt::Shutdown);
    }
    metrics::counter!("steward_turns_started_total").increment(1);
    inner.tracker.spawn(engine::run(inner.clone(), live, work, untitled));
    ids
}

pub(super) fn started(turn: &TurnRecord) -> TurnStarted {
    TurnStarted {
        conversation: turn.conversation,
        turn: turn.id,
        user_message: turn.user_message,
        assistant_message: turn.assistant_message,
    }
}

pub(super) async fn find_by_key(inner: &Inner, scope: &TenantScope, key: TurnKey) -> Result<TurnStarted> {
    let mut tx = inner.db.read(scope).await?;
    let turn = turn_by_key(scope, &mut tx, key).await?;
    turn.as_ref().map(started).ok_or_else(|| Error::internal("a key was taken and then not found"))
}

/// The conversation is the caller's, and the parent is an answer in it that is done.
async fn check_place(scope: &TenantScope, tx: &mut Tx, start: &StartTurn) -> Result<()> {
    let Some(conversation) = start.conversation else {
        return match start.parent {
            None => Ok(()),
            Some(_) => Err(Error::invalid("parent", "a new conversation begins without a parent message")),
        };
    };
    conversation_find(scope, tx, conversation).await?.ok_or(Error::NotFound)?;
    let Some(parent) = start.parent else { return Ok(()) };
    match message_state(scope, tx, conversation, parent).await?.ok_or(Error::NotFound)? {
        (MessageAuthor::User, _) => Err(Error::invalid("parent", "a message follows an answer, not another message")),
        (MessageAuthor::Assistant, true) => {
            Err(Error::Conflict("The answer is still being written. Wait for it or stop it first.".to_owned()))
        }
        (MessageAuthor::Assistant, false) => Ok(()),
    }
}

/// The one transaction.
async fn admit(
    inner: &Inner,
    answering: &Answering,
    scope: &TenantScope,
    request_id: &str,
    (start, files): (&StartTurn, &[AttachmentView]),
    request: &ModelRequest,
) -> Result<Admitted> {
    let world = &inner.world;
    let now = world.now();
    let mut tx = inner.db.begin(scope).await?;
    if let Some(before) = turn_by_key(scope, &mut tx, start.key).await? {
        return Ok(Admitted::Before(started(&before)));
    }
    let ids = TurnStarted {
        conversation: start.conversation.unwrap_or_else(|| world.id::<ConversationId>()),
        turn: world.id::<TurnId>(),
        user_message: world.id::<MessageId>(),
        assistant_message: world.id::<MessageId>(),
    };
    if start.conversation.is_none() {
        let named_after = match (&start.text, files.first()) {
            (Some(text), _) => text.as_str(),
            (None, file) => file.map_or("", |file| file.name.as_str()),
        };
        let first_words = title::first_words(named_after);
        conversation_insert(scope, &mut tx, ids.conversation, &first_words, ids.assistant_message, now).await?;
    } else {
        check_place(scope, &mut tx, start).await?;
        let leaf = Some(ids.assistant_message);
        if !conversation_touch(scope, &mut tx, ids.conversation, leaf, now).await? {
            return Err(Error::NotFound);
        }
    }
    insert_messages(scope, &mut tx, (start, files), ids, now).await?;
    let opened = open(inner, answering, scope, &mut tx, Opening { ids, key: start.key, request_id, request }).await?;
    tx.commit().await?;
    Ok(Admitted::Now(Box::new(New { ids, opened, events: Vec::new() })))
}

/// A turn to open.
pub(super) struct Opening<'a> {
    pub(super) ids: TurnStarted,
    pub(super) key: TurnKey,
    pub(super) request_id: &'a str,
    pub(super) request: &'a ModelRequest,
}

/// Writes the turn's row and reserves its first model call, in the caller's transaction, which has inserted or reopened
/// the answer.
pub(super) async fn open(
    inner: &Inner,
    answering: &Answering,
    scope: &TenantScope,
    tx: &mut Tx,
    opening: Opening<'_>,
) -> Result<Opened> {
    let most = inner.config.max_running_per_person;
    let too_many = || {
        Error::Conflict(format!("{most} answers are being written for you already. Wait for one or stop one first."))
    };
    if turns_running(scope, tx).await? >= most {
        return Err(too_many());
    }
    let Opening { ids, key, request_id, request } = opening;
    let started_at = inner.world.now();
    let lease_token: Uuid = inner.world.id();
    let turn = NewTurn {
        id: ids.turn,
        conversation: ids.conversation,
        key,
        user_message: ids.user_message,
        assistant_message: ids.assistant_message,
        lease_token,
        lease_until: Timestamp(started_at.0.saturating_add(inner.config.lease_ms)),
        model: &answering.model.id.0,
        request_id,
    };
    turn_insert(scope, tx, turn, started_at).await?;
    answer_model(scope, tx, ids.assistant_message, &answering.model.name).await?;
    let hold = reserve_answer(inner, answering, scope, tx, ids.turn, (1, 1), request).await;
    let hold = hold.map_err(|error| match error {
        ReserveError::Refused(refusal) => Error::OverBudget(refusal),
        ReserveError::TooFast(refusal) => Error::RateLimited { retry_after_s: refusal.retry_after_s() },
        ReserveError::Db(error) => Error::Db(error),
    })?;
    // Again, this one included: two that start at the same moment do not see each other's rows above (PostgreSQL), but
    // whoever reserves second has waited for the first one's commit on the tenant's window.
    if turns_running(scope, tx).await? > most {
        // Nothing of this transaction stays.
        hold.discharge();
        return Err(too_many());
    }
    Ok(Opened { lease_token, hold, started_at })
}

async fn insert_messages(
    scope: &TenantScope,
    tx: &mut Tx,
    (start, files): (&StartTurn, &[AttachmentView]),
    ids: TurnStarted,
    now: Timestamp,
) -> Result<()> {
    let said = attachments::parts(files, words_of(start));
    let question = NewMessage {
        id: ids.user_message,
        conversation: ids.conversation,
        parent: start.parent,
        author: MessageAuthor::User,
        complete: true,
        parts: &said,
        model_bytes: prompt::stored_bytes(words_of(start)),
        turn: ids.turn,
    };
    message_insert(scope, tx, question, now).await?;
    attachments::attach(scope, tx, ids.user_message, files).await?;
    Ok(message_insert(scope, tx, unwritten(ids), now).await?)
}

/// The answer of a turn before anything of it is written.
pub(super) fn unwritten(ids: TurnStarted) -> NewMessage<'static> {
    NewMessage {
        id: ids.assistant_message,
        conversation: ids.conversation,
        parent: Some(ids.user_message),
        author: MessageAuthor::Assistant,
        complete: false,
        parts: &[],
        model_bytes: 0,
        turn: ids.turn,
    }
}

/// Reserves one model call of the answer: `(step, attempt)`, both from 1.
pub(super) async fn reserve_answer(
    inner: &Inner,
    answering: &Answering,
    scope: &TenantScope,
    tx: &mut Tx,
    turn: TurnId,
    (step, attempt): (i64, i64),
    request: &ModelRequest,
) -> std::result::Result<Hold, ReserveError> {
    let price = answering.price(&inner.catalogue, inner.world.now(), scope.markup_bp());
    let wanted = prompt::output_wanted(inner, &answering.model);
    let request = ReserveRequest {
        turn: Some(turn),
        step,
        attempt,
        purpose: Purpose::Answer,
        model: &answering.model,
        price: price.as_ref(),
        input_bound: prompt::input_bound(&answering.model, request),
        output_wanted: wanted,
        output_floor: OUTPUT_FLOOR.min(wanted),
        searches: 0,
        via: None,
    };
    usage::reserve(scope, tx, &inner.world, request).await
}
