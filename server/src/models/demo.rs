//! The built-in demo model: a script that recognises a useful range of energy questions (English and Indonesian), calls
//! the real tools and writes its answer from their real results. Labelled as a demo wherever it appears.
//!
//! [`words`] cuts the message, [`spans`] finds periods, [`intent`] and [`question`] what is meant, [`memory`] reads what the conversation
//! already holds, [`naming`] what a phrase means, [`plan`] decides between calling and answering, [`reports`] and [`render`] write. To teach it a
//! question: an [`intent::Intent`], its words, and an answer in [`reports`].
//!
//! What must hold: every number it says stands in a tool result; a failed tool is said, never papered over; it keeps
//! to `max_output_tokens`; it is deterministic.

mod files;
mod format;
mod intent;
mod memory;
mod naming;
mod notes;
mod plan;
mod question;
mod render;
mod reports;
mod spans;
#[cfg(test)]
mod tests;
mod title;
mod vocabulary;
mod words;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::{
    Content, DEMO_BRIEF_MODEL, Delta, DeltaStream, MessageRole, ModelRequest, Permit, Provider, ProviderError,
    ReportedUsage, StopReason,
};
use plan::Next;

/// Stands in the system prompt of a request for a title, so that the demo model knows one.
pub const TITLE_MARKER: &str = "Write a title for a conversation that begins with the message below.";

/// Stands alone in a person's message when an answer that stopped is to go on, so that the demo model knows it.
pub const CONTINUE: &str = "Continue exactly where you stopped. Repeat nothing and do not comment on this.";

/// How fast it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// About 25 pieces a second, with a moment of thought before.
    Human,
    /// Without any wait: for tests.
    Fast,
}

/// The demo model.
#[derive(Clone, Copy, Debug)]
pub struct DemoModel {
    pace: Pace,
}

const THOUGHT: Duration = Duration::from_millis(350);
const PIECE: Duration = Duration::from_millis(40);
/// A piece is at least this long, bytes, and ends after a space where there is one.
const PIECE_BYTES: usize = 12;
/// How often the usage so far is reported, pieces.
const REPORT_EVERY: usize = 10;

impl DemoModel {
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self { pace }
    }
}

/// What is said and done, in order.
#[derive(Clone, Debug, PartialEq)]
enum Act {
    Text(String),
    Call { id: String, name: &'static str, input: Value },
}

#[async_trait]
impl Provider for DemoModel {
    async fn stream(&self, permit: &Permit, request: &ModelRequest) -> Result<DeltaStream, ProviderError> {
        let (acts, stop) = within(acts(request), permit.max_output_tokens());
        Ok(Box::pin(speak(acts, stop, input_tokens(request), self.pace)))
    }
}

/// The whole answer to a request.
fn acts(request: &ModelRequest) -> Vec<Act> {
    if request.system.contains(TITLE_MARKER) {
        return vec![Act::Text(title::title(&last_text(request)))];
    }
    let (request, said) = &rewound(request);
    let is_brief = request.model.0 == DEMO_BRIEF_MODEL;
    match plan::next(request) {
        Next::Say(text) if is_brief => pieces(rest(first_sentence(&text), said)).map(Act::Text).collect(),
        Next::Say(text) => pieces(rest(&text, said)).map(Act::Text).collect(),
        Next::Call { text, calls } => {
            let text = if is_brief || !said.is_empty() { String::new() } else { text };
            // Unique in the conversation: it grows with every call.
            let place = request.messages.len();
            let calls = calls.into_iter().enumerate().map(|(index, call)| Act::Call {
                id: format!("demo_{place}_{index}"),
                name: call.name,
                input: call.input,
            });
            pieces(&text).map(Act::Text).chain(calls).collect()
        }
    }
}

/// The request as it was before the answer stopped, and what the answer had said by then.
fn rewound(request: &ModelRequest) -> (ModelRequest, String) {
    let mut request = request.clone();
    let is_text = |content: &Content, wanted: &str| matches!(content, Content::Text { text } if text == wanted);
    let nudge = request.messages.iter().rposition(|message| {
        message.role == MessageRole::User && message.content.iter().any(|content| is_text(content, CONTINUE))
    });
    let Some(at) = nudge else { return (request, String::new()) };
    request.messages[at].content.retain(|content| !is_text(content, CONTINUE));
    let said = at.checked_sub(1).and_then(|before| request.messages.get(before)).map(|message| {
        let texts = message.content.iter().filter_map(|content| match content {
            Content::Text { text } => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<String>()
    });
    (request, said.unwrap_or_default())
}

/// The text without its beginning that stands at the end of what was said.
fn rest<'a>(text: &'a str, said: &str) -> &'a str {
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let overlap = ends.filter(|end| said.ends_with(&text[..*end])).max().unwrap_or(0);
    &text[overlap..]
}

/// Up to the first full stop that ends a sentence; a table or a list is left out.
fn first_sentence(text: &str) -> &str {
    let line = text.trim_start().lines().next().unwrap_or_default();
    line.find(". ").map_or(line, |stop| &line[..=stop])
}

fn last_text(request: &ModelRequest) -> String {
    let texts = request.messages.iter().rev().filter(|message| message.role == MessageRole::User);
    let mut texts = texts.flat_map(|message| &message.content).filter_map(|content| match content {
        Content::Text { text } => Some(text.clone()),
        _ => None,
    });
    texts.next().unwrap_or_default()
}

/// The text as it is spoken.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split_inclusive([' ', '\n']) {
        match pieces.last_mut() {
            Some(last) if last.len() < PIECE_BYTES => last.push_str(word),
            _ => pieces.push(word.to_owned()),
        }
    }
    pieces.into_iter()
}

