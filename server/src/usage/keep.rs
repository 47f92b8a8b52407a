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
                // What is left there is another database's.
                if replay_once(&db, &world, &spill).await.is_some_and(|left| left > 0) {
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

/// Writes what waits in the file; how much of it is another database's and stays. `None`: the database is away.
pub async fn replay_once(db: &Db, world: &World, spill: &Spill) -> Option<usize> {
    match spill.replay_all(db, world).await {
        Ok((_, left)) => Some(left),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "settlements go on waiting in their file");
            None
        }
    }
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

#[cfg(test)]
mod tests {
    use app::model::Timestamp;
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::{db::DbConfig, world::MockClock};

    async fn empty_books() -> (tempfile::TempDir, Db, World) {
        let files = tempfile::tempdir().expect("a folder");
        let db = Db::open(&DbConfig::Sqlite { path: files.path().join("t.db") }).await.expect("a database");
        (files, db, World::mock(MockClock::at(Timestamp(5_000))))
    }

    /// The test's own task waits, the others go on.
    async fn until(condition: impl Fn() -> bool) {
        let patience = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), patience).await.expect("it never came");
    }

    #[tokio::test]
    async fn an_audit_is_told_to_the_metrics() {
        let (_files, db, world) = empty_books().await;
        let recorder = PrometheusBuilder::new().build_recorder();
        let _here = metrics::set_default_local_recorder(&recorder);
        audit_once(&db, &world).await;
        let told = recorder.handle().render();
        assert!(told.contains("steward_books_balanced 1") && told.contains("steward_audit_last_seconds 5"), "{told}");
    }

    #[tokio::test]
    async fn the_file_is_looked_at_again_and_again_and_the_first_audit_has_time() {
        let (files, db, world) = empty_books().await;
        let recorder = PrometheusBuilder::new().build_recorder();
        let _here = metrics::set_default_local_recorder(&recorder);
        let path = files.path().join("unsettled.jsonl");
        let (spill, stop) = (Spill::to(path.clone()), CancellationToken::new());
        let keeping = tokio::spawn(keep_books(db, world, spill.clone(), stop.clone()));
        for _ in 0..2 {
            // Nothing in it can be settled, so it is emptied.
            std::fs::write(&path, "\n").expect("a file");
            until(|| spill.is_empty()).await;
        }
        assert!(
            !recorder.handle().render().contains("steward_books_balanced 1"),
            "a server that starts has other work"
        );
        stop.cancel();
        keeping.await.expect("a clean end");
    }

    #[tokio::test]
    async fn who_replays_learns_whether_the_database_was_there() {
        let (files, db, world) = empty_books().await;
        let path = files.path().join("unsettled.jsonl");
        let line = r#"{"tenant":"00000000-0000-0000-0000-000000000000","call":"00000000-0000-0000-0000-000000000001","ending":"lost","reported":{"is_final":false},"received_bytes":0,"at":1}"#;
        std::fs::write(&path, line).expect("a file");
        let spill = Spill::to(path);
        assert_eq!(replay_once(&db, &world, &spill).await, Some(1), "the call is not in this database");
        db.close().await;
        assert_eq!(replay_once(&db, &world, &spill).await, None);
    }
}
