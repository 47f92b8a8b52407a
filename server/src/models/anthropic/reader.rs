//! From events to deltas: a state machine without I/O.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::failure;
use crate::models::{Billed, Delta, ProviderError, ProviderErrorKind, ReportedUsage, StopReason, sse::SseEvent};

/// Content blocks open at once; the provider opens one at a time.
const MAX_OPEN_BLOCKS: usize = 64;
/// Longest arguments of one tool call, bytes.
const MAX_ARGUMENT_BYTES: usize = 1024 * 1024;

/// Usage numbers as the provider writes them, merged field by field: the last value wins, nothing is added, and what
/// a later report leaves out stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::models) struct WireUsage {
    input: Option<i64>,
    cache_read: Option<i64>,
    /// Both lifetimes together.
    cache_write: Option<i64>,
    cache_write_5m: Option<i64>,
    cache_write_1h: Option<i64>,
    output: Option<i64>,
    searches: Option<i64>,
}

impl WireUsage {
    /// # Errors
    /// A count that is no natural number; absent and `null` are no report.
    pub(in crate::models) fn merge(&mut self, usage: &Value) -> Result<(), &'static str> {
        let lifetimes = &usage["cache_creation"];
        for (field, value) in [
            (&mut self.input, &usage["input_tokens"]),
            (&mut self.cache_read, &usage["cache_read_input_tokens"]),
            (&mut self.cache_write, &usage["cache_creation_input_tokens"]),
            (&mut self.cache_write_5m, &lifetimes["ephemeral_5m_input_tokens"]),
            (&mut self.cache_write_1h, &lifetimes["ephemeral_1h_input_tokens"]),
            (&mut self.output, &usage["output_tokens"]),
            (&mut self.searches, &usage["server_tool_use"]["web_search_requests"]),
        ] {
            if !value.is_null() {
                *field = Some(value.as_i64().filter(|count| *count >= 0).ok_or("a usage number is not a count")?);
            }
        }
        Ok(())
    }

    /// In our classes. Cache writes whose lifetime is not told are five-minute ones: that is all we ask for.
    pub(in crate::models) fn reported(&self, is_final: bool) -> ReportedUsage {
        let (told_5m, told_1h) = (self.cache_write_5m.unwrap_or(0), self.cache_write_1h.unwrap_or(0));
        let rest = self.cache_write.map(|total| total.saturating_sub(told_1h));
        let (cache_write_5m, cache_write_1h) = match rest {
            // What was written after the lifetimes were told, by later rounds of the same request.
            Some(rest) if told_1h > 0 && self.cache_write_5m.is_some() => {
                (Some(told_5m), Some(told_1h.saturating_add(rest.saturating_sub(told_5m).max(0))))
            }
            Some(rest) => (Some(rest.max(told_5m)), self.cache_write_1h),
            None => (self.cache_write_5m, self.cache_write_1h),
        };
        ReportedUsage {
            input: self.input,
            cache_read: self.cache_read,
            cache_write_5m,
            cache_write_1h,
            output: self.output,
            searches: self.searches,
            open_rounds: 0,
            is_final,
        }
    }
}

/// A tool call whose arguments are still coming.
struct OpenTool {
    id: String,
    name: String,
    /// As given at the start: `{}`, or the whole arguments of a provider that does not stream them.
    input: Value,
    arguments: String,
}

/// The state of one message.
pub(super) struct Reader {
    request_id: String,
    began: bool,
    usage: WireUsage,
    /// The last report was the provider's last word.
    is_final: bool,
    tools: HashMap<u64, OpenTool>,
    stop: Option<StopReason>,
}

type Outcome = Result<Vec<Delta>, ProviderError>;

impl Reader {
    pub(super) fn new(request_id: String) -> Self {
        Self {
            request_id,
            began: false,
            usage: WireUsage::default(),
            is_final: false,
            tools: HashMap::new(),
            stop: None,
        }
    }

    /// What a break now means for the bill.
    pub(super) fn billed(&self) -> Billed {
        if self.began { Billed::Partly } else { Billed::Unknown }
    }

