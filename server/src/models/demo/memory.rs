//! What the request tells: the questions so far, and for the current one the tool calls with their results.

use serde_json::Value;

use super::{format::label, question::Question};
use crate::models::{Content, MessageRole, ModelRequest};

/// A tool call to make.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub name: &'static str,
    pub input: Value,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Data(Value),
    /// The tool's own words.
    Failed(String),
    /// Not the JSON that was expected.
    Unreadable,
}

/// Calls whose results are needed before anything more can be said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Need(pub Vec<Call>);

/// The current question with what is known of it.
pub(super) struct Memory {
    pub question: Question,
    /// Model calls already made for it.
    pub rounds: usize,
    results: Vec<(String, Value, Given)>,
}

impl Memory {
    pub(super) fn of(request: &ModelRequest) -> Self {
        let mut current: Option<Question> = None;
        let mut rounds = 0;
        let mut calls: Vec<(&str, &str, &Value)> = Vec::new();
        let mut results = Vec::new();
        for message in &request.messages {
            let said = said(&message.content);
            if message.role == MessageRole::User && !said.trim().is_empty() {
                current = Some(Question::read(&said).continuing(current.as_ref()));
                rounds = 0;
                calls.clear();
                results.clear();
            } else if message.role == MessageRole::Assistant {
                rounds += 1;
            }
            for content in &message.content {
                match content {
                    Content::ToolUse { id, name, input } => calls.push((id, name, input)),
                    Content::ToolResult { id, text, is_error } => {
                        if let Some((_, name, input)) = calls.iter().find(|(call, ..)| call == id) {
                            results.push((
                                (*name).to_owned(),
                                (*input).clone(),
                                labelled(given(text, *is_error), input),
                            ));
                        }
                    }
                    Content::Text { .. } | Content::Image(_) | Content::Document(_) => {}
                }
            }
        }
        let question = current.unwrap_or_else(|| Question::read(""));
        Self { question, rounds, results }
    }

    /// The result of a call, or the need to make it.
    pub(super) fn get(&self, call: Call) -> Result<&Given, Need> {
        self.find(&call).ok_or_else(|| Need(vec![call.clone()]))
    }

    /// The results of several calls, in order; what is missing is needed at once.
    pub(super) fn all(&self, calls: Vec<Call>) -> Result<Vec<&Given>, Need> {
        let missing: Vec<Call> = calls.iter().filter(|call| self.find(call).is_none()).cloned().collect();
        if !missing.is_empty() {
            return Err(Need(missing));
        }
        Ok(calls.iter().filter_map(|call| self.find(call)).collect())
    }

    fn find(&self, call: &Call) -> Option<&Given> {
        self.results.iter().find(|(name, input, _)| name == call.name && *input == call.input).map(|(.., given)| given)
    }
}

fn said(content: &[Content]) -> String {
    let texts = content.iter().filter_map(|content| match content {
        Content::Text { text } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// A tool's result is a text whose last line is the structured result as JSON.
fn given(text: &str, is_error: bool) -> Given {
    if is_error {
        return Given::Failed(text.chars().take(500).collect());
    }
    let structured = text.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
    let whole = || serde_json::from_str::<Value>(text).ok();
    match structured.or_else(whole).filter(Value::is_object) {
        Some(data) => Given::Data(data),
        None => Given::Unreadable,
    }
}

/// A period that was asked for by name is called by it, whatever the tool calls it.
fn labelled(given: Given, input: &Value) -> Given {
    let Given::Data(mut data) = given else { return given };
    let label = input["period"].as_str().and_then(label);
    let is_partial = data["note"].is_string();
    for place in ["/period", "/current/period"] {
        let period = data.pointer_mut(place).and_then(Value::as_object_mut);
        // A comparison of a running period covers less than its name says: its dates are the truth.
        let (Some(label), Some(period), false) = (label, period, place != "/period" && is_partial) else { continue };
        period.insert("label".to_owned(), label.into());
    }
    Given::Data(data)
}
