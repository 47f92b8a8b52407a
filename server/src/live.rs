//! Live: everything that changes for one person in one tenant, as one stream, for the pages that show it.
//!
//! A stream listens to what is committed ([`crate::db::changes`]) and reads the rows again; answers being written are
//! followed through [`Turns::follow`], each from the place the page knows. Nothing is queued for a reader who is slow: a
//! turn's log is read when there is room, and who misses changes is told to look again ([`PersonEvent::Resync`]).
//!
//! To tell pages of another kind of change: a variant of [`crate::db::changes::Change`], announced by the database function
//! that writes it; what to read for it goes into [`Due`].
//!
//! What must hold: only the scope's person is read for; nobody waits for a stream.

mod due;

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use app::model::{PersonEvent, TurnEnvelope, TurnId};
use futures::{
    Stream, StreamExt as _,
    stream::{BoxStream, SelectAll},
};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    db::{
        Db, TenantScope,
        changes::{Change, Listening},
        conversation_list::conversation_summary,
        live::turns_open,
    },
    error::Result,
    turns::Turns,
    usage,
    world::World,
};
use due::{Due, Read};

/// Turns one stream may follow at once: more than a person may have running.
pub const MAX_TURNS: usize = 16;
/// The meter is read this long after a turn's end, so that several ends cost one reading.
const METER_AFTER: Duration = Duration::from_millis(200);
/// A reading that failed is made again after this long.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often it is asked for turns that run and are not followed: a change that got lost between processes.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long a stream waits for the ends of its turns when the server goes down.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The wait before listening to other processes again; doubled up to [`LISTEN_AGAIN_MAX`].
const LISTEN_AGAIN: Duration = Duration::from_millis(250);
const LISTEN_AGAIN_MAX: Duration = Duration::from_secs(10);

/// What a stream is made from.
#[derive(Clone)]
pub struct Live {
    pub db: Db,
    pub world: World,
    pub turns: Turns,
    /// Cancelled when the server goes down.
    pub shutdown: CancellationToken,
}

/// Where a page is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The place of the last [`Told`] it got, if any.
    pub place: Option<String>,
    /// Turns it follows, each with the last event it has.
    pub turns: Vec<(TurnId, u64)>,
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// To go on from here later; `None`: a turn's event, which has its own number.
    pub place: Option<String>,
    pub event: PersonEvent,
}

impl Live {
    /// Everything that changes for the scope's person, after what the page at `position` knows. Ends when the server goes
    /// down, after the ends of its turns.
    pub fn follow(&self, scope: TenantScope, position: Position) -> impl Stream<Item = Told> + Send + use<> {
        let live = self.clone();
        // Listening begins before anything is read, so that nothing falls in between.
        let listening = live.db.changes().listen(&scope, position.place.as_deref());
        events(live, scope, position.turns, listening)
    }

    async fn read(&self, scope: &TenantScope, read: Read) -> Result<PersonEvent> {
        let mut tx = self.db.read(scope).await?;
        Ok(match read {
            Read::Conversation(id) => match conversation_summary(scope, &mut tx, id).await? {
                Some(row) => PersonEvent::Conversation(row),
                None => PersonEvent::Gone(id),
            },
            Read::Meter => PersonEvent::Meter(usage::meter(scope, &mut tx, &self.world).await?),
        })
    }

    async fn open_turns(&self, scope: &TenantScope) -> Vec<TurnId> {
        let limit = i64::try_from(MAX_TURNS).unwrap_or(i64::MAX);
        let found = async {
            let mut tx = self.db.read(scope).await?;
            turns_open(scope, &mut tx, limit).await
        };
        match found.await {
            Ok(turns) => turns,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a stream did not learn what runs");
                vec![]
            }
        }
    }
}

/// The turns a stream follows.
#[derive(Default)]
struct Followed {
    ids: HashSet<TurnId>,
    streams: SelectAll<BoxStream<'static, TurnEnvelope>>,
}