    /// An error of the stream.
    pub(super) fn broken(&self, kind: ProviderErrorKind, message: impl std::fmt::Display) -> ProviderError {
        ProviderError {
            kind,
            message: format!("{message} (request id {})", self.request_id),
            billed: self.billed(),
            retry_after_ms: None,
        }
    }

    fn unreadable(&self, what: &str) -> ProviderError {
        self.broken(ProviderErrorKind::Protocol, what)
    }

    /// The body ended without `message_stop`: fine when the stop reason was told, a break otherwise.
    pub(super) fn end_of_body(&self) -> Result<Delta, ProviderError> {
        match self.stop {
            Some(reason) => Ok(Delta::Stop(reason)),
            None => Err(self.broken(ProviderErrorKind::Unavailable, "the answer broke off")),
        }
    }

    /// Reads one event. Unknown events say nothing to us and are skipped; what unknown blocks bring is counted.
    pub(super) fn event(&mut self, event: &SseEvent) -> Outcome {
        if event.data.trim().is_empty() {
            return Ok(Vec::new());
        }
        let data: Value = serde_json::from_str(&event.data).map_err(|_| self.unreadable("an event is no JSON"))?;
        match data["type"].as_str().unwrap_or(&event.name) {
            "message_start" => self.message_start(&data),
            "content_block_start" => self.block_start(&data),
            "content_block_delta" => self.block_delta(&data),
            "content_block_stop" => Ok(self.block_stop(&data)),
            "message_delta" => self.message_delta(&data),
            "message_stop" => Ok(vec![Delta::Stop(self.stop.unwrap_or(StopReason::Other))]),
            "error" => Err(self.error(&data)),
            _ => Ok(Vec::new()),
        }
    }

    fn message_start(&mut self, data: &Value) -> Outcome {
        self.began = true;
        self.merge(&data["message"]["usage"])
    }

    fn merge(&mut self, usage: &Value) -> Outcome {
        if usage.is_null() {
            return Ok(Vec::new());
        }
        self.usage.merge(usage).map_err(|problem| self.unreadable(problem))?;
        Ok(vec![Delta::Usage(self.usage.reported(self.is_final))])
    }

    fn block_start(&mut self, data: &Value) -> Outcome {
        let block = &data["content_block"];
        match block["type"].as_str() {
            Some("text") => Ok(text(block["text"].as_str())),
            Some("thinking") => Ok(reasoning(block["thinking"].as_str())),
            Some("tool_use") => {
                let (Some(index), Some(id), Some(name)) =
                    (data["index"].as_u64(), block["id"].as_str(), block["name"].as_str())
                else {
                    return Err(self.unreadable("a tool call has no index, id or name"));
                };
                if self.tools.len() >= MAX_OPEN_BLOCKS {
                    return Err(self.unreadable("too many tool calls are open at once"));
                }
                let tool = OpenTool {
                    id: id.to_owned(),
                    name: name.to_owned(),
                    input: block["input"].clone(),
                    arguments: String::new(),
                };
                self.tools.insert(index, tool);
                Ok(received(block))
            }
            _ => Ok(received(block)),
        }
    }

    fn block_delta(&mut self, data: &Value) -> Outcome {
        let delta = &data["delta"];
        match delta["type"].as_str() {
            Some("text_delta") => Ok(text(delta["text"].as_str())),
            Some("thinking_delta") => Ok(reasoning(delta["thinking"].as_str())),
            Some("input_json_delta") => {
                let piece = delta["partial_json"].as_str().unwrap_or_default();
                let received = vec![Delta::Received(piece.len())];
                // Pieces for a block that is no tool call of ours (a server's tool) are not for us, but billed.
                let Some(tool) = data["index"].as_u64().and_then(|index| self.tools.get_mut(&index)) else {
                    return Ok(received);
                };
                if tool.arguments.len() + piece.len() > MAX_ARGUMENT_BYTES {
                    return Err(self.unreadable("the arguments of a tool call are too long"));
                }
                tool.arguments.push_str(piece);
                Ok(received)
            }
            _ => Ok(received(delta)),
        }
    }

