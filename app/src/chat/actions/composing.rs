//! The composer: its text lives in its element, so typing never waits for anything; drafts, the queued message, editing.

use leptos::prelude::*;

use super::super::{
    drafts,
    item::Item,
    state::{Chat, Editing},
};
use crate::model::{ConversationId, MessageAuthor};

impl Chat {
    /// Adds to the one message that waits for the answer to end.
    pub(super) fn enqueue(self, text: String) {
        let waiting = self.queued.get_untracked();
        self.queued.set(Some(drafts::joined(waiting.as_deref(), &text)));
        self.set_composer("");
        self.save_draft();
        self.announce("Message queued");
    }

    /// Sends the queued message, if there is one.
    pub fn send_queued(self) {
        let Some(text) = self.queued.get_untracked() else { return };
        self.queued.set(None);
        self.put_back(text.clone());
        self.send(text, self.leaf(), false);
    }

    /// Puts a queued message back into the composer.
    pub fn unqueue(self) {
        let Some(text) = self.queued.get_untracked() else { return };
        self.queued.set(None);
        self.put_back(text);
        self.focus_composer();
    }

    pub(super) fn put_back(self, text: String) {
        let typed = self.typed();
        self.set_composer(&drafts::joined(Some(&text), &typed));
        self.save_draft();
    }

    /// Puts a message of the person's own into the composer to be changed.
    pub fn edit(self, message: &Item) {
        self.editing.set(Some(Editing { message: message.id, parent: message.parent }));
        self.set_composer(&message.text);
        self.focus_composer();
    }

    pub fn edit_last(self) {
        let last = self
            .items
            .with_untracked(|items| items.iter().rev().find(|item| item.author == MessageAuthor::User).cloned());
        if let Some(last) = last {
            self.edit(&last);
        }
    }

    pub fn stop_editing(self) {
        self.editing.set(None);
        self.load_draft();
        self.focus_composer();
    }

    // The composer's text lives in its element: typing never waits for anything here.
    #[must_use]
    pub fn typed(self) -> String {
        self.composer.get_untracked().map(|composer| composer.value()).unwrap_or_default()
    }

    pub fn set_composer(self, text: &str) {
        let Some(composer) = self.composer.get_untracked() else { return };
        composer.set_value(text);
        self.composer_changed();
    }

    /// Fits the composer to its text.
    pub fn composer_changed(self) {
        let Some(composer) = self.composer.get_untracked() else { return };
        self.empty.set(composer.value().trim().is_empty());
        let style = web_sys::HtmlElement::style(&composer);
        let _always_valid = style.set_property("height", "auto");
        let _always_valid = style.set_property("height", &format!("{}px", composer.scroll_height()));
    }

    pub fn focus_composer(self) {
        if let Some(composer) = self.composer.get_untracked() {
            let _gone_if_not = composer.focus();
        }
    }

    fn draft_key(self, conversation: Option<ConversationId>) -> String {
        drafts::key(self.user(), &self.tenant(), conversation)
    }

    /// Keeps what is typed and queued. Changing an old message is not a draft of the next one.
    pub fn save_draft(self) {
        if self.editing.with_untracked(Option::is_some) {
            return;
        }
        let text = drafts::joined(self.queued.get_untracked().as_deref(), &self.typed());
        drafts::save(&self.draft_key(self.place.get_untracked().conversation()), &text);
    }

    /// Brings back what was typed here before.
    pub fn load_draft(self) {
        let draft = drafts::load(&self.draft_key(self.place.get_untracked().conversation()));
        self.set_composer(&draft);
    }

    pub(super) fn forget_draft(self, conversation: Option<ConversationId>) {
        drafts::save(&self.draft_key(conversation), "");
    }
}
