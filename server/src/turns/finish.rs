//! The one end of every turn: done, stopped, failed, panicked, shut down, or found abandoned by the reaper. Message,
//! status and bill are written in one transaction, fenced by the lease.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use app::model::{MessageStatus, Money, Part, Timestamp, TurnEvent, TurnUsage};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Inner,
    engine::Ending,
    live::{Live, Timing},
    prompt::stored_bytes,
    transcript::text_of,
    words,
};
use crate::{
    db::{
        self, Db, TenantScope, Tx,
        conversation::conversation_touch,
        message::{MessageEnd, message_find, message_finish},
        turn::TurnStatus,
        turn_checkpoint::turn_checkpoint_delete,
        turn_event::turn_events_delete,
        turn_lease::turn_end,
    },
    error::{Error, Result},
    models::{Content, Message},
    usage::{self, CallOutcome, Hold},
    world::World,
};

/// How long an end that the database cannot take is kept and tried again, before it is left to the reaper. Until then
/// followers read the answer from memory, and the bill is not forgotten.
const KEEP_TRYING: Duration = Duration::from_secs(10 * 60);
/// The wait before the second try; doubled from try to try.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Tries of an end that fails for another reason than the database's, and of every end while the server goes down.
const FEW_TRIES: u32 = 6;
const TRIES_AT_SHUTDOWN: u32 = 3;
/// Failed tries after which the bills are put into the file of settlements too, so that a process that dies meanwhile
/// does not take what only it knows with it. No more than the others.
const TRIES_BEFORE_SPILL: u32 = 3;

/// An end, ready to be written.
pub(super) struct End<'a> {
    pub(super) scope: &'a TenantScope,
    pub(super) ids: app::model::TurnStarted,
    pub(super) lease_token: Uuid,
    /// The reaper's condition: the lease ran out before then.
    pub(super) lapsed_before: Option<Timestamp>,
    pub(super) started_at: Timestamp,
    pub(super) timing: Timing,
    /// Sequence number of the terminal event.
    pub(super) last_seq: u64,
    pub(super) parts: Vec<Part>,
    /// What the model must see again.
    pub(super) messages: Vec<Message>,
    /// Not [`MessageStatus::Running`].
    pub(super) status: MessageStatus,
}

/// Ends a turn of this process and tells its followers.
pub(super) async fn finish(inner: &Inner, live: &Arc<Live>, ending: Ending, messages: Vec<Message>) {
    let status = match ending {
        Ending::Finished => MessageStatus::Complete,
        Ending::Stopped => MessageStatus::Stopped,
        Ending::Failed(error) => MessageStatus::Failed(words::told(error, live.scope.locale())),
        // A turn that waits does not end; should it get here, the reaper takes it.
        Ending::Lost | Ending::Parked => {
            // Whoever ended it has settled everything, too. Our holds settle nothing any more.
            drop(live.close_calls().await);
            live.lose();
            inner.hub.forget(live);
            return;
        }
    };
    live.end_open_tools("Not finished: the answer ended before.");
    let end = End {
        scope: &live.scope,
        ids: live.ids,
        lease_token: live.lease_token,
        lapsed_before: None,
        started_at: live.started_at,
        timing: live.timing(),
        last_seq: live.last_seq() + 1,
        parts: live.parts(),
        messages,
        status,
    };
    let calls = live.close_calls().await;
    let (usage, are_bills_safe) = write_patiently(inner, live, &end, &calls).await;
    if usage.is_some() || are_bills_safe {
        for (hold, _) in calls {
            hold.discharge();
        }
    }
    match usage {
        Some(usage) => live.publish(terminal(&end.status, usage)),
        None => live.lose(),
    }
    inner.hub.forget(live);
}

/// Writes the end, again and again while the database is away. `None`: somebody else has ended the turn, or must; then,
/// whether its bills are in the file of settlements.
async fn write_patiently(
    inner: &Inner,
    live: &Live,
    end: &End<'_>,
    calls: &[(Hold, CallOutcome)],
) -> (Option<TurnUsage>, bool) {
    let give_up = Instant::now() + KEEP_TRYING;
    let mut wait = FIRST_WAIT;
    let (mut tries, mut tries_at_shutdown, mut are_bills_safe) = (0, 0, false);
    loop {
        let error = match write(&inner.db, &inner.world, end, calls).await {
            Ok(usage) => return (usage, are_bills_safe),
            Err(error) => error,
        };
        tries += 1;
        tries_at_shutdown += u32::from(inner.shutdown.is_cancelled());
        inner.failed_ends.fetch_add(1, Ordering::Relaxed);
        log_failed(live, tries, &error);
        if !are_bills_safe && (tries >= TRIES_BEFORE_SPILL || tries_at_shutdown > 0) {
            are_bills_safe = inner.spill.keep_calls(live.scope.tenant(), calls, inner.world.now()).await;
        }
        let is_hopeless = !may_pass(&error) && tries >= FEW_TRIES;
        if is_hopeless || tries_at_shutdown >= TRIES_AT_SHUTDOWN || Instant::now() >= give_up {
            return (None, are_bills_safe);
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // Once: at shutdown the next try is at once, those after it wait as before.
            () = inner.shutdown.cancelled(), if tries_at_shutdown == 0 => {}
        }
        wait = LONGEST_WAIT.min(wait * 2);
    }
}

