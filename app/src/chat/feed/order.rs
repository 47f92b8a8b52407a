//! A turn's events in their order: what comes twice is dropped, what comes too early waits for what is missing.

use crate::model::{TurnEnvelope, TurnEvent};

/// Events that may wait. More than that are dropped: they come again with what is missing.
const MAX_WAITING: usize = 2_048;

/// The order of one turn, from some event on.
#[derive(Debug)]
pub struct Order {
    seen: u64,
    is_over: bool,
    waiting: Vec<TurnEnvelope>,
}

impl Order {
    /// Everything up to `seen` is there.
    #[must_use]
    pub fn after(seen: u64) -> Self {
        Self { seen, is_over: false, waiting: vec![] }
    }

    /// The last event that was let through.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Whether events are missing.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Lets through what is next, of these events and of those that wait.
    ///
    /// A snapshot counts whatever its number, and so does an end: the server sends them when its log is shorter than what
    /// was seen, and goes on from there.
    pub fn take(&mut self, events: Vec<TurnEnvelope>) -> Vec<TurnEnvelope> {
        let mut ready = Vec::with_capacity(events.len());
        let mut waited = std::mem::take(&mut self.waiting);
        for envelope in events {
            self.place(envelope, &mut ready);
        }
        // What waited may be next now; it is in order.
        waited.append(&mut self.waiting);
        for envelope in waited {
            self.place(envelope, &mut ready);
        }
        ready
    }

    fn place(&mut self, envelope: TurnEnvelope, ready: &mut Vec<TurnEnvelope>) {
        if self.is_over {
            return;
        }
        let is_end = envelope.event.is_terminal();
        let is_snapshot = matches!(envelope.event, TurnEvent::Snapshot { .. });
        if envelope.seq > self.seen + 1 && !is_snapshot {
            if self.waiting.len() < MAX_WAITING {
                self.waiting.push(envelope);
            }
            return;
        }
        if envelope.seq <= self.seen && !is_snapshot && !is_end {
            return;
        }
        self.seen = envelope.seq;
        self.is_over = is_end;
        ready.push(envelope);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::model::{Part, TurnId};

    fn text(seq: u64) -> TurnEnvelope {
        TurnEnvelope { turn: TurnId(Uuid::from_u128(1)), seq, event: TurnEvent::Text { text: seq.to_string() } }
    }

    fn snapshot(seq: u64) -> TurnEnvelope {
        TurnEnvelope { event: TurnEvent::Snapshot { parts: vec![Part::Text { text: "all".into() }] }, ..text(seq) }
    }

    fn seqs(events: &[TurnEnvelope]) -> Vec<u64> {
        events.iter().map(|envelope| envelope.seq).collect()
    }

    #[test]
    fn what_is_early_waits_for_what_is_missing() {
        let mut order = Order::after(2);
        assert_eq!(seqs(&order.take(vec![text(2), text(3), text(6)])), [3]);
        assert!(order.has_gap());
        assert_eq!(seqs(&order.take(vec![text(7)])), [0u64; 0]);
        assert_eq!((order.seen(), order.has_gap()), (3, true));
        assert_eq!(seqs(&order.take(vec![text(4)])), [4]);
        assert_eq!(seqs(&order.take(vec![text(5)])), [5, 6, 7]);
        assert!(!order.has_gap());
    }

    #[test]
    fn a_shorter_log_wins() {
        let mut order = Order::after(9);
        assert_eq!(seqs(&order.take(vec![snapshot(4), text(5)])), [4, 5]);
        assert_eq!(order.seen(), 5);
        let mut order = Order::after(1);
        order.take(vec![text(5)]);
        assert_eq!(seqs(&order.take(vec![snapshot(8)])), [8], "and what waited is in it");
        assert!(!order.has_gap());
    }

    #[test]
    fn nothing_comes_behind_the_end() {
        let end = TurnEvent::Failed {
            error: crate::model::TurnError {
                code: crate::model::TurnErrorCode::Internal,
                message: String::new(),
                request_id: String::new(),
                refusal: None,
                retry_at: None,
            },
        };
        let mut order = Order::after(9);
        let end = TurnEnvelope { event: end, ..text(4) };
        assert_eq!(seqs(&order.take(vec![end.clone(), text(5), text(10)])), [4]);
        assert_eq!(seqs(&order.take(vec![end, snapshot(3)])), [0u64; 0]);
    }

    #[test]
    fn waiting_is_bounded_and_what_was_dropped_is_missed() {
        let mut order = Order::after(0);
        order.take((2..10_000).map(text).collect());
        assert_eq!(order.waiting.len(), MAX_WAITING);
        let ready = order.take(vec![text(1)]);
        assert_eq!(ready.len(), MAX_WAITING + 1);
        order.take(vec![text(10_000)]);
        assert!(order.has_gap());
    }

    proptest! {
        /// The stream has holes; another one, opened later at the place that was seen, fills them, both in pieces.
        #[test]
        fn every_event_once_and_in_order(
            total in 1u64..60,
            from in 0u64..20,
            holes in prop::collection::vec(0u64..60, 0..20),
            cuts in prop::collection::vec(1usize..7, 1..40),
        ) {
            let from = from.min(total);
            let mut order = Order::after(from);
            let mut ready = Vec::new();
            let main: Vec<u64> = (1..=total).filter(|seq| !holes.contains(seq)).collect();
            let mut rest = main.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                rest = later;
                ready.extend(order.take(now.iter().map(|seq| text(*seq)).collect()));
                if order.has_gap() {
                    let fill: Vec<_> = (order.seen() + 1..=total).take(*cut).map(text).collect();
                    ready.extend(order.take(fill));
                }
            }
            ready.extend(order.take((order.seen() + 1..=total).map(text).collect()));
            prop_assert_eq!(seqs(&ready), (from + 1..=total).collect::<Vec<_>>());
        }
    }
}
