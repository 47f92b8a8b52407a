//! The reducer: a message being written, and the events that write it. Pure; the page shows what comes out.

use crate::model::{MessageStatus, Part, ToolCallView, TurnEnvelope, TurnEvent, TurnId, TurnUsage};

/// The answer of one turn, as far as its events were seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    pub turn: TurnId,
    /// The last sequence number contained in this.
    pub seen: u64,
    pub parts: Vec<Part>,
    pub status: MessageStatus,
    pub usage: Option<TurnUsage>,
    /// The conversation's automatic title, once it came.
    pub title: Option<String>,
    /// The first part that changed since [`Transcript::take_touched`]; what stands before it need not be looked at.
    touched: usize,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Seen before, or of another turn: nothing changed.
    Nothing,
    /// Text or tool calls were added or changed in place.
    Changed,
    /// Everything was replaced: what was drawn from the parts before is void.
    Replaced,
    /// Events before this one are missing: follow again from [`Transcript::seen`].
    Gap,
}

impl Transcript {
    /// A message of `turn` with what `parts` hold up to and including event `seen` (0: none yet).
    #[must_use]
    pub fn new(turn: TurnId, parts: Vec<Part>, seen: u64) -> Self {
        Self { turn, seen, parts, status: MessageStatus::Running, usage: None, title: None, touched: 0 }
    }

    /// The place of the first part that changed since the last call (`usize::MAX`: none); 0 at the first call.
    pub fn take_touched(&mut self) -> usize {
        std::mem::replace(&mut self.touched, usize::MAX)
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        self.status != MessageStatus::Running
    }

    /// Applies one event. Idempotent: an event already contained changes nothing, so streams may be replayed from any
    /// earlier point. After the terminal event nothing changes any more.
    ///
    /// A snapshot counts whatever its number: the server sends it when its log is shorter than what this client saw,
    /// and goes on from there. For the same reason a terminal event with an old number still ends the message.
    pub fn apply(&mut self, envelope: TurnEnvelope) -> Applied {
        if envelope.turn != self.turn || self.is_over() {
            return Applied::Nothing;
        }
        if let TurnEvent::Snapshot { parts } = envelope.event {
            self.parts = parts;
            self.touched = 0;
            self.seen = envelope.seq;
            return Applied::Replaced;
        }
        if envelope.seq > self.seen + 1 {
            return Applied::Gap;
        }
        if envelope.seq <= self.seen && !envelope.event.is_terminal() {
            return Applied::Nothing;
        }
        self.seen = envelope.seq;
        match envelope.event {
            TurnEvent::Snapshot { .. } => {}
            TurnEvent::Text { text } => self.append_text(&text),
            TurnEvent::Reasoning { text } => self.append_reasoning(&text),
            TurnEvent::ToolStarted { call } | TurnEvent::ToolChanged { call } | TurnEvent::ToolFinished { call } => {
                self.put_call(call);
            }
            TurnEvent::Titled { title } => self.title = Some(title),
            TurnEvent::Finished { usage } => self.end(MessageStatus::Complete, Some(usage)),
            TurnEvent::Stopped { usage } => self.end(MessageStatus::Stopped, Some(usage)),
            TurnEvent::Failed { error } => self.end(MessageStatus::Failed(error), None),
        }
        Applied::Changed
    }

    fn append_text(&mut self, added: &str) {
        if let Some(Part::Text { text }) = self.parts.last_mut() {
            text.push_str(added);
        } else {
            self.parts.push(Part::Text { text: added.to_owned() });
        }
        self.touch(self.parts.len() - 1);
    }

    fn append_reasoning(&mut self, added: &str) {
        if let Some(Part::Reasoning { text }) = self.parts.last_mut() {
            text.push_str(added);
        } else {
            self.parts.push(Part::Reasoning { text: added.to_owned() });
        }
        self.touch(self.parts.len() - 1);
    }

    /// Replaces the call with the same id, or appends it (a finish whose start was folded away still shows). The last
    /// one of an id counts: an answer that was continued may hold calls of two turns.
    fn put_call(&mut self, call: ToolCallView) {
        let is_it = |part: &Part| matches!(part, Part::Tool { call: existing } if existing.call_id == call.call_id);
        let place = self.parts.iter().rposition(is_it).unwrap_or(self.parts.len());
        match self.parts.get_mut(place) {
            Some(part) => *part = Part::Tool { call },
            None => self.parts.push(Part::Tool { call }),
        }
        self.touch(place);
    }

