//! Sending a message and stopping its answer.
//!
//! A message is on its way from [`Chat::deliver`] until the server has acknowledged it; as long it is kept with the
//! draft, under the same idempotency key, and its text stays in the composer.

use leptos::{prelude::*, task::spawn_local};

use super::{
    super::{
        browser,
        drafts::{self, Outgoing},
        item::Item,
        prompts,
        state::{Chat, Editing, Following},
    },
    queueing::has_arrived,
};
use crate::{
    api,
    chat::attachments::{Attached, Upload},
    error::AppError,
    model::{
        AttachmentView, ConversationId, ConversationSummary, InvalidText, MessageAuthor, MessageId, MessageStatus,
        MessageText, MessageView, Part, Siblings, Timestamp, TurnStarted,
    },
    words::{composer as words, errors, thread},
};

impl Chat {
    /// Sends what is in the composer; queues it while an answer is being written or others wait; waits for its files.
    pub fn submit(self) {
        let text = self.typed();
        let has_files = self.composing.files.with_untracked(|files| !files.is_empty());
        if text.trim().is_empty() && !has_files || self.sending.get_untracked() {
            return;
        }
        if untrack(|| self.is_uploading()) {
            self.composing.goes_after_upload.set(true);
            self.announce(words::uploading(self.lang));
            return;
        }
        let has_failed = |files: &Vec<Attached>| files.iter().any(|file| matches!(file.upload, Upload::Failed(_)));
        if self.composing.files.with_untracked(has_failed) {
            return self.say(words::files_failed(self.lang), None);
        }
        let files =
            self.composing.files.with_untracked(|files| files.iter().filter_map(Attached::view).cloned().collect());
        let Some(out) = self.outgoing(text, files) else { return };
        let others_first = self.following.with_untracked(Option::is_some)
            || self.composing.queue.with_untracked(|queue| !queue.is_empty());
        if others_first && !out.branch {
            self.enqueue(out);
            self.send_queued();
        } else {
            self.deliver(out);
        }
    }

    /// Sends an example of the empty page, past the composer; `/name` stands for the tenant's prompt of this name.
    pub fn send_example(self, text: String) {
        let prompt = self.home.with_value(|home| prompts::named(&home.tenant.commands, &text).cloned());
        if self.sending.get_untracked() {
            return;
        }
        let text = match prompt {
            Some(prompt) if !prompts::variables(&prompt.text).is_empty() => return self.choose_prompt(prompt),
            Some(prompt) => prompt.text,
            None => text,
        };
        if let Some(out) = self.outgoing(text, vec![]) {
            self.deliver(out);
        }
    }

    /// A message for the place that is looked at; says why when it cannot be one.
    fn outgoing(self, text: String, files: Vec<AttachmentView>) -> Option<Outgoing> {
        if let Err(error) = said(&text, &files) {
            self.notice.set(Some(match error {
                InvalidText::TooLong { max, actual } => AppError::invalid("", words::too_long(self.lang, actual - max)),
                error => error.into(),
            }));
            return None;
        }
        let (parent, branch) = match self.editing.get_untracked() {
            Some(Editing { parent, .. }) => (parent, true),
            None => (self.leaf(), false),
        };
        // Taken back from those that wait and sent again, it is the same message, also when it has arrived meanwhile.
        let before = self.unacknowledged.get_value().filter(|out| {
            let is_here = out.parent == parent || self.items.with_untracked(|items| has_arrived(out, items));
            out.text == text && out.files == files && is_here
        });
        let Some(key) = before.map(|out| out.key).or_else(browser::new_key) else {
            self.notice.set(Some(AppError::invalid("", words::no_key(self.lang))));
            return None;
        };
        Some(Outgoing { text, files, model: self.wanted_model(), parent, branch, tried: false, key })
    }

