//! From a script and a request to what is said, in no format yet: a pure function, so that the request's cap is kept in
//! one place.

use std::ops::ControlFlow;

use crate::{
    frames::tokens,
    request::Request,
    script::{ApiError, Script, Step, ToolCall, Usage},
};

/// Most text a whole answer makes of a flood, bytes.
const MAX_WHOLE_FLOOD: u64 = 64 * 1024 * 1024;

/// What is said.
#[derive(Debug, PartialEq)]
pub(crate) struct Plan {
    pub beats: Vec<Beat>,
    /// `None` when the script breaks off on the way.
    pub ending: Option<Ending>,
    /// What is billed; `output` is the total in the end, where there is one or the script says so.
    pub usage: Usage,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Ending {
    /// In Anthropic's words.
    pub stop_reason: String,
    pub output: i64,
}

/// A step under the request's cap.
#[derive(Debug, PartialEq)]
pub(crate) enum Beat {
    Text(String),
    Thinking(String),
    Calls(Vec<Call>),
    Flood { text: String, times: u64 },
    WaitMs(u64),
    Gate(String),
    Error(ApiError),
    Raw(String),
    Ping,
    Cut,
    End,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub id: String,
    pub name: String,
    /// JSON, unless the script or the cap spoilt it; empty for no arguments.
    pub arguments: String,
}

impl Call {
    /// In three pieces, to make the reader put them together.
    pub fn pieces(&self) -> Vec<&str> {
        let size = self.arguments.len().div_ceil(3).max(1);
        let mut rest = self.arguments.as_str();
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let mut end = size.min(rest.len());
            while !rest.is_char_boundary(end) {
                end += 1;
            }
            let (piece, tail) = rest.split_at(end);
            pieces.push(piece);
            rest = tail;
        }
        pieces
    }

    /// As a value: what is no JSON stays a string.
    pub fn value(&self) -> serde_json::Value {
        if self.arguments.is_empty() {
            return serde_json::json!({});
        }
        serde_json::from_str(&self.arguments).unwrap_or_else(|_| self.arguments.clone().into())
    }
}

struct Planner {
    beats: Vec<Beat>,
    /// Bytes of text, thoughts and arguments so far.
    made: usize,
    limit: Option<usize>,
    cut_off: bool,
    called: bool,
}

impl Planner {
    fn room(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit.saturating_sub(self.made))
    }

    /// As much of the text as fits under the request's cap.
    fn clip<'t>(&mut self, text: &'t str) -> &'t str {
        let mut end = text.len();
        if end > self.room() {
            self.cut_off = true;
            end = self.room();
            while !text.is_char_boundary(end) {
                end -= 1;
            }
        }
        self.made += end;
        &text[..end]
    }

    fn say(&mut self, text: &str, beat: impl FnOnce(String) -> Beat) -> ControlFlow<()> {
        let text = self.clip(text);
        if !text.is_empty() {
            self.beats.push(beat(text.to_owned()));
        }
        ControlFlow::Continue(())
    }

    fn call(&mut self, call: &ToolCall) -> ControlFlow<()> {
        let is_empty = call.input.is_null() || call.input.as_object().is_some_and(serde_json::Map::is_empty);
        let arguments = match &call.raw_input {
            Some(raw) => raw.clone(),
            None if is_empty => String::new(),
            None => call.input.to_string(),
        };
        let arguments = self.clip(&arguments).to_owned();
        let call = Call { id: call.id.clone(), name: call.name.clone(), arguments };
        self.called = true;
        if let Some(Beat::Calls(calls)) = self.beats.last_mut() {
            calls.push(call);
        } else {
            self.beats.push(Beat::Calls(vec![call]));
        }
        ControlFlow::Continue(())
    }

    /// Takes a step; breaks at one that ends the stream.
    fn take(&mut self, step: &Step, is_stream: bool) -> ControlFlow<()> {
        let beat = match step {
            Step::Text(text) => return self.say(text, Beat::Text),
            Step::Thinking(text) => return self.say(text, Beat::Thinking),
            Step::Tool(call) => return self.call(call),
            Step::Flood(flood) => return self.flood(flood.events, flood.bytes, is_stream),
            Step::WaitMs(ms) => Beat::WaitMs(*ms),
            Step::Gate(name) => Beat::Gate(name.clone()),
            Step::Ping => Beat::Ping,
            Step::Raw(raw) => Beat::Raw(raw.clone()),
            Step::Error(error) => Beat::Error(error.clone()),
            Step::Reset => Beat::Cut,
            Step::End => Beat::End,
        };
        let is_last = matches!(beat, Beat::Error(_) | Beat::Cut | Beat::End);
        self.beats.push(beat);
        if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn flood(&mut self, mut times: u64, bytes: usize, is_stream: bool) -> ControlFlow<()> {
        let text = "flood ".bytes().cycle().take(bytes.max(1)).map(char::from).collect::<String>();
        let each = text.len() as u64;
        if !is_stream {
            times = times.min(MAX_WHOLE_FLOOD / each);
        }
        let fitting = times.min(self.room() as u64 / each);
        if fitting > 0 {
            self.made = self.made.saturating_add(usize::try_from(fitting * each).unwrap_or(usize::MAX));
            self.beats.push(Beat::Flood { text: text.clone(), times: fitting });
        }
        if fitting < times { self.say(&text, Beat::Text) } else { ControlFlow::Continue(()) }
    }
}

