//! Messages from before search knew them become findable after a start, little by little, beside the work of the day.

use std::collections::HashSet;

use tokio_util::sync::CancellationToken;

use crate::{
    db::{
        Db, SystemReason,
        search::{search_missing, search_put_old, search_put_old_title},
    },
    error::Result,
    world::World,
};

/// Messages in one transaction: others who write wait for no longer than that takes.
const BATCH: i64 = 100;

/// Indexes what is not indexed yet and returns how many messages that were. Several processes may do it at once.
///
/// # Errors
/// Database errors; what was indexed by then stays, the rest is done at the next start.
pub async fn index_old_messages(db: &Db, world: &World, shutdown: &CancellationToken) -> Result<u64> {
    let mut indexed = 0;
    while !shutdown.is_cancelled() {
        let batch = index_batch(db, world).await?;
        if batch == 0 {
            break;
        }
        indexed += batch;
        tracing::info!(indexed, "older messages become findable");
    }
    Ok(indexed)
}

async fn index_batch(db: &Db, world: &World) -> Result<u64> {
    // Asked before anything is locked: most of the time there is nothing to do.
    let mut look = db.read_system(SystemReason::SearchBackfill).await?;
    if search_missing(&mut look, 1).await?.is_empty() {
        return Ok(0);
    }
    drop(look);
    let mut tx = db.begin_system(SystemReason::SearchBackfill).await?;
    let batch = search_missing(&mut tx, BATCH).await?;
    let mut titled = HashSet::new();
    for old in &batch {
        if titled.insert((old.tenant, old.conversation)) {
            search_put_old_title(&mut tx, old).await?;
        }
        search_put_old(&mut tx, old).await?;
    }
    let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
    tx.commit(world.id(), world.now(), &format!("{count} messages became findable")).await?;
    Ok(count)
}
