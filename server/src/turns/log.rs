//! The log of a turn in memory: numbered events, and what a client needs that has seen some of them. Pure.

use app::model::{Part, TurnEnvelope, TurnEvent, TurnId};

use super::transcript::fold;

/// How far a turn is, for its followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// The last event is terminal.
    Over,
    /// The end was not written by us: the database knows.
    Lost,
}

/// The events of a turn; an event's sequence number is its place, from 1.
#[derive(Debug)]
pub(super) struct Log {
    turn: TurnId,
    events: Vec<TurnEvent>,
    /// How many of them are in the database.
    written: usize,
    phase: Phase,
}

fn seq(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Log {
    #[cfg(test)]
    pub(super) fn new(turn: TurnId) -> Self {
        Self { turn, events: Vec::new(), written: 0, phase: Phase::Running }
    }

    /// A log that goes on: these events are in the database.
    pub(super) fn restored(turn: TurnId, events: Vec<TurnEvent>) -> Self {
        Self { turn, written: events.len(), events, phase: Phase::Running }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Appends an event. `false`: the turn is over and nothing comes any more.
    pub(super) fn push(&mut self, event: TurnEvent) -> bool {
        if self.phase != Phase::Running {
            return false;
        }
        if event.is_terminal() {
            self.phase = Phase::Over;
        }
        self.events.push(event);
        true
    }

    /// The end was not written by us.
    pub(super) fn lose(&mut self) {
        if self.phase == Phase::Running {
            self.phase = Phase::Lost;
        }
    }

    pub(super) fn last_seq(&self) -> u64 {
        seq(self.events.len())
    }

    /// The message so far.
    pub(super) fn parts(&self) -> Vec<Part> {
        fold(Vec::new(), self.events.iter().cloned())
    }

    /// What a client that has seen `after` needs. One that knows more than there is (it saw events that a crash took
    /// back, or the end already) gets everything anew.
    pub(super) fn after(&self, after: u64) -> Vec<TurnEnvelope> {
        let last = self.events.len();
        let envelope = |seq: u64, event: TurnEvent| TurnEnvelope { turn: self.turn, seq, event };
        let known = usize::try_from(after).unwrap_or(usize::MAX);
        let is_beyond = known > last || (known == last && self.phase == Phase::Over);
        if !is_beyond {
            let rest = self.events.iter().enumerate().skip(known);
            return rest.map(|(at, event)| envelope(seq(at + 1), event.clone())).collect();
        }
        let terminal = self.events.last().filter(|event| event.is_terminal());
        let snapshot = TurnEvent::Snapshot { parts: self.parts() };
        let mut anew = vec![envelope(seq(last - usize::from(terminal.is_some())), snapshot)];
        anew.extend(terminal.map(|event| envelope(seq(last), event.clone())));
        anew
    }

    /// Events that are not in the database yet: how many come before them, and they.
    pub(super) fn unwritten(&self) -> (usize, Vec<TurnEvent>) {
        (self.written, self.events.iter().skip(self.written).cloned().collect())
    }

    pub(super) fn has_unwritten(&self) -> bool {
        self.written < self.events.len()
    }

    pub(super) fn mark_written(&mut self, written: usize) {
        self.written = self.written.max(written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::model::{Money, Quality, Tokens, TurnUsage};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn finished() -> TurnEvent {
        let usage = TurnUsage {
            tokens: Tokens::default(),
            cost: Money(0),
            quality: Quality::Exact,
            calls: 1,
            duration_ms: 1,
            first_token_ms: None,
            tool_ms: 0,
        };
        TurnEvent::Finished { usage }
    }

    fn log(texts: &[String], is_over: bool) -> Log {
        let mut log = Log::new(TurnId(Uuid::nil()));
        for text in texts {
            assert!(log.push(TurnEvent::Text { text: text.clone() }));
        }
        if is_over {
            assert!(log.push(finished()));
        }
        log
    }

    fn text_of(parts: &[Part]) -> String {
        super::super::transcript::text_of(parts)
    }

    proptest! {
        #[test]
        fn cut_anywhere_the_rest_makes_it_whole(
            texts in prop::collection::vec("\\PC{1,5}", 0..20),
            cut in 0_u64..30,
            is_over: bool,
        ) {
            let log = log(&texts, is_over);
            // What a client had seen up to the cut; beyond the end: something a crash took back.
            let seen: Vec<TurnEvent> = log.events.iter().take(usize::try_from(cut).unwrap_or(0)).cloned().collect();
            let mut parts = fold(Vec::new(), seen);
            if cut > log.last_seq() {
                parts.push(Part::Text { text: "gone".into() });
            }
            let mut position = cut;
            for envelope in log.after(cut) {
                let is_snapshot = matches!(envelope.event, TurnEvent::Snapshot { .. });
                prop_assert!(is_snapshot || envelope.seq == position + 1);
                position = envelope.seq;
                parts = fold(parts, [envelope.event]);
            }
            prop_assert_eq!(text_of(&parts), texts.concat());
            prop_assert_eq!(position, log.last_seq());
            let ends = log.after(cut).iter().filter(|envelope| envelope.event.is_terminal()).count();
            prop_assert_eq!(ends, usize::from(is_over));
        }

        #[test]
        fn batches_write_every_event_once(texts in prop::collection::vec("[a-z]{1,3}", 0..20), every in 1_usize..5) {
            let mut log = Log::new(TurnId(Uuid::nil()));
            let mut written = Vec::new();
            for (at, text) in texts.iter().enumerate() {
                log.push(TurnEvent::Text { text: text.clone() });
                if at % every == 0 {
                    let (before, events) = log.unwritten();
                    prop_assert_eq!(before, written.len());
                    written.extend(events);
                    log.mark_written(written.len());
                }
            }
            written.extend(log.unwritten().1);
            prop_assert_eq!(written, log.events);
        }
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let mut over = log(&["a".into()], true);
        assert!(!over.push(finished()));
        over.lose();
        assert_eq!((over.phase(), over.last_seq()), (Phase::Over, 2));
    }
}
