//! Usage of chat completions ("The chat completion object", "The chat completion chunk object").

use std::collections::BTreeMap;

use serde_json::Value;

use crate::models::{
    ReportedUsage,
    wire::tap::{Heard, count, written},
};

/// Most answers that are told apart; `n` is at most 128.
const MAX_CHOICES: usize = 128;

/// `usage` as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::models::wire) struct OpenAiUsage {
    /// With what the cache served or took.
    prompt: Option<i64>,
    cached: Option<i64>,
    cache_write: Option<i64>,
    /// With reasoning.
    completion: Option<i64>,
}

impl OpenAiUsage {
    pub fn merge(&mut self, usage: &Value) {
        let details = usage.get("prompt_tokens_details");
        let detail = |field: &str| count(details.and_then(|details| details.get(field)));
        self.prompt = count(usage.get("prompt_tokens")).or(self.prompt);
        self.cached = detail("cached_tokens").or(self.cached);
        self.cache_write = detail("cache_write_tokens").or(self.cache_write);
        self.completion = count(usage.get("completion_tokens")).or(self.completion);
    }

    /// In our classes, each for itself.
    pub fn reported(&self, is_final: bool) -> ReportedUsage {
        let beside = self.cached.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        ReportedUsage {
            input: self.prompt.map(|prompt| prompt.saturating_sub(beside).max(0)),
            cache_read: self.cached,
            cache_write_5m: self.cache_write,
            cache_write_1h: None,
            output: self.completion,
            searches: None,
            open_rounds: 0,
            is_final: is_final && self.completion.is_some(),
        }
    }
}

/// What chunks or an answer tell.
#[derive(Debug, Default)]
pub(in crate::models::wire) struct OpenAiMeter {
    usage: OpenAiUsage,
    /// Each answer that began, and whether it is complete.
    choices: BTreeMap<u64, bool>,
    is_final: bool,
    /// The last chunk had usage alone, as the last chunk does.
    is_closing: bool,
}

impl OpenAiMeter {
    pub fn hear(&mut self, value: &Value) -> Heard {
        let mut heard = Heard::default();
        if value.get("error").is_some_and(|error| !error.is_null()) {
            heard.failed = true;
        }
        let choices = value.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for choice in choices {
            heard.begun = true;
            heard.content = heard.content.saturating_add(self.choice(choice));
        }
        heard.finished = self.is_complete();
        if let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) {
            heard.begun = true;
            self.usage.merge(usage);
            // Before the end it is a running total.
            self.is_final = heard.finished;
            self.is_closing = choices.is_empty();
        } else if heard.begun {
            self.is_closing = false;
        }
        heard
    }

    /// The stream told its end.
    pub fn done(&mut self) {
        self.is_final |= self.is_closing;
    }

    /// Bytes the choice brings.
    fn choice(&mut self, choice: &Value) -> usize {
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        let has_ended = choice.get("finish_reason").is_some_and(|reason| !reason.is_null());
        if self.choices.contains_key(&index) || self.choices.len() < MAX_CHOICES {
            *self.choices.entry(index).or_default() |= has_ended;
        }
        let content = choice.get("delta").filter(|delta| !delta.is_null()).or(choice.get("message"));
        content.map_or(0, written)
    }

    fn is_complete(&self) -> bool {
        !self.choices.is_empty() && self.choices.values().all(|has_ended| *has_ended)
    }

    pub fn reported(&self) -> ReportedUsage {
        self.usage.reported(self.is_final)
    }
}
