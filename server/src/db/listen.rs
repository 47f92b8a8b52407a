//! What other processes on the same PostgreSQL committed, heard by `LISTEN`.

use std::time::Duration;

use sqlx::{
    Executor as _,
    postgres::{PgListener, PgPoolOptions},
};

use super::{
    Error, Result,
    changes::{Changes, notices, parse_notice},
    connect::{Db, Pools},
    tx::Tx,
};

/// The channel of `NOTIFY`.
pub(super) const CHANNEL: &str = "steward";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that says nothing for so long is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(30);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

impl Db {
    /// What changes here.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Passes on what other processes committed, until the connection is lost; on SQLite there are none and this waits for
    /// ever. Whoever listens is told at the start that something may have been missed before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and others of the connection; then call it again, after a pause.
    pub async fn hear_others(&self) -> Result<()> {
        let Pools::Postgres(pool) = &self.pools else { return std::future::pending().await };
        // A connection of its own: the pool's are for transactions.
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT_TIMEOUT)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_with((*pool.connect_options()).clone())
            .await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.ignore_pool_close_event(true);
        listener.listen(CHANNEL).await?;
        self.changes.tell_missed();
        loop {
            match tokio::time::timeout(QUIET, listener.try_recv()).await {
                Ok(notification) => match notification? {
                    Some(notification) => self.pass_on(notification.payload()),
                    // Lost and connected again.
                    None => self.changes.tell_missed(),
                },
                Err(_) => {
                    let asked = tokio::time::timeout(ANSWER_TIMEOUT, listener.execute("SELECT 1")).await;
                    asked.map_err(|_| Error::Unavailable(sqlx::Error::PoolTimedOut))??;
                }
            }
        }
    }

    fn pass_on(&self, payload: &str) {
        let (epoch, changes) = parse_notice(payload);
        // Our own were told when they were committed.
        if epoch == Some(self.changes.epoch()) {
            return;
        }
        for (person, change) in changes {
            self.changes.tell(person, change);
        }
    }
}

/// Adds what is announced to a PostgreSQL transaction: told when it commits, and not otherwise.
pub(super) async fn notify(tx: &mut Tx) -> Result<()> {
    for notice in notices(tx.changes.epoch(), &tx.announced) {
        tx.query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(notice).execute().await?;
    }
    Ok(())
}
