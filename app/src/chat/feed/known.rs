//! What a page knows of turns from its stream: how far each is, and the last events of those it does not show.
//!
//! A conversation that is opened while its answer is being written goes on from here: the view ends at some event, and what
//! the stream brought since is kept for it. What is no longer kept leaves a gap, which is fetched.

use std::collections::VecDeque;

use crate::model::{TurnEnvelope, TurnEvent, TurnId};

/// Turns remembered at once.
const MAX_TURNS: usize = 8;
/// Events remembered of each.
const MAX_EVENTS: usize = 512;

/// Turns of the stream, the one heard of last at the end.
#[derive(Debug, Default)]
pub struct Known(Vec<Turn>);

#[derive(Debug)]
struct Turn {
    id: TurnId,
    /// The last event of the stream.
    last: u64,
    is_over: bool,
    kept: VecDeque<TurnEnvelope>,
}

impl Known {
    /// Takes note of an event; `keep` it, too, for whoever shows the turn later.
    pub fn note(&mut self, envelope: &TurnEnvelope, keep: bool) {
        let turn = self.turn(envelope.turn);
        let is_snapshot = matches!(envelope.event, TurnEvent::Snapshot { .. });
        // Sent again, from an earlier place.
        if envelope.seq <= turn.last && !is_snapshot && !envelope.event.is_terminal() {
            return;
        }
        if turn.kept.back().is_some_and(|before| before.seq == envelope.seq) && !is_snapshot {
            return;
        }
        turn.last = envelope.seq;
        turn.is_over |= envelope.event.is_terminal();
        if !keep {
            turn.kept.clear();
            return;
        }
        if is_snapshot {
            turn.kept.clear();
        }
        turn.kept.push_back(envelope.clone());
        if turn.kept.len() > MAX_EVENTS {
            turn.kept.pop_front();
        }
    }

    fn turn(&mut self, id: TurnId) -> &mut Turn {
        let turn = match self.0.iter().position(|turn| turn.id == id) {
            Some(place) => self.0.remove(place),
            None => {
                if self.0.len() >= MAX_TURNS {
                    self.0.remove(0);
                }
                Turn { id, last: 0, is_over: false, kept: VecDeque::new() }
            }
        };
        self.0.push(turn);
        // Just pushed.
        let end = self.0.len() - 1;
        &mut self.0[end]
    }

    /// Whether the stream has said anything of the turn.
    #[must_use]
    pub fn has(&self, turn: TurnId) -> bool {
        self.0.iter().any(|known| known.id == turn)
    }

    /// What was kept of the turn behind event `seen`, in order; no longer kept.
    pub fn take_after(&mut self, turn: TurnId, seen: u64) -> Vec<TurnEnvelope> {
        let Some(known) = self.0.iter_mut().find(|known| known.id == turn) else { return vec![] };
        let kept = std::mem::take(&mut known.kept);
        kept.into_iter().filter(|envelope| envelope.seq > seen || envelope.event.is_terminal()).collect()
    }

    /// Where the stream goes on: the turns that are not over and how far each is, with what the page follows itself.
    #[must_use]
    pub fn positions(&self, following: Option<(TurnId, u64)>) -> Vec<(TurnId, u64)> {
        let running = self.0.iter().filter(|turn| !turn.is_over);
        let mut positions: Vec<_> = running.map(|turn| (turn.id, turn.last)).collect();
        if let Some((turn, seen)) = following {
            match positions.iter_mut().find(|(id, _)| *id == turn) {
                // The page may lack what the stream brought.
                Some((_, last)) => *last = seen.min(*last),
                None => positions.push((turn, seen)),
            }
        }
        positions
    }
}

/// `turns=…&last=…` of the stream's address.
#[must_use]
pub fn query(positions: &[(TurnId, u64)], place: &str) -> String {
    let mut query = String::from("turns=");
    for (at, (turn, seen)) in positions.iter().enumerate() {
        if at > 0 {
            query.push(',');
        }
        query.push_str(&turn.to_string());
        query.push(':');
        query.push_str(&seen.to_string());
    }
    query.push_str("&last=");
    query.push_str(place);
    query
}

