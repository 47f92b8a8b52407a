//! A message's parts as signals: runs of text whose finished blocks are frozen, reasoning, and runs of tool calls. While
//! an answer streams, [`Body::grow`] touches only what grew: the work of a frame depends on what came, not on what is
//! there already.

mod text;
mod tools;

use leptos::prelude::*;

pub use text::{Chunk, TextRun};
pub use tools::{Card, ToolRun};

use crate::model::{Part, ToolCallView};

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
    Reasoning(Reasoning),
    Tools(ToolRun),
}

/// What the model thought before it answered.
#[derive(Clone)]
pub struct Reasoning {
    pub text: TextRun,
    /// Something else follows, or the message is over.
    pub over: ArcRwSignal<bool>,
}

/// What the person should know an answer is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    Writing,
    /// A tool runs.
    Tool {
        name: String,
        title: String,
    },
    /// A tool asks the person.
    Waiting,
}

enum Content<'a> {
    Text(&'a str),
    Reasoning(&'a str),
    Tools(Vec<&'a ToolCallView>),
}

/// Parts that are shown together; `end` is the place of the first part behind them.
struct Run<'a> {
    content: Content<'a>,
    end: usize,
}

/// Consecutive tool calls become one run. `shown`: how many bytes of the last part's text are shown yet.
fn runs(parts: &[Part], shown: usize) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = vec![];
    for (place, part) in parts.iter().enumerate() {
        let end = place + 1;
        let limited = |text: &'_ str| if end == parts.len() { shown.min(text.len()) } else { text.len() };
        let content = match part {
            Part::Text { text } if runs.is_empty() && text.trim().is_empty() => continue,
            Part::Text { text } => Content::Text(text.get(..limited(text)).unwrap_or(text)),
            Part::Reasoning { text } if text.trim().is_empty() => continue,
            Part::Reasoning { text } => Content::Reasoning(text.get(..limited(text)).unwrap_or(text)),
            Part::Tool { call } => match runs.last_mut() {
                Some(Run { content: Content::Tools(calls), end: last }) => {
                    calls.push(call);
                    *last = end;
                    continue;
                }
                _ => Content::Tools(vec![call]),
            },
            Part::Attachment { .. } => continue,
        };
        runs.push(Run { content, end });
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
        self.grow(parts, 0, usize::MAX, over);
    }

    /// Like [`Body::sync`] for parts that are the same as last time before the place `touched`, with only the first
    /// `shown` bytes of the last part's text.
    pub fn grow(&self, parts: &[Part], touched: usize, shown: usize, over: bool) {
        let runs = runs(parts, shown);
        let count = runs.len();
        let mut fresh = vec![];
        let mut kept = self.segments.with_untracked(Vec::len);
        for (place, run) in runs.into_iter().enumerate() {
            // The run in front of a touched part may have to be closed: something follows it now.
            if run.end < touched && !over && place < kept {
                continue;
            }
            let settled = over || place + 1 < count;
            let known = self.segments.with_untracked(|segments| {
                segments.get(place).filter(|_| place < kept).map(|keyed| keyed.segment.clone())
            });
            match (known, run.content) {
                (Some(Segment::Text(shown)), Content::Text(text)) => shown.sync(text, settled),
                (Some(Segment::Reasoning(shown)), Content::Reasoning(text)) => shown.sync(text, settled),
                (Some(Segment::Tools(shown)), Content::Tools(calls)) => shown.sync(&calls, settled),
                (_, content) => {
                    kept = kept.min(place);
                    fresh.push(self.keyed(match content {
                        Content::Text(text) => Segment::Text(TextRun::new(text, settled)),
                        Content::Reasoning(text) => Segment::Reasoning(Reasoning::new(text, settled)),
                        Content::Tools(calls) => Segment::Tools(ToolRun::new(&calls, settled)),
                    }));
                }
            }
        }
        if !fresh.is_empty() {
            self.segments.update(|segments| {
                segments.truncate(kept);
                segments.append(&mut fresh);
            });
        }
    }

    fn keyed(&self, segment: Segment) -> Keyed {
        let key = self.next_key.get_value();
        self.next_key.set_value(key.wrapping_add(1));
        Keyed { key, segment }
    }

    /// The text as Markdown, reasoning and tool calls left out.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut all = String::new();
        self.segments.with_untracked(|segments| {
            for keyed in segments {
                let Segment::Text(run) = &keyed.segment else { continue };
                if !all.is_empty() {
                    all.push_str("\n\n");
                }
                run.with_source(|source| all.push_str(source));
            }
        });
        all
    }

    /// What is going on right now.
    #[must_use]
    pub fn activity_untracked(&self) -> Activity {
        untrack(|| self.activity())
    }

    /// What is going on; tracks the tool calls, not the text.
    #[must_use]
    pub fn activity(&self) -> Activity {
        self.segments.with(|segments| {
            let runs = segments.iter().rev().filter_map(|keyed| match &keyed.segment {
                Segment::Tools(run) => Some(run.activity()),
                Segment::Text(_) | Segment::Reasoning(_) => None,
            });
            runs.into_iter().find(|activity| *activity != Activity::Writing).unwrap_or(Activity::Writing)
        })
    }
}