    fn block_stop(&mut self, data: &Value) -> Vec<Delta> {
        let tool = data["index"].as_u64().and_then(|index| self.tools.remove(&index));
        let Some(tool) = tool else { return Vec::new() };
        let input = if tool.arguments.trim().is_empty() {
            // No arguments may come as no piece at all.
            Value::Object(tool.input.as_object().cloned().unwrap_or_default())
        } else {
            serde_json::from_str::<Map<String, Value>>(&tool.arguments).map_or(Value::Null, Value::Object)
        };
        vec![Delta::ToolUse { id: tool.id, name: tool.name, input }]
    }

    fn message_delta(&mut self, data: &Value) -> Outcome {
        if let Some(reason) = data["delta"]["stop_reason"].as_str() {
            self.stop = Some(stop_reason(reason));
        }
        let usage = &data["usage"];
        self.is_final = self.is_final || (self.stop.is_some() && !usage["output_tokens"].is_null());
        self.merge(usage)
    }

    fn error(&self, data: &Value) -> ProviderError {
        let error = failure::of_event(data, &self.request_id);
        // An error instead of a message: nothing was made. After its beginning, what was made counts.
        let billed = if self.began { Billed::Partly } else { Billed::No };
        ProviderError { billed, ..error }
    }
}

/// Content that is not shown: as JSON it is never shorter than what the model made of it.
fn received(content: &Value) -> Vec<Delta> {
    if content.is_null() { Vec::new() } else { vec![Delta::Received(content.to_string().len())] }
}

fn text(text: Option<&str>) -> Vec<Delta> {
    text.filter(|text| !text.is_empty()).map(|text| Delta::Text(text.to_owned())).into_iter().collect()
}

fn reasoning(text: Option<&str>) -> Vec<Delta> {
    text.filter(|text| !text.is_empty()).map(|text| Delta::Reasoning(text.to_owned())).into_iter().collect()
}

