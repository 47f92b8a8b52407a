//! Text arrives in lumps; this shows it evenly. Pure: times come in, a number of bytes comes out.

use std::collections::VecDeque;

/// Nothing waits longer than this, milliseconds.
pub const LATEST_MS: f64 = 400.0;
/// How fast what waits is used up: after so many milliseconds, all but a third of it is shown.
const PACE_MS: f64 = 150.0;
/// A word longer than this is shown in pieces.
const LONG_WORD: usize = 32;

/// How much of a growing text is shown yet.
#[derive(Debug, Default)]
pub struct Smooth {
    shown: usize,
    /// When the text had grown to which length, oldest first; only what is not shown yet.
    arrivals: VecDeque<(f64, usize)>,
    last_ms: f64,
}

impl Smooth {
    /// A text of which `shown` bytes are on the page.
    #[must_use]
    pub fn starting_at(shown: usize) -> Self {
        Self { shown, ..Self::default() }
    }

    /// The text has `bytes` bytes now.
    pub fn arrived(&mut self, now_ms: f64, bytes: usize) {
        if self.arrivals.is_empty() {
            self.last_ms = now_ms;
        }
        if self.arrivals.back().map_or(self.shown, |arrival| arrival.1) < bytes {
            self.arrivals.push_back((now_ms, bytes));
        }
    }

    /// How many bytes of `text` to show now: never less than before, up to a word's end, and everything that has waited
    /// for [`LATEST_MS`].
    pub fn advance(&mut self, now_ms: f64, text: &str) -> usize {
        let elapsed = (now_ms - self.last_ms).max(0.0);
        self.last_ms = now_ms;
        let mut overdue = self.shown;
        while let Some(&(at, bytes)) = self.arrivals.front() {
            let next_frame_is_too_late = now_ms + elapsed.min(50.0) - at > LATEST_MS;
            if !next_frame_is_too_late && bytes > self.shown {
                break;
            }
            overdue = overdue.max(bytes);
            self.arrivals.pop_front();
        }
        let waiting = text.len().saturating_sub(self.shown);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a text's length, between 0 and that length"
        )]
        let share = (waiting as f64 * (1.0 - (-elapsed / PACE_MS).exp())).ceil() as usize;
        let wanted = overdue.max(self.shown + share).min(text.len());
        self.shown = word_end(text, self.shown, wanted).max(overdue.min(text.len()));
        while self.arrivals.front().is_some_and(|arrival| arrival.1 <= self.shown) {
            self.arrivals.pop_front();
        }
        self.shown
    }

    /// Everything at once: the reader wants no motion, or nobody looks.
    pub fn show_all(&mut self, bytes: usize) {
        self.shown = bytes;
        self.arrivals.clear();
    }

    #[must_use]
    pub fn waits(&self) -> bool {
        !self.arrivals.is_empty()
    }
}

/// The end of the word that `wanted` cuts; the beginning of that word if its end has not come yet.
fn word_end(text: &str, shown: usize, wanted: usize) -> usize {
    let bytes = text.as_bytes();
    let is_end = |place: usize| bytes.get(place).is_none_or(u8::is_ascii_whitespace);
    let limit = (wanted + LONG_WORD).min(text.len());
    if let Some(end) = (wanted..limit).find(|&place| is_end(place)) {
        return end;
    }
    let begin = (shown..wanted).rev().find(|&place| bytes.get(place).is_some_and(u8::is_ascii_whitespace));
    match begin {
        Some(begin) if wanted - begin <= LONG_WORD => begin + 1,
        _ => text.floor_char_boundary(wanted).max(shown),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_lump_is_spread_over_several_frames_at_word_boundaries() {
        let text = "The compressor used 312 kWh on Monday and 41 kWh on Sunday, when nobody worked. ";
        let mut smooth = Smooth::default();
        smooth.arrived(0.0, text.len());
        let mut frames = vec![];
        let mut now = 0.0;
        while smooth.waits() {
            now += 16.0;
            frames.push(smooth.advance(now, text));
        }
        assert!(frames.len() > 3, "{frames:?}");
        assert!(now <= LATEST_MS, "{now}");
        assert_eq!(frames.last(), Some(&text.len()));
        for end in &frames[..frames.len() - 1] {
            assert!(text.as_bytes()[*end].is_ascii_whitespace() || text.as_bytes()[end - 1].is_ascii_whitespace());
        }
    }

    proptest! {
        #[test]
        fn it_never_goes_back_never_cuts_a_character_and_is_never_late(
            lumps in prop::collection::vec(("[a-zé世 \\n]{0,60}", 0u32..120), 1..40),
            frame in 4.0..40.0f64,
        ) {
            let (mut smooth, mut text, mut now) = (Smooth::default(), String::new(), 0.0);
            let mut arrived: Vec<(f64, usize)> = vec![];
            let mut before = 0;
            for (lump, pause) in lumps {
                text.push_str(&lump);
                smooth.arrived(now, text.len());
                arrived.push((now, text.len()));
                let until = now + f64::from(pause);
                while now < until {
                    now += frame;
                    let shown = smooth.advance(now, &text);
                    prop_assert!(shown >= before && text.is_char_boundary(shown));
                    let due = arrived.iter().filter(|(at, _)| now - at > LATEST_MS).map(|(_, bytes)| *bytes).max();
                    prop_assert!(shown >= due.unwrap_or(0));
                    before = shown;
                }
            }
        }
    }
}