/// Whether who stands at `ours` may lack what was told up to `theirs`: places as the server gives them, a run of the server
/// and a number in it. Another run's numbers say nothing.
#[must_use]
pub fn is_behind(ours: &str, theirs: &str) -> bool {
    if ours == theirs || theirs.is_empty() {
        return false;
    }
    let read = |place: &str| {
        let (run, number) = place.split_once('-')?;
        Some((run.to_owned(), number.parse::<u64>().ok()?))
    };
    match (read(ours), read(theirs)) {
        (Some((our_run, ours)), Some((their_run, theirs))) if our_run == their_run => ours < theirs,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::chat::transcript::{Applied, Transcript};

    fn id(number: u128) -> TurnId {
        TurnId(Uuid::from_u128(number))
    }

    fn text(turn: u128, seq: u64) -> TurnEnvelope {
        TurnEnvelope { turn: id(turn), seq, event: TurnEvent::Text { text: format!("{seq} ") } }
    }

    fn seqs(envelopes: &[TurnEnvelope]) -> Vec<u64> {
        envelopes.iter().map(|envelope| envelope.seq).collect()
    }

    #[test]
    fn a_page_knows_whether_it_missed_something() {
        assert!(!is_behind("a-7", "a-7") && !is_behind("a-7", "a-6") && !is_behind("a-10", "a-9"));
        assert!(is_behind("a-7", "a-8") && is_behind("a-9", "a-10"));
        assert!(is_behind("a-7", "b-3") && is_behind("", "a-1"), "another run, or no place at all");
        assert!(!is_behind("a-7", ""), "the leader has heard nothing yet");
    }

    #[test]
    fn a_page_goes_on_from_what_was_kept() {
        let mut known = Known::default();
        for seq in 1..=5 {
            known.note(&text(1, seq), true);
        }
        known.note(&text(1, 3), true);
        assert_eq!(seqs(&known.take_after(id(1), 2)), [3, 4, 5]);
        assert_eq!(seqs(&known.take_after(id(1), 2)), [0u64; 0], "handed over once");
        assert_eq!(known.positions(None), [(id(1), 5)]);
        assert!(known.has(id(1)) && !known.has(id(2)));
        assert_eq!(seqs(&known.take_after(id(2), 0)), [0u64; 0]);
    }

    #[test]
    fn a_stream_is_asked_for_what_the_page_lacks() {
        let mut known = Known::default();
        known.note(&text(1, 5), false);
        known.note(&text(2, 7), true);
        let end = TurnEvent::Failed {
            error: crate::model::TurnError {
                code: crate::model::TurnErrorCode::Internal,
                message: String::new(),
                request_id: String::new(),
                refusal: None,
                retry_at: None,
            },
        };
        known.note(&TurnEnvelope { turn: id(2), seq: 8, event: end }, true);
        assert_eq!(known.positions(Some((id(1), 3))), [(id(1), 3)], "what is over is not asked for");
        assert_eq!(known.positions(Some((id(1), 9))), [(id(1), 5)]);
        assert_eq!(known.positions(Some((id(3), 2))), [(id(1), 5), (id(3), 2)]);
        assert_eq!(seqs(&known.take_after(id(2), 9)), [8], "an end counts whatever its number");
        assert_eq!(query(&[(id(1), 5), (id(3), 2)], "e-7"), format!("turns={}:5,{}:2&last=e-7", id(1), id(3)));
        assert_eq!(query(&[], ""), "turns=&last=");
    }

    #[test]
    fn memory_is_bounded() {
        let mut known = Known::default();
        for turn in 0..100 {
            for seq in 1..=600 {
                known.note(&text(turn, seq), true);
            }
        }
        assert_eq!(known.0.len(), MAX_TURNS);
        assert!(known.0.iter().all(|turn| turn.kept.len() == MAX_EVENTS));
        assert_eq!(seqs(&known.take_after(id(99), 0)).first(), Some(&89), "the oldest are forgotten: a gap");
    }

    proptest! {
        /// The stream brings a turn's events, some again after a reconnection; the page begins to show the turn somewhere.
        #[test]
        fn nothing_is_lost_or_doubled(total in 1u64..40, back in 0u64..40, shown_at in 0u64..40, view in 0u64..40) {
            let (back, shown_at) = (back.min(total), shown_at.min(total));
            let view = view.min(shown_at);
            let mut known = Known::default();
            let mut transcript: Option<Transcript> = None;
            let stream: Vec<u64> = (1..=shown_at).chain(shown_at - back.min(shown_at) + 1..=total).collect();
            for (at, seq) in stream.iter().enumerate() {
                if at as u64 == shown_at {
                    let parts = vec![crate::model::Part::Text { text: (1..=view).map(|seq| format!("{seq} ")).collect() }];
                    let mut begun = Transcript::new(id(1), parts, view);
                    for envelope in known.take_after(id(1), view) {
                        prop_assert!(begun.apply(envelope) != Applied::Gap);
                    }
                    transcript = Some(begun);
                }
                known.note(&text(1, *seq), transcript.is_none());
                if let Some(transcript) = &mut transcript {
                    prop_assert!(transcript.apply(text(1, *seq)) != Applied::Gap);
                }
            }
            if let Some(transcript) = transcript {
                let whole: String = (1..=total).map(|seq| format!("{seq} ")).collect();
                prop_assert_eq!(transcript.parts, vec![crate::model::Part::Text { text: whole }]);
            }
        }
    }
}
