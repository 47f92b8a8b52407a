//! Background work: turns whose process is gone are ended, abandoned holds settled, deleted conversations removed.

use std::{sync::Arc, time::Duration};

use app::{
    backend::Caller,
    model::{MessageStatus, Part, SessionId, Timestamp, TurnStarted},
};
use tokio::time::MissedTickBehavior;

use super::{
    Inner, Turns, finish,
    finish::End,
    fold,
    live::{Timing, end_open_tool},
    park::{self, Reason},
    transcript::text_of,
    words,
};
use crate::{
    conversations,
    db::{
        Engine, SystemReason,
        turn::{TurnStatus, turn_find},
        turn_event::turn_events_after,
        turn_lease::{LapsedTurn, turns_lapsed, turns_waiting_due},
    },
    error::{Error, Result},
    models::{Content, Message, MessageRole},
    tenancy, usage,
};

const REAP_EVERY: Duration = Duration::from_secs(5);
/// Passes of the reaper between two of the sweeper, and of the purge.
const SWEEP_EACH: u32 = 3;
const PURGE_EACH: u32 = 60;
/// Turns ended in one pass.
const BATCH: i64 = 100;

impl Turns {
    /// Reaps, sweeps and purges every so often until the server goes down. One per process; several processes may run it.
    pub async fn run_background(self) {
        let mut tick = tokio::time::interval(REAP_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pass: u32 = 0;
        report("turns of the last run", self.reap_orphans().await);
        loop {
            tokio::select! {
                () = self.0.shutdown.cancelled() => return,
                _ = tick.tick() => {}
            }
            report("turns", self.reap().await);
            report("waiting turns", self.wake().await);
            if pass.is_multiple_of(SWEEP_EACH) {
                report("holds", self.sweep().await);
            }
            if pass.is_multiple_of(PURGE_EACH) {
                report("conversations", self.purge().await);
            }
            pass = pass.wrapping_add(1);
        }
    }

    /// Ends turns whose lease ran out: their process is gone. What they wrote stays, as interrupted. Returns how many.
    ///
    /// # Errors
    /// Database errors.
    pub async fn reap(&self) -> Result<u64> {
        self.reap_before(self.0.world.now()).await
    }

    /// Takes up waiting turns that can go on (decided, expired, stopped) and that nobody has taken up. Returns how many.
    ///
    /// # Errors
    /// Database errors.
    pub async fn wake(&self) -> Result<u64> {
        let inner = &self.0;
        let mut tx = inner.db.read_system(SystemReason::Reaper).await?;
        let mut due = Vec::new();
        for waiting in turns_waiting_due(&mut tx, inner.world.now(), BATCH).await? {
            match tenancy::resume(&mut tx, waiting.tenant, waiting.user).await? {
                Some(scope) => due.push((waiting.turn, scope)),
                None => tracing::error!(turn = %waiting.turn, "a waiting turn of nobody"),
            }
        }
        drop(tx);
        let mut woken = 0;
        for (turn, past) in due {
            let (scope, reason) = acting(inner, past, Reason::Look).await?;
            match park::look(inner, &scope, turn, reason).await {
                Ok(is_taken) => woken += u64::from(is_taken),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(%turn, error, "a waiting turn was not taken up");
                }
            }
        }
        Ok(woken)
    }

    /// At start: with the embedded database there is no other process, so turns whose leases are older than this process
    /// are abandoned, however long the leases last. Returns how many were ended; on PostgreSQL none.
    ///
    /// # Errors
    /// Database errors.
    pub async fn reap_orphans(&self) -> Result<u64> {
        match self.0.db.engine() {
            Engine::Sqlite => {
                let granted_by_us = self.0.started_at.0.saturating_add(self.0.config.lease_ms);
                self.reap_before(Timestamp(granted_by_us)).await
            }
            Engine::Postgres => Ok(0),
        }
    }