/// A quarter of the bytes, rounded up: what the demo calls tokens. Never more than the bytes.
fn tokens(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(4)).unwrap_or(i64::MAX)
}

fn input_tokens(request: &ModelRequest) -> i64 {
    let tools = request.tools.iter().map(|tool| {
        tool.name.len()
            + tool.description.len()
            + serde_json::to_string(&tool.input_schema).map_or(0, |json| json.len())
    });
    let content = request.messages.iter().flat_map(|message| &message.content).map(|content| match content {
        Content::Text { text } => text.len(),
        Content::ToolUse { id, name, input } => id.len() + name.len() + input.to_string().len(),
        Content::ToolResult { id, text, .. } => id.len() + text.len(),
        // Bounded like everything else: a quarter of what is held for it.
        Content::Image(image) => usize::try_from(image.max_tokens()).unwrap_or(0),
        Content::Document(document) => document.shown_bytes(),
    });
    tokens(request.system.len() + tools.sum::<usize>() + content.sum::<usize>())
}

fn size(act: &Act) -> usize {
    match act {
        Act::Text(text) => text.len(),
        Act::Call { input, .. } => input.to_string().len(),
    }
}

/// As much as the cap allows. A call that does not fit whole is not made.
fn within(acts: Vec<Act>, max_output_tokens: i64) -> (Vec<Act>, StopReason) {
    let room = usize::try_from(max_output_tokens).unwrap_or(0).saturating_mul(4);
    let mut kept = Vec::new();
    let mut used = 0;
    for act in acts {
        if used + size(&act) > room {
            if let Act::Text(mut text) = act {
                let mut end = room - used;
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                text.truncate(end);
                kept.push(Act::Text(text));
            }
            return (kept, StopReason::MaxTokens);
        }
        used += size(&act);
        kept.push(act);
    }
    let calls = kept.iter().any(|act| matches!(act, Act::Call { .. }));
    (kept, if calls { StopReason::ToolUse } else { StopReason::EndTurn })
}

fn speak(
    acts: Vec<Act>,
    stop: StopReason,
    input: i64,
    pace: Pace,
) -> impl futures::Stream<Item = Result<Delta, ProviderError>> + Send {
    async_stream::stream! {
        let report = |bytes: usize, is_final: bool| Delta::Usage(ReportedUsage {
            input: Some(input),
            cache_read: Some(0),
            cache_write_5m: Some(0),
            cache_write_1h: Some(0),
            output: Some(tokens(bytes)),
            searches: None,
            open_rounds: 0,
            is_final,
        });
        yield Ok(report(0, false));
        if pace == Pace::Human {
            tokio::time::sleep(THOUGHT).await;
        }
        let mut spoken = 0;
        for (index, act) in acts.into_iter().enumerate() {
            match pace {
                Pace::Human => tokio::time::sleep(PIECE).await,
                // Others get their turn, as with a real stream.
                Pace::Fast => tokio::task::yield_now().await,
            }
            spoken += size(&act);
            yield Ok(match act {
                Act::Text(text) => Delta::Text(text),
                Act::Call { id, name, input } => Delta::ToolUse { id, name: name.to_owned(), input },
            });
            if (index + 1) % REPORT_EVERY == 0 {
                yield Ok(report(spoken, false));
            }
        }
        yield Ok(report(spoken, true));
        yield Ok(Delta::Stop(stop));
    }
}
