//! The composer's text, draft, model and prompts. The text lives in its element, so typing never waits for anything.

use leptos::prelude::*;

use super::super::{
    browser,
    drafts::{self, Draft, Outgoing},
    item::Item,
    prompts,
    state::{Chat, Editing},
};
use crate::{
    chat::attachments::{Attached, Upload},
    model::{ConversationId, MessageAuthor, ModelBadge, Prompt},
    words::composer as words,
};

impl Chat {
    /// Puts a message of the person's own into the composer to be changed, with its files.
    pub fn edit(self, message: &Item) {
        self.editing.set(Some(Editing { message: message.id, parent: message.parent }));
        self.set_composer(&message.text);
        self.set_files(message.attachments.iter().cloned().map(|file| self.stored_file(file)).collect());
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

    #[must_use]
    pub fn typed(self) -> String {
        self.composer.get_untracked().map(|composer| composer.value()).unwrap_or_default()
    }

    pub fn set_composer(self, text: &str) {
        let Some(composer) = self.composer.get_untracked() else { return };
        composer.set_value(text);
        self.composer_changed();
    }

    /// Fits the composer to its text, and offers prompts when it names one.
    pub fn composer_changed(self) {
        let Some(composer) = self.composer.get_untracked() else { return };
        let text = composer.value();
        self.composing.bytes.set(text.len());
        let is_empty = text.trim().is_empty();
        if self.empty.get_untracked() != is_empty {
            self.empty.set(is_empty);
        }
        let has_prompts = self.home.with_value(|home| !home.tenant.commands.is_empty());
        let slash = prompts::query(&text).filter(|_| has_prompts);
        if self.composing.slash.get_untracked() != slash {
            self.composing.active.set(0);
            self.composing.slash.set(slash);
        }
        let style = web_sys::HtmlElement::style(&composer);
        let _always_valid = style.set_property("height", "auto");
        let mut height = composer.scroll_height().to_string();
        height.push_str("px");
        let _always_valid = style.set_property("height", &height);
    }

    pub fn focus_composer(self) {
        if let Some(composer) = self.composer.get_untracked() {
            let _gone_if_not = composer.focus();
        }
    }

    /// The prompts that fit what is typed; `None`: none are offered.
    #[must_use]
    pub fn offered_prompts(self) -> Option<Vec<Prompt>> {
        let query = self.composing.slash.get()?;
        Some(self.home.with_value(|home| prompts::matching(&home.tenant.commands, &query)))
    }

    /// Takes a prompt: asks for its words, or puts it into the composer.
    pub fn choose_prompt(self, prompt: Prompt) {
        self.composing.slash.set(None);
        if prompts::variables(&prompt.text).is_empty() {
            self.insert_prompt(&prompt.text);
        } else {
            self.composing.asked.set(Some(prompt));
        }
    }

    /// Puts a prompt in the place of what was typed of its name.
    pub fn insert_prompt(self, text: &str) {
        self.composing.asked.set(None);
        let typed = self.typed();
        let rest = if prompts::query(&typed).is_some() { "" } else { typed.as_str() };
        self.set_composer(&drafts::joined(text, rest));
        // What was put in may look like the beginning of a name again.
        self.composing.slash.set(None);
        self.save_draft();
        self.focus_composer();
    }

    /// What answers the next message: chosen here, of the last answer, the person's usual one, the tenant's.
    #[must_use]
    pub fn model(self) -> ModelBadge {
        let chosen = self.composing.model.get();
        let of_last = self.items.with(|items| items.iter().rev().find_map(|item| item.model.clone()));
        let usual = self.composing.usual_model.get();
        self.home.with_value(|home| {
            let by_id = |id: Option<String>| home.models.iter().find(|model| Some(&model.id) == id.as_ref());
            let by_name = |name: Option<String>| home.models.iter().find(|model| Some(&model.name) == name.as_ref());
            let known = by_id(chosen).or_else(|| by_name(of_last)).or_else(|| by_id(usual));
            known.unwrap_or(&home.model).clone()
        })
    }

    /// The model that wrote the last answer shown here, though it may no longer be offered; before the first answer, the
    /// one that will write it.
    #[must_use]
    pub fn shown_model(self) -> ModelBadge {
        let wrote = self.items.with(|items| items.iter().rev().find_map(|item| item.model.clone()));
        let Some(name) = wrote else { return self.model() };
        let known = self.home.with_value(|home| home.models.iter().find(|model| model.name == name).cloned());
        known.unwrap_or_else(|| ModelBadge {
            id: name.clone(),
            name,
            demo: false,
            context_tokens: 0,
            sees_images: false,
        })
    }

    /// The model the next message asks for; `None` when there is no choice.
    pub(super) fn wanted_model(self) -> Option<String> {
        let has_choice = self.home.with_value(|home| home.models.len() > 1);
        has_choice.then(|| untrack(|| self.model().id))
    }

    /// Chooses a model for this conversation, and for new ones on this device.
    pub fn choose_model(self, id: String) {
        browser::store(&self.model_key(), &id);
        self.composing.usual_model.set(Some(id.clone()));
        self.composing.model.set(Some(id));
        self.save_draft();
    }

    /// Brings back what this person chose last on this device.
    pub fn load_usual_model(self) {
        let usual = browser::stored(&self.model_key());
        if usual.is_some() {
            self.composing.usual_model.set(usual);
        }
    }

    fn model_key(self) -> String {
        ["model:", &self.user().to_string(), ":", self.tenant().as_str()].concat()
    }

    pub(super) fn draft_key(self, conversation: Option<ConversationId>) -> String {
        drafts::key(self.user(), &self.tenant(), conversation)
    }

    /// Keeps what is in the composer and what waits. Changing an old message is not a draft of the next one.
    pub fn save_draft(self) {
        let key = self.draft_key(self.place.get_untracked().conversation());
        let queue = self.composing.queue.get_untracked();
        let mut draft = if self.editing.with_untracked(Option::is_some) {
            Draft { queue, ..Draft::of_stored(&drafts::stored(&key)) }
        } else {
            let files = self
                .composing
                .files
                .with_untracked(|files| files.iter().filter_map(|file| file.view().cloned()).collect());
            Draft { text: self.typed(), files, model: self.composing.model.get_untracked(), queue }
        };
        // What is on its way is no longer typed, but waits until it is acknowledged.
        let on_its_way = self.unacknowledged.get_value().filter(|_| self.sending.get_untracked());
        if let Some(out) = on_its_way.filter(|out| draft.queue.iter().all(|other| other.key != out.key)) {
            draft.text = drafts::rest_after(&draft.text, &out.text).to_owned();
            draft.files.retain(|file| out.files.iter().all(|sent| sent.id != file.id));
            draft.queue.insert(0, out);
        }
        self.keep(&key, draft.to_stored());
    }

    fn keep(self, key: &str, stored: String) {
        let is_kept = drafts::save(key, &stored);
        self.composing.stored.set_value(stored);
        if !is_kept && !self.composing.told_full.get_value() {
            self.composing.told_full.set_value(true);
            self.say(words::storage_full(self.lang), None);
        }
    }

    /// Changes the draft of a conversation that is not looked at (any more).
    pub(super) fn change_stored(self, conversation: Option<ConversationId>, change: impl FnOnce(&mut Draft)) {
        let key = self.draft_key(conversation);
        let mut draft = Draft::of_stored(&drafts::stored(&key));
        change(&mut draft);
        let _told_when_typing = drafts::save(&key, &draft.to_stored());
    }

    /// Brings back what was left here before.
    pub fn load_draft(self) {
        let stored = drafts::stored(&self.draft_key(self.place.get_untracked().conversation()));
        let draft = Draft::of_stored(&stored);
        self.composing.stored.set_value(stored);
        self.set_composer(&draft.text);
        self.composing.slash.set(None);
        self.set_files(draft.files.into_iter().map(|file| self.stored_file(file)).collect());
        self.composing.model.set(draft.model);
        self.set_queue(draft.queue);
    }

    /// Takes over what another tab has written into the same draft. `changed`: the key of what was written, `None` after
    /// this tab was away.
    pub fn hear_draft(self, changed: Option<&str>) {
        let key = self.draft_key(self.place.get_untracked().conversation());
        let busy = self.sending.get_untracked() || self.editing.with_untracked(Option::is_some);
        if busy || changed.is_some_and(|changed| changed != key) {
            return;
        }
        let stored = drafts::stored(&key);
        if self.composing.stored.with_value(|known| *known == stored) {
            return;
        }
        let draft = Draft::of_stored(&stored);
        self.composing.stored.set_value(stored);
        if self.typed() != draft.text {
            self.set_composer(&draft.text);
        }
        let mut files = self.composing.files.get_untracked();
        files.retain(|file| match &file.upload {
            Upload::Done(view) => draft.files.iter().any(|other| other.id == view.id),
            Upload::Running | Upload::Failed(_) => true,
        });
        let is_new = |id| files.iter().filter_map(Attached::view).all(|known| known.id != id);
        let fresh: Vec<_> = draft.files.into_iter().filter(|file| is_new(file.id)).collect();
        files.extend(fresh.into_iter().map(|file| self.stored_file(file)));
        self.composing.files.set(files);
        // What the other tab is sending right now is its own business.
        let known = self.composing.queue.get_untracked();
        let mut queue = draft.queue;
        queue.retain(|out| !out.tried || known.iter().any(|other| other.key == out.key));
        self.set_queue(queue);
    }

    pub(super) fn set_queue(self, queue: Vec<Outgoing>) {
        if queue.is_empty() {
            self.composing.awaits_network.set(false);
        }
        self.composing.queue.set(queue);
    }
}
