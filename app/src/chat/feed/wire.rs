//! What the tabs of one browser say to each other: the leader passes on what the server sent, and says that it lives and
//! how far it is.

use super::Connection;
use crate::model::{LastTurn, PersonEvent};

/// A message of the leader, or to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// What the server sent, as it sent it.
    Events {
        /// The place of the last event before the end of these that had one; empty: none yet.
        place: String,
        /// What the first of these goes on from.
        before: LastTurn,
        data: Vec<String>,
    },
    /// It lives, and this is how its line is.
    Beat {
        line: Connection,
        /// As in `Events`.
        place: String,
    },
    /// Not from the leader but to it: somebody listens from now on and would like to hear a beat.
    Hello,
    /// The session is over.
    End,
}

impl Word {
    /// As one text: a letter, then lines. JSON as the server writes it has no line breaks.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::Beat { line, place } => {
                let mut text = String::from(match line {
                    Connection::Fine => "B0",
                    Connection::Reconnecting => "B1",
                    Connection::Lost => "B2",
                });
                text.push_str(place);
                text
            }
            Self::Hello => "H".to_owned(),
            Self::End => "X".to_owned(),
            Self::Events { place, before, data } => {
                let mut text = String::from("E");
                text.push_str(place);
                text.push('\n');
                if let Some((turn, seq)) = before.0 {
                    text.push_str(&turn.to_string());
                    text.push(':');
                    text.push_str(&seq.to_string());
                }
                for line in data {
                    text.push('\n');
                    text.push_str(line);
                }
                text
            }
        }
    }

    /// `None`: of another version of this page.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "X" => return Some(Self::End),
            "H" => return Some(Self::Hello),
            _ => {}
        }
        if let Some(beat) = text.strip_prefix('B') {
            let line = match beat.get(..1)? {
                "0" => Connection::Fine,
                "1" => Connection::Reconnecting,
                "2" => Connection::Lost,
                _ => return None,
            };
            return Some(Self::Beat { line, place: beat.get(1..)?.to_owned() });
        }
        let mut lines = text.strip_prefix('E')?.split('\n');
        let place = lines.next()?.to_owned();
        let before = match lines.next()? {
            "" => LastTurn::default(),
            last => {
                let (turn, seq) = last.split_once(':')?;
                LastTurn(Some((turn.parse().ok()?, seq.parse().ok()?)))
            }
        };
        Some(Self::Events { place, before, data: lines.map(str::to_owned).collect() })
    }
}

/// Reads one event as the server wrote it. `None`: a newer server's event, or text of an unknown turn; the gap it leaves is
/// noticed, and a reload brings new code.
pub fn decode(data: &str, last: &mut LastTurn) -> Option<PersonEvent> {
    if let Some(text) = data.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let text: String = crate::wire::read(text)?;
        return last.more(text);
    }
    let event: Option<PersonEvent> = crate::wire::read(data);
    match &event {
        Some(event) => last.note(event),
        // What it was about is not known: texts behind it are of no known turn.
        None => *last = LastTurn::default(),
    }
    event
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::model::{TurnEnvelope, TurnEvent, TurnId};

    const TURN: TurnId = TurnId(Uuid::from_u128(7));

    #[test]
    fn what_is_read_is_what_was_written() {
        let words = [
            Word::Beat { line: Connection::Fine, place: String::new() },
            Word::Beat { line: Connection::Reconnecting, place: "0190-7".into() },
            Word::Beat { line: Connection::Lost, place: "0190-12".into() },
            Word::Hello,
            Word::End,
            Word::Events { place: String::new(), before: LastTurn::default(), data: vec![] },
            Word::Events {
                place: "0190-7".into(),
                before: LastTurn(Some((TURN, 3))),
                data: vec!["[\"a\\nb\"]".into(), "\"Resync\"".into()],
            },
        ];
        for word in words {
            assert_eq!(Word::read(&word.write()), Some(word));
        }
        for nonsense in ["", "B", "B9", "E", "Eplace", "Eplace\nnoturn\n\"x\""] {
            assert_eq!(Word::read(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_text_needs_the_turn_it_is_of() {
        let mut last = LastTurn::default();
        assert_eq!(decode("[\"a\"]", &mut last), None);
        let first = PersonEvent::Turn(TurnEnvelope { turn: TURN, seq: 1, event: TurnEvent::Text { text: "a".into() } });
        let json = serde_json::to_string(&first).unwrap();
        assert_eq!(decode(&json, &mut last), Some(first));
        let more = PersonEvent::Turn(TurnEnvelope { turn: TURN, seq: 2, event: TurnEvent::Text { text: "b".into() } });
        assert_eq!(decode("[\"b\"]", &mut last), Some(more));
        assert_eq!(decode("{\"Newer\":1}", &mut last), None);
        assert_eq!(decode("[\"c\"]", &mut last), None, "what came between may have been of another turn");
    }

    proptest! {
        #[test]
        fn nothing_another_tab_says_does_harm(text in "\\PC{0,80}|[EBX\\[][0-9\\n:\"a\\]]{0,40}") {
            let _read_or_not = Word::read(&text);
            let _decoded_or_not = decode(&text, &mut LastTurn::default());
        }
    }
}