    /// Sends a message that is in the composer or at the head of the queue.
    pub(super) fn deliver(self, mut out: Outgoing) {
        let conversation = self.shown.get_untracked();
        let Ok(text) = said(&out.text, &out.files) else { return };
        let was_tried = std::mem::replace(&mut out.tried, true);
        self.unacknowledged.set_value(Some(out.clone()));
        self.composing.queue.update(|queue| {
            if let Some(waiting) = queue.iter_mut().find(|other| other.key == out.key) {
                *waiting = out.clone();
            }
        });
        self.notice.set(None);
        self.sending.set(true);
        self.save_draft();
        spawn_local(async move {
            let files = out.files.iter().map(|file| file.id).collect();
            let model = out.model.clone();
            let result = api::start_turn(self.tenant(), conversation, out.parent, text, files, model, out.key).await;
            if !self.is_alive() {
                return;
            }
            self.sending.set(false);
            match result {
                Ok(started) => self.acknowledged(started, out, conversation, was_tried),
                Err(error) => self.not_sent(out, error, conversation),
            }
        });
    }

    /// The server has the message, sent from `conversation`: only now it is forgotten here.
    /// `was_tried`: the server may have had it before.
    fn acknowledged(self, started: TurnStarted, out: Outgoing, conversation: Option<ConversationId>, was_tried: bool) {
        self.unacknowledged.set_value(None);
        self.composing.attempts.set_value(0);
        self.composing.awaits_network.set(false);
        self.tell_tabs(Some(started.conversation));
        let now = browser::now();
        if self.shown.get_untracked() != conversation {
            self.change_stored(conversation, |draft| draft.forget(out.key));
            self.put_in_list(started.conversation, named_after(&out), now);
            return;
        }
        self.leave_composer(&out, conversation);
        self.announce(thread::responding(self.lang));
        self.put_in_list(started.conversation, named_after(&out), now);
        if self.leaf_wanted.get_untracked().is_some() {
            self.go_to(self.conversation_url(started.conversation));
            return;
        }
        let is_known = self.items.with_untracked(|items| items.iter().any(|item| item.id == started.assistant_message));
        if out.branch || is_known {
            // Only the server knows the siblings of a branch …
            self.reload();
            return;
        }
        self.append(started, out, now);
        if conversation.is_none() {
            self.go_to(self.conversation_url(started.conversation));
        }
        if was_tried {
            // … and how far an answer is that began before.
            self.reload();
        }
    }

    /// Takes a message that was acknowledged out of the composer or the queue.
    fn leave_composer(self, out: &Outgoing, conversation: Option<ConversationId>) {
        let was_queued = self.composing.queue.with_untracked(|queue| queue.iter().any(|other| other.key == out.key));
        if was_queued {
            self.composing.queue.update(|queue| queue.retain(|other| other.key != out.key));
        } else {
            let rest = drafts::rest_after(&self.typed(), &out.text).to_owned();
            let was_editing = out.branch && self.editing.with_untracked(Option::is_some);
            if was_editing {
                // What was written before the old message was changed comes back.
                self.editing.set(None);
                self.change_stored(conversation, |draft| draft.forget(out.key));
                self.load_draft();
                if !rest.is_empty() {
                    self.put_back(&rest);
                }
            } else {
                self.set_composer(&rest);
                self.drop_files(&out.files);
            }
        }
        if conversation.is_none() {
            // The rest is kept under the address the conversation gets now.
            self.change_stored(None, |draft| *draft = drafts::Draft::default());
        } else {
            self.save_draft();
        }
    }

    /// The message stays: in the composer, or among those that wait.
    fn not_sent(self, out: Outgoing, error: AppError, conversation: Option<ConversationId>) {
        if self.shown.get_untracked() != conversation {
            // It waits where it was written.
            self.say(errors::text(self.lang, &error), None);
            return;
        }
        let was_queued = self.composing.queue.with_untracked(|queue| queue.iter().any(|other| other.key == out.key));
        if error != AppError::Offline {
            if !was_queued && !self.typed().starts_with(&out.text) {
                // An example of the empty page.
                self.put_back(&out.text);
            }
            self.composing.awaits_network.set(false);
            if error != AppError::SignedOut {
                self.announce(&errors::text(self.lang, &error));
            }
            self.notice.set(Some(error));
            self.save_draft();
            return;
        }
        if !was_queued {
            let was_editing = out.branch && self.editing.with_untracked(Option::is_some);
            if was_editing {
                self.editing.set(None);
                self.load_draft();
            } else {
                let rest = drafts::rest_after(&self.typed(), &out.text).to_owned();
                self.set_composer(&rest);
                self.drop_files(&out.files);
            }
            self.composing.queue.update(|queue| {
                queue.retain(|other| other.key != out.key);
                queue.insert(0, out);
            });
        }
        self.save_draft();
        self.await_network();
        // It arrived, perhaps: while it was on its way, what the stream said of its answer was not looked at.
        let runs =
            conversation.is_some_and(|id| self.list.with_untracked(|list| list.get(id).is_some_and(|row| row.running)));
        if runs {
            self.reload();
        }
    }

