//! How the page wakes up: the server's page is read and used until the program has arrived; then the program draws the
//! same page anew and takes the place of the old one, in one step that nobody sees.
//!
//! Walking through the server's elements instead (hydration) costs a seventh of the WebAssembly, and a page that differs
//! in one element breaks it. What must hold: what was typed, the place in the text and the keyboard's place stay.

use leptos::prelude::{document, request_animation_frame, window};

use super::{browser, drafts, scroll::BOX_ID};
use crate::{
    later::{Part, when_ready},
    wire,
};

/// The element that holds what the page is made from, as JSON.
pub const DATA_ID: &str = "page-data";
/// The composer's text field.
const COMPOSER_ID: &str = "composer-text";

/// Calls `wake` when everything is there that the page is drawn with. Until then the server's page is read and used.
pub fn when_drawable(wake: impl FnOnce() + 'static) {
    match document().query_selector("article.message") {
        Ok(Some(_)) => when_ready(Part::Conversation, Box::new(wake)),
        _ => wake(),
    }
}

/// What the server made the page from. `None`: the page is not one of ours, or of another version.
#[must_use]
pub fn page_data<T: wire::Read>() -> Option<T> {
    wire::read(&document().get_element_by_id(DATA_ID)?.text_content()?)
}

/// JSON as the text of a `<script>` element: nothing in it can end the element (WHATWG HTML §4.12.1.3).
#[must_use]
pub fn script_text(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// The server's page, as the person left it.
pub struct Before {
    elements: Vec<web_sys::Node>,
    typed: String,
    selection: Option<(u32, u32)>,
    /// The element that has the keyboard.
    focused: String,
    scrolled: Option<i32>,
}

impl Before {
    #[must_use]
    pub fn of_page() -> Self {
        let nodes = document().body().map(|body| body.child_nodes());
        let elements = nodes.map_or(vec![], |nodes| (0..nodes.length()).filter_map(|place| nodes.get(place)).collect());
        let composer = browser::element::<web_sys::HtmlTextAreaElement>(COMPOSER_ID);
        let selection = composer
            .as_ref()
            .and_then(|composer| Some((composer.selection_start().ok()??, composer.selection_end().ok()??)));
        // Where the page stands by itself is not where somebody put it.
        let scrolled = browser::element::<web_sys::Element>(BOX_ID)
            .map(|scroll_box| (scroll_box.scroll_top(), scroll_box.scroll_height() - scroll_box.client_height()))
            .and_then(|(top, end)| (end - top > 2).then_some(top));
        Self {
            elements,
            typed: composer.map(|composer| composer.value()).unwrap_or_default(),
            selection,
            focused: document().active_element().map(|element| element.id()).unwrap_or_default(),
            scrolled,
        }
    }

    /// The new page stands: the old one goes, and what the person did is done to the new one.
    pub fn replace(self) {
        for element in &self.elements {
            if let Some(parent) = element.parent_node() {
                let _was_there = parent.remove_child(element);
            }
        }
        // After the effects of the new page, which bring back the draft.
        request_animation_frame(move || self.restore());
    }

    fn restore(self) {
        if let Some(composer) = browser::element::<web_sys::HtmlTextAreaElement>(COMPOSER_ID)
            && !self.typed.trim().is_empty()
            && composer.value() != self.typed
        {
            // A draft of this place is there already: neither replaces the other.
            composer.set_value(&drafts::joined(&composer.value(), &self.typed));
            if let Ok(event) = web_sys::Event::new("input") {
                let _not_cancelled = composer.dispatch_event(&event);
            }
        }
        if !self.focused.is_empty() {
            browser::focus(&self.focused);
        }
        if let (Some((start, end)), Some(composer)) =
            (self.selection, browser::element::<web_sys::HtmlTextAreaElement>(COMPOSER_ID))
            && self.focused == COMPOSER_ID
        {
            let _in_range = composer.set_selection_range(start, end);
        }
        let linked = window().location().hash().is_ok_and(|hash| hash.len() > 1);
        if let (Some(top), false, Some(scroll_box)) =
            (self.scrolled, linked, browser::element::<web_sys::Element>(BOX_ID))
        {
            scroll_box.set_scroll_top(top);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::script_text;

    #[test]
    fn nothing_ends_the_script() {
        let text = script_text(r#"{"a":"</script><!-- <script>"}"#);
        assert!(!text.contains('<'));
        assert_eq!(
            crate::wire::read::<(String, String)>(&script_text(r#"["<b>","</script>"]"#)),
            Some(("<b>".into(), "</script>".into()))
        );
    }
}
