//! Turns that wait for their person: put down in the database, taken up again by whoever is there.
//!
//! A waiting turn is a row with `waiting_until`, its log, its questions and a checkpoint. It has no process, no lease, no
//! open model call and no hold. It goes on when nothing is asked any more, because everything is decided or expired; it
//! ends when somebody asked to stop. Taking it is a compare-and-set on its lease's token, so one of several gets it.
//!
//! The checkpoint stays until every call of the batch has ended and the log says so ([`leave`]). A process that dies
//! before that leaves a lapsed lease and a checkpoint: the turn is taken up again, and a call that was running is lost.

use std::{pin::Pin, sync::Arc, time::Duration};

use app::model::{MessageStatus, Part, Timestamp, TurnId, TurnStarted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Inner,
    batch::{Batch, CallNames},
    call, engine,
    engine::{Cut, Ending, Exchange, Work},
    finish::{self, End},
    fold,
    live::{Beginning, Halt, Live, Timing, end_open_tool, whole_ms},
    prompt, words,
};
use crate::{
    db::{
        TenantScope, Tx,
        turn::{TurnRecord, TurnStatus, turn_find},
        turn_checkpoint::{turn_checkpoint_delete, turn_checkpoint_find, turn_checkpoint_put},
        turn_event::{NewTurnEvent, turn_events_after, turn_events_append},
        turn_lease::{turn_park, turn_renew, turn_take},
        turn_question::{QuestionState, questions_expire, questions_of_turn},
    },
    error::{Error, Result},
    models::Message,
};

/// Tries at putting a turn down, and the wait before the second; doubled from try to try.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// What cannot be worked out again.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    /// To be remembered with the answer.
    exchange: Vec<Message>,
    /// What of the request came after the message to answer.
    tail: Vec<Message>,
    names: CallNames,
    steps: i64,
    batch: Batch,
    worked_ms: u64,
    timing: Timing,
    parked_at: Timestamp,
}

/// Why a turn is taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Somebody decided or asked to stop, or the time may be over.
    Look,
    /// Its process is gone: it is taken although it does not wait, if its lease ran out before then.
    Lapsed(Timestamp),
    /// Its person may not act in this tenant any more: it ends.
    NoAccess,
}