    fn touch(&mut self, place: usize) {
        self.touched = self.touched.min(place);
    }

    fn end(&mut self, status: MessageStatus, usage: Option<TurnUsage>) {
        self.status = status;
        self.usage = usage;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::model::{Money, Quality, Tokens, ToolCallStatus};

    const TURN: TurnId = TurnId(Uuid::from_u128(7));

    fn call(id: u8, done: bool) -> ToolCallView {
        ToolCallView {
            call_id: format!("call-{id}"),
            name: "energy_and_cost".into(),
            title: "Energy and cost".into(),
            arguments: "{}".into(),
            summary: String::new(),
            status: if done { ToolCallStatus::Done } else { ToolCallStatus::Running },
            output: None,
            duration_ms: done.then_some(12),
            ran_as: String::new(),
        }
    }

    fn usage() -> TurnUsage {
        TurnUsage {
            tokens: Tokens::default(),
            cost: Money(0),
            quality: Quality::Exact,
            calls: 1,
            duration_ms: 5,
            first_token_ms: None,
            tool_ms: 0,
        }
    }

    fn number(events: Vec<TurnEvent>) -> Vec<TurnEnvelope> {
        (1..).zip(events).map(|(seq, event)| TurnEnvelope { turn: TURN, seq, event }).collect()
    }

    fn played(events: &[TurnEnvelope]) -> Transcript {
        let mut transcript = Transcript::new(TURN, vec![], 0);
        for event in events {
            transcript.apply(event.clone());
        }
        transcript
    }

    #[test]
    fn text_and_parallel_calls_become_parts_in_order() {
        let transcript = played(&number(vec![
            TurnEvent::Text { text: "Let me ".into() },
            TurnEvent::Text { text: "look.".into() },
            TurnEvent::ToolStarted { call: call(1, false) },
            TurnEvent::ToolStarted { call: call(2, false) },
            TurnEvent::ToolFinished { call: call(2, true) },
            TurnEvent::ToolFinished { call: call(1, true) },
            TurnEvent::Text { text: "Done.".into() },
            TurnEvent::Titled { title: "Compressor 3".into() },
            TurnEvent::Finished { usage: usage() },
        ]));
        let expected = vec![
            Part::Text { text: "Let me look.".into() },
            Part::Tool { call: call(1, true) },
            Part::Tool { call: call(2, true) },
            Part::Text { text: "Done.".into() },
        ];
        assert_eq!(transcript.parts, expected);
        assert_eq!(transcript.status, MessageStatus::Complete);
        assert_eq!(transcript.title.as_deref(), Some("Compressor 3"));
    }

    #[test]
    fn only_what_changed_is_looked_at_again() {
        let mut transcript = played(&number(vec![
            TurnEvent::Text { text: "Let me look.".into() },
            TurnEvent::ToolStarted { call: call(1, false) },
            TurnEvent::Text { text: "Well".into() },
        ]));
        assert_eq!(transcript.take_touched(), 0, "at first everything");
        assert_eq!(transcript.take_touched(), usize::MAX);
        let mut next = |seq, event| {
            transcript.apply(TurnEnvelope { turn: TURN, seq, event });
            transcript.take_touched()
        };
        assert_eq!(next(4, TurnEvent::Text { text: ".".into() }), 2);
        assert_eq!(next(5, TurnEvent::ToolFinished { call: call(1, true) }), 1);
        assert_eq!(next(6, TurnEvent::Snapshot { parts: vec![] }), 0);
    }

    #[test]
    fn a_gap_changes_nothing_and_is_told() {
        let mut transcript = played(&number(vec![TurnEvent::Text { text: "a".into() }]));
        let before = transcript.clone();
        let late = TurnEnvelope { turn: TURN, seq: 3, event: TurnEvent::Text { text: "c".into() } };
        assert_eq!(transcript.apply(late), Applied::Gap);
        assert_eq!(transcript, before);
    }

    #[test]
    fn a_shorter_log_wins_after_a_crash() {
        let events = number(vec![TurnEvent::Text { text: "a".into() }, TurnEvent::Text { text: "b".into() }]);
        let mut transcript = played(&events);
        let snapshot = TurnEvent::Snapshot { parts: vec![Part::Text { text: "a".into() }] };
        assert_eq!(transcript.apply(TurnEnvelope { turn: TURN, seq: 1, event: snapshot }), Applied::Replaced);
        transcript.apply(TurnEnvelope { turn: TURN, seq: 2, event: TurnEvent::Stopped { usage: usage() } });
        assert_eq!(transcript.parts, vec![Part::Text { text: "a".into() }]);
        assert_eq!(transcript.status, MessageStatus::Stopped);
    }

    #[test]
    fn a_terminal_event_with_an_old_number_still_ends_it() {
        let mut transcript = Transcript::new(TURN, vec![], 9);
        transcript.apply(TurnEnvelope { turn: TURN, seq: 4, event: TurnEvent::Finished { usage: usage() } });
        assert!(transcript.is_over());
    }

    #[test]
    fn events_of_other_turns_are_not_ours() {
        let mut transcript = Transcript::new(TURN, vec![], 0);
        let other =
            TurnEnvelope { turn: TurnId(Uuid::from_u128(8)), seq: 1, event: TurnEvent::Text { text: "x".into() } };
        assert_eq!(transcript.apply(other), Applied::Nothing);
    }

    fn event() -> impl Strategy<Value = TurnEvent> {
        prop_oneof![
            4 => "[a-z \\n|*]{1,8}".prop_map(|text| TurnEvent::Text { text }),
            1 => "[a-z]{1,8}".prop_map(|text| TurnEvent::Reasoning { text }),
            1 => (0u8..4).prop_map(|id| TurnEvent::ToolChanged { call: call(id, false) }),
            1 => (0u8..4).prop_map(|id| TurnEvent::ToolStarted { call: call(id, false) }),
            1 => (0u8..4).prop_map(|id| TurnEvent::ToolFinished { call: call(id, true) }),
            1 => "[a-z]{1,8}".prop_map(|title| TurnEvent::Titled { title }),
        ]
    }

    fn story() -> impl Strategy<Value = Vec<TurnEnvelope>> {
        (prop::collection::vec(event(), 0..30), any::<bool>()).prop_map(|(mut events, over)| {
            if over {
                events.push(TurnEvent::Finished { usage: usage() });
            }
            number(events)
        })
    }

    proptest! {
        /// A reconnecting client gets the stream again from some earlier point, several times.
        #[test]
        fn replays_change_nothing(events in story(), cuts in prop::collection::vec((0usize..30, 0usize..30), 0..6)) {
            let once = played(&events);
            let mut transcript = Transcript::new(TURN, vec![], 0);
            for (upto, back) in cuts {
                let from = usize::try_from(transcript.seen).unwrap_or(0).saturating_sub(back);
                for event in events.iter().take(upto).skip(from) {
                    transcript.apply(event.clone());
                }
            }
            for event in &events {
                transcript.apply(event.clone());
            }
            prop_assert_eq!(transcript, once);
        }

        /// Every event delivered twice, at once.
        #[test]
        fn duplicates_change_nothing(events in story()) {
            let doubled: Vec<_> = events.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
            prop_assert_eq!(played(&doubled), played(&events));
        }

        /// The server renders a part of the stream, the browser follows from there.
        #[test]
        fn a_view_and_the_rest_make_the_whole(events in story(), split in 0usize..30) {
            let split = split.min(events.len());
            let seen = played(&events[..split]);
            let mut transcript = Transcript::new(TURN, seen.parts.clone(), seen.seen);
            if seen.is_over() { return Ok(()); }
            for event in &events[split..] {
                transcript.apply(event.clone());
            }
            let whole = played(&events);
            prop_assert_eq!(transcript.parts, whole.parts);
            prop_assert_eq!(transcript.status, whole.status);
        }

        /// Text cut differently reads the same.
        #[test]
        fn the_split_of_text_does_not_matter(pieces in prop::collection::vec("[a-zé\\n]{0,6}", 0..12)) {
            let whole = pieces.concat();
            let cut = played(&number(pieces.into_iter().map(|text| TurnEvent::Text { text }).collect()));
            let text: String = cut.parts.iter().map(|part| match part {
                Part::Text { text } => text.as_str(),
                Part::Reasoning { .. } | Part::Attachment { .. } | Part::Tool { .. } => "",
            }).collect();
            prop_assert_eq!(text, whole);
            prop_assert!(cut.parts.len() <= 1);
        }
    }
}