/// What a script says to a request.
pub(crate) fn plan(script: &Script, request: &Request) -> Plan {
    let limit = usize::try_from(request.max_tokens).unwrap_or(usize::MAX).saturating_mul(4);
    let limit = (!script.ignore_max_tokens).then_some(limit);
    let mut planner = Planner { beats: Vec::new(), made: 0, limit, cut_off: false, called: false };
    let usage = Usage { input: Some(script.usage.input.unwrap_or(request.input_tokens)), ..script.usage };
    for step in &script.steps {
        if planner.cut_off {
            break;
        }
        if planner.take(step, request.is_stream).is_break() {
            return Plan { beats: planner.beats, ending: None, usage };
        }
    }
    let made = tokens(planner.made).saturating_add(script.usage.reasoning.unwrap_or(0));
    let mut output = script.usage.output.unwrap_or(made);
    if !script.ignore_max_tokens {
        output = output.min(request.max_tokens);
    }
    let stop_reason = match &script.stop_reason {
        _ if planner.cut_off => "max_tokens",
        Some(reason) => reason,
        None if planner.called => "tool_use",
        None => "end_turn",
    };
    let ending = Ending { stop_reason: stop_reason.to_owned(), output };
    Plan { beats: planner.beats, ending: Some(ending), usage: Usage { output: Some(output), ..usage } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{formats::Format, script::Flood};

    fn asked(max_tokens: i64) -> Request {
        Request { max_tokens, input_tokens: 7, ..Request::about(Format::Anthropic, "m", "x") }
    }

    fn output(script: &Script, max_tokens: i64) -> Option<(String, i64)> {
        plan(script, &asked(max_tokens)).ending.map(|ending| (ending.stop_reason, ending.output))
    }

    #[test]
    fn the_cap_is_kept_unless_the_script_ignores_it() {
        let long = Script::text("x".repeat(100));
        assert_eq!(output(&long, 5), Some(("max_tokens".into(), 5)));
        assert_eq!(output(&long, 0), Some(("max_tokens".into(), 0)));
        assert_eq!(output(&long, i64::MAX), Some(("end_turn".into(), 25)));
        let rude = Script { ignore_max_tokens: true, ..long };
        assert_eq!(output(&rude, 5), Some(("end_turn".into(), 25)));
    }

    #[test]
    fn a_flood_ends_at_the_cap_too() {
        let flood = Script::default().step(Step::Flood(Flood { events: 10, bytes: 12 }));
        let beats = plan(&flood, &asked(7)).beats;
        assert_eq!(beats, [Beat::Flood { text: "flood flood ".into(), times: 2 }, Beat::Text("floo".into())]);
        assert_eq!(output(&flood, 7), Some(("max_tokens".into(), 7)));
        assert_eq!(output(&flood, 30), Some(("end_turn".into(), 30)));
    }

    #[test]
    fn consecutive_calls_are_parallel_and_a_broken_plan_has_no_ending() {
        let script = Script::tools([("a", "t", json!({"x": 1})), ("b", "t", json!({}))]).step(Step::Reset);
        let plan = plan(&script, &asked(100));
        let Beat::Calls(calls) = &plan.beats[0] else { panic!("{plan:?}") };
        assert_eq!(calls.iter().map(|call| call.pieces().len()).collect::<Vec<_>>(), [3, 0]);
        assert_eq!((calls[1].value(), &plan.beats[1], plan.ending), (json!({}), &Beat::Cut, None));
    }

    #[test]
    fn reasoning_is_output() {
        let script = Script::text("12345678").usage(|usage| usage.reasoning = Some(10));
        assert_eq!(output(&script, 100), Some(("end_turn".into(), 12)));
    }
}
