//! A turn that runs in this process: its numbered events in memory, its open model call, how it is stopped.
//!
//! An event's sequence number is its place in the log, from 1. Followers read the log themselves and are only woken, so
//! that a slow one loses nothing and holds nobody up.

use std::sync::{Mutex, MutexGuard, PoisonError};

use app::model::{Part, Timestamp, ToolCallStatus, TurnEnvelope, TurnEvent, TurnId, TurnStarted};
use tokio::{
    sync::{RwLock, watch},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::transcript::fold;
use crate::{
    db::TenantScope,
    models::ReportedUsage,
    usage::{CallOutcome, Ending, Hold},
};

/// Why a turn must end before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// Somebody asked to.
    Stop,
    /// The server goes down.
    Shutdown,
    /// The turn is no longer ours: somebody else ended it.
    Lost,
}

/// How far a turn is, for its followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// The last event is terminal.
    Over,
    /// The end was not written by us: the database knows.
    Lost,
}

/// A turn that runs here.
pub(super) struct Live {
    pub(super) scope: TenantScope,
    pub(super) ids: TurnStarted,
    pub(super) lease_token: Uuid,
    pub(super) request_id: String,
    pub(super) started_at: Timestamp,
    log: Mutex<Log>,
    /// Wakes followers; counts changes.
    changed: watch::Sender<u64>,
    halted: CancellationToken,
    halt: Mutex<Option<Halt>>,
    /// The open model call of the answer. Read-locked while the provider or the writer looks at it.
    call: RwLock<Option<Hold>>,
    progress: Mutex<CallOutcome>,
}

struct Log {
    events: Vec<TurnEvent>,
    /// How many of them are in the database.
    written: usize,
    phase: Phase,
    written_at: Instant,
}

/// A model call of which nothing is known yet: as if aborted.
const NOTHING_YET: CallOutcome = CallOutcome {
    ending: Ending::Aborted,
    reported: ReportedUsage {
        input: None,
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
        output: None,
        is_final: false,
    },
    received_bytes: 0,
};

/// A panic elsewhere leaves the data as it is; every step below keeps it consistent.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn seq(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Live {
    /// A turn just admitted, with the hold of its first model call.
    pub(super) fn new(
        scope: TenantScope,
        ids: TurnStarted,
        lease_token: Uuid,
        request_id: String,
        started_at: Timestamp,
        hold: Hold,
    ) -> Self {
        Self {
            scope,
            ids,
            lease_token,
            request_id,
            started_at,
            log: Mutex::new(Log { events: Vec::new(), written: 0, phase: Phase::Running, written_at: Instant::now() }),
            changed: watch::Sender::new(0),
            halted: CancellationToken::new(),
            halt: Mutex::new(None),
            call: RwLock::new(Some(hold)),
            progress: Mutex::new(NOTHING_YET),
        }
    }

    pub(super) fn turn(&self) -> TurnId {
        self.ids.turn
    }

    /// Appends an event, unless the turn is over.
    pub(super) fn publish(&self, event: TurnEvent) {
        {
            let mut log = lock(&self.log);
            if log.phase != Phase::Running {
                return;
            }
            if event.is_terminal() {
                log.phase = Phase::Over;
            }
            log.events.push(event);
        }
        self.wake();
    }

    /// The end was not written by us; followers go on in the database.
    pub(super) fn lose(&self) {
        {
            let mut log = lock(&self.log);
            if log.phase == Phase::Running {
                log.phase = Phase::Lost;
            }
        }
        self.halt(Halt::Lost);
        self.wake();
    }

    fn wake(&self) {
        self.changed.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What a client that has seen `after` needs, and how far the turn is. A client that knows more than there is (it saw
    /// events that a crash took back) gets everything anew.
    pub(super) fn after(&self, after: u64) -> (Vec<TurnEnvelope>, Phase) {
        let log = lock(&self.log);
        let last = log.events.len();
        let envelope = |seq: u64, event: TurnEvent| TurnEnvelope { turn: self.ids.turn, seq, event };
        let known = usize::try_from(after).unwrap_or(usize::MAX);
        let is_beyond = known > last || (known == last && log.phase == Phase::Over);
        if !is_beyond {
            let rest = log.events.iter().enumerate().skip(known);
            return (rest.map(|(at, event)| envelope(seq(at + 1), event.clone())).collect(), log.phase);
        }
        let parts = fold(Vec::new(), log.events.iter().cloned());
        let terminal = log.events.last().filter(|event| event.is_terminal());
        let snapshot_seq = seq(last - usize::from(terminal.is_some()));
        let mut anew = vec![envelope(snapshot_seq, TurnEvent::Snapshot { parts })];
        anew.extend(terminal.map(|event| envelope(seq(last), event.clone())));
        (anew, log.phase)
    }

    /// The message so far.
    pub(super) fn parts(&self) -> Vec<Part> {
        fold(Vec::new(), lock(&self.log).events.iter().cloned())
    }

    pub(super) fn last_seq(&self) -> u64 {
        seq(lock(&self.log).events.len())
    }

    /// Tool calls that will not come back say so.
    pub(super) fn fail_open_tools(&self, reason: &str) {
        for part in self.parts() {
            if let Part::Tool { mut call } = part
                && call.status == ToolCallStatus::Running
            {
                call.status = ToolCallStatus::Failed(reason.to_owned());
                self.publish(TurnEvent::ToolFinished { call });
            }
        }
    }

    /// Events that are not in the database yet: how many come before them, and they.
    pub(super) fn unwritten(&self) -> (usize, Vec<TurnEvent>) {
        let log = lock(&self.log);
        (log.written, log.events.iter().skip(log.written).cloned().collect())
    }

    /// Whether there is something to write, or the last write is `renew` ago.
    pub(super) fn is_due(&self, renew: Duration) -> bool {
        let log = lock(&self.log);
        log.phase == Phase::Running && (log.written < log.events.len() || log.written_at.elapsed() >= renew)
    }

    pub(super) fn mark_written(&self, written: usize) {
        let mut log = lock(&self.log);
        log.written = log.written.max(written);
        log.written_at = Instant::now();
    }

    /// Ends the turn early; the first reason counts.
    pub(super) fn halt(&self, reason: Halt) {
        lock(&self.halt).get_or_insert(reason);
        self.halted.cancel();
    }

    pub(super) async fn halted(&self) -> Halt {
        self.halted.cancelled().await;
        // The reason is set before the token is cancelled.
        lock(&self.halt).unwrap_or(Halt::Stop)
    }

    /// A fresh hold for the next model call.
    pub(super) async fn open_call(&self, hold: Hold) {
        *lock(&self.progress) = NOTHING_YET;
        *self.call.write().await = Some(hold);
    }

    pub(super) fn call(&self) -> &RwLock<Option<Hold>> {
        &self.call
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut CallOutcome)) {
        change(&mut lock(&self.progress));
    }

    pub(super) fn progress(&self) -> CallOutcome {
        *lock(&self.progress)
    }

    /// Takes the open call with what is known of it, to be settled.
    pub(super) async fn close_call(&self) -> Option<(Hold, CallOutcome)> {
        let hold = self.call.write().await.take()?;
        Some((hold, self.progress()))
    }
}
