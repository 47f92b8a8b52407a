//! The list of conversations: keep it fresh, rename, delete and bring back.

use leptos::{prelude::*, task::spawn_local};

use super::super::{browser, list::ConversationList, state::Chat};
use crate::{
    api,
    model::{ConversationId, ConversationSummary, Folder, Page, Title},
};

impl Chat {
    /// Takes the newest page of the list and the meter again.
    pub fn refresh(self) {
        spawn_local(async move {
            let newest = api::list_conversations(self.tenant(), Folder::Inbox, None).await;
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

    pub(super) fn take_newest(self, newest: Page<ConversationSummary>) {
        let shown = self.shown.get_untracked();
        let before = self.list.get_untracked();
        self.list.update(|list| list.refresh(newest));
        self.renew_today();
        self.show_list_title();
        for row in before.ended_since(&self.list.get_untracked()) {
            self.ended_elsewhere(&row);
        }
        let runs_here =
            shown.is_some_and(|id| self.list.with_untracked(|list| list.get(id).is_some_and(|row| row.running)));
        let idle = self.following.with_untracked(Option::is_none) && !self.sending.get_untracked();
        if runs_here && idle {
            self.reload();
        }
    }

    /// A row as the server has it now: new, changed, archived or brought back, here or elsewhere.
    pub fn take_row(self, row: ConversationSummary) {
        let was_running = self.list.with_untracked(|list| list.get(row.id).is_some_and(|known| known.running));
        self.list.update(|list| list.put(row.clone()));
        self.renew_today();
        self.show_list_title();
        if was_running && !row.running {
            self.ended_elsewhere(&row);
        }
    }

    /// A conversation was deleted, here or elsewhere.
    pub fn lose_row(self, id: ConversationId) {
        self.list.update(|list| {
            list.remove(id);
        });
    }

    fn ended_elsewhere(self, row: &ConversationSummary) {
        if Some(row.id) == self.shown.get_untracked() {
            return;
        }
        self.unread.update(|unread| {
            if !unread.contains(&row.id) {
                unread.push(row.id);
            }
        });
        self.say(format!("“{}” has its answer.", row.title), None);
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
        let Some(after) = self.list.with_untracked(ConversationList::next) else { return };
        if self.loading_older.get_untracked() {
            return;
        }
        self.loading_older.set(true);
        spawn_local(async move {
            let page = api::list_conversations(self.tenant(), Folder::Inbox, Some(after)).await;
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
}
