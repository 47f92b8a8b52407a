//! Who decides where the transcript stands: the page (*pinned* to the end) or the reader (*free*). One controller owns
//! the position; the rest only tells it what happened. While the page decides, or a place is held ([`hold`]), the browser's
//! own scroll anchoring is off (class `free` on the box switches it on, see `style/transcript.css`).

mod hold;
mod position;

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::JsCast;

pub use position::{Jump, Place, Position};

use self::{
    hold::Hold,
    position::{BELOW_TOP, TOUCH_DRIFT},
};
use super::browser;

/// The scrolling box and the spacer at its end (see `components::thread`).
pub const BOX_ID: &str = "transcript-box";
pub const SPACER_ID: &str = "transcript-spacer";

/// How long a message that was jumped to is marked (the animation in `style/transcript.css`).
const FLASH_FOR: std::time::Duration = std::time::Duration::from_millis(1_800);

/// What the spacer at the end keeps room for.
#[derive(Clone, Debug, Default, PartialEq)]
enum Room {
    #[default]
    None,
    /// The sent message of this id stands near the top.
    Sent(String),
    /// What the reader sees stays where it is although the end came nearer: the box's lower edge in pixels from the
    /// transcript's beginning.
    Until(f64),
}

#[derive(Default)]
struct Inner {
    position: Position,
    /// Where we last put the box, to tell our own scroll events from the reader's.
    put_at: Option<f64>,
    animating: bool,
    last_frame_ms: f64,
    room: Room,
    touch_from: Option<f64>,
    /// While more is put above what is read.
    hold: Option<Hold>,
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

fn top_of(element: &web_sys::Element) -> f64 {
    element.get_bounding_client_rect().top()
}

/// The first message whose lower edge is in sight. Messages stand in order, so it is searched by halving.
fn first_in_sight(scroll_box: &web_sys::HtmlElement) -> Option<web_sys::Element> {
    let messages = scroll_box.query_selector_all(".message").ok()?;
    let edge = top_of(scroll_box);
    let at = |place: u32| messages.get(place)?.dyn_into::<web_sys::Element>().ok();
    let (mut low, mut high) = (0, messages.length());
    while low < high {
        let middle = low + (high - low) / 2;
        if at(middle)?.get_bounding_client_rect().bottom() > edge {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    at(low)
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
        let ours = self.inner.borrow().put_at.is_some_and(|put| (put - top).abs() <= 1.5);
        self.inner.borrow_mut().position.scrolled(top, below, ours);
        self.scrolled_while_held(&element, ours);
        self.show_state(&element);
        self.show_jump(below, false);
    }

    /// The reader turned the wheel or pressed a key that goes up, before the box has moved.
    pub fn on_upward_wish(&self) {
        let Some(element) = scroll_box() else { return };
        if element.scroll_top() > 0 {
            self.inner.borrow_mut().position.pinned = false;
            self.show_state(&element);
        }
    }

    /// A finger is at `y` (`None`: it was lifted): moving down means reading up.
    pub fn on_touch(&self, y: Option<f64>) {
        let wish = {
            let mut inner = self.inner.borrow_mut();
            let from = inner.touch_from;
            inner.touch_from = match (from, y) {
                (_, None) => None,
                (None, Some(y)) => Some(y),
                (Some(from), Some(y)) => Some(from.min(y)),
            };
            from.zip(y).is_some_and(|(from, y)| y - from > TOUCH_DRIFT)
        };
        if wish {
            self.on_upward_wish();
        }
    }

    /// Something was added or changed its size.
    pub fn content_changed(&self) {
        let Some(element) = scroll_box() else { return };
        let (top, below) = top_and_below(&element);
        self.inner.borrow_mut().position.moved_by_content(top, below);
        self.fit_spacer(&element);
        let (top, below) = top_and_below(&element);
        self.inner.borrow_mut().position.moved_by_content(top, below);
        let inner = self.inner.borrow();
        if inner.position.pinned {
            // As long as there is room, nothing new is below what is seen.
            let has_room = matches!(inner.room, Room::Until(_));
            drop(inner);
            if below > 0.0 && !has_room {
                self.follow();
            }
            return;
        }
        drop(inner);
        self.show_jump(below, true);
    }

    /// The reader sent a message: it comes to stand near the top, its answer grows below it.
    pub fn message_sent(&self, message_element: String) {
        {
            let mut inner = self.inner.borrow_mut();
            inner.room = Room::Sent(message_element);
            inner.position.pinned = true;
        }
        if let Some(element) = scroll_box() {
            self.show_state(&element);
        }
        self.content_changed();
    }

    /// Another conversation is shown: where the reader left it (`place`), else its end, at once.
    pub fn show_at_once(&self, place: Option<&Place>) {
        let Some(element) = scroll_box() else { return };
        {
            let mut inner = self.inner.borrow_mut();
            inner.room = Room::None;
            inner.position.pinned = true;
        }
        self.fit_spacer(&element);
        let target = place.and_then(|place| browser::element::<web_sys::Element>(&place.message).zip(Some(place)));
        if let Some((message, place)) = target {
            self.inner.borrow_mut().position.pinned = false;
            let top = f64::from(element.scroll_top());
            self.put(&element, top + top_of(&message) - top_of(&element) - f64::from(place.offset));
            self.show_state(&element);
            self.show_jump(top_and_below(&element).1, false);
            return;
        }
        // The greeting has no end to begin at.
        let is_empty = element.class_list().contains("empty");
        self.put(&element, if is_empty { 0.0 } else { f64::from(element.scroll_height()) });
        self.show_state(&element);
        self.show_jump(0.0, false);
    }

    /// Where the reader is; `None` at the end, where the page decides.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        if self.inner.borrow().position.pinned {
            return None;
        }
        let element = scroll_box()?;
        let message = first_in_sight(&element)?;
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let offset = (top_of(&message) - top_of(&element)).round() as i32;
        Some(Place { message: message.id(), offset })
    }

