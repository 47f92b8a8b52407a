//! Following a turn from any sequence number on: from memory where it runs here, else from the database.

use std::sync::Arc;

use app::model::{TurnEnvelope, TurnEvent, TurnId};
use futures::Stream;

use super::{Inner, Turns, finish::terminal, fold, log::Phase};
use crate::{
    db::{
        TenantScope,
        changes::{Change, Listening},
        message::message_find,
        turn::{TurnRecord, TurnStatus, turn_find},
        turn_event::turn_events_after,
    },
    error::{Error, Result},
};

/// Events read from the log at once.
const BATCH: i64 = 500;
/// Reads of the database that may fail in a row before a follower is sent away (it comes back by itself).
const MAX_FAILURES: u32 = 20;

/// What the database knows beyond a position.
enum Stored {
    Running(Vec<TurnEnvelope>),
    Over(Vec<TurnEnvelope>),
}

impl Turns {
    /// The events after `after`, then what happens, up to the terminal event: nothing lost, nothing doubled. A client
    /// that knows less than the log still holds, or more than it ever held (after a crash), first gets a `Snapshot`.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such turn of the caller.
    pub async fn follow(
        &self,
        scope: &TenantScope,
        turn: TurnId,
        after: u64,
    ) -> Result<impl Stream<Item = TurnEnvelope> + Send + use<>> {
        let mut tx = self.0.db.read(scope).await?;
        turn_find(scope, &mut tx, turn).await?.ok_or(Error::NotFound)?;
        drop(tx);
        Ok(events(self.0.clone(), scope.clone(), turn, after))
    }
}

fn events(inner: Arc<Inner>, scope: TenantScope, turn: TurnId, after: u64) -> impl Stream<Item = TurnEnvelope> + Send {
    async_stream::stream! {
        let mut position = after;
        let mut failures = 0;
        let mut others: Option<Listening> = None;
        let mut here = inner.hub.subscribe();
        loop {
            // As below: what begins here while the database is read wakes again.
            here.borrow_and_update();
            if let Some(live) = inner.hub.get(turn) {
                let mut changed = live.subscribe();
                loop {
                    // Marked as seen before reading, so that what comes while reading wakes again.
                    changed.borrow_and_update();
                    let (news, phase) = live.after(position);
                    for envelope in news {
                        position = envelope.seq;
                        yield envelope;
                    }
                    match phase {
                        Phase::Over => return,
                        Phase::Lost => break,
                        // Fails only when the sender is gone, and `live` is it.
                        Phase::Running => if changed.changed().await.is_err() { break },
                    }
                }
            }
            let others = others.get_or_insert_with(|| inner.db.changes().listen(&scope, None));
            // What came before this reading is in it.
            while others.try_next().is_some() {}
            match stored(&inner, &scope, turn, position).await {
                Ok(Stored::Running(news)) => {
                    failures = 0;
                    for envelope in news {
                        position = envelope.seq;
                        yield envelope;
                    }
                }
                Ok(Stored::Over(rest)) => {
                    for envelope in rest {
                        yield envelope;
                    }
                    return;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%turn, failures, error = &error as &dyn std::error::Error, "a turn cannot be followed");
                    if failures >= MAX_FAILURES {
                        return;
                    }
                }
            }
            tokio::select! {
                () = written(others, turn) => {}
                _ = here.changed() => {}
                // A change may get lost between processes.
                () = tokio::time::sleep(inner.config.poll_every) => {}
            }
        }
    }
}

/// Waits until the turn's log goes on in another process.
async fn written(others: &mut Listening, turn: TurnId) {
    loop {
        match others.next().await {
            Change::TurnWritten(id) | Change::TurnEnded(id) if id == turn => return,
            Change::Missed => return,
            _ => {}
        }
    }
}

async fn stored(inner: &Inner, scope: &TenantScope, turn: TurnId, position: u64) -> Result<Stored> {
    let envelope = |seq: u64, event: TurnEvent| TurnEnvelope { turn, seq, event };
    let mut tx = inner.db.read(scope).await?;
    let record = turn_find(scope, &mut tx, turn).await?.ok_or(Error::NotFound)?;
    if record.status != TurnStatus::Running {
        return Ok(Stored::Over(over(scope, &mut tx, &record, position).await?));
    }
    if position > record.last_seq {
        // It knows more than the log: what it saw is not written yet, or was taken back by a crash.
        let events = turn_events_after(scope, &mut tx, turn, 0, i64::MAX).await?;
        let last = events.last().map_or(0, |(seq, _)| *seq);
        let parts = fold(Vec::new(), events.into_iter().map(|(_, event)| event));
        return Ok(Stored::Running(vec![envelope(last, TurnEvent::Snapshot { parts })]));
    }
    let events = turn_events_after(scope, &mut tx, turn, position, BATCH).await?;
    Ok(Stored::Running(events.into_iter().map(|(seq, event)| envelope(seq, event)).collect()))
}

/// What is left to tell of a turn that is over: the whole message, unless the client has seen all but the end.
async fn over(
    scope: &TenantScope,
    tx: &mut crate::db::Tx,
    record: &TurnRecord,
    position: u64,
) -> Result<Vec<TurnEnvelope>> {
    let envelope = |seq: u64, event: TurnEvent| TurnEnvelope { turn: record.id, seq, event };
    let message = message_find(scope, tx, record.assistant_message).await?;
    let message = message.ok_or_else(|| Error::internal("a turn without its message"))?;
    let usage = message.usage.ok_or_else(|| Error::internal("a turn that is over without its usage"))?;
    let mut rest = Vec::with_capacity(2);
    let before_the_end = record.last_seq.saturating_sub(1);
    if position != before_the_end {
        rest.push(envelope(before_the_end, TurnEvent::Snapshot { parts: message.parts }));
    }
    rest.push(envelope(record.last_seq, terminal(&message.status, usage)));
    Ok(rest)
}
