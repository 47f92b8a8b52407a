//! The position, pure: what the browser reports goes in, what to do comes out.

/// Upward movement beyond this is the reader's wish, pixels.
const DRIFT: f64 = 3.0;
/// A finger has to move this far to mean it, pixels.
pub const TOUCH_DRIFT: f64 = 10.0;
/// Within this distance of the end the page takes over again, pixels.
const NEAR: f64 = 60.0;
/// From this distance on the jump button shows, pixels.
const FAR: f64 = 200.0;
/// A sent message comes to stand this far below the top, pixels.
pub const BELOW_TOP: f64 = 50.0;
/// Time constant of following, milliseconds.
const TAU: f64 = 80.0;

/// How the jump button shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jump {
    #[default]
    Hidden,
    Shown,
    /// New text came below the reader's place.
    News,
}

/// Who decides where the box stands, and where it stood last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    pub pinned: bool,
    top: f64,
}

impl Default for Position {
    fn default() -> Self {
        Self { pinned: true, top: 0.0 }
    }
}

impl Position {
    /// The box stands at `top`, with `below` pixels under its lower edge. `ours`: we moved it there.
    pub fn scrolled(&mut self, top: f64, below: f64, ours: bool) {
        // A transcript that got shorter takes the box up with it, to its end: nobody's wish.
        if !ours && top < self.top - DRIFT && below > DRIFT {
            self.pinned = false;
        }
        if !ours && !self.pinned && top > self.top && below < NEAR {
            self.pinned = true;
        }
        self.top = top;
    }

    /// The content has changed, and the box stands at `top` by now: at its end it was taken there, by content that got
    /// shorter. The browser tells of that later, when there may be more below it again.
    pub fn moved_by_content(&mut self, top: f64, below: f64) {
        if below <= DRIFT && top < self.top {
            self.top = top;
        }
    }

    /// The next step towards `target` after `elapsed_ms`; lands when less than a pixel is left.
    #[must_use]
    pub fn step(top: f64, target: f64, elapsed_ms: f64) -> f64 {
        let next = top + (target - top) * (1.0 - (-elapsed_ms / TAU).exp());
        if (target - next).abs() < 1.0 { target } else { next }
    }

    #[must_use]
    pub fn jump(self, below: f64, shown: Jump, news: bool) -> Jump {
        if self.pinned || below < NEAR {
            return Jump::Hidden;
        }
        match shown {
            Jump::Hidden if below > FAR && news => Jump::News,
            Jump::Hidden if below > FAR => Jump::Shown,
            Jump::Shown if news => Jump::News,
            other => other,
        }
    }
}

/// Where a reader was: the first message they saw and how far its top was from the box's, pixels. Kept as
/// `id:offset`; messages may have other heights when they come back, so a distance from the top would mean nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub message: String,
    pub offset: i32,
}

impl Place {
    #[must_use]
    pub fn to_text(&self) -> String {
        [&self.message, ":", &self.offset.to_string()].concat()
    }

    /// `None` for what was not written by [`Place::to_text`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (message, offset) = text.rsplit_once(':')?;
        message.starts_with("m-").then_some(())?;
        Some(Self { message: message.to_owned(), offset: offset.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_frees_it_upwards_and_pins_it_near_the_end() {
        let mut position = Position { pinned: true, top: 500.0 };
        position.scrolled(498.0, 2.0, false);
        assert!(position.pinned, "a tremble is no wish");
        position.scrolled(400.0, 98.0, false);
        assert!(!position.pinned);
        position.scrolled(420.0, 78.0, false);
        assert!(!position.pinned, "not near the end yet");
        position.scrolled(450.0, 48.0, false);
        assert!(position.pinned);
    }

    #[test]
    fn a_transcript_that_gets_shorter_is_nobodys_wish() {
        let mut position = Position { pinned: true, top: 438.0 };
        position.scrolled(371.0, 0.0, false);
        assert!(position.pinned);
        position.scrolled(360.0, 11.0, false);
        assert!(!position.pinned, "this was the reader");
    }

    #[test]
    fn shorter_and_longer_again_before_it_is_told_is_nobodys_wish_either() {
        let mut position = Position { pinned: true, top: 674.0 };
        position.moved_by_content(624.0, 0.0);
        position.scrolled(624.0, 278.0, false);
        assert!(position.pinned);
        position.moved_by_content(600.0, 302.0);
        position.scrolled(600.0, 302.0, false);
        assert!(!position.pinned, "away from the end it was the reader");
    }

    #[test]
    fn our_own_movement_decides_nothing() {
        let mut position = Position { pinned: true, top: 500.0 };
        position.scrolled(100.0, 900.0, true);
        assert!(position.pinned, "a shorter transcript moves the box up without the reader");
    }

    #[test]
    fn following_arrives_and_never_overshoots() {
        let mut top = 0.0;
        for _ in 0..60 {
            let next = Position::step(top, 1000.0, 16.0);
            assert!(next >= top && next <= 1000.0);
            top = next;
        }
        assert!((top - 1000.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_jump_button_shows_far_hides_near_and_tells_news() {
        let free = Position { pinned: false, top: 0.0 };
        assert_eq!(free.jump(150.0, Jump::Hidden, true), Jump::Hidden);
        assert_eq!(free.jump(201.0, Jump::Hidden, false), Jump::Shown);
        assert_eq!(free.jump(300.0, Jump::Shown, true), Jump::News);
        assert_eq!(free.jump(120.0, Jump::News, false), Jump::News, "no flicker between the two distances");
        assert_eq!(free.jump(59.0, Jump::News, false), Jump::Hidden);
    }

    #[test]
    fn a_place_is_found_again() {
        let place = Place { message: "m-0190a5a0".into(), offset: -37 };
        assert_eq!(Place::parse(&place.to_text()), Some(place));
        for wrong in ["", "m-1", "m-1:x", "x:1", "m-1:1.5"] {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }
}
