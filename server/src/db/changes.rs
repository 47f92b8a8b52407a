//! What changed, told to whoever follows it: the pages of the person it belongs to, and followers of a turn that runs
//! in another process.
//!
//! A function that writes says so in its transaction ([`super::Tx::announce`]); only what is committed is told. Within the
//! process a change goes to the person's listeners; to the other processes of a PostgreSQL database it goes by `NOTIFY`,
//! ids alone (`listen.rs` beside this file). SQLite has one process.
//!
//! What must hold: nobody hears of another person's or tenant's changes; telling never waits; a listener that is too slow,
//! or a connection that was lost, is told so ([`Change::Missed`]) and looks at everything again.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use app::model::{ConversationId, TenantId, TurnId, UserId};
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};
use uuid::Uuid;

use super::TenantScope;

/// Something that was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A conversation is new, different or gone: its row says which.
    Conversation(ConversationId),
    TurnStarted(TurnId),
    /// A running turn's log goes on.
    TurnWritten(TurnId),
    /// A turn is over, and what it spent is booked.
    TurnEnded(TurnId),
    /// Something may have been missed: look at everything again.
    Missed,
}

/// One person in one tenant.
pub(super) type Person = (TenantId, UserId);

/// Changes kept, of everybody together, for listeners who come back.
const KEPT: usize = 4_096;
/// Changes a listener may be behind before it is told that it missed some.
const BEHIND: usize = 256;

/// Who listens, and what was told last. One per open database; cheap to clone.
#[derive(Clone, Default)]
pub struct Changes(Arc<Hub>);

#[derive(Default)]
struct Hub {
    /// Tells this run of this process from every other.
    epoch: OnceLock<Uuid>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of the change told last; the first is 1.
    last: u64,
    kept: VecDeque<(u64, Person, Change)>,
    listeners: HashMap<Person, broadcast::Sender<(u64, Change)>>,
}

impl Changes {
    /// Names this run of the process. The first name stays.
    pub fn begin(&self, epoch: Uuid) {
        let _named_before = self.0.epoch.set(epoch);
    }

    #[must_use]
    pub(super) fn epoch(&self) -> Uuid {
        self.0.epoch.get().copied().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the data as it is.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a person's listeners in this process.
    pub(super) fn tell(&self, person: Person, change: Change) {
        let mut state = self.state();
        let number = match change {
            // The log itself can be read again from any place.
            Change::TurnWritten(_) => state.last,
            _ => state.keep(person, change),
        };
        if let Some(listeners) = state.listeners.get(&person) {
            let _nobody_listens_any_more = listeners.send((number, change));
        }
    }

    /// Tells every listener that something may have been missed.
    pub(super) fn tell_missed(&self) {
        let mut state = self.state();
        // Nobody may go on from before this.
        state.kept.clear();
        state.last += 1;
        for listeners in state.listeners.values() {
            let _nobody_listens_any_more = listeners.send((state.last, Change::Missed));
        }
    }

    /// The place of somebody who listens from now on, as [`Listening::place`] gives it. Taken before something is read, it
    /// names what that reading may lack.
    #[must_use]
    pub fn place(&self) -> String {
        place_text(self.epoch(), self.state().last)
    }

    /// Listens to what changes for the scope's person from now on, or from `since` on ([`Listening::place`]) while that is
    /// remembered.
    #[must_use]
    pub fn listen(&self, scope: &TenantScope, since: Option<&str>) -> Listening {
        let person = (scope.tenant(), scope.user());
        let epoch = self.epoch();
        let since = since.and_then(|place| place_number(epoch, place));
        let mut state = self.state();
        let sender = state.listeners.entry(person).or_insert_with(|| broadcast::Sender::new(BEHIND));
        let receiver = sender.subscribe();
        let missed = since.and_then(|since| state.since(person, since));
        Listening { of: self.clone(), person, receiver: Some(receiver), epoch, last: state.last, missed }
    }
}

impl State {
    fn keep(&mut self, person: Person, change: Change) -> u64 {
        self.last += 1;
        self.kept.push_back((self.last, person, change));
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
        self.last
    }

