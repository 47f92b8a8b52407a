//! Showing a conversation, and more of it.

use std::collections::HashSet;

use leptos::{prelude::*, task::spawn_local};

use super::super::{
    browser,
    item::Item,
    state::{Chat, Place},
};
use crate::{
    api,
    error::AppError,
    later::{Part, when_ready},
    model::{ConversationView, Cursor, MessageId, MessageView},
};

/// Messages of an earlier part that are drawn in one frame.
const DRAWN_AT_ONCE: usize = 4;

/// An earlier part of a conversation on its way to the page.
struct Above {
    /// What is not drawn yet, oldest first.
    rest: Vec<MessageView>,
    /// The message it goes on with: the first one on the page.
    next: Option<MessageId>,
    /// Where the part above it ends.
    earlier: Option<Cursor>,
    then: Box<dyn FnOnce()>,
}

impl Chat {
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
                Ok(view) => when_ready(Part::Conversation, Box::new(move || self.show_wanted(view, place, leaf))),
                Err(error) if switched => self.show_nothing(Some(error)),
                Err(error) => self.notice.set(Some(error)),
            }
        });
    }

    /// Shows `view`, unless something else was asked for meanwhile.
    fn show_wanted(self, view: ConversationView, place: Place, leaf: Option<MessageId>) {
        let still_wanted =
            self.is_alive() && self.place.get_untracked() == place && self.leaf_wanted.get_untracked() == leaf;
        if still_wanted {
            let switched = self.shown.get_untracked() != Some(view.id);
            self.show_opened(view, switched);
        }
    }

    /// Shows `view`: another conversation where the reader left it (or at the message the address names), another branch
    /// of the same one without moving the view.
    fn show_opened(self, view: ConversationView, switched: bool) {
        let id = view.id;
        if !switched {
            self.without_moving(|| self.show(view));
            return;
        }
        self.show(view);
        let settle = move || {
            if self.is_alive() && !self.go_to_linked() {
                self.restore_place(id);
            }
        };
        request_animation_frame(settle);
    }

    /// Fetches the part of the conversation above what is shown.
    pub fn load_earlier(self) {
        self.load_earlier_then(|| {});
    }

    /// Fetches the part of the conversation above what is shown, if there is one and it is not being fetched yet; `then`
    /// happens when it is there.
    pub fn load_earlier_then(self, then: impl FnOnce() + 'static) {
        let (Some(id), Some(before)) = (self.shown.get_untracked(), self.earlier.get_untracked()) else { return };
        if self.loading_older_messages.get_value() {
            return;
        }
        self.loading_older_messages.set_value(true);
        spawn_local(async move {
            let result = api::earlier_messages(self.tenant(), id, before.clone()).await;
            if !self.is_alive() {
                return;
            }
            let still_wanted =
                self.shown.get_untracked() == Some(id) && self.earlier.get_untracked().as_ref() == Some(&before);
            match result {
                Ok(view) if still_wanted => {
                    let next = self.items.with_untracked(|items| items.first().map(|item| item.id));
                    self.put_above(Above { rest: view.messages, next, earlier: view.earlier, then: Box::new(then) });
                }
                result => {
                    self.loading_older_messages.set_value(false);
                    if let (Err(error), true) = (result, still_wanted) {
                        self.refused(&error, Some(Callback::new(move |()| self.load_earlier())));
                    }
                }
            }
        });
    }

    /// Draws an earlier part from its end on, a few messages a frame, so that who scrolls is not held up.
    fn put_above(self, mut above: Above) {
        let is_hidden = browser::tab_hidden();
        loop {
            // Another conversation or another branch is shown by now.
            if self.items.with_untracked(|items| items.first().map(|item| item.id)) != above.next {
                return self.loading_older_messages.set_value(false);
            }
            let some = above.rest.split_off(above.rest.len().saturating_sub(DRAWN_AT_ONCE));
            if some.is_empty() {
                break;
            }
            self.put_some_above(some);
            above.next = self.items.with_untracked(|items| items.first().map(|item| item.id));
            // A tab that nobody looks at has no frames.
            if !is_hidden && !above.rest.is_empty() {
                request_animation_frame(move || {
                    if self.is_alive() {
                        self.put_above(above);
                    }
                });
                return;
            }
        }
        self.loading_older_messages.set_value(false);
        self.earlier.set(above.earlier);
        (above.then)();
    }

    fn put_some_above(self, messages: Vec<MessageView>) {
        let older: Vec<Item> = messages.into_iter().map(Item::new).collect();
        let add = || {
            self.items.update(|items| {
                let known: HashSet<MessageId> = items.iter().map(|item| item.id).collect();
                let older = older.into_iter().filter(|item| !known.contains(&item.id));
                items.splice(0..0, older);
            });
        };
        self.with_scroll(|scroll| scroll.keep_while(add));
    }

    pub fn go_to(self, url: String) {
        self.go.run(url);
    }
}