/// Puts a turn down. Its log, its checkpoint and its new state are one transaction.
///
/// # Errors
/// How the turn ends instead.
pub(super) async fn park(inner: &Arc<Inner>, live: &Arc<Live>, work: &Work) -> std::result::Result<(), Ending> {
    let failed = |error: &Error| {
        let error = error as &dyn std::error::Error;
        tracing::error!(request_id = live.request_id, turn = %live.turn(), error, "a turn could not be put down");
        Ending::Failed(words::internal(&live.request_id))
    };
    // Only a title's call can be open, whose bill could not be written before.
    for (hold, outcome) in live.close_calls().await {
        match call::book(inner, live, &hold, outcome).await {
            Ok(()) => hold.discharge(),
            Err(error) => {
                live.leave_unsettled(hold, outcome);
                return Err(failed(&error.into()));
            }
        }
    }
    let mut wait = FIRST_WAIT;
    for attempt in 1.. {
        match write(inner, live, work).await {
            Ok(true) => break,
            Ok(false) => return Err(Ending::Lost),
            Err(error) if attempt >= TRIES => return Err(failed(&error)),
            Err(_) => {}
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    live.lose();
    inner.hub.forget(live);
    metrics::counter!("steward_turns_parked_total").increment(1);
    // Everything may have been decided meanwhile.
    look_soon(inner, live.scope.clone(), live.turn(), Reason::Look);
    Ok(())
}

async fn write(inner: &Inner, live: &Live, work: &Work) -> Result<bool> {
    let (scope, turn, now) = (&live.scope, live.turn(), inner.world.now());
    let Some(batch) = &work.batch else { return Err(Error::internal("a turn without calls does not wait")) };
    let checkpoint = Checkpoint {
        exchange: work.exchange.messages.clone(),
        tail: work.tail.clone(),
        names: work.names.clone(),
        steps: work.steps,
        batch: batch.clone(),
        worked_ms: u64::try_from(whole_ms(work.worked)).unwrap_or(0),
        timing: live.timing(),
        parked_at: now,
    };
    let checkpoint = serde_json::to_string(&checkpoint).map_err(Error::internal)?;
    let mut tx = inner.db.begin(scope).await?;
    let questions = questions_of_turn(scope, &mut tx, turn).await?;
    let asked = questions.iter().filter(|question| question.state == QuestionState::Asked);
    // The first to expire; when nothing is asked any more it goes on at once.
    let until = asked.map(|question| question.expires_at).min().unwrap_or(now);
    let (before, events) = live.unwritten();
    let last_seq = u64::try_from(before + events.len()).unwrap_or(u64::MAX);
    let tokens = (live.lease_token, inner.world.id());
    if !turn_park(scope, &mut tx, turn, tokens, until, last_seq).await? {
        return Ok(false);
    }
    turn_events_append(&mut tx, numbered(scope, turn, before, events)).await?;
    turn_checkpoint_put(scope, &mut tx, turn, &checkpoint).await?;
    tx.commit().await?;
    Ok(true)
}

fn numbered(
    scope: &TenantScope,
    turn: TurnId,
    before: usize,
    events: Vec<app::model::TurnEvent>,
) -> Vec<NewTurnEvent<'_>> {
    let seq = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    events
        .into_iter()
        .zip(before + 1..)
        .map(|(event, number)| NewTurnEvent { scope, turn, seq: seq(number), event })
        .collect()
}

/// The batch is over: its log is written, and the checkpoint goes with it.
pub(super) async fn leave(inner: &Inner, live: &Live) -> std::result::Result<(), Cut> {
    let (scope, turn) = (&live.scope, live.turn());
    let lease_until = Timestamp(inner.world.now().0.saturating_add(inner.config.lease_ms));
    let (before, events) = live.unwritten();
    let written = before + events.len();
    let last_seq = u64::try_from(written).unwrap_or(u64::MAX);
    let mut tx = inner.db.begin(scope).await?;
    if turn_renew(scope, &mut tx, turn, live.lease_token, lease_until, last_seq).await?.is_none() {
        return Err(Cut::Halted(Halt::Lost));
    }
    turn_events_append(&mut tx, numbered(scope, turn, before, events)).await?;
    turn_checkpoint_delete(scope, &mut tx, turn).await?;
    tx.commit().await?;
    live.mark_written(written);
    Ok(())
}

/// [Looks](look) in a task of its own.
pub(super) fn look_soon(inner: &Arc<Inner>, scope: TenantScope, turn: TurnId, reason: Reason) {
    let inner_there = inner.clone();
    // Boxed: an engine that ends here begins another.
    let looking: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        if let Err(error) = look(&inner_there, &scope, turn, reason).await {
            // The reaper looks again.
            tracing::warn!(%turn, error = &error as &dyn std::error::Error, "a waiting turn was not taken up");
        }
    });
    inner.tracker.spawn(looking);
}

/// Takes a waiting turn up when it can go on, or ends it when somebody asked to stop. `false`: neither; it waits on, is
/// over, or is somebody else's.
///
/// # Errors
/// Database errors; the turn stays as it was.
pub(super) async fn look(inner: &Arc<Inner>, scope: &TenantScope, turn: TurnId, reason: Reason) -> Result<bool> {
    if inner.shutdown.is_cancelled() {
        return Ok(false);
    }
    let now = inner.world.now();
    let mut tx = inner.db.begin(scope).await?;
    let Some(record) = turn_find(scope, &mut tx, turn).await? else { return Ok(false) };
    let lapsed_before = match reason {
        Reason::Lapsed(limit) => limit,
        Reason::Look | Reason::NoAccess => Timestamp(i64::MIN),
    };
    let is_open = record.status == TurnStatus::Running;
    if !is_open || (record.waiting_until.is_none() && !matches!(reason, Reason::Lapsed(_))) {
        return Ok(false);
    }
    let Some(checkpoint) = turn_checkpoint_find(scope, &mut tx, turn).await? else { return Ok(false) };
    let checkpoint: Checkpoint = serde_json::from_str(&checkpoint).map_err(Error::internal)?;
    questions_expire(scope, &mut tx, turn, now).await?;
    let must_end = record.stop_requested || reason == Reason::NoAccess;
    let questions = questions_of_turn(scope, &mut tx, turn).await?;
    let is_asked = questions.iter().any(|question| question.state == QuestionState::Asked);
    if is_asked && !must_end && record.waiting_until.is_some() {
        tx.commit().await?;
        return Ok(false);
    }
    let token: Uuid = inner.world.id();
    let lease_until = Timestamp(now.0.saturating_add(inner.config.lease_ms));
    let tokens = (record.lease_token, token);
    if !turn_take(scope, &mut tx, turn, tokens, lapsed_before, lease_until).await? {
        return Ok(false);
    }
    if must_end {
        end(inner, scope, &mut tx, &record, token, checkpoint).await?;
        tx.commit().await?;
        return Ok(true);
    }
    let (live, work) = restore(inner, scope, &mut tx, &record, token, checkpoint).await?;
    if inner.shutdown.is_cancelled() {
        return Ok(false);
    }
    tx.commit().await?;
    let live = Arc::new(live);
    inner.hub.insert(live.clone());
    if inner.shutdown.is_cancelled() {
        live.halt(Halt::Shutdown);
    }
    inner.tracker.spawn(engine::run(inner.clone(), live, work, None));
    Ok(true)
}

