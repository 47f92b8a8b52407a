//! Watches the answer of a provider go by and knows at any time what it will cost. The bytes themselves are not touched.
//!
//! Usage is merged field by field, the last value wins and nothing is added (every format reports totals). Absent is not
//! zero. A count that is none is no report. What was received bounds the output of an answer that broke off, unless the
//! model thinks without showing it: then only the cap bounds it.

use serde_json::Value;

use super::{WireFormat, anthropic::AnthropicMeter, frames::Frames, json, ollama::OllamaMeter, openai::OpenAiMeter};
use crate::models::{MAX_ROUNDS, ReportedUsage};

/// How far the answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapState {
    /// Nothing that could cost something.
    Nothing,
    /// The provider works: content or usage has come.
    Begun,
    /// The answer is complete (usage may still follow it).
    Finished,
    /// The provider told an error, also under a status of 200. `had_begun`: after it had begun, so it may be billed.
    Failed { had_begun: bool },
}

/// What the meter of a format learns from one object of the body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// The provider has begun to work.
    pub begun: bool,
    /// Bytes of what the model wrote.
    pub content: usize,
    /// The answer is complete.
    pub finished: bool,
    pub failed: bool,
}

#[derive(Debug)]
enum Meter {
    OpenAi(OpenAiMeter),
    Anthropic(AnthropicMeter),
    Ollama(OllamaMeter),
}

/// The tap on one answer.
#[derive(Debug)]
pub struct Tap {
    frames: Frames,
    meter: Meter,
    begun: bool,
    finished: bool,
    failed: bool,
    /// Nothing can be read any more.
    is_broken: bool,
    content: usize,
}

impl Tap {
    /// `is_streaming`: a stream was asked for.
    #[must_use]
    pub fn new(format: WireFormat, is_streaming: bool) -> Self {
        let meter = match format {
            WireFormat::OpenAi => Meter::OpenAi(OpenAiMeter::default()),
            WireFormat::Anthropic => Meter::Anthropic(AnthropicMeter::default()),
            WireFormat::Ollama => Meter::Ollama(OllamaMeter::default()),
        };
        let frames = Frames::new(format, is_streaming);
        Self { frames, meter, begun: false, finished: false, failed: false, is_broken: false, content: 0 }
    }

    /// The next piece of the body, as it came.
    pub fn push(&mut self, piece: &[u8]) {
        // Every byte may be content then.
        if self.is_broken {
            self.content = self.content.saturating_add(piece.len());
            return;
        }
        match self.frames.push(piece) {
            Ok(frames) => frames.iter().for_each(|frame| self.hear(&frame.data)),
            Err(_) => {
                self.is_broken = true;
                self.begun = true;
                self.content = self.content.saturating_add(self.frames.pending());
            }
        }
    }

    /// The body has ended or broken off: a document is read now, and what is left of an event counts.
    pub fn finish(&mut self) {
        let waiting = self.frames.waiting();
        let frames = self.frames.finish();
        let before = (self.begun, self.finished, self.failed);
        frames.iter().for_each(|frame| self.hear(&frame.data));
        if waiting > 0 && before == (self.begun, self.finished, self.failed) {
            // A document that says nothing we can read.
            self.begun = true;
            self.content = self.content.saturating_add(waiting);
        }
    }

    fn hear(&mut self, data: &str) {
        let heard = if data.trim() == "[DONE]" {
            if let Meter::OpenAi(meter) = &mut self.meter {
                meter.done();
            }
            Heard { finished: self.begun, ..Heard::default() }
        } else {
            match serde_json::from_str::<Value>(data) {
                Ok(value) => match &mut self.meter {
                    Meter::OpenAi(meter) => meter.hear(&value),
                    Meter::Anthropic(meter) => meter.hear(&value),
                    Meter::Ollama(meter) => meter.hear(&value),
                },
                Err(_) => Heard { begun: true, content: data.len(), ..Heard::default() },
            }
        };
        self.begun |= heard.begun || heard.content > 0;
        self.finished |= heard.finished;
        self.failed |= heard.failed;
        self.content = self.content.saturating_add(heard.content);
    }

    /// What is known of the usage, in our classes (`input` without what the cache served or took).
    #[must_use]
    pub fn reported(&self) -> ReportedUsage {
        let reported = match &self.meter {
            Meter::OpenAi(meter) => meter.reported(),
            Meter::Anthropic(meter) => meter.reported(),
            Meter::Ollama(meter) => meter.reported(),
        };
        if self.is_broken { ReportedUsage { open_rounds: MAX_ROUNDS, ..reported } } else { reported }
    }

    /// Bytes of what the model has written so far: text, reasoning, names and arguments of tools. No fewer than its
    /// tokens.
    #[must_use]
    pub fn received_bytes(&self) -> i64 {
        let bytes = self.content.saturating_add(self.frames.waiting());
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    #[must_use]
    pub fn state(&self) -> TapState {
        let had_begun = self.begun || self.frames.waiting() > 0;
        match (self.failed, self.finished) {
            (true, _) => TapState::Failed { had_begun: self.begun },
            (false, true) => TapState::Finished,
            (false, false) if had_begun => TapState::Begun,
            (false, false) => TapState::Nothing,
        }
    }

    /// Whether the answer comes piece by piece (else it is one document).
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.frames.is_stream()
    }
}

/// Bytes of the strings the model may have written; names of kinds are the format's own.
pub(super) fn written(value: &Value) -> usize {
    match value {
        Value::Object(map) => {
            let is_ours = |field: &str| matches!(field, "type" | "role" | "object" | "signature");
            map.iter().filter(|(field, _)| !is_ours(field)).map(|(_, value)| written(value)).sum()
        }
        Value::Array(values) => values.iter().map(written).sum(),
        Value::String(text) => text.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// As [`written`], of arguments that come as JSON, not as a text of it: keys and numbers were written, too.
pub(super) fn written_json(value: &Value) -> usize {
    if value.is_null() { 0 } else { json::length(value) }
}

/// A count of tokens; what is none is no report.
pub(super) fn count(value: Option<&Value>) -> Option<i64> {
    value?.as_i64().filter(|count| *count >= 0)
}

#[cfg(test)]
mod tests;
