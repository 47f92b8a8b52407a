//! Turns: one user request and all it causes, detached from any connection. See `architecture.md` §3 of the design.
//!
//! - [`Turns::start`] (`start.rs`) admits a turn in one transaction and spawns its engine.
//! - `engine.rs` asks the model and runs tools until the answer is done; `call.rs` makes one model call, `tool_calls.rs`
//!   runs what it asks for, `title.rs` names a new conversation, `prompt.rs` says what the model is told.
//! - A tool call that asks its person makes the turn wait: `batch.rs` is what it waits with, `park.rs` puts it down and
//!   takes it up again, in whatever process, `decide.rs` is the person's answer, `forms.rs` reads it.
//! - `again.rs` begins another answer to a message, or goes on with one that stopped; `offer.rs` has the models.
//! - `live.rs` is a turn that runs here, `log.rs` its numbered events; `hub.rs` has all of them. `writer.rs` writes the
//!   events of all turns in batches, renews their leases and notices stops from elsewhere.
//! - `follow.rs` gives a turn's events from any sequence number on, from memory or from the database.
//! - `finish.rs` is the one end of every turn; `reaper.rs` ends those whose process is gone.
//!
//! What must hold: a turn ends exactly once, with its message, its status and its bill in one transaction, fenced by its
//! lease; a tool call a person allowed begins to run once; every model call has its own hold; nothing waits without a limit; events are numbered from 1 without gaps.

mod again;
mod batch;
mod call;
mod decide;
mod engine;
mod finish;
mod follow;
mod forms;
mod hub;
mod live;
mod log;
mod offer;
mod park;
mod prompt;
mod reaper;
mod start;
mod title;
mod tool_calls;
mod transcript;
mod words;
mod writer;

pub use offer::{Answering, Models};
pub use transcript::fold;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use app::model::{Timestamp, TurnId};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    attachments,
    db::{
        Db, TenantScope,
        turn::{turn_find, turn_request_stop},
    },
    error::{Error, Result},
    models::Catalogue,
    tools::Registry,
    usage::Spill,
    world::World,
};
use hub::Hub;
use live::Halt;

/// Bounds of turns. The defaults are the product's; tests shorten waits.
#[derive(Clone, Debug)]
pub struct TurnsConfig {
    /// The most output tokens asked of one model call.
    pub max_output_tokens: i64,
    /// The most bytes of earlier messages sent along.
    pub max_history_bytes: i64,
    /// Model calls in a turn.
    pub max_steps: i64,
    /// Wall time of a turn; waiting for its person does not count.
    pub max_duration: Duration,
    /// Turns one person may have running at once in a tenant; those that wait for the person do not count.
    pub max_running_per_person: i64,
    /// How long a tool call waits for its person before it is denied, milliseconds.
    pub question_ms: i64,
    /// How long a turn stays ours without being renewed, milliseconds.
    pub lease_ms: i64,
    /// How often the log is written and stops are noticed.
    pub write_every: Duration,
    /// The shortest time between two text events of a turn; the first one goes out at once. The page spreads what comes
    /// evenly over up to 400 ms (`app::chat::smooth`), and an event of one short word is mostly frame.
    pub text_every: Duration,
    /// How long a call that its person stopped is still heard for what it cost.
    pub final_usage_within: Duration,
    /// How often a follower looks into the database when the turn runs in another process, should it not be told.
    pub poll_every: Duration,
    /// How long an answer that is done waits for its conversation's title.
    pub title_wait: Duration,
    /// The wait before the first retry of a model call; doubled for the second.
    pub retry_after: Duration,
    /// The longest wait before a retry, whatever the provider asks for.
    pub retry_after_max: Duration,
    /// Where the files of messages are.
    pub attachments: attachments::Store,
}