fn ids(record: &TurnRecord) -> TurnStarted {
    TurnStarted {
        conversation: record.conversation,
        turn: record.id,
        user_message: record.user_message,
        assistant_message: record.assistant_message,
    }
}

/// Ends a waiting turn as stopped.
async fn end(
    inner: &Inner,
    scope: &TenantScope,
    tx: &mut Tx,
    record: &TurnRecord,
    token: Uuid,
    checkpoint: Checkpoint,
) -> Result<()> {
    let events = turn_events_after(scope, tx, record.id, 0, i64::MAX).await?;
    let last = events.last().map_or(0, |(seq, _)| *seq);
    let mut parts = fold(Vec::new(), events.into_iter().map(|(_, event)| event));
    for part in &mut parts {
        if let Part::Tool { call } = part {
            end_open_tool(call, "It is not known whether this ran: the server stopped while it was running.");
        }
    }
    let exchange = Exchange { messages: checkpoint.exchange, ..Exchange::default() };
    let end = End {
        scope,
        ids: ids(record),
        lease_token: token,
        lapsed_before: None,
        started_at: record.started_at,
        timing: waited(checkpoint.timing, checkpoint.parked_at, inner.world.now()),
        last_seq: last + 1,
        parts,
        messages: exchange.into_messages(),
        status: MessageStatus::Stopped,
    };
    finish::write_in(tx, &inner.world, &end, &[]).await?.map(drop).ok_or_else(|| Error::internal("taken, and not ours"))
}

fn waited(timing: Timing, since: Timestamp, now: Timestamp) -> Timing {
    let waited = now.0.saturating_sub(since.0).max(0);
    Timing { waited_ms: timing.waited_ms.saturating_add(waited), ..timing }
}

/// The turn as it was put down.
async fn restore(
    inner: &Inner,
    scope: &TenantScope,
    tx: &mut Tx,
    record: &TurnRecord,
    token: Uuid,
    checkpoint: Checkpoint,
) -> Result<(Live, Work)> {
    let answering = inner.models.begun_with(&record.model);
    let events = turn_events_after(scope, tx, record.id, 0, i64::MAX).await?;
    let request =
        prompt::request_for(inner, &answering.model, scope, tx, record.conversation, record.user_message).await?;
    let live = Live::new(Beginning {
        scope: scope.clone(),
        ids: ids(record),
        lease_token: token,
        request_id: record.request_id.clone(),
        started_at: record.started_at,
        answering,
        timing: waited(checkpoint.timing, checkpoint.parked_at, inner.world.now()),
        events: events.into_iter().map(|(_, event)| event).collect(),
        hold: None,
    });
    let mut work = Work::new(request);
    work.follow(checkpoint.tail);
    work.exchange.messages = checkpoint.exchange;
    work.names = checkpoint.names;
    work.steps = checkpoint.steps;
    work.batch = Some(checkpoint.batch);
    work.worked = Duration::from_millis(checkpoint.worked_ms);
    work.is_resumed = true;
    Ok((live, work))
}