impl Followed {
    /// Follows one more, unless it is followed already, not there, or one too many (it is found again later).
    async fn add(&mut self, live: &Live, scope: &TenantScope, turn: TurnId, after: u64) {
        if self.streams.len() >= MAX_TURNS || !self.ids.insert(turn) {
            return;
        }
        match live.turns.follow(scope, turn, after).await {
            Ok(events) => self.streams.push(events.boxed()),
            Err(error) => {
                self.ids.remove(&turn);
                tracing::debug!(%turn, error = &error as &dyn std::error::Error, "a stream does not follow a turn");
            }
        }
    }

    /// The next event of any of them; waits for ever when there is none. Cancel-safe.
    async fn next(&mut self) -> TurnEnvelope {
        match self.streams.next().await {
            Some(envelope) => envelope,
            None => std::future::pending().await,
        }
    }
}

fn events(
    live: Live,
    scope: TenantScope,
    asked: Vec<(TurnId, u64)>,
    mut listening: Listening,
) -> impl Stream<Item = Told> + Send {
    async_stream::stream! {
        let mut due = Due::default();
        let mut followed = Followed::default();
        let mut unheard = VecDeque::from(listening.missed().unwrap_or_else(|| vec![Change::Missed]));
        for (turn, after) in asked {
            followed.add(&live, &scope, turn, after).await;
        }
        for turn in live.open_turns(&scope).await {
            followed.add(&live, &scope, turn, 0).await;
        }
        let mut look = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_words: Option<Instant> = None;
        loop {
            while let Some(change) = unheard.pop_front().or_else(|| listening.try_next()) {
                match change {
                    Change::Missed => due.miss(),
                    Change::Conversation(id) => due.conversation(id),
                    Change::TurnStarted(turn) => followed.add(&live, &scope, turn, 0).await,
                    Change::TurnEnded(_) => due.meter(Instant::now() + METER_AFTER),
                    Change::TurnWritten(_) => {}
                }
            }
            if due.take_missed() {
                yield Told { place: Some(listening.place()), event: PersonEvent::Resync };
                for turn in live.open_turns(&scope).await {
                    followed.add(&live, &scope, turn, 0).await;
                }
            }
            while let Some(read) = due.take(Instant::now()) {
                match live.read(&scope, read).await {
                    Ok(event) => yield Told { place: due.is_settled().then(|| listening.place()), event },
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "a stream could not read what changed");
                        due.again(read, Instant::now() + AGAIN_AFTER);
                    }
                }
            }
            if last_words.is_some() && followed.streams.is_empty() {
                return;
            }
            let next_due = due.next_at();
            let over = last_words.or(next_due).unwrap_or_else(|| Instant::now() + LOOK_EVERY);
            tokio::select! {
                biased;
                () = live.shutdown.cancelled(), if last_words.is_none() => {
                    last_words = Some(Instant::now() + LAST_WORDS);
                }
                change = listening.next() => unheard.push_back(change),
                () = sleep_until(over), if last_words.is_some() || next_due.is_some() => {
                    if last_words.is_some() {
                        return;
                    }
                }
                envelope = followed.next() => yield Told { place: None, event: PersonEvent::Turn(envelope) },
                _ = look.tick() => {
                    for turn in live.open_turns(&scope).await {
                        followed.add(&live, &scope, turn, 0).await;
                    }
                }
            }
        }
    }
}

/// Hears what other processes commit until the server goes down; a lost connection is opened again.
pub async fn hear_others(db: Db, shutdown: CancellationToken) {
    let mut wait = LISTEN_AGAIN;
    loop {
        let since = Instant::now();
        let error = tokio::select! {
            () = shutdown.cancelled() => return,
            heard = db.hear_others() => match heard {
                Ok(()) => return,
                Err(error) => error,
            },
        };
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "other processes are not heard; followers look for themselves"
        );
        if since.elapsed() > LISTEN_AGAIN_MAX {
            wait = LISTEN_AGAIN;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = LISTEN_AGAIN_MAX.min(wait * 2);
    }
}
