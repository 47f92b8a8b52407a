//! What a person can do on the chat page, and what becomes of it. Each is called from an event handler, asks the server
//! and changes the [`Chat`]; after every wait the page may be gone, so nothing is touched before asking.

use leptos::{prelude::*, task::spawn_local};

use super::{
    browser, drafts,
    state::{Chat, Editing, Following, Item, Place},
};
use crate::{
    api,
    error::AppError,
    model::{
        ConversationId, ConversationSummary, ConversationView, MessageAuthor, MessageId, MessageStatus, MessageText,
        MessageView, Page, Part, Siblings, Timestamp, Title, TurnKey, TurnStarted,
    },
};

/// A message on its way to the server. The key stays with it until it is acknowledged: trying again after a lost
/// answer does not send it twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub text: String,
    pub parent: Option<MessageId>,
    pub key: TurnKey,
}

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

    /// Adds to the one message that waits for the answer to end.
    fn enqueue(self, text: String) {
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

    fn put_back(self, text: String) {
        let typed = self.typed();
        self.set_composer(&drafts::joined(Some(&text), &typed));
        self.save_draft();
    }

    /// Sends `text` as it is, past the composer: an example from the empty page.
    pub fn send_example(self, text: String) {
        if !self.sending.get_untracked() {
            self.send(text, self.leaf(), false);
        }
    }

    /// Asks again what `answer` answered: a sibling of the question, so nothing is overwritten.
    pub fn retry(self, answer: &Item) {
        let Some(question) = answer.parent.and_then(|id| self.item(id)) else { return };
        self.send(question.text, question.parent, true);
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

    fn send(self, text: String, parent: Option<MessageId>, branch: bool) {
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
            let result = api::start_turn(self.tenant(), conversation, parent, parsed, key).await;
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
        self.announce("Responding");
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
    fn append(self, started: TurnStarted, text: String, parent: Option<MessageId>, now: Timestamp) {
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

    fn put_in_list(self, id: ConversationId, text: &str, now: Timestamp) {
        let first_line: String = text.trim().lines().next().unwrap_or_default().chars().take(60).collect();
        self.list.update(|list| {
            let title = list.get(id).map_or(first_line.clone(), |known| known.title.clone());
            list.put(ConversationSummary { id, title, updated_at: now, running: true });
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

    /// Shows what the URL names.
    pub fn open(self, place: Place, leaf: Option<MessageId>) {
        let id = match place {
            Place::New => return self.show_nothing(None),
            Place::Nowhere => return self.show_nothing(Some(AppError::NotFound)),
            Place::Conversation(id) => id,
        };
        spawn_local(async move {
            let result = api::open_conversation(self.tenant(), id, leaf).await;
            let still_wanted =
                self.is_alive() && self.place.get_untracked() == place && self.leaf_wanted.get_untracked() == leaf;
            if !still_wanted {
                return;
            }
            let switched = self.shown.get_untracked() != Some(id);
            match result {
                Ok(view) => self.show_opened(view, switched),
                Err(error) if switched => self.show_nothing(Some(error)),
                Err(error) => self.notice.set(Some(error)),
            }
        });
    }

    fn show_opened(self, view: ConversationView, switched: bool) {
        self.show(view);
        let settle = move || {
            if !self.is_alive() {
                return;
            }
            self.with_scroll(|scroll| if switched { scroll.to_end_at_once() } else { scroll.content_changed() });
        };
        request_animation_frame(settle);
    }

    /// Fetches the part of the conversation above what is shown.
    pub fn load_earlier(self) {
        let (Some(id), Some(before)) = (self.shown.get_untracked(), self.earlier.get_untracked()) else { return };
        self.earlier.set(None);
        spawn_local(async move {
            let result = api::earlier_messages(self.tenant(), id, before.clone()).await;
            if !self.is_alive() || self.shown.get_untracked() != Some(id) {
                return;
            }
            match result {
                Ok(view) => {
                    let older: Vec<Item> = view.messages.into_iter().map(Item::new).collect();
                    let add = || {
                        self.items.update(|items| {
                            let known: Vec<MessageId> = items.iter().map(|item| item.id).collect();
                            let older = older.into_iter().filter(|item| !known.contains(&item.id));
                            items.splice(0..0, older);
                        });
                    };
                    self.with_scroll(|scroll| scroll.keep_while(add));
                    self.earlier.set(view.earlier);
                }
                Err(error) => {
                    self.earlier.set(Some(before));
                    self.notice.set(Some(error));
                }
            }
        });
    }

    /// Takes the newest page of the list and the meter again.
    pub fn refresh(self) {
        spawn_local(async move {
            let newest = api::list_conversations(self.tenant(), None).await;
            if !self.is_alive() {
                return;
            }
            if let Ok(newest) = newest {
                self.take_newest(newest);
            }
            let meter = api::usage_meter(self.tenant()).await;
            if let (true, Ok(meter)) = (self.is_alive(), meter) {
                self.meter.set(meter);
            }
        });
    }

    fn take_newest(self, newest: Page<ConversationSummary>) {
        let shown = self.shown.get_untracked();
        let before = self.list.get_untracked();
        self.list.update(|list| list.refresh(newest));
        self.renew_today();
        self.show_list_title();
        let ended = before.ended_since(&self.list.get_untracked());
        for row in ended.into_iter().filter(|row| Some(row.id) != shown) {
            self.unread.update(|unread| unread.push(row.id));
            self.say(format!("“{}” has its answer.", row.title), None);
        }
        let runs_here =
            shown.is_some_and(|id| self.list.with_untracked(|list| list.get(id).is_some_and(|row| row.running)));
        let idle = self.following.with_untracked(Option::is_none) && !self.sending.get_untracked();
        if runs_here && idle {
            self.reload();
        }
    }

    /// The title may have been made or changed elsewhere.
    fn show_list_title(self) {
        let Some(id) = self.shown.get_untracked() else { return };
        let title = self.list.with_untracked(|list| list.get(id).map(|item| item.title.clone()));
        if let Some(title) = title
            && self.title.get_untracked() != title
        {
            self.title.set(title);
        }
    }

    /// The day may have changed since the page was loaded.
    fn renew_today(self) {
        let offset = self.home.with_value(|home| i64::from(home.tenant.utc_offset_minutes));
        let today = browser::now().date_at(offset);
        if self.today.get_untracked() != today {
            self.today.set(today);
        }
    }

    /// Fetches the next older page of the list; does nothing while one is on its way or there is none.
    pub fn load_older(self) {
        let Some(after) = self.list.with_untracked(super::list::ConversationList::next) else { return };
        if self.loading_older.get_untracked() {
            return;
        }
        self.loading_older.set(true);
        spawn_local(async move {
            let page = api::list_conversations(self.tenant(), Some(after)).await;
            if !self.is_alive() {
                return;
            }
            self.loading_older.set(false);
            match page {
                Ok(page) => self.list.update(|list| list.append(page)),
                Err(error) => self.say(error.to_string(), None),
            }
        });
    }

    /// Renames at once and takes it back when the server refuses.
    pub fn rename(self, id: ConversationId, typed: &str) {
        let title = match Title::parse(typed) {
            Ok(title) => title,
            Err(error) => return self.say(format!("Not renamed: {error}."), None),
        };
        let before = self.list.with_untracked(|list| list.get(id).map(|item| item.title.clone()));
        if before.as_deref() == Some(title.as_str()) {
            return;
        }
        self.set_title(id, title.as_str());
        spawn_local(async move {
            let result = api::rename_conversation(self.tenant(), id, title).await;
            if !self.is_alive() {
                return;
            }
            match result {
                Ok(()) => self.tell_tabs(None),
                Err(error) => {
                    if let Some(before) = before {
                        self.set_title(id, &before);
                    }
                    self.say(error.to_string(), None);
                }
            }
        });
    }

    /// A conversation's title, wherever it shows.
    pub fn set_title(self, id: ConversationId, title: &str) {
        self.list.update(|list| list.rename(id, title));
        if self.shown.get_untracked() == Some(id) {
            self.title.set(title.to_owned());
        }
    }

    /// Deletes at once; the toast brings it back.
    pub fn delete(self, id: ConversationId) {
        let removed = self.list.try_update(|list| list.remove(id)).flatten();
        let shown = self.shown.get_untracked() == Some(id);
        spawn_local(async move {
            let result = api::delete_conversation(self.tenant(), id).await;
            if !self.is_alive() {
                return;
            }
            match result {
                Ok(()) => {
                    let title = removed.as_ref().map_or(String::from("Conversation"), |row| format!("“{}”", row.title));
                    self.say(format!("{title} deleted."), removed);
                    self.tell_tabs(None);
                    if shown {
                        self.go_to(self.new_url());
                    }
                }
                Err(error) => {
                    if let Some(row) = removed {
                        self.list.update(|list| list.put(row));
                    }
                    self.say(error.to_string(), None);
                }
            }
        });
    }

    /// Brings a deleted conversation back.
    pub fn restore(self, row: ConversationSummary) {
        self.toast.set(None);
        spawn_local(async move {
            let result = api::restore_conversation(self.tenant(), row.id).await;
            if !self.is_alive() {
                return;
            }
            match result {
                Ok(()) => {
                    let id = row.id;
                    self.list.update(|list| list.put(row));
                    self.tell_tabs(None);
                    self.go_to(self.conversation_url(id));
                }
                Err(error) => self.say(error.to_string(), None),
            }
        });
    }

    /// A stream was refused: if the session is why, say so where the person writes.
    pub fn check_session(self) {
        spawn_local(async move {
            let Err(AppError::SignedOut) = api::me().await else { return };
            if self.is_alive() {
                self.notice.set(Some(AppError::SignedOut));
            }
        });
    }

    pub fn go_to(self, url: String) {
        self.go.run(url);
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

    fn forget_draft(self, conversation: Option<ConversationId>) {
        drafts::save(&self.draft_key(conversation), "");
    }
}