    /// The jump button.
    pub fn to_end(&self) {
        self.inner.borrow_mut().position.pinned = true;
        if let Some(element) = scroll_box() {
            self.show_state(&element);
        }
        self.follow();
        self.jump.set(Jump::Hidden);
    }

    /// Goes to a message and marks it for a moment. `false`: it is not on the page.
    pub fn to_message(&self, message_element: &str) -> bool {
        let (Some(element), Some(message)) = (scroll_box(), browser::element::<web_sys::Element>(message_element))
        else {
            return false;
        };
        {
            let mut inner = self.inner.borrow_mut();
            inner.position.pinned = false;
            inner.room = Room::None;
        }
        self.show_state(&element);
        // Twice: what comes into sight on the way may turn out to be of another height than was guessed.
        for _ in 0..2 {
            let top = f64::from(element.scroll_top());
            self.put(&element, top + top_of(&message) - top_of(&element) - BELOW_TOP);
        }
        self.show_jump(top_and_below(&element).1, false);
        let classes = message.class_list();
        let _always_valid = classes.add_1("flash");
        set_timeout(
            move || {
                let _always_valid = classes.remove_1("flash");
            },
            FLASH_FOR,
        );
        true
    }

    /// The end of the transcript is replaced, by another version of an answer perhaps: the view does not move, even
    /// when the new end is shorter.
    pub fn stay_while(&self, replace: impl FnOnce()) {
        let top = scroll_box().map(|element| f64::from(element.scroll_top()));
        if let (Some(element), Some(top)) = (scroll_box(), top) {
            let edge = top + f64::from(element.client_height());
            self.inner.borrow_mut().room = Room::Until(edge);
            // Before anything is taken away: a box that became too short would move at once.
            Self::set_spacer(edge);
        }
        replace();
        let this = self.clone();
        request_animation_frame(move || {
            let (Some(element), Some(top)) = (scroll_box(), top) else { return };
            this.fit_spacer(&element);
            this.put(&element, top);
            this.show_jump(top_and_below(&element).1, false);
        });
    }

    fn put(&self, element: &web_sys::HtmlElement, top: f64) {
        self.move_to(element, top);
        self.see_anew(element);
    }

    fn move_to(&self, element: &web_sys::HtmlElement, top: f64) {
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

    /// Makes the spacer just tall enough for what it keeps room for.
    fn fit_spacer(&self, element: &web_sys::HtmlElement) {
        let Some(spacer) = browser::element::<web_sys::Element>(SPACER_ID) else { return };
        let room = self.inner.borrow().room.clone();
        let height = match room {
            Room::None => 0.0,
            Room::Sent(id) => browser::element::<web_sys::Element>(&id).map_or(0.0, |message| {
                let answer = top_of(&spacer) - top_of(&message);
                f64::from(element.client_height()) - BELOW_TOP - answer
            }),
            Room::Until(edge) => edge - (top_of(&spacer) - top_of(element) + f64::from(element.scroll_top())),
        };
        if height <= 0.0 {
            self.inner.borrow_mut().room = Room::None;
        }
        Self::set_spacer(height);
    }

    fn set_spacer(height: f64) {
        let Some(spacer) = browser::element::<web_sys::HtmlElement>(SPACER_ID) else { return };
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let pixels = height.max(0.0) as i32;
        let _always_valid = spacer.style().set_property("height", &[&pixels.to_string(), "px"].concat());
    }

    /// Tells the style sheet who decides.
    fn show_state(&self, element: &web_sys::HtmlElement) {
        let free = {
            let inner = self.inner.borrow();
            !inner.position.pinned && inner.hold.is_none()
        };
        let _always_valid = element.class_list().toggle_with_force("free", free);
    }

    fn show_jump(&self, below: f64, news: bool) {
        let shown = self.jump.get_untracked();
        let next = self.inner.borrow().position.jump(below, shown, news);
        if next != shown {
            self.jump.set(next);
        }
    }
}