/// Whether the same write may succeed later: the database was away, busy, or broke a circle of waiting writers.
fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Db(db::Error::Unavailable(_) | db::Error::Sql(_)))
}

fn log_failed(live: &Live, attempt: u32, error: &Error) {
    let (request_id, turn) = (&live.request_id, live.turn());
    let error = error as &dyn std::error::Error;
    tracing::error!(request_id, %turn, attempt, error, "a turn's end was not written");
}

/// Writes an end with the bills of these calls. `None`: the turn is over or somebody else's already, and nothing was
/// changed.
async fn write(db: &Db, world: &World, end: &End<'_>, calls: &[(Hold, CallOutcome)]) -> Result<Option<TurnUsage>> {
    let mut tx = db.begin(end.scope).await?;
    let usage = write_in(&mut tx, world, end, calls).await?;
    if usage.is_some() {
        tx.commit().await?;
    }
    Ok(usage)
}

/// As [`write`], in the caller's transaction; `None` also where a bill still waits in the file of settlements.
pub(super) async fn write_in(
    tx: &mut Tx,
    world: &World,
    end: &End<'_>,
    calls: &[(Hold, CallOutcome)],
) -> Result<Option<TurnUsage>> {
    let (scope, turn, now) = (end.scope, end.ids.turn, world.now());
    let status = match end.status {
        MessageStatus::Complete => TurnStatus::Finished,
        MessageStatus::Stopped => TurnStatus::Stopped,
        MessageStatus::Failed(_) => TurnStatus::Failed,
        MessageStatus::Running => return Err(Error::internal("a turn cannot end as running")),
    };
    // Everybody locks in this order: conversation, turn, books. A deleted conversation stays where it is.
    conversation_touch(scope, tx, end.ids.conversation, None, now).await?;
    // The fence: what follows happens once.
    let is_ours = turn_end(scope, tx, turn, end.lease_token, end.lapsed_before, (status, end.last_seq), now).await?;
    if !is_ours {
        return Ok(None);
    }
    if !usage::settle_turn(scope, tx, world, turn, calls).await? {
        return Ok(None);
    }
    let duration_ms = now.0.saturating_sub(end.started_at.0).saturating_sub(end.timing.waited_ms).max(0);
    let mut usage = usage::turn_usage(scope, tx, turn, duration_ms).await?;
    (usage.first_token_ms, usage.tool_ms) = (end.timing.first_token_ms, end.timing.tool_ms);
    // An answer that went on after it had stopped: what it cost before counts, too.
    let before = message_find(scope, tx, end.ids.assistant_message).await?;
    let parts_before = before.as_ref().map_or(&[][..], |message| &message.parts);
    usage::note_tools(scope, tx, end.started_at, parts_before, &end.parts, &usage).await?;
    if let Some(before) = before.and_then(|message| message.usage) {
        usage = together(&before, &usage);
    }
    let (model_content, model_bytes) = remember(&end.messages, &end.parts)?;
    let message = MessageEnd { parts: &end.parts, model_content, model_bytes, status: &end.status, usage: &usage };
    message_finish(scope, tx, end.ids.assistant_message, message).await?;
    turn_events_delete(scope, tx, turn).await?;
    turn_checkpoint_delete(scope, tx, turn).await?;
    Ok(Some(usage))
}

/// What an answer of two turns cost; the first word is the first one's.
fn together(before: &TurnUsage, now: &TurnUsage) -> TurnUsage {
    TurnUsage {
        tokens: before.tokens.and(&now.tokens),
        cost: Money(before.cost.0.saturating_add(now.cost.0)),
        quality: before.quality.max(now.quality),
        calls: before.calls.saturating_add(now.calls),
        duration_ms: before.duration_ms.saturating_add(now.duration_ms),
        first_token_ms: before.first_token_ms.or(now.first_token_ms),
        tool_ms: before.tool_ms.saturating_add(now.tool_ms),
    }
}

/// What later prompts need of this message, and its size. Plain text is not stored twice.
fn remember(messages: &[Message], parts: &[Part]) -> Result<(Option<String>, i64)> {
    let is_plain = messages.iter().flat_map(|message| &message.content).all(|c| matches!(c, Content::Text { .. }));
    if is_plain {
        return Ok((None, stored_bytes(&text_of(parts))));
    }
    let json = serde_json::to_string(messages).map_err(Error::internal)?;
    let bytes = stored_bytes(&json);
    Ok((Some(json), bytes))
}

/// The terminal event of an end.
pub(super) fn terminal(status: &MessageStatus, usage: TurnUsage) -> TurnEvent {
    match status {
        MessageStatus::Complete | MessageStatus::Running => TurnEvent::Finished { usage },
        MessageStatus::Stopped => TurnEvent::Stopped { usage },
        MessageStatus::Failed(error) => TurnEvent::Failed { error: error.clone() },
    }
}