    /// Ends turns that do not run here and whose lease runs out before `limit`.
    async fn reap_before(&self, limit: Timestamp) -> Result<u64> {
        let inner = &self.0;
        let mut tx = inner.db.read_system(SystemReason::Reaper).await?;
        let mut scopes = Vec::new();
        for lapsed in turns_lapsed(&mut tx, limit, BATCH).await? {
            // It runs here after all (the database was away for long): its own engine ends it.
            if inner.hub.get(lapsed.turn).is_some() {
                continue;
            }
            match tenancy::resume(&mut tx, lapsed.tenant, lapsed.user).await? {
                Some(scope) => scopes.push((lapsed, scope)),
                None => tracing::error!(turn = %lapsed.turn, "an abandoned turn of nobody"),
            }
        }
        drop(tx);
        let mut ended = 0;
        for (lapsed, scope) in scopes {
            match take_up_or_end(inner, scope, lapsed, limit).await {
                Ok(is_ended) => ended += u64::from(is_ended),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(turn = %lapsed.turn, error, "an abandoned turn was not ended");
                }
            }
        }
        Ok(ended)
    }

    /// Settles holds whose lease ran out, save those of turns that run here. Returns how many.
    ///
    /// # Errors
    /// Database errors.
    pub async fn sweep(&self) -> Result<u64> {
        let inner = &self.0;
        let running_here: Vec<_> = inner.hub.all().iter().map(|live| live.turn()).collect();
        let mut tx = inner.db.begin_system(SystemReason::Sweeper).await?;
        let settled = usage::sweep(&mut tx, &inner.world, &running_here).await?;
        if settled > 0 {
            tx.commit(inner.world.id(), inner.world.now(), &format!("{settled} holds settled")).await?;
        }
        Ok(settled)
    }

    /// Removes conversations whose time to undo is over. Returns how many.
    ///
    /// # Errors
    /// Database errors.
    pub async fn purge(&self) -> Result<u64> {
        let inner = &self.0;
        let mut tx = inner.db.begin_system(SystemReason::Purge).await?;
        let removed = conversations::purge(&mut tx, inner.world.now()).await?;
        if removed > 0 {
            tx.commit(inner.world.id(), inner.world.now(), &format!("{removed} conversations removed")).await?;
        }
        Ok(removed)
    }
}

fn report(what: &'static str, done: Result<u64>) {
    match done {
        Ok(0) => {}
        Ok(count) => tracing::info!(what, count, "cleaned up"),
        Err(error) => tracing::warn!(what, error = &error as &dyn std::error::Error, "cleaning up failed"),
    }
}

/// The scope to go on with: a live membership, read again, or the person's past one to end with.
async fn acting(
    inner: &Inner,
    past: crate::db::TenantScope,
    reason: Reason,
) -> Result<(crate::db::TenantScope, Reason)> {
    let caller = Caller { user: past.user(), session: SessionId(uuid::Uuid::nil()), request_id: "reaper".to_owned() };
    match tenancy::enter(&inner.db, &caller, past.code()).await {
        Ok(live) => Ok((live, reason)),
        Err(Error::NotFound) => Ok((past, Reason::NoAccess)),
        Err(error) => Err(error),
    }
}

/// A turn whose process died while tools ran that had asked goes on; any other ends.
async fn take_up_or_end(
    inner: &Arc<Inner>,
    past: crate::db::TenantScope,
    lapsed: LapsedTurn,
    limit: Timestamp,
) -> Result<bool> {
    let (scope, reason) = acting(inner, past, Reason::Lapsed(limit)).await?;
    if reason != Reason::NoAccess && park::look(inner, &scope, lapsed.turn, reason).await? {
        return Ok(true);
    }
    reap_one(inner, &scope, lapsed, limit).await
}

async fn reap_one(inner: &Inner, scope: &crate::db::TenantScope, lapsed: LapsedTurn, limit: Timestamp) -> Result<bool> {
    let mut tx = inner.db.begin(scope).await?;
    let Some(turn) = turn_find(scope, &mut tx, lapsed.turn).await? else { return Ok(false) };
    if turn.status != TurnStatus::Running {
        return Ok(false);
    }
    let events = turn_events_after(scope, &mut tx, turn.id, 0, i64::MAX).await?;
    let last = events.last().map_or(0, |(seq, _)| *seq);
    let mut parts = fold(Vec::new(), events.into_iter().map(|(_, event)| event));
    for part in &mut parts {
        if let Part::Tool { call } = part {
            end_open_tool(call, "Not finished: the server stopped.");
        }
    }
    let status = if turn.stop_requested {
        MessageStatus::Stopped
    } else {
        MessageStatus::Failed(words::told(words::interrupted(&turn.request_id), scope.locale()))
    };
    let text = Content::Text { text: text_of(&parts) };
    let end = End {
        scope,
        ids: TurnStarted {
            conversation: turn.conversation,
            turn: turn.id,
            user_message: turn.user_message,
            assistant_message: turn.assistant_message,
        },
        lease_token: lapsed.lease_token,
        lapsed_before: Some(limit),
        started_at: turn.started_at,
        timing: Timing::default(),
        last_seq: last + 1,
        parts,
        messages: vec![Message { role: MessageRole::Assistant, content: vec![text] }],
        status,
    };
    if finish::write_in(&mut tx, &inner.world, &end, &[]).await?.is_none() {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}
