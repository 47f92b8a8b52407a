//! What a stream has to read for its reader: each thing once, however often it changed meanwhile.

use app::model::ConversationId;
use tokio::time::Instant;

/// Something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Conversation(ConversationId),
    Meter,
}

/// What is left to read, and when.
#[derive(Debug, Default)]
pub(super) struct Due {
    has_missed: bool,
    conversations: Vec<ConversationId>,
    meter_at: Option<Instant>,
    not_before: Option<Instant>,
}

impl Due {
    /// Changes were missed: the reader fetches everything, so nothing is read for it.
    pub(super) fn miss(&mut self) {
        self.has_missed = true;
        self.conversations.clear();
        self.meter_at = None;
    }

    pub(super) fn conversation(&mut self, id: ConversationId) {
        if !self.conversations.contains(&id) {
            self.conversations.push(id);
        }
    }

    /// The meter at `at`, unless it is due before.
    pub(super) fn meter(&mut self, at: Instant) {
        self.meter_at.get_or_insert(at);
    }

    pub(super) fn take_missed(&mut self) -> bool {
        std::mem::take(&mut self.has_missed)
    }

    /// The next thing to read now.
    pub(super) fn take(&mut self, now: Instant) -> Option<Read> {
        if self.not_before.is_some_and(|at| at > now) {
            return None;
        }
        self.not_before = None;
        if !self.conversations.is_empty() {
            return Some(Read::Conversation(self.conversations.remove(0)));
        }
        self.meter_at.take_if(|at| *at <= now).map(|_| Read::Meter)
    }

    /// `read` failed: it is due again, and nothing else before `at`.
    pub(super) fn again(&mut self, read: Read, at: Instant) {
        self.not_before = Some(at);
        match read {
            Read::Conversation(id) => self.conversation(id),
            Read::Meter => self.meter(at),
        }
    }

    /// Whether everything that is known to have changed was read: only then may a reader go on from here.
    pub(super) fn is_settled(&self) -> bool {
        self.conversations.is_empty() && self.meter_at.is_none() && !self.has_missed
    }

    /// When there is something to read.
    pub(super) fn next_at(&self) -> Option<Instant> {
        let at =
            if self.conversations.is_empty() { self.meter_at? } else { self.not_before.unwrap_or_else(Instant::now) };
        Some(self.not_before.map_or(at, |not_before| at.max(not_before)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> ConversationId {
        ConversationId(Uuid::from_u128(number))
    }

    #[test]
    fn each_thing_is_read_once_and_the_meter_last() {
        let now = Instant::now();
        let later = now + Duration::from_millis(200);
        let mut due = Due::default();
        assert!(due.is_settled() && due.next_at().is_none());
        due.meter(later);
        due.meter(later + Duration::from_secs(5));
        due.conversation(id(1));
        due.conversation(id(2));
        due.conversation(id(1));
        assert_eq!(due.take(now), Some(Read::Conversation(id(1))));
        assert!(!due.is_settled());
        assert_eq!(due.take(now), Some(Read::Conversation(id(2))));
        assert_eq!(due.take(now), None);
        assert_eq!(due.next_at(), Some(later));
        assert_eq!(due.take(later), Some(Read::Meter));
        assert_eq!(due.take(later), None);
        assert!(due.is_settled());
    }

    #[test]
    fn what_failed_waits_and_holds_up_the_rest() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut due = Due::default();
        due.conversation(id(1));
        let Some(read) = due.take(now) else { panic!("something to read") };
        due.again(read, later);
        due.conversation(id(2));
        assert_eq!((due.take(now), due.next_at()), (None, Some(later)));
        assert_eq!(due.take(later), Some(Read::Conversation(id(1))));
        assert_eq!(due.take(later), Some(Read::Conversation(id(2))));
    }

    #[test]
    fn who_missed_something_reads_everything_anyway() {
        let now = Instant::now();
        let mut due = Due::default();
        due.conversation(id(1));
        due.meter(now);
        due.miss();
        assert!(due.take_missed() && !due.take_missed());
        assert_eq!(due.take(now), None);
    }
}
