//! The one stream per browser: everything that changes for a person in a tenant.
//!
//! On the wire an event is its JSON, except for the commonest one: text of the turn that the event before was about, with
//! the number that follows, is an array of that text ([`LastTurn`]). Such texts are a few letters, and names are longer.

use serde::{Deserialize, Serialize};

use super::{ConversationId, ConversationSummary, TurnEnvelope, TurnEvent, TurnId, UsageMeter};

/// Something changed for the caller in this tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PersonEvent {
    /// A running turn of theirs went on; sequence numbers as in the turn's own stream.
    Turn(TurnEnvelope),
    /// A conversation is new or changed (title, place, running, waiting, pinned, archived).
    Conversation(ConversationSummary),
    /// Deleted.
    Gone(ConversationId),
    Meter(UsageMeter),
    /// Something may have been missed: fetch the list and what is shown again.
    Resync,
}

/// The turn and number of a stream's last turn event: what a bare text goes on from. Both ends keep one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastTurn(pub Option<(TurnId, u64)>);

impl LastTurn {
    /// The text to send instead of `event`, if that says the same. Counts `event` as sent.
    pub fn short<'e>(&mut self, event: &'e PersonEvent) -> Option<&'e str> {
        let before = self.0;
        self.note(event);
        match event {
            PersonEvent::Turn(TurnEnvelope { turn, seq, event: TurnEvent::Text { text } })
                if before == seq.checked_sub(1).map(|before| (*turn, before)) =>
            {
                Some(text)
            }
            _ => None,
        }
    }

    /// The event that a bare text stands for. `None`: of an unknown turn, which only a stream read from its middle has.
    pub fn more(&mut self, text: String) -> Option<PersonEvent> {
        let (turn, before) = self.0?;
        let seq = before + 1;
        self.0 = Some((turn, seq));
        Some(PersonEvent::Turn(TurnEnvelope { turn, seq, event: TurnEvent::Text { text } }))
    }

    /// Counts `event` as received.
    pub fn note(&mut self, event: &PersonEvent) {
        if let PersonEvent::Turn(envelope) = event {
            self.0 = Some((envelope.turn, envelope.seq));
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn turn_event(turn: u128, seq: u64, event: TurnEvent) -> PersonEvent {
        PersonEvent::Turn(TurnEnvelope { turn: TurnId(Uuid::from_u128(turn)), seq, event })
    }

    fn text(turn: u128, seq: u64, text: &str) -> PersonEvent {
        turn_event(turn, seq, TurnEvent::Text { text: text.into() })
    }

    #[test]
    fn what_was_shortened_is_whole_again() {
        let said = vec![
            text(1, 1, "a"),
            text(1, 2, "b"),
            PersonEvent::Resync,
            turn_event(1, 3, TurnEvent::Titled { title: "t".into() }),
            text(1, 4, "c"),
            text(2, 1, "x"),
            text(1, 5, "d"),
            text(1, 6, "e"),
            turn_event(1, 5, TurnEvent::Snapshot { parts: vec![] }),
            text(1, 6, "f"),
            text(1, 9, "behind a gap"),
        ];
        let (mut sent, mut received) = (LastTurn::default(), LastTurn::default());
        let mut shortened = 0;
        for event in &said {
            let heard = match sent.short(event) {
                Some(text) => {
                    shortened += 1;
                    received.more(text.to_owned())
                }
                None => {
                    received.note(event);
                    Some(event.clone())
                }
            };
            assert_eq!(heard.as_ref(), Some(event));
        }
        assert_eq!(shortened, 4);
        assert_eq!(LastTurn::default().more("b".into()), None);
    }

    /// `interface.md` §10: at most three times the text, at 25 events a second.
    #[test]
    fn a_thousand_tokens_take_less_than_three_times_their_text() {
        for (tokens_a_second, limit) in [(50, 2.5), (100, 1.8)] {
            let piece = "word ".repeat(tokens_a_second / 25);
            let (mut last, mut sent, mut said) = (LastTurn::default(), 0, 0);
            for seq in 1..=u64::try_from(1_000 * 25 / tokens_a_second).unwrap() {
                let event = text(1, seq, &piece);
                let json = match last.short(&event) {
                    Some(text) => serde_json::to_string(&[text]).unwrap(),
                    None => serde_json::to_string(&event).unwrap(),
                };
                sent += "data: \n\n".len() + json.len();
                said += piece.len();
            }
            #[expect(clippy::cast_precision_loss, reason = "a ratio of small numbers")]
            let times = sent as f64 / said as f64;
            assert!(times < limit, "{tokens_a_second} tokens a second take {times} times their text");
        }
    }
}
