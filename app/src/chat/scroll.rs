//! Who decides where the transcript stands: the page (*pinned* to the end) or the reader (*free*). One controller owns
//! the position; the rest only tells it what happened.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::*;

use super::browser;

/// The scrolling box and the spacer at its end (see `components::thread`).
pub const BOX_ID: &str = "transcript-box";
pub const SPACER_ID: &str = "transcript-spacer";

/// Upward movement beyond this is the reader's wish, pixels.
const DRIFT: f64 = 3.0;
/// Within this distance of the end the page takes over again, pixels.
const NEAR: f64 = 60.0;
/// From this distance on the jump button shows, pixels.
const FAR: f64 = 200.0;
/// A sent message comes to stand this far below the top, pixels.
const BELOW_TOP: f64 = 50.0;
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

/// The position, pure: what the browser reports goes in, what to do comes out.
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
        if !ours && top < self.top - DRIFT {
            self.pinned = false;
        }
        if !ours && !self.pinned && top > self.top && below < NEAR {
            self.pinned = true;
        }
        self.top = top;
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

#[derive(Default)]
struct Inner {
    position: Position,
    /// Where we last put the box, to tell our own scroll events from the reader's.
    put_at: Option<f64>,
    animating: bool,
    last_frame_ms: f64,
    /// The message that was sent and shall stand near the top.
    anchor: Option<String>,
}

/// Owns the transcript's position. Made in an effect: it exists in the browser only.
#[derive(Clone)]
pub struct Controller {
    inner: Rc<RefCell<Inner>>,
    jump: RwSignal<Jump>,
}

fn scroll_box() -> Option<web_sys::HtmlElement> {
    browser::element(BOX_ID)
}

fn top_and_below(element: &web_sys::HtmlElement) -> (f64, f64) {
    let top = f64::from(element.scroll_top());
    let below = f64::from(element.scroll_height()) - f64::from(element.client_height()) - top;
    (top, below)
}

impl Controller {
    #[must_use]
    pub fn new(jump: RwSignal<Jump>) -> Self {
        Self { inner: Rc::default(), jump }
    }

    /// The box was scrolled, by whomever.
    pub fn on_scroll(&self) {
        let Some(element) = scroll_box() else { return };
        let (top, below) = top_and_below(&element);
        {
            let mut inner = self.inner.borrow_mut();
            let ours = inner.put_at.is_some_and(|put| (put - top).abs() <= 1.5);
            inner.position.scrolled(top, below, ours);
        }
        self.show_jump(below, false);
    }

    /// The reader turned the wheel or pressed a key that goes up, before the box has moved.
    pub fn on_upward_wish(&self) {
        let Some(element) = scroll_box() else { return };
        if element.scroll_top() > 0 {
            self.inner.borrow_mut().position.pinned = false;
        }
    }

    /// Something was added or changed its size.
    pub fn content_changed(&self) {
        let Some(element) = scroll_box() else { return };
        self.fit_spacer(&element);
        let (_, below) = top_and_below(&element);
        if self.inner.borrow().position.pinned {
            self.follow();
        }
        self.show_jump(below, true);
    }

    /// The reader sent a message: it comes to stand near the top, its answer grows below it.
    pub fn message_sent(&self, message_element: String) {
        {
            let mut inner = self.inner.borrow_mut();
            inner.anchor = Some(message_element);
            inner.position.pinned = true;
        }
        self.content_changed();
    }

    /// Another conversation is shown: its end, at once.
    pub fn to_end_at_once(&self) {
        {
            let mut inner = self.inner.borrow_mut();
            inner.anchor = None;
            inner.position.pinned = true;
        }
        let Some(element) = scroll_box() else { return };
        self.fit_spacer(&element);
        self.put(&element, f64::from(element.scroll_height()));
        self.show_jump(0.0, false);
    }

    /// The jump button.
    pub fn to_end(&self) {
        self.inner.borrow_mut().position.pinned = true;
        self.follow();
        self.jump.set(Jump::Hidden);
    }

    /// Messages were added above: what the reader sees stays where it is.
    pub fn keep_while(&self, add_above: impl FnOnce()) {
        let before = scroll_box().map(|element| f64::from(element.scroll_height() - element.scroll_top()));
        add_above();
        let this = self.clone();
        request_animation_frame(move || {
            let (Some(element), Some(before)) = (scroll_box(), before) else { return };
            this.put(&element, f64::from(element.scroll_height()) - before);
        });
    }

    fn put(&self, element: &web_sys::HtmlElement, top: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        element.set_scroll_top(top.round() as i32);
        let mut inner = self.inner.borrow_mut();
        let landed = f64::from(element.scroll_top());
        inner.put_at = Some(landed);
        inner.position.scrolled(landed, 0.0, true);
    }

    fn follow(&self) {
        let Some(element) = scroll_box() else { return };
        if browser::prefers_reduced_motion() || browser::touch() || browser::tab_hidden() {
            self.put(&element, f64::from(element.scroll_height()));
            return;
        }
        {
            let mut inner = self.inner.borrow_mut();
            if inner.animating {
                return;
            }
            inner.animating = true;
            inner.last_frame_ms = js_sys::Date::now();
        }
        self.animate();
    }

    fn animate(&self) {
        let this = self.clone();
        request_animation_frame(move || {
            let (Some(element), true) = (scroll_box(), this.inner.borrow().position.pinned) else {
                this.inner.borrow_mut().animating = false;
                return;
            };
            let now = js_sys::Date::now();
            let elapsed = {
                let mut inner = this.inner.borrow_mut();
                std::mem::replace(&mut inner.last_frame_ms, now)
            };
            let (top, below) = top_and_below(&element);
            let target = top + below;
            // At least one whole pixel: the browser rounds, and half a pixel a frame would never arrive.
            let next = Position::step(top, target, (now - elapsed).max(1.0)).max((top + 1.0).min(target));
            this.put(&element, next);
            if target - next < 1.0 {
                this.inner.borrow_mut().animating = false;
                return;
            }
            this.animate();
        });
    }

    /// Makes the spacer just tall enough for the sent message to stand near the top.
    fn fit_spacer(&self, element: &web_sys::HtmlElement) {
        let Some(spacer) = browser::element::<web_sys::HtmlElement>(SPACER_ID) else { return };
        let anchor = self.inner.borrow().anchor.clone();
        let message = anchor.and_then(|id| browser::element::<web_sys::HtmlElement>(&id));
        let height = message.map_or(0.0, |message| {
            let answer = spacer.get_bounding_client_rect().top() - message.get_bounding_client_rect().top();
            (f64::from(element.client_height()) - BELOW_TOP - answer).max(0.0)
        });
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let pixels = height as i32;
        let _always_valid = spacer.style().set_property("height", &format!("{pixels}px"));
    }

    fn show_jump(&self, below: f64, news: bool) {
        let shown = self.jump.get_untracked();
        let next = self.inner.borrow().position.jump(below, shown, news);
        if next != shown {
            self.jump.set(next);
        }
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
}
