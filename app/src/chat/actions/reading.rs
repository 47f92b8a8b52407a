//! Moving through what is shown, and taking it along.

use std::time::Duration;

use leptos::prelude::*;

use super::super::{
    browser,
    item::{Item, element_id},
    scroll::{Controller, Place},
    state::Chat,
};
use crate::{
    markdown,
    model::{ConversationId, MessageAuthor, MessageId},
    words::{common, thread},
};

/// A message that is linked to is looked for in at most so many earlier parts of its conversation.
const PARTS_SEARCHED: u32 = 200;

/// A part is being fetched already: the message is looked for again after this long.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

impl Chat {
    /// Moves the keyboard to the message `step` places away from the one it is in (or to the last).
    pub fn focus_message(self, step: isize) {
        let ids: Vec<String> = self.items.with_untracked(|items| items.iter().map(Item::element_id).collect());
        let focused = document().active_element().and_then(|element| element.closest("article").ok().flatten());
        let focused = focused.map(|element| element.id()).unwrap_or_default();
        let next = match ids.iter().position(|id| *id == focused) {
            Some(place) => place.checked_add_signed(step).filter(|place| *place < ids.len()),
            None => ids.len().checked_sub(1),
        };
        let Some(id) = next.and_then(|place| ids.get(place)) else { return };
        if step < 0 {
            self.with_scroll(Controller::on_upward_wish);
        }
        browser::focus(id);
        if next == Some(0) {
            self.load_earlier();
        }
    }

    /// Puts the last answer on the clipboard and says so.
    pub fn copy_last_answer(self) {
        let last = self
            .items
            .with_untracked(|items| items.iter().rev().find(|item| item.author == MessageAuthor::Assistant).cloned());
        if let Some(last) = last {
            self.copy_message(&last);
            self.say(thread::answer_copied(self.lang), None);
        }
    }

    /// Puts a message on the clipboard: an answer as Markdown and as HTML, a message of the person's own as it is.
    pub fn copy_message(self, item: &Item) {
        if item.author == MessageAuthor::User {
            browser::copy(&item.text, None);
        } else {
            let article = browser::element::<web_sys::Element>(&item.element_id());
            let texts = article.and_then(|article| article.query_selector_all(":scope > .markdown").ok());
            let html = texts.map(|texts| {
                let each = (0..texts.length()).filter_map(|place| texts.get(place));
                each.map(|node| markdown::html_to_copy(&wasm_bindgen::JsCast::unchecked_into(node))).collect::<String>()
            });
            browser::copy(&item.body.markdown(), html.as_deref());
        }
        self.announce(common::copied(self.lang));
    }

    /// Puts the address of a message on the clipboard; it opens the branch the message is on.
    pub fn copy_link(self, id: MessageId) {
        let Some(conversation) = self.shown.get_untracked() else { return };
        let origin = window().location().origin().unwrap_or_default();
        let (path, id_text) = (self.conversation_url(conversation), id.to_string());
        browser::copy(&[&origin, &path, "?leaf=", &id_text, "#", &element_id(id)].concat(), None);
        self.announce(common::copied(self.lang));
    }

    /// Goes to the message that the address names behind `#`, if it names one; fetches earlier parts until it is there.
    /// `false`: the address names none.
    pub fn go_to_linked(self) -> bool {
        let hash = window().location().hash().unwrap_or_default();
        let Some(id) = hash.strip_prefix("#m-").and_then(|id| id.parse().ok()) else { return false };
        self.go_to_message(id, PARTS_SEARCHED);
        true
    }

    fn go_to_message(self, id: MessageId, parts: u32) {
        if self.item(id).is_some() {
            let go = move || {
                if self.is_alive() {
                    self.with_scroll(|scroll| {
                        scroll.to_message(&element_id(id));
                    });
                    browser::focus(&element_id(id));
                }
            };
            request_animation_frame(go);
            return;
        }
        let Some(parts) = parts.checked_sub(1) else { return };
        if self.loading_older_messages.get_value() {
            let later = move || {
                if self.is_alive() {
                    self.go_to_message(id, parts);
                }
            };
            set_timeout(later, LOOK_AGAIN_AFTER);
            return;
        }
        self.load_earlier_then(move || self.go_to_message(id, parts));
    }

    /// Shows a conversation where the reader left it, or at its end.
    pub fn restore_place(self, conversation: ConversationId) {
        let place = browser::session_stored(&place_key(conversation)).and_then(|text| Place::parse(&text));
        self.with_scroll(|scroll| scroll.show_at_once(place.as_ref()));
    }

    /// Remembers, for as long as the tab lives, where the reader is.
    pub fn save_place(self) {
        let Some(conversation) = self.shown.get_untracked() else { return };
        self.with_scroll(|scroll| {
            let text = scroll.place().map(|place| place.to_text()).unwrap_or_default();
            browser::session_store(&place_key(conversation), &text);
        });
    }
}

fn place_key(conversation: ConversationId) -> String {
    ["place:", &conversation.to_string()].concat()
}
