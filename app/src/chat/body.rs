//! A message's parts as signals: runs of text whose finished blocks are frozen, and runs of tool calls. While an answer
//! streams, [`Body::sync`] touches only what grew.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    markdown::{Block, Streaming},
    model::{Part, ToolCallStatus, ToolCallView},
};

/// What a message shows, in order.
#[derive(Clone)]
pub struct Body {
    pub segments: ArcRwSignal<Vec<Keyed>>,
    next_key: ArcStoredValue<u32>,
}

/// A segment under a key that is never used again, so that a replaced one is drawn anew.
#[derive(Clone)]
pub struct Keyed {
    pub key: u32,
    pub segment: Segment,
}

/// One run of a message.
#[derive(Clone)]
pub enum Segment {
    Text(TextRun),
    Tools(ToolRun),
}

/// Text: blocks that will not change any more, and the tail that is parsed again with every addition.
#[derive(Clone)]
pub struct TextRun {
    pub frozen: ArcRwSignal<Vec<Arc<Block>>>,
    pub tail: ArcRwSignal<Vec<Block>>,
    parser: ArcStoredValue<Streaming>,
    source: ArcStoredValue<String>,
}

/// Tool calls that follow each other without text between them.
#[derive(Clone)]
pub struct ToolRun {
    pub calls: ArcRwSignal<Vec<ToolCallView>>,
    /// Text follows, or the message is over: the group may fold.
    pub answered: ArcRwSignal<bool>,
}

