//! Showing a conversation, and more of it.

use leptos::{prelude::*, task::spawn_local};

use super::super::{
    item::Item,
    state::{Chat, Place},
};
use crate::{
    api,
    error::AppError,
    model::{ConversationView, MessageId},
};

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

    pub fn go_to(self, url: String) {
        self.go.run(url);
    }
}
