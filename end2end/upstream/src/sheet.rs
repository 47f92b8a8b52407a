//! The sheet a format writes its events on: keeps what is owed with each, and what is the same in every format.

use crate::{
    formats::Format,
    frames::{Frame, Owed, Wave, tokens, with_fault},
    plan::{Beat, Plan},
    script::{Quirk, Script, Usage},
};

/// Events are given as text with LF at the ends of lines.
pub(crate) struct Sheet<'a> {
    script: &'a Script,
    format: Format,
    frames: Vec<Frame>,
    /// What is billed with the first event; `output` bounds what is owed on the way.
    usage: Usage,
    has_begun: bool,
    /// Bytes of text, thoughts and arguments so far.
    made: usize,
}

impl<'a> Sheet<'a> {
    pub fn new(script: &'a Script, format: Format, plan: &Plan) -> Self {
        Self { script, format, frames: Vec::new(), usage: plan.usage, has_begun: false, made: 0 }
    }

    pub fn has(&self, quirk: Quirk) -> bool {
        self.script.quirks.contains(&quirk)
    }

    /// All output so far, in tokens. A scripted total is what counts in the end; on the way there, never more than it.
    pub fn so_far(&self) -> i64 {
        let made = tokens(self.made);
        self.usage.output.map_or(made, |total| made.min(total))
    }

    /// An event that costs nothing of its own.
    pub fn event(&mut self, text: &str) {
        self.push(text, None);
    }

    /// An event with so many bytes of what is billed as output. [`Sheet::grow`] first, where the event says the sum.
    pub fn event_of(&mut self, text: &str) {
        self.push(text, Some(self.so_far()));
    }

    pub fn grow(&mut self, bytes: usize) {
        self.made = self.made.saturating_add(bytes);
    }

    /// The event after which this much output is owed for good.
    pub fn settle(&mut self, text: &str, output: i64) {
        self.push(text, Some(output));
    }

    /// One event of `each` bytes of text, again and again.
    pub fn flood(&mut self, event: &str, each: usize, times: u64) {
        let bytes = self.dressed(event).into();
        let begin = self.begin();
        let wave = Wave { bytes, times, begin, before: self.made, each, total: self.usage.output };
        self.frames.push(Frame::Flood(wave));
        self.grow(each.saturating_mul(usize::try_from(times).unwrap_or(usize::MAX)));
    }

    /// A beat that is the same in every format; the others are the format's own business.
    pub fn common(&mut self, beat: &Beat) {
        match beat {
            Beat::WaitMs(ms) => self.frames.push(Frame::WaitMs(*ms)),
            Beat::Gate(name) => self.frames.push(Frame::Gate(name.clone())),
            Beat::Cut => self.frames.push(Frame::Cut),
            Beat::Raw(raw) => self.free(raw.clone()),
            Beat::Ping => self.free(self.in_lines(self.format.ping())),
            Beat::Error(error) => self.free(self.in_lines(&self.format.error_event(error))),
            Beat::End | Beat::Text(_) | Beat::Thinking(_) | Beat::Calls(_) | Beat::Flood { .. } => {}
        }
    }

    /// The frames, with the script's fault among them.
    pub fn done(mut self) -> Vec<Frame> {
        self.frames.push(Frame::End);
        with_fault(self.frames, self.script.fault.as_ref(), self.format, true)
    }

    /// Sent as it is, and free of charge.
    fn free(&mut self, text: String) {
        self.frames.push(Frame::Event { bytes: text.into(), owed: Owed::default() });
    }

    fn push(&mut self, text: &str, output: Option<i64>) {
        let bytes = self.dressed(text).into();
        let owed = Owed { begin: self.begin(), output };
        self.frames.push(Frame::Event { bytes, owed });
    }

    fn begin(&mut self) -> Option<Usage> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        is_first.then_some(self.usage)
    }

    /// With comments, pings and line ends as the script wants them.
    fn dressed(&self, text: &str) -> String {
        let mut dressed = String::new();
        if self.has(Quirk::Pings) {
            dressed.push_str(self.format.ping());
        }
        if self.has(Quirk::Comments) {
            dressed.push_str(self.format.comment());
        }
        dressed.push_str(text);
        self.in_lines(&dressed)
    }

    fn in_lines(&self, text: &str) -> String {
        if self.script.crlf { text.replace('\n', "\r\n") } else { text.to_owned() }
    }
}
