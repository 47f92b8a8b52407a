//! Holding what is read in its place while more is put above it, to the pixel.
//!
//! Where the browser does it by itself (CSS Scroll Anchoring) it is left to it: it need not end a movement that goes on.
//! Near the top it cannot: it holds on to what stands above the messages, or to nothing at all. There the place is *held*:
//! the browser's anchoring is off, and what the message in sight moves away from the transcript's beginning is made up for.
//! The reader's own scrolling does not change that distance, so it is never taken for something that grew.
//!
//! Messages out of sight have a height that is only guessed (`content-visibility` in `style/transcript.css`), so what was
//! added may grow frames later. The browser tells of that between layout and painting: nobody sees it.

use leptos::{prelude::request_animation_frame, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use super::{Controller, first_in_sight, scroll_box, top_of};

/// A hold ends when nothing above the reader has changed for so many frames.
const STILL_FRAMES: u8 = 10;

/// A message in sight, the first that begins there, and how far it is from the transcript's beginning.
struct Seen {
    message: web_sys::Element,
    transcript: web_sys::Element,
    offset: f64,
}

impl Seen {
    fn find(scroll_box: &web_sys::HtmlElement) -> Option<Self> {
        let first = first_in_sight(scroll_box)?;
        // A message that begins in sight: the end of the one before may be in sight, too, and that one may still grow.
        let (edge, end) = (top_of(scroll_box), scroll_box.get_bounding_client_rect().bottom());
        let next =
            first.next_element_sibling().filter(|next| next.class_list().contains("message") && top_of(next) < end);
        let message = if top_of(&first) < edge { next.unwrap_or(first) } else { first };
        let transcript = message.parent_element()?;
        let offset = top_of(&message) - top_of(&transcript);
        Some(Self { message, transcript, offset })
    }

    /// How much was added above it since, and in what. `None`: it is not on the page any more.
    fn grown(&self) -> Option<(f64, web_sys::Element)> {
        let transcript = self.message.is_connected().then(|| self.transcript.clone())?;
        Some((top_of(&self.message) - top_of(&transcript) - self.offset, transcript))
    }
}

/// A place that is held, until dropped.
pub struct Hold {
    seen: Seen,
    frames_left: u8,
    observer: web_sys::ResizeObserver,
    _on_resize: Closure<dyn FnMut()>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Whether this browser keeps what is read in its place when something is added above.
fn anchors(scroll_box: &web_sys::HtmlElement) -> bool {
    js_sys::Reflect::has(&scroll_box.style(), &JsValue::from_str("overflowAnchor")).unwrap_or(false)
}

impl Controller {
    /// Messages are added above: what the reader sees stays where it is.
    pub fn keep_while(&self, add_above: impl FnOnce()) {
        let Some(element) = scroll_box() else { return add_above() };
        let is_held = self.inner.borrow().hold.is_some();
        if !is_held && self.browser_keeps(&element) {
            return add_above();
        }
        self.hold(&element);
        add_above();
        let this = self.clone();
        // Behind what draws the messages, and before anybody scrolls.
        spawn_local(async move { this.keep_place() });
    }

    fn browser_keeps(&self, element: &web_sys::HtmlElement) -> bool {
        let is_free = !self.inner.borrow().position.pinned;
        is_free && element.scroll_top() > element.client_height() && anchors(element)
    }

    /// Begins to hold what is seen, or goes on with it.
    fn hold(&self, element: &web_sys::HtmlElement) {
        if let Some(hold) = self.inner.borrow_mut().hold.as_mut() {
            hold.frames_left = STILL_FRAMES;
            return;
        }
        let Some(seen) = Seen::find(element) else { return };
        let this = self.clone();
        let on_resize = Closure::<dyn FnMut()>::new(move || this.keep_place());
        let Ok(observer) = web_sys::ResizeObserver::new(on_resize.as_ref().unchecked_ref()) else { return };
        observer.observe(&seen.transcript);
        let hold = Hold { seen, frames_left: STILL_FRAMES, observer, _on_resize: on_resize };
        self.inner.borrow_mut().hold = Some(hold);
        self.show_state(element);
        self.release_when_still();
    }

    fn release_when_still(&self) {
        let this = self.clone();
        request_animation_frame(move || {
            let frames_left = this.inner.borrow_mut().hold.as_mut().map(|hold| {
                hold.frames_left = hold.frames_left.saturating_sub(1);
                hold.frames_left
            });
            match frames_left {
                None => {}
                Some(0) => this.release(),
                Some(_) => this.release_when_still(),
            }
        });
    }

    fn release(&self) {
        self.inner.borrow_mut().hold = None;
        if let Some(element) = scroll_box() {
            self.show_state(&element);
        }
    }

    /// Makes up for what was added above what is held.
    fn keep_place(&self) {
        let Some(element) = scroll_box() else { return };
        let grown = self.inner.borrow().hold.as_ref().and_then(|hold| hold.seen.grown());
        let Some((grown, transcript)) = grown.filter(|(grown, _)| grown.abs() >= 1.0) else { return };
        let before = top_of(&transcript);
        self.move_to(&element, f64::from(element.scroll_top()) + grown);
        let made_up = before - top_of(&transcript);
        if let Some(hold) = self.inner.borrow_mut().hold.as_mut() {
            // A part of a pixel is made up for the next time; more is left only where the box could not go further.
            let is_done = (grown - made_up).abs() < 1.0;
            hold.seen.offset += if is_done { made_up } else { grown };
            hold.frames_left = STILL_FRAMES;
        }
    }

    /// The box was scrolled, `ours`: by us. Another message may be the one in sight from now on.
    pub(super) fn scrolled_while_held(&self, element: &web_sys::HtmlElement, ours: bool) {
        if self.inner.borrow().hold.is_none() {
            return;
        }
        self.keep_place();
        if ours {
            return;
        }
        // A movement of the reader goes on: from here on the browser can hold the place without ending it.
        if self.browser_keeps(element) {
            return self.release();
        }
        self.see_anew(element);
    }

    pub(super) fn see_anew(&self, element: &web_sys::HtmlElement) {
        if let Some(hold) = self.inner.borrow_mut().hold.as_mut()
            && let Some(seen) = Seen::find(element)
        {
            hold.seen = seen;
        }
    }
}
