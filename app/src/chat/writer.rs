//! Writes a running answer onto the page: events go through the [`Transcript`], what they added is shown evenly
//! ([`Smooth`]), one step per animation frame, and told to screen readers sentence by sentence.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::{GetUntracked, Set, request_animation_frame};

use super::{
    browser,
    scroll::Controller,
    smooth::Smooth,
    state::{Chat, Following},
    transcript::{Applied, Transcript},
};
use crate::model::{MessageStatus, Part, TurnEnvelope};

/// Text is drawn at most this often, milliseconds: every other frame of most screens. Nobody reads faster, and it halves
/// what a long answer costs.
const DRAW_EVERY_MS: f64 = 30.0;
/// Sentences are told at most this often, milliseconds.
const TELL_EVERY_MS: f64 = 3_000.0;
/// At most so much of the text is told at once, bytes, so that who listens does not fall behind for ever.
const TELL_AT_MOST: usize = 400;

/// What a batch of events came to.
#[derive(Debug, Default)]
pub struct Taken {
    /// Events are missing: follow again from this number.
    pub gap_after: Option<u64>,
    /// The conversation got its title.
    pub title: Option<String>,
    /// The answer is over.
    pub over: Option<MessageStatus>,
}

/// Writes one answer. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Writer(Rc<RefCell<State>>);

struct State {
    chat: Chat,
    following: Following,
    transcript: Transcript,
    smooth: Smooth,
    /// The part that `smooth` is about.
    part: usize,
    animating: bool,
    drawn_at_ms: f64,
    told: Told,
}

/// What screen readers were told of the last part.
#[derive(Debug, Default)]
struct Told {
    bytes: usize,
    at_ms: f64,
}

impl Writer {
    #[must_use]
    pub fn new(chat: Chat, following: &Following) -> Self {
        let transcript = Transcript::new(following.turn, following.parts.clone(), following.after);
        let part = following.parts.len().saturating_sub(1);
        let shown = last_text(&transcript.parts).len();
        let state = State {
            chat,
            following: following.clone(),
            transcript,
            smooth: Smooth::starting_at(shown),
            part,
            animating: false,
            drawn_at_ms: 0.0,
            told: Told { bytes: shown, at_ms: 0.0 },
        };
        Self(Rc::new(RefCell::new(state)))
    }

    /// The last event that was applied.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.0.borrow().transcript.seen
    }

    /// Applies `events` and shows what they did. Call it once per animation frame, and not after [`Taken::over`].
    pub fn take(&self, events: Vec<TurnEnvelope>) -> Taken {
        let taken = self.0.borrow_mut().take(events);
        self.animate();
        taken
    }

    /// Goes on showing what waits, frame by frame.
    fn animate(&self) {
        {
            let mut state = self.0.borrow_mut();
            if state.animating || !state.smooth.waits() {
                return;
            }
            state.animating = true;
        }
        // Nobody follows the answer any more once the last handle is gone.
        let this = Rc::downgrade(&self.0);
        request_animation_frame(move || {
            let Some(state) = this.upgrade() else { return };
            let this = Self(state);
            {
                let mut state = this.0.borrow_mut();
                state.animating = false;
                if !state.chat.is_alive() || state.transcript.is_over() {
                    return;
                }
                let now = js_sys::Date::now();
                if state.is_due(now) {
                    state.show(now);
                }
            }
            this.animate();
        });
    }
}

impl State {
    fn take(&mut self, events: Vec<TurnEnvelope>) -> Taken {
        let mut taken = Taken::default();
        let mut replaced = false;
        for event in events {
            match self.transcript.apply(event) {
                Applied::Replaced => replaced = true,
                Applied::Gap => {
                    taken.gap_after = Some(self.transcript.seen);
                    break;
                }
                Applied::Changed | Applied::Nothing => {}
            }
        }
        taken.title = self.transcript.title.take();
        let now = js_sys::Date::now();
        let over = self.transcript.is_over();
        let bytes = last_text(&self.transcript.parts).len();
        let part = self.transcript.parts.len().saturating_sub(1);
        if part != self.part || replaced {
            self.part = part;
            self.smooth = Smooth::default();
            self.told.bytes = 0;
        }
        self.smooth.arrived(now, bytes);
        if over || replaced || browser::tab_hidden() || browser::prefers_reduced_motion() {
            self.smooth.show_all(bytes);
            self.told.bytes = if replaced { bytes } else { self.told.bytes };
        }
        if replaced {
            self.following.item.body.replace(&self.transcript.parts, over);
            self.transcript.take_touched();
        }
        // What waits is drawn when its frame comes.
        if over || replaced || !self.smooth.waits() || self.is_due(now) {
            self.show(now);
        }
        if over {
            self.following.item.usage.set(self.transcript.usage);
            self.following.item.status.set(self.transcript.status.clone());
            taken.over = Some(self.transcript.status.clone());
        }
        taken
    }

