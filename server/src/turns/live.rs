//! A turn that runs in this process: its log in memory, its open model call, how it is stopped.
//!
//! Followers read the log themselves and are only woken, so that a slow one loses nothing and holds nobody up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::model::{Part, Timestamp, ToolCallStatus, ToolCallView, TurnEnvelope, TurnEvent, TurnId, TurnStarted};
use tokio::{
    sync::{RwLock, watch},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    log::{Log, Phase},
    offer::Answering,
};
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

/// A turn that runs here.
pub(super) struct Live {
    pub(super) scope: TenantScope,
    pub(super) ids: TurnStarted,
    pub(super) lease_token: Uuid,
    pub(super) request_id: String,
    pub(super) started_at: Timestamp,
    /// Who writes the answer.
    pub(super) answering: Arc<Answering>,
    timing: Mutex<Timing>,
    began: Instant,
    log: Mutex<Log>,
    /// When it was last written to the database.
    written_at: Mutex<Instant>,
    /// Wakes followers; counts changes.
    changed: watch::Sender<u64>,
    halted: CancellationToken,
    halt: Mutex<Option<Halt>>,
    /// The open model call of the answer. Read-locked while the provider or the writer looks at it.
    call: RwLock<Option<Hold>>,
    progress: Mutex<CallOutcome>,
    /// Calls that are over and whose bill could not be written yet: it is with the turn's end.
    unsettled: Mutex<Vec<(Hold, CallOutcome)>>,
}

/// Where the time of a turn went, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Timing {
    /// From the start to the first word.
    pub(super) first_token_ms: Option<i64>,
    /// Running tools.
    pub(super) tool_ms: i64,
    /// Waiting for the person.
    pub(super) waited_ms: i64,
}

pub(super) fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A model call that was not sent yet. From the moment it is, it is [`Ending::Lost`] until more is known.
pub(super) const NOT_SENT: CallOutcome = CallOutcome {
    ending: Ending::NotBilled,
    reported: ReportedUsage {
        input: None,
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
        output: None,
        searches: None,
        open_rounds: 0,
        is_final: false,
    },
    received_bytes: 0,
};

/// A call that will not come back says so; `false`: it had ended.
pub(super) fn end_open_tool(call: &mut ToolCallView, reason: &str) -> bool {
    call.status = match call.status {
        ToolCallStatus::Running => ToolCallStatus::Failed(reason.to_owned()),
        ToolCallStatus::Waiting(_) => ToolCallStatus::Denied("The answer ended before; it was not run.".to_owned()),
        ToolCallStatus::Done | ToolCallStatus::Denied(_) | ToolCallStatus::Failed(_) => return false,
    };
    true
}

/// A panic elsewhere leaves the data as it is; every step below keeps it consistent.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a turn begins or goes on with.
pub(super) struct Beginning {
    pub(super) scope: TenantScope,
    pub(super) ids: TurnStarted,
    pub(super) lease_token: Uuid,
    pub(super) request_id: String,
    pub(super) started_at: Timestamp,
    pub(super) answering: Arc<Answering>,
    pub(super) timing: Timing,
    /// Its log so far, as the database has it.
    pub(super) events: Vec<TurnEvent>,
    /// Of its first model call, when it is reserved already.
    pub(super) hold: Option<Hold>,
}

impl Live {
    /// A turn that begins or goes on here.
    pub(super) fn new(beginning: Beginning) -> Self {
        let Beginning { scope, ids, lease_token, request_id, started_at, answering, timing, events, hold } = beginning;
        Self {
            scope,
            ids,
            lease_token,
            request_id,
            started_at,
            answering,
            timing: Mutex::new(timing),
            began: Instant::now(),
            log: Mutex::new(Log::restored(ids.turn, events)),
            written_at: Mutex::new(Instant::now()),
            changed: watch::Sender::new(0),
            halted: CancellationToken::new(),
            halt: Mutex::new(None),
            call: RwLock::new(hold),
            progress: Mutex::new(NOT_SENT),
            unsettled: Mutex::new(Vec::new()),
        }
    }