    /// The person's changes after `since`; `None`: no longer (or never) known.
    fn since(&self, person: Person, since: u64) -> Option<Vec<Change>> {
        let oldest = self.kept.front().map_or(self.last + 1, |(number, ..)| *number);
        if since > self.last || since + 1 < oldest {
            return None;
        }
        let after = self.kept.iter().filter(|(number, whose, _)| *number > since && *whose == person);
        Some(after.map(|(_, _, change)| *change).collect())
    }
}

/// Somebody who listens, until dropped.
pub struct Listening {
    of: Changes,
    person: Person,
    receiver: Option<broadcast::Receiver<(u64, Change)>>,
    epoch: Uuid,
    last: u64,
    missed: Option<Vec<Change>>,
}

impl Listening {
    /// What changed between the place given and now; `None`: that is not known (any more).
    pub fn missed(&mut self) -> Option<Vec<Change>> {
        self.missed.take()
    }

    /// The next change. Cancel-safe. Who was too slow is told [`Change::Missed`].
    pub async fn next(&mut self) -> Change {
        let Some(receiver) = &mut self.receiver else { return std::future::pending().await };
        match receiver.recv().await {
            Ok((number, change)) => {
                self.last = number;
                change
            }
            Err(RecvError::Lagged(_)) => Change::Missed,
            // The sender is gone only when nobody listens, and this does.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    /// The next change, if there is one already.
    pub fn try_next(&mut self) -> Option<Change> {
        match self.receiver.as_mut()?.try_recv() {
            Ok((number, change)) => {
                self.last = number;
                Some(change)
            }
            Err(TryRecvError::Lagged(_)) => Some(Change::Missed),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }

    /// Where this listener is: to go on from there later, in the same process.
    #[must_use]
    pub fn place(&self) -> String {
        place_text(self.epoch, self.last)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.of.state();
        self.receiver = None;
        if state.listeners.get(&self.person).is_some_and(|sender| sender.receiver_count() == 0) {
            state.listeners.remove(&self.person);
        }
    }
}

fn place_text(epoch: Uuid, number: u64) -> String {
    let mut place = epoch.simple().to_string();
    place.push('-');
    place.push_str(&number.to_string());
    place
}

/// The number in a place of this run; `None`: another run's, or nonsense.
fn place_number(epoch: Uuid, place: &str) -> Option<u64> {
    let (of, number) = place.split_once('-')?;
    let is_plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    if !is_plain || Uuid::try_parse(of).ok()? != epoch {
        return None;
    }
    number.parse().ok()
}

/// The longest payload of `NOTIFY` is 8,000 bytes (PostgreSQL, "NOTIFY"); a change takes 101.
const CHANGES_IN_A_NOTICE: usize = 64;

/// Changes as texts for the other processes: `epoch tenant:user:kind:id …`.
pub(super) fn notices(epoch: Uuid, announced: &[(Person, Change)]) -> Vec<String> {
    let notice = |some: &[(Person, Change)]| {
        let mut text = epoch.simple().to_string();
        for ((tenant, user), change) in some {
            let (kind, id) = match change {
                Change::Conversation(id) => ('c', id.0),
                Change::TurnStarted(id) => ('s', id.0),
                Change::TurnWritten(id) => ('w', id.0),
                Change::TurnEnded(id) => ('e', id.0),
                Change::Missed => continue,
            };
            text.push_str(&format!(" {}:{}:{kind}:{}", tenant.0.simple(), user.0.simple(), id.simple()));
        }
        text
    };
    announced.chunks(CHANGES_IN_A_NOTICE).map(notice).collect()
}

/// Reads a notice: the run that sent it, and its changes. What cannot be read (a newer version's) is left out.
pub(super) fn parse_notice(text: &str) -> (Option<Uuid>, Vec<(Person, Change)>) {
    let mut words = text.split(' ');
    let epoch = words.next().and_then(|word| Uuid::try_parse(word).ok());
    (epoch, words.filter_map(parse_change).collect())
}

fn parse_change(word: &str) -> Option<(Person, Change)> {
    let mut pieces = word.split(':');
    let tenant = TenantId(Uuid::try_parse(pieces.next()?).ok()?);
    let user = UserId(Uuid::try_parse(pieces.next()?).ok()?);
    let kind = pieces.next()?;
    let id = Uuid::try_parse(pieces.next()?).ok()?;
    if pieces.next().is_some() {
        return None;
    }
    let change = match kind {
        "c" => Change::Conversation(ConversationId(id)),
        "s" => Change::TurnStarted(TurnId(id)),
        "w" => Change::TurnWritten(TurnId(id)),
        "e" => Change::TurnEnded(TurnId(id)),
        _ => return None,
    };
    Some(((tenant, user), change))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANA: Person = (TenantId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
    const BUDI: Person = (TenantId(Uuid::from_u128(1)), UserId(Uuid::from_u128(3)));

    fn conversation(number: u128) -> Change {
        Change::Conversation(ConversationId(Uuid::from_u128(number)))
    }

    #[test]
    fn who_comes_back_hears_what_was_theirs_or_that_it_is_forgotten() {
        let mut state = State::default();
        assert_eq!(state.since(ANA, 0), Some(vec![]));
        assert_eq!(state.since(ANA, 1), None, "a place that never was");
        state.keep(ANA, conversation(10));
        state.keep(BUDI, conversation(11));
        state.keep(ANA, conversation(12));
        assert_eq!(state.since(ANA, 0), Some(vec![conversation(10), conversation(12)]));
        assert_eq!(state.since(ANA, 1), Some(vec![conversation(12)]));
        assert_eq!(state.since(BUDI, 3), Some(vec![]));
        for _ in 0..KEPT {
            state.keep(BUDI, conversation(13));
        }
        assert_eq!(state.since(ANA, 2), None, "too long ago");
        assert_eq!(state.since(ANA, 3), Some(vec![]));
        assert_eq!(state.kept.len(), KEPT);
    }

    #[test]
    fn a_place_counts_in_its_own_run_only() {
        let (epoch, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let place = place_text(epoch, 12);
        assert_eq!(place_number(epoch, &place), Some(12));
        assert_eq!(place_number(other, &place), None);
        for nonsense in ["", "-", "12", "x-12", &format!("{}-+1", epoch.simple()), &format!("{}-", epoch.simple())] {
            assert_eq!(place_number(epoch, nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn notices_fit_and_say_the_same_at_the_other_end() {
        let epoch = Uuid::from_u128(u128::MAX);
        let all: Vec<_> = (0..200)
            .map(|n| match n % 4 {
                0 => (ANA, conversation(n)),
                1 => (BUDI, Change::TurnStarted(TurnId(Uuid::from_u128(n)))),
                2 => (BUDI, Change::TurnWritten(TurnId(Uuid::from_u128(n)))),
                _ => (ANA, Change::TurnEnded(TurnId(Uuid::from_u128(n)))),
            })
            .collect();
        let notices = notices(epoch, &all);
        assert!(notices.len() == 4 && notices.iter().all(|notice| notice.len() < 8_000));
        let heard: Vec<_> = notices.iter().flat_map(|notice| parse_notice(notice).1).collect();
        assert_eq!(heard, all);
        assert!(notices.iter().all(|notice| parse_notice(notice).0 == Some(epoch)));
    }

    proptest! {
        #[test]
        fn whatever_is_notified_is_read_without_harm(text in "\\PC{0,200}|[0-9a-f: csw]{0,200}") {
            let (_, changes) = parse_notice(&text);
            prop_assert!(changes.len() <= text.len());
        }
    }
}
