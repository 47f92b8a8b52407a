//! Sending a message and stopping its answer.

use leptos::{prelude::*, task::spawn_local};

use super::{
    super::{
        browser, drafts,
        item::Item,
        state::{Chat, Editing, Following},
    },
    Outgoing,
};
use crate::{
    api,
    error::AppError,
    model::{
        ConversationId, ConversationSummary, MessageAuthor, MessageId, MessageStatus, MessageText, MessageView, Part,
        Siblings, Timestamp, TurnStarted,
    },
    words::thread,
};

impl Chat {
    /// Sends what is in the composer, or queues it while an answer is being written.
    pub fn submit(self) {
        let Some(composer) = self.composer.get_untracked() else { return };
        let text = composer.value();
        if text.trim().is_empty() || self.sending.get_untracked() {
            return;
        }
        if self.following.with_untracked(Option::is_some) && self.editing.with_untracked(Option::is_none) {
            self.enqueue(text);
            return;
        }
        let editing = self.editing.get_untracked();
        let (parent, branch) = match &editing {
            Some(Editing { parent, .. }) => (*parent, true),
            None => (self.leaf(), false),
        };
        self.send(text, parent, branch);
    }

    /// Sends `text` as it is, past the composer: an example from the empty page.
    pub fn send_example(self, text: String) {
        if !self.sending.get_untracked() {
            self.send(text, self.leaf(), false);
        }
    }

    pub(super) fn send(self, text: String, parent: Option<MessageId>, branch: bool) {
        let parsed = match MessageText::parse(text.clone()) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.notice.set(Some(error.into()));
                return;
            }
        };
        let conversation = self.shown.get_untracked();
        let reused = self.unacknowledged.get_value().filter(|out| out.text == text && out.parent == parent);
        let Some(key) = reused.map(|out| out.key).or_else(browser::new_key) else {
            self.notice.set(Some(AppError::invalid("", "This browser cannot make the random key that sending needs.")));
            return;
        };
        self.unacknowledged.set_value(Some(Outgoing { text: text.clone(), parent, key }));
        self.notice.set(None);
        self.sending.set(true);
        spawn_local(async move {
            let result = api::start_turn(self.tenant(), conversation, parent, parsed, vec![], None, key).await;
            if !self.is_alive() {
                return;
            }
            self.sending.set(false);
            match result {
                Ok(started) => self.acknowledged(started, Outgoing { text, parent, key }, conversation, branch),
                Err(error) => {
                    self.announce(&error.to_string());
                    self.notice.set(Some(error));
                }
            }
        });
    }

    /// The server has the message, sent from `conversation`: only now its draft is forgotten.
    fn acknowledged(self, started: TurnStarted, sent: Outgoing, conversation: Option<ConversationId>, branch: bool) {
        self.unacknowledged.set_value(None);
        self.forget_draft(conversation);
        self.tell_tabs(Some(started.conversation));
        let now = browser::now();
        if self.shown.get_untracked() != conversation {
            self.put_in_list(started.conversation, &sent.text, now);
            return;
        }
        self.editing.set(None);
        let rest = drafts::rest_after(&self.typed(), &sent.text).to_owned();
        self.set_composer(&rest);
        self.announce(thread::responding(self.lang));
        self.put_in_list(started.conversation, &sent.text, now);
        if self.leaf_wanted.get_untracked().is_some() {
            self.go_to(self.conversation_url(started.conversation));
            return;
        }
        if branch {
            // Only the server knows the siblings of a branch: show what it says.
            self.reload();
            return;
        }
        self.append(started, sent.text, sent.parent, now);
        if conversation.is_none() {
            self.go_to(self.conversation_url(started.conversation));
        }
    }

    /// Shows the message and the answer that begins.
    pub(super) fn append(self, started: TurnStarted, text: String, parent: Option<MessageId>, now: Timestamp) {
        let message = |id, parent, author, parts, status| MessageView {
            id,
            parent,
            author,
            parts,
            status,
            created_at: now,
            turn: Some(started.turn),
            siblings: Siblings::only(),
            usage: None,
            model: None,
            feedback: None,
            edited: false,
            rich: vec![],
        };
        let question = Item::new(message(
            started.user_message,
            parent,
            MessageAuthor::User,
            vec![Part::Text { text }],
            MessageStatus::Complete,
        ));
        let answer = Item::new(message(
            started.assistant_message,
            Some(started.user_message),
            MessageAuthor::Assistant,
            vec![],
            MessageStatus::Running,
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