    /// Something was said: the first time is remembered.
    pub(super) fn heard(&self) {
        let mut timing = lock(&self.timing);
        if timing.first_token_ms.is_none() {
            timing.first_token_ms = Some(whole_ms(self.began.elapsed()));
        }
    }

    pub(super) fn add_tool_time(&self, time: Duration) {
        let mut timing = lock(&self.timing);
        timing.tool_ms = timing.tool_ms.saturating_add(whole_ms(time));
    }

    pub(super) fn timing(&self) -> Timing {
        *lock(&self.timing)
    }

    pub(super) fn turn(&self) -> TurnId {
        self.ids.turn
    }

    /// Appends an event, unless the turn is over.
    pub(super) fn publish(&self, event: TurnEvent) {
        // Let go of the log before waking: who is woken wants it at once.
        let is_news = lock(&self.log).push(event);
        if is_news {
            self.wake();
        }
    }

    /// The end was not written by us; followers go on in the database.
    pub(super) fn lose(&self) {
        lock(&self.log).lose();
        self.halt(Halt::Lost);
        self.wake();
    }

    fn wake(&self) {
        self.changed.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What a client that has seen `after` needs ([`Log::after`]), and how far the turn is.
    pub(super) fn after(&self, after: u64) -> (Vec<TurnEnvelope>, Phase) {
        let log = lock(&self.log);
        (log.after(after), log.phase())
    }

    /// The message so far.
    pub(super) fn parts(&self) -> Vec<Part> {
        lock(&self.log).parts()
    }

    pub(super) fn last_seq(&self) -> u64 {
        lock(&self.log).last_seq()
    }

    /// Tool calls that will not come back say so.
    pub(super) fn end_open_tools(&self, reason: &str) {
        for part in self.parts() {
            if let Part::Tool { mut call } = part
                && end_open_tool(&mut call, reason)
            {
                self.publish(TurnEvent::ToolFinished { call });
            }
        }
    }

    /// Events that are not in the database yet ([`Log::unwritten`]).
    pub(super) fn unwritten(&self) -> (usize, Vec<TurnEvent>) {
        lock(&self.log).unwritten()
    }

    /// Whether there is something to write, or the last write is `renew` ago.
    pub(super) fn is_due(&self, renew: Duration) -> bool {
        let (is_running, has_news) = {
            let log = lock(&self.log);
            (log.phase() == Phase::Running, log.has_unwritten())
        };
        is_running && (has_news || lock(&self.written_at).elapsed() >= renew)
    }

    pub(super) fn mark_written(&self, written: usize) {
        lock(&self.log).mark_written(written);
        *lock(&self.written_at) = Instant::now();
    }

    /// Ends the turn early; the first reason counts.
    pub(super) fn halt(&self, reason: Halt) {
        lock(&self.halt).get_or_insert(reason);
        self.halted.cancel();
    }

    /// Whether the server goes down.
    pub(super) fn is_shut_down(&self) -> bool {
        *lock(&self.halt) == Some(Halt::Shutdown)
    }

    pub(super) async fn halted(&self) -> Halt {
        self.halted.cancelled().await;
        // The reason is set before the token is cancelled.
        lock(&self.halt).unwrap_or(Halt::Stop)
    }

    /// As [`Live::halted`], if it is by now.
    pub(super) fn has_halted(&self) -> Option<Halt> {
        self.halted.is_cancelled().then(|| lock(&self.halt).unwrap_or(Halt::Stop))
    }

    /// A fresh hold for the next model call.
    pub(super) async fn open_call(&self, hold: Hold) {
        *lock(&self.progress) = NOT_SENT;
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

    /// Keeps a call whose bill could not be written, for the turn's end to settle.
    pub(super) fn leave_unsettled(&self, hold: Hold, outcome: CallOutcome) {
        lock(&self.unsettled).push((hold, outcome));
    }

    /// Takes everything that is to be settled with the turn's end.
    pub(super) async fn close_calls(&self) -> Vec<(Hold, CallOutcome)> {
        let open = self.close_call().await;
        let mut calls = std::mem::take(&mut *lock(&self.unsettled));
        calls.extend(open);
        calls
    }
}
