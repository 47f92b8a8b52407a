//! The log's writer: one task for all turns of the process, so that their events share a commit. The same transaction
//! renews the leases, notes how far the open model calls are, and reads whether somebody asked to stop.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use app::model::{TenantId, Timestamp};
use futures::FutureExt as _;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{
    Inner,
    live::{Halt, Live},
};
use crate::{
    db::{
        Engine,
        turn_event::{NewTurnEvent, turn_events_append},
        turn_lease::turn_renew,
    },
    error::Result,
    usage,
};

/// A lease is renewed and a stop asked for elsewhere is noticed at least this often.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// What a write found out about a turn.
enum Found {
    Lost,
    Ours { written: usize, stop_requested: bool },
}

/// Writes until the server goes down and the last turn has ended. A panic is a bug, but no reason to lose every turn.
pub(super) async fn keep_running(inner: Arc<Inner>) {
    while AssertUnwindSafe(run(&inner)).catch_unwind().await.is_err() {
        tracing::error!("the writer of turns panicked and starts again");
        tokio::time::sleep(inner.config.write_every).await;
    }
}

async fn run(inner: &Inner) {
    let mut tick = interval_at(Instant::now() + inner.config.write_every, inner.config.write_every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_halted = false;
    loop {
        if inner.hub.len() == 0 {
            tokio::select! {
                () = inner.hub.busy() => {}
                () = inner.shutdown.cancelled() => return,
            }
        }
        tokio::select! {
            _ = tick.tick() => write_due(inner).await,
            () = inner.shutdown.cancelled(), if !is_halted => {
                is_halted = true;
                inner.hub.halt_all(Halt::Shutdown);
            }
        }
    }
}

/// One pass over everything that runs here.
async fn write_due(inner: &Inner) {
    let now = inner.world.now();
    let mut groups: BTreeMap<Option<TenantId>, Vec<Arc<Live>>> = BTreeMap::new();
    for live in inner.hub.all() {
        if live.is_due(RENEW_EVERY) {
            // PostgreSQL's row-level security takes one tenant per transaction, and it groups commits by itself.
            let group = match inner.db.engine() {
                Engine::Sqlite => None,
                Engine::Postgres => Some(live.scope.tenant()),
            };
            groups.entry(group).or_default().push(live);
        }
    }
    for mut group in groups.into_values() {
        // A fixed order, so that two writers never wait for each other in a circle.
        group.sort_by_key(|live| live.turn());
        let Err(error) = write(inner, &group, now).await else { continue };
        tracing::warn!(error = &error as &dyn std::error::Error, turns = group.len(), "the log was not written");
        if group.len() == 1 {
            continue;
        }
        // One bad turn must not keep the others from being written.
        for live in group {
            if let Err(error) = write(inner, std::slice::from_ref(&live), now).await {
                let turn = live.turn();
                tracing::warn!(error = &error as &dyn std::error::Error, %turn, "a turn's log was not written");
            }
        }
    }
}

async fn write(inner: &Inner, group: &[Arc<Live>], now: Timestamp) -> Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let lease_until = Timestamp(now.0.saturating_add(inner.config.lease_ms));
    let mut tx = inner.db.begin(&first.scope).await?;
    let mut found = Vec::with_capacity(group.len());
    let mut rows = Vec::new();
    for live in group {
        let (before, events) = live.unwritten();
        let written = before + events.len();
        let last_seq = u64::try_from(written).unwrap_or(u64::MAX);
        let renewed = turn_renew(&live.scope, &mut tx, live.turn(), live.lease_token, lease_until, last_seq).await?;
        let Some(stop_requested) = renewed else {
            found.push(Found::Lost);
            continue;
        };
        found.push(Found::Ours { written, stop_requested });
        let numbered = events.into_iter().zip(before + 1..);
        rows.extend(numbered.map(|(event, seq)| NewTurnEvent {
            scope: &live.scope,
            turn: live.turn(),
            seq: u64::try_from(seq).unwrap_or(u64::MAX),
            event,
        }));
        // Held by the engine only for moments, and never while it waits for the database.
        let call = live.call().read().await;
        if let Some(hold) = call.as_ref() {
            let known = live.progress();
            usage::checkpoint(&live.scope, &mut tx, &inner.world, hold, known.reported, known.received_bytes).await?;
        }
    }
    turn_events_append(&mut tx, rows).await?;
    tx.commit().await?;
    inner.log_commits.fetch_add(1, Ordering::Relaxed);
    metrics::counter!("steward_turn_log_commits_total").increment(1);
    for (live, found) in group.iter().zip(found) {
        match found {
            // A turn that ended meanwhile is over, not lost: its end was ours.
            Found::Lost => live.halt(Halt::Lost),
            Found::Ours { written, stop_requested } => {
                live.mark_written(written);
                if stop_requested {
                    live.halt(Halt::Stop);
                }
            }
        }
    }
    Ok(())
}
