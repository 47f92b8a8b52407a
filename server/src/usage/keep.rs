//! What keeps the books while the server runs: settlements that waited in a file are written when the database is back,
//! and the books are audited now and then, for the metrics; the database's planner is told when they have grown.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::{Spill, audit_books};
use crate::{
    db::{Db, statistics::statistics_refresh},
    world::World,
};

/// How often the file is looked at.
const REPLAY_EVERY: Duration = Duration::from_secs(2);
/// The same for a file of which the last look left something.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The first audit, once the server has found its pace.
const FIRST_AUDIT_AFTER: Duration = Duration::from_secs(60);
const AUDIT_EVERY: Duration = Duration::from_secs(600);
/// An audit reads all of the books; one that takes longer is given up.
const AUDIT_WITHIN: Duration = Duration::from_secs(120);
/// How often is looked whether tables have grown.
const STATISTICS_EVERY: Duration = Duration::from_secs(5);

/// Keeps the books until the server goes down. One per process.
pub async fn keep_books(db: Db, world: World, spill: Spill, shutdown: CancellationToken) {
    metrics::describe_gauge!("steward_books_balanced", "1: the last audit found the books balanced; 0: it did not");
    metrics::describe_gauge!("steward_audit_last_seconds", "when the last audit ended, seconds since 1970");
    metrics::describe_gauge!("steward_audit_took_seconds", "how long the last audit took");
    let mut replay = interval(REPLAY_EVERY);
    replay.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut audit = interval_at(Instant::now() + FIRST_AUDIT_AFTER, AUDIT_EVERY);
    audit.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut statistics = interval(STATISTICS_EVERY);
    statistics.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = replay.tick() => {
                if replay_once(&db, &world, &spill).await && !spill.is_empty() {
                    // What is left there is another database's.
                    replay.reset_after(LOOK_AGAIN_AFTER);
                }
            }
            _ = statistics.tick() => if let Err(error) = statistics_refresh(&db).await {
                // Slower at worst, and autovacuum does the same.
                tracing::debug!(error = &error as &dyn std::error::Error, "no new statistics");
            },
            _ = audit.tick() => tokio::select! {
                () = shutdown.cancelled() => return,
                () = audit_once(&db, &world) => {}
            },
        }
    }
}

/// Writes what waits in the file, if the database is there; whether it was.
pub async fn replay_once(db: &Db, world: &World, spill: &Spill) -> bool {
    let done = spill.replay(db, world).await;
    if let Err(error) = &done {
        tracing::warn!(error = error as &dyn std::error::Error, "settlements go on waiting in their file");
    }
    done.is_ok()
}

/// Audits the books for the metrics.
pub async fn audit_once(db: &Db, world: &World) {
    let began = Instant::now();
    match timeout(AUDIT_WITHIN, audit_books(db)).await {
        Ok(Ok(violations)) => {
            metrics::gauge!("steward_books_balanced").set(if violations.is_empty() { 1.0 } else { 0.0 });
            metrics::gauge!("steward_audit_took_seconds").set(began.elapsed().as_secs_f64());
            let at = u32::try_from(world.now().0.div_euclid(1_000)).unwrap_or(u32::MAX);
            metrics::gauge!("steward_audit_last_seconds").set(f64::from(at));
            for violation in violations.iter().take(20) {
                tracing::error!(%violation, "the books do not balance");
            }
        }
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the books could not be audited");
        }
        Err(_) => {
            metrics::counter!("steward_audits_given_up_total").increment(1);
            tracing::warn!(seconds = AUDIT_WITHIN.as_secs(), "an audit took too long; run `steward audit`");
        }
    }
}