    fn is_due(&self, now: f64) -> bool {
        // A clock that was put back is no reason to wait.
        !(0.0..DRAW_EVERY_MS).contains(&(now - self.drawn_at_ms))
    }

    fn show(&mut self, now: f64) {
        self.drawn_at_ms = now;
        let over = self.transcript.is_over();
        let shown = self.smooth.advance(now, last_text(&self.transcript.parts));
        let touched = self.transcript.take_touched().min(self.part);
        self.following.item.body.grow(&self.transcript.parts, touched, shown, over);
        if !over {
            self.tell(now);
        }
        let chat = self.chat;
        let drawn = move || {
            if chat.is_alive() {
                chat.with_scroll(Controller::content_changed);
            }
        };
        if browser::tab_hidden() { drawn() } else { request_animation_frame(drawn) }
    }

    fn tell(&mut self, now: f64) {
        let Some(Part::Text { text }) = self.transcript.parts.last() else { return };
        if now - self.told.at_ms < TELL_EVERY_MS {
            return;
        }
        let Some(end) = sentence_end(text, self.told.bytes) else { return };
        let said = spoken(text.get(self.told.bytes..end).unwrap_or_default());
        self.told = Told { bytes: end, at_ms: now };
        if !said.is_empty() && self.chat.announcement.get_untracked() != said {
            self.chat.announce(&said);
        }
    }
}

/// The text of the last part, if it is one that grows.
fn last_text(parts: &[Part]) -> &str {
    match parts.last() {
        Some(Part::Text { text } | Part::Reasoning { text }) => text,
        _ => "",
    }
}

/// Where the last finished sentence behind `from` ends. Looks at the end of the new text only: this runs every frame.
fn sentence_end(text: &str, from: usize) -> Option<usize> {
    let from = from.max(text.floor_char_boundary(text.len().saturating_sub(4 * TELL_AT_MOST)));
    let fresh = text.get(from..)?;
    let ends = fresh.char_indices().rev().find(|(place, c)| {
        let next = fresh[place + c.len_utf8()..].chars().next();
        *c == '\n' || matches!(c, '.' | '!' | '?' | ':' | '。') && next.is_some_and(char::is_whitespace)
    });
    ends.map(|(place, c)| from + place + c.len_utf8())
}

/// Markdown as it is read out: without its marks, the last [`TELL_AT_MOST`] bytes of it.
fn spoken(markdown: &str) -> String {
    let from = markdown.ceil_char_boundary(markdown.len().saturating_sub(TELL_AT_MOST));
    let bare = markdown[from..].replace(['*', '`', '~', '|', '#'], "");
    let words = bare.split_whitespace().filter(|word| word.chars().any(is_spoken));
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a character is more than a mark: roughly, because Unicode's tables would weigh more than this is worth.
fn is_spoken(c: char) -> bool {
    c.is_ascii_alphanumeric() || !(c.is_ascii() || matches!(c, '\u{a0}'..='\u{bf}' | '\u{2000}'..='\u{206f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_sentences_are_told_once() {
        let text = "It used 3.5 kWh. That is **much**.\nAnd then";
        assert_eq!(sentence_end("It used 3.5 kWh", 0), None, "no sentence yet");
        assert_eq!(sentence_end("It used 3.5 kWh. That", 0), Some(16));
        assert_eq!(sentence_end(text, 16), Some(35));
        assert_eq!(sentence_end(text, 35), None);
        assert_eq!(spoken(&text[16..35]), "That is much.");
        assert_eq!(spoken("| a | b |\n|---|---|\n"), "a b");
        assert!(spoken(&"wörter ".repeat(500)).len() <= TELL_AT_MOST);
    }
}