fn stop_reason(reason: &str) -> StopReason {
    match reason {
        "end_turn" | "stop_sequence" => StopReason::EndTurn,
        "tool_use" => StopReason::ToolUse,
        "max_tokens" => StopReason::MaxTokens,
        "refusal" => StopReason::Refusal,
        "model_context_window_exceeded" => StopReason::ContextWindow,
        _ => StopReason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn merged(reports: &[Value]) -> WireUsage {
        let mut usage = WireUsage::default();
        for report in reports {
            usage.merge(report).expect("counts");
        }
        usage
    }

    #[test]
    fn usage_is_merged_field_by_field() {
        let usage = merged(&[
            json!({"input_tokens": 10, "cache_creation_input_tokens": 7, "output_tokens": 1,
                "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 3}}),
            json!({"output_tokens": 20}),
            json!({"output_tokens": 25, "input_tokens": null, "cache_read_input_tokens": 0}),
        ]);
        assert_eq!(
            usage.reported(true),
            ReportedUsage {
                input: Some(10),
                cache_read: Some(0),
                cache_write_5m: Some(4),
                cache_write_1h: Some(3),
                output: Some(25),
                searches: None,
                open_rounds: 0,
                is_final: true,
            }
        );
    }

    #[test]
    fn what_later_rounds_write_lives_as_long_as_may_be() {
        let split = |five: i64, hour: i64| {
            json!({"cache_creation_input_tokens": five + hour,
            "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}})
        };
        let classes = |reports: &[Value]| {
            let reported = merged(reports).reported(true);
            (reported.cache_write_5m, reported.cache_write_1h)
        };
        let grown = json!({"cache_creation_input_tokens": 20});
        assert_eq!(classes(&[split(4, 3), grown.clone()]), (Some(4), Some(16)));
        assert_eq!(classes(&[split(4, 0), grown.clone()]), (Some(20), Some(0)));
        assert_eq!(
            classes(&[split(4, 3), json!({"cache_creation_input_tokens": 5})]),
            (Some(4), Some(3)),
            "never less"
        );
        assert_eq!(classes(&[split(4, 3), grown, split(12, 8)]), (Some(12), Some(8)));
    }

    #[test]
    fn absent_is_not_zero_and_nonsense_is_refused() {
        assert_eq!(merged(&[json!({})]).reported(false), ReportedUsage::default());
        assert_eq!(merged(&[json!({"cache_creation_input_tokens": 9})]).reported(false).cache_write_5m, Some(9));
        for wrong in [json!(-1), json!(1.5), json!("7"), json!(18_446_744_073_709_551_615_u64)] {
            assert!(WireUsage::default().merge(&json!({"input_tokens": wrong})).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stop_reason_without_message_stop_is_an_end() {
        let mut reader = Reader::new("r".into());
        assert!(reader.end_of_body().is_err());
        let event = |data: Value| SseEvent { name: "x".into(), data: data.to_string() };
        let delta = event(json!({"type": "message_delta", "delta": {"stop_reason": "pause_turn"}}));
        assert_eq!(reader.event(&delta), Ok(vec![]));
        assert_eq!(reader.end_of_body(), Ok(Delta::Stop(StopReason::Other)));
    }

    #[test]
    fn every_byte_of_content_is_counted_as_it_comes() {
        let mut reader = Reader::new("r".into());
        let mut count = |data: Value| -> usize {
            let deltas = reader.event(&SseEvent { name: "x".into(), data: data.to_string() }).expect("deltas");
            let bytes = deltas.iter().map(|delta| match delta {
                Delta::Received(bytes) => *bytes,
                // Counted by whoever shows it, as text is.
                Delta::Reasoning(text) => text.len(),
                _ => 0,
            });
            bytes.sum()
        };
        let tool = json!({"type": "tool_use", "id": "toolu_1", "name": "find_devices", "input": {}});
        assert!(count(json!({"type": "content_block_start", "index": 0, "content_block": tool})) >= 19);
        let piece = |index: u64| {
            let delta = json!({"type": "input_json_delta", "partial_json": "{\"query\": "});
            json!({"type": "content_block_delta", "index": index, "delta": delta})
        };
        assert_eq!(count(piece(0)), 10);
        assert_eq!(count(piece(7)), 10, "of a block that is not ours");
        let thinking = json!({"type": "thinking_delta", "thinking": "Let me see."});
        assert!(count(json!({"type": "content_block_delta", "index": 1, "delta": thinking})) >= 11);
        let redacted = json!({"type": "redacted_thinking", "data": "abcdef"});
        assert!(count(json!({"type": "content_block_start", "index": 2, "content_block": redacted})) >= 6);
    }

    proptest! {
        /// The oracle: for each field the last report that has it, independently of the others.
        #[test]
        fn the_last_value_of_each_field_wins(
            reports in prop::collection::vec((
                prop::option::of(0..1_000_000i64), prop::option::of(0..1_000_000i64), prop::option::of(0..1_000_000i64)
            ), 0..8)
        ) {
            let wire = reports.iter().map(|(input, read, output)| json!({
                "input_tokens": input, "cache_read_input_tokens": read, "output_tokens": output
            })).collect::<Vec<_>>();
            let reported = merged(&wire).reported(false);
            prop_assert_eq!(reported.input, reports.iter().rev().find_map(|report| report.0));
            prop_assert_eq!(reported.cache_read, reports.iter().rev().find_map(|report| report.1));
            prop_assert_eq!(reported.output, reports.iter().rev().find_map(|report| report.2));
            prop_assert_eq!(reported.cache_write_5m, None);
        }

        #[test]
        fn no_event_makes_it_panic(kind in "(message_start|content_block_(start|delta|stop)|message_delta|error)",
            body in "[{}\\[\\]\",:a-z0-9]{0,40}") {
            let mut reader = Reader::new("r".into());
            let _ = reader.event(&SseEvent { name: kind.clone(), data: body });
            let _ = reader.event(&SseEvent { name: kind.clone(), data: json!({"type": kind}).to_string() });
        }
    }
}