impl Default for TurnsConfig {
    fn default() -> Self {
        Self {
            max_output_tokens: 8_192,
            max_history_bytes: 96 * 1024,
            max_steps: 12,
            max_duration: Duration::from_secs(5 * 60),
            max_running_per_person: 3,
            question_ms: 10 * 60 * 1000,
            lease_ms: 30_000,
            write_every: Duration::from_millis(500),
            text_every: Duration::from_millis(120),
            final_usage_within: Duration::from_secs(2),
            poll_every: Duration::from_secs(2),
            title_wait: Duration::from_secs(3),
            retry_after: Duration::from_millis(500),
            retry_after_max: Duration::from_secs(10),
            attachments: attachments::Store::Database,
        }
    }
}

/// Everything that starts, runs, follows and ends turns. One per process; cheap to clone.
#[derive(Clone)]
pub struct Turns(Arc<Inner>);

struct Inner {
    config: TurnsConfig,
    db: Db,
    world: World,
    models: Models,
    catalogue: Catalogue,
    tools: Registry,
    /// Where bills wait that the database cannot take.
    spill: Spill,
    tracker: TaskTracker,
    /// Cancelled: no new turns, running ones end as interrupted.
    shutdown: CancellationToken,
    hub: Hub,
    log_commits: AtomicU64,
    failed_ends: AtomicU64,
    started_at: Timestamp,
}

impl Turns {
    /// Needs a running Tokio runtime: the writer starts at once. Everything spawned is on `tracker` and ends after
    /// `shutdown` is cancelled.
    #[expect(clippy::too_many_arguments, reason = "called once, where the parts are wired together")]
    #[must_use]
    pub fn new(
        config: TurnsConfig,
        db: Db,
        world: World,
        models: Models,
        catalogue: Catalogue,
        tools: Registry,
        spill: Spill,
        tracker: TaskTracker,
        shutdown: &CancellationToken,
    ) -> Self {
        let started_at = world.now();
        let inner = Arc::new(Inner {
            config,
            db,
            world,
            models,
            catalogue,
            tools,
            spill,
            tracker,
            shutdown: shutdown.child_token(),
            hub: Hub::default(),
            log_commits: AtomicU64::new(0),
            failed_ends: AtomicU64::new(0),
            started_at,
        });
        inner.tracker.spawn(writer::keep_running(inner.clone()));
        Self(inner)
    }

    /// Stops the caller's turn, wherever it runs. One that is over stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such turn of the caller.
    pub async fn stop(&self, scope: &TenantScope, turn: TurnId) -> Result<()> {
        let mut tx = self.0.db.begin(scope).await?;
        turn_find(scope, &mut tx, turn).await?.ok_or(Error::NotFound)?;
        turn_request_stop(scope, &mut tx, turn).await?;
        tx.commit().await?;
        self.stop_here(&[turn]);
        // One that waits runs nowhere.
        park::look(&self.0, scope, turn, park::Reason::Look).await?;
        Ok(())
    }

    /// Stops those of these turns that run in this process at once. Their rows already ask for it
    /// (`conversations::delete`), so that other processes stop theirs; those that wait end with the next
    /// [`Turns::wake`].
    pub fn stop_here(&self, turns: &[TurnId]) {
        for live in turns.iter().filter_map(|turn| self.0.hub.get(*turn)) {
            live.halt(Halt::Stop);
        }
    }

    /// How many turns run in this process.
    #[must_use]
    pub fn running_here(&self) -> usize {
        self.0.hub.len()
    }

    /// Commits the log's writer has made: of the order of seconds streamed, never of tokens.
    #[must_use]
    pub fn log_commits(&self) -> u64 {
        self.0.log_commits.load(Ordering::Relaxed)
    }

    /// Tries to write a turn's end that failed; each is made again.
    #[must_use]
    pub fn failed_ends(&self) -> u64 {
        self.0.failed_ends.load(Ordering::Relaxed)
    }

    /// Takes no new turns, ends the running ones as interrupted and waits until they are written, at most `limit`. What
    /// does not make it is ended by the reaper of the next start. Returns whether all made it.
    pub async fn shutdown(&self, limit: Duration) -> bool {
        self.0.shutdown.cancel();
        self.0.hub.halt_all(Halt::Shutdown);
        tokio::time::timeout(limit, self.0.hub.empty()).await.is_ok()
    }
}