enum Run<'a> {
    Text(&'a str),
    Tools(Vec<&'a ToolCallView>),
}

/// Consecutive tool calls become one run.
fn runs(parts: &[Part]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = vec![];
    for part in parts {
        let first = runs.is_empty();
        match (part, runs.last_mut()) {
            (Part::Text { text }, _) if first && text.trim().is_empty() => {}
            (Part::Text { text }, _) => runs.push(Run::Text(text)),
            (Part::Tool { call }, Some(Run::Tools(calls))) => calls.push(call),
            (Part::Tool { call }, _) => runs.push(Run::Tools(vec![call])),
            (Part::Reasoning { .. } | Part::Attachment { .. }, _) => {}
        }
    }
    runs
}

impl Body {
    /// `over`: nothing will be added.
    #[must_use]
    pub fn new(parts: &[Part], over: bool) -> Self {
        let body = Self { segments: ArcRwSignal::new(vec![]), next_key: ArcStoredValue::new(0) };
        body.sync(parts, over);
        body
    }

    /// Everything is drawn again: for a snapshot, whose parts may be shorter than what is shown.
    pub fn replace(&self, parts: &[Part], over: bool) {
        self.segments.set(vec![]);
        self.sync(parts, over);
    }

    /// Brings the view up to `parts`, which must start with what was given before.
    pub fn sync(&self, parts: &[Part], over: bool) {
        let runs = runs(parts);
        let count = runs.len();
        let mut segments = self.segments.get_untracked();
        let known = segments.len();
        for (place, run) in runs.into_iter().enumerate() {
            let settled = over || place + 1 < count;
            match (segments.get(place).map(|keyed| &keyed.segment), run) {
                (Some(Segment::Text(shown)), Run::Text(text)) => shown.sync(text, settled),
                (Some(Segment::Tools(shown)), Run::Tools(calls)) => shown.sync(&calls, settled),
                (_, run) => {
                    segments.truncate(place);
                    segments.push(self.keyed(match run {
                        Run::Text(text) => Segment::Text(TextRun::new(text, settled)),
                        Run::Tools(calls) => Segment::Tools(ToolRun::new(&calls, settled)),
                    }));
                }
            }
        }
        if segments.len() != known {
            self.segments.set(segments);
        }
    }

    fn keyed(&self, segment: Segment) -> Keyed {
        let key = self.next_key.get_value();
        self.next_key.set_value(key.wrapping_add(1));
        Keyed { key, segment }
    }

    /// The text as Markdown, tool calls left out.
    #[must_use]
    pub fn markdown(&self) -> String {
        let texts = self.segments.get_untracked().into_iter().filter_map(|keyed| match keyed.segment {
            Segment::Text(run) => Some(run.source.get_value()),
            Segment::Tools(_) => None,
        });
        texts.collect::<Vec<_>>().join("\n\n")
    }

    /// What the person should read in the status line: the tool that runs, if one does.
    #[must_use]
    pub fn running_tool(&self) -> Option<String> {
        self.segments.get().iter().rev().find_map(|keyed| match &keyed.segment {
            Segment::Tools(run) => run
                .calls
                .get()
                .iter()
                .find(|call| call.status == ToolCallStatus::Running)
                .map(|call| call.title.clone()),
            Segment::Text(_) => None,
        })
    }
}

impl TextRun {
    fn new(text: &str, over: bool) -> Self {
        let run = Self {
            frozen: ArcRwSignal::new(vec![]),
            tail: ArcRwSignal::new(vec![]),
            parser: ArcStoredValue::new(Streaming::default()),
            source: ArcStoredValue::new(String::new()),
        };
        run.sync(text, over);
        run
    }

    fn sync(&self, text: &str, over: bool) {
        let taken = self.source.with_value(String::len);
        let Some(added) = text.get(taken..) else { return };
        if added.is_empty() && !over {
            return;
        }
        self.source.update_value(|source| source.push_str(added));
        let grow = |parser: &mut Streaming| {
            let before = parser.finished().len();
            parser.push(added);
            if over {
                parser.finish();
            }
            let fresh: Vec<_> = parser.finished().iter().skip(before).cloned().map(Arc::new).collect();
            (fresh, if over { vec![] } else { parser.tail() })
        };
        let (fresh, tail) = self.parser.try_update_value(grow).unwrap_or_default();
        if !fresh.is_empty() {
            self.frozen.update(|frozen| frozen.extend(fresh));
        }
        if !(tail.is_empty() && self.tail.with_untracked(Vec::is_empty)) {
            self.tail.set(tail);
        }
    }
}

impl ToolRun {
    fn new(calls: &[&ToolCallView], answered: bool) -> Self {
        let calls = calls.iter().map(|call| (*call).clone()).collect();
        Self { calls: ArcRwSignal::new(calls), answered: ArcRwSignal::new(answered) }
    }

    fn sync(&self, calls: &[&ToolCallView], answered: bool) {
        let same = self.calls.with_untracked(|shown| shown.iter().eq(calls.iter().copied()));
        if !same {
            self.calls.set(calls.iter().map(|call| (*call).clone()).collect());
        }
        if self.answered.get_untracked() != answered {
            self.answered.set(answered);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(id: u8, status: ToolCallStatus) -> Part {
        Part::Tool {
            call: ToolCallView {
                call_id: id.to_string(),
                name: "t".into(),
                title: format!("Tool {id}"),
                arguments: String::new(),
                summary: String::new(),
                status,
                output: None,
                duration_ms: None,
                ran_as: String::new(),
            },
        }
    }

    fn text(text: &str) -> Part {
        Part::Text { text: text.into() }
    }

    /// The segments as words: `T<number of calls><folded?>` and `"text"`.
    fn shape(body: &Body) -> Vec<String> {
        let segments = body.segments.get_untracked();
        let words = segments.iter().map(|keyed| match &keyed.segment {
            Segment::Text(run) => format!("{:?}", run.source.get_value()),
            Segment::Tools(run) => {
                format!("T{}{}", run.calls.get_untracked().len(), if run.answered.get_untracked() { "-" } else { "+" })
            }
        });
        words.collect()
    }

    #[test]
    fn calls_in_a_row_are_one_group_that_folds_when_text_follows() {
        let running = call(1, ToolCallStatus::Running);
        let body = Body::new(&[text("Looking."), running.clone(), call(2, ToolCallStatus::Done)], false);
        assert_eq!(shape(&body), ["\"Looking.\"", "T2+"]);
        body.sync(&[text("Looking."), running, call(2, ToolCallStatus::Done), text("It ")], false);
        assert_eq!(shape(&body), ["\"Looking.\"", "T2-", "\"It \""]);
    }

    #[test]
    fn the_running_tool_is_named() {
        let body = Body::new(&[call(1, ToolCallStatus::Done), call(2, ToolCallStatus::Running)], false);
        assert_eq!(body.running_tool().as_deref(), Some("Tool 2"));
        body.sync(&[call(1, ToolCallStatus::Done), call(2, ToolCallStatus::Done)], false);
        assert_eq!(body.running_tool(), None);
    }

    #[test]
    fn a_replaced_body_may_be_shorter() {
        let body = Body::new(&[text("a long text"), call(1, ToolCallStatus::Done), text("more")], false);
        body.replace(&[text("a")], false);
        assert_eq!(shape(&body), ["\"a\""]);
        assert_eq!(body.markdown(), "a");
    }

    proptest! {
        /// Streaming in any split shows in the end what loading the finished message shows.
        #[test]
        fn streamed_and_loaded_look_the_same(pieces in prop::collection::vec("[a-z#*|\\n -]{1,6}", 1..20)) {
            let whole = format!("x{}", pieces.concat());
            let body = Body::new(&[text("x")], false);
            let mut so_far = String::from("x");
            for piece in &pieces {
                so_far.push_str(piece);
                body.sync(&[text(&so_far)], false);
            }
            body.sync(&[text(&so_far)], true);
            let first = body.segments.get_untracked().into_iter().next().map(|keyed| keyed.segment);
            let Some(Segment::Text(streamed)) = first else {
                return Err(TestCaseError::fail("one text run"));
            };
            let shown: Vec<Block> = streamed.frozen.get_untracked().iter().map(|block| (**block).clone()).collect();
            prop_assert_eq!(shown, crate::markdown::blocks(&whole));
            prop_assert!(streamed.tail.get_untracked().is_empty());
        }
    }
}