impl Reasoning {
    fn new(text: &str, over: bool) -> Self {
        Self { text: TextRun::new(text, over), over: ArcRwSignal::new(over) }
    }

    fn sync(&self, text: &str, over: bool) {
        self.text.sync(text, over);
        if over && !self.over.get_untracked() {
            self.over.set(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{markdown::Block, model::ToolCallStatus};

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

    fn reasoning(text: &str) -> Part {
        Part::Reasoning { text: text.into() }
    }

    /// The segments as words: `T<number of calls><folded?>`, `R"reasoning"<over?>` and `"text"`.
    fn shape(body: &Body) -> Vec<String> {
        let segments = body.segments.get_untracked();
        let words = segments.iter().map(|keyed| match &keyed.segment {
            Segment::Text(run) => run.with_source(|source| format!("{source:?}")),
            Segment::Reasoning(run) => {
                let over = if run.over.get_untracked() { "-" } else { "+" };
                run.text.with_source(|source| format!("R{source:?}{over}"))
            }
            Segment::Tools(run) => {
                let count = run.cards.with_untracked(Vec::len);
                format!("T{count}{}", if run.answered.get_untracked() { "-" } else { "+" })
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
    fn reasoning_is_a_run_of_its_own_and_over_when_the_answer_begins() {
        let body = Body::new(&[reasoning("Hm. ")], false);
        assert_eq!(shape(&body), ["R\"Hm. \"+"]);
        body.sync(&[reasoning("Hm. Yes."), text("It is 4.")], false);
        assert_eq!(shape(&body), ["R\"Hm. Yes.\"-", "\"It is 4.\""]);
        assert_eq!(body.markdown(), "It is 4.", "thoughts are not copied");
    }

    #[test]
    fn the_running_tool_is_named_and_a_question_comes_first() {
        let body = Body::new(&[call(1, ToolCallStatus::Done), call(2, ToolCallStatus::Running)], false);
        assert_eq!(body.activity(), Activity::Tool { name: "t".into(), title: "Tool 2".into() });
        let question = crate::model::Question {
            wish: crate::model::Wish::Form { message: String::new(), fields: vec![] },
            expires_at: crate::model::Timestamp(0),
        };
        let waiting = call(1, ToolCallStatus::Waiting(question));
        body.sync(&[waiting, call(2, ToolCallStatus::Running)], false);
        assert_eq!(body.activity(), Activity::Waiting);
        body.sync(&[call(1, ToolCallStatus::Done), call(2, ToolCallStatus::Done)], false);
        assert_eq!(body.activity(), Activity::Writing);
    }

    #[test]
    fn a_replaced_body_may_be_shorter() {
        let body = Body::new(&[text("a long text"), call(1, ToolCallStatus::Done), text("more")], false);
        body.replace(&[text("a")], false);
        assert_eq!(shape(&body), ["\"a\""]);
        assert_eq!(body.markdown(), "a");
    }

    #[test]
    fn only_the_beginning_of_the_last_text_is_shown() {
        let parts = [text("First."), call(1, ToolCallStatus::Done), text("Second one.")];
        let body = Body::new(&[], false);
        body.grow(&parts, 0, 6, false);
        assert_eq!(shape(&body), ["\"First.\"", "T1-", "\"Second\""]);
        body.grow(&parts, usize::MAX, 11, true);
        assert_eq!(shape(&body).last().map(String::as_str), Some("\"Second one.\""));
    }

    #[test]
    fn what_stands_before_the_touched_part_is_left_alone() {
        let mut parts = vec![text("First."), call(1, ToolCallStatus::Running), text("Second")];
        let body = Body::new(&parts, false);
        parts[1] = call(1, ToolCallStatus::Done);
        parts[2] = text("Second one");
        body.grow(&parts, 2, usize::MAX, false);
        assert_eq!(body.activity(), Activity::Writing, "the run in front of the touched part is still compared");
        parts.push(call(2, ToolCallStatus::Running));
        body.grow(&parts, 3, usize::MAX, false);
        assert_eq!(shape(&body), ["\"First.\"", "T1-", "\"Second one\"", "T1+"]);
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
            let shown: Vec<Block> = streamed.blocks().iter().map(|block| (**block).clone()).collect();
            prop_assert_eq!(shown, crate::markdown::blocks(&whole));
            prop_assert!(streamed.tail.get_untracked().is_empty());
        }
    }
}