    /// Shows the message and the answer that begins.
    fn append(self, started: TurnStarted, out: Outgoing, now: Timestamp) {
        let model = untrack(|| self.model());
        let message = |id, parent, author, parts, status, model| MessageView {
            id,
            parent,
            author,
            parts,
            status,
            created_at: now,
            turn: Some(started.turn),
            siblings: Siblings::only(),
            usage: None,
            model,
            feedback: None,
            edited: false,
            rich: vec![],
        };
        let mut parts: Vec<Part> = out.files.into_iter().map(|file| Part::Attachment { file }).collect();
        if !out.text.trim().is_empty() {
            parts.push(Part::Text { text: out.text });
        }
        let question = Item::new(message(
            started.user_message,
            out.parent,
            MessageAuthor::User,
            parts,
            MessageStatus::Complete,
            None,
        ));
        let answer = Item::new(message(
            started.assistant_message,
            Some(started.user_message),
            MessageAuthor::Assistant,
            vec![],
            MessageStatus::Running,
            Some(model.name),
        ));
        let anchor = question.element_id();
        self.shown.set(Some(started.conversation));
        self.items.update(|items| {
            let known = |id: MessageId, items: &Vec<Item>| items.iter().any(|item| item.id == id);
            if !known(question.id, items) {
                items.push(question);
            }
            if !known(answer.id, items) {
                items.push(answer.clone());
            }
        });
        self.following.set(Some(Following {
            turn: started.turn,
            conversation: started.conversation,
            after: 0,
            parts: vec![],
            item: answer,
            began_here: true,
        }));
        let sent = move || {
            if self.is_alive() {
                self.with_scroll(|scroll| scroll.message_sent(anchor));
            }
        };
        request_animation_frame(sent);
    }

    pub(super) fn put_in_list(self, id: ConversationId, text: &str, now: Timestamp) {
        let first_line: String = text.trim().lines().next().unwrap_or_default().chars().take(60).collect();
        self.list.update(|list| {
            let title = list.get(id).map_or(first_line.clone(), |known| known.title.clone());
            let known = list.get(id);
            let (pinned, archived) = known.map_or((false, false), |known| (known.pinned, known.archived));
            list.put(ConversationSummary {
                id,
                title,
                updated_at: now,
                running: true,
                waiting: false,
                pinned,
                archived,
            });
        });
        let here = self.shown.get_untracked();
        if here.is_none() || here == Some(id) && self.title.with_untracked(String::is_empty) {
            self.title.set(first_line);
        }
    }

    /// Stops the answer that is being written.
    pub fn stop(self) {
        let Some(turn) = self.following.with_untracked(|following| following.as_ref().map(|f| f.turn)) else { return };
        spawn_local(async move {
            if let Err(error) = api::stop_turn(self.tenant(), turn).await
                && self.is_alive()
            {
                self.notice.set(Some(error));
            }
        });
    }
}

/// The text of a message; `None` when its files say it all.
fn said(text: &str, files: &[AttachmentView]) -> Result<Option<MessageText>, InvalidText> {
    if text.trim().is_empty() && !files.is_empty() {
        return Ok(None);
    }
    MessageText::parse(text).map(Some)
}

/// What the first line of its conversation's title is, until it gets one.
fn named_after(out: &Outgoing) -> &str {
    let file = out.files.first().filter(|_| out.text.trim().is_empty());
    file.map_or(&out.text, |file| &file.name)
}
