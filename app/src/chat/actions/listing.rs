//! The lists of the sidebar: keep them fresh, fetch more of them, take in what changed elsewhere.

use leptos::{prelude::*, task::spawn_local};

use super::super::{browser, list::ConversationList, state::Chat};
use crate::{
    api,
    model::{ConversationId, ConversationSummary, Folder, Page},
    words::shell,
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
        let before = self.list.get_untracked();
        self.list.update(|list| list.refresh(newest));
        self.renew_today();
        self.show_list_title();
        for row in before.ended_since(&self.list.get_untracked()) {
            self.ended_elsewhere(&row);
        }
        let shown = self.shown.get_untracked();
        let runs_here =
            shown.is_some_and(|id| self.list.with_untracked(|list| list.get(id).is_some_and(|row| row.running)));
        let idle = self.following.with_untracked(Option::is_none) && !self.sending.get_untracked();
        if runs_here && idle {
            self.reload();
        }
    }

    /// A row as the server has it now: new, changed, archived or brought back, here or elsewhere.
    pub fn take_row(self, row: ConversationSummary) {
        let before = self.list.with_untracked(|list| list.get(row.id).map(|known| (known.running, known.waiting)));
        let (was_running, was_waiting) = before.unwrap_or_default();
        if self.shown.get_untracked() == Some(row.id) {
            self.archived.set(row.archived);
        }
        self.list.update(|list| list.put(row.clone()));
        self.with_archive(|archive| archive.put(row.clone()));
        self.renew_today();
        self.show_list_title();
        if was_running && !row.running {
            self.ended_elsewhere(&row);
        }
        if row.waiting && !was_waiting && self.shown.get_untracked() != Some(row.id) {
            self.say(shell::waits(self.lang, &row.title), None);
        }
    }

    /// A conversation was deleted, here or elsewhere.
    pub fn lose_row(self, id: ConversationId) {
        self.list.update(|list| {
            list.remove(id);
        });
        self.with_archive(|archive| {
            archive.remove(id);
        });
    }

    fn ended_elsewhere(self, row: &ConversationSummary) {
        let shown = self.shown.get_untracked();
        // A quick answer to the first message ends before its sender has heard which conversation it began.
        if shown == Some(row.id) || shown.is_none() && self.sending.get_untracked() {
            return;
        }
        self.unread.update(|unread| {
            if !unread.contains(&row.id) {
                unread.push(row.id);
            }
        });
        self.say(shell::has_its_answer(self.lang, &row.title), None);
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

    /// Shows the archive in the sidebar.
    pub fn open_archive(self) {
        spawn_local(async move {
            let page = api::list_conversations(self.tenant(), Folder::Archive, None).await;
            if !self.is_alive() {
                return;
            }
            match page {
                Ok(page) => self.archive.set(Some(ConversationList::new(Folder::Archive, page))),
                Err(error) => self.refused(&error, Some(Callback::new(move |()| self.open_archive()))),
            }
        });
    }

    /// Fetches the next older page of the list that is shown; does nothing while one is on its way or there is none.
    pub fn load_older(self) {
        let archive = self.archive.with_untracked(|archive| archive.as_ref().map(ConversationList::next));
        let (folder, next) = match archive {
            Some(next) => (Folder::Archive, next),
            None => (Folder::Inbox, self.list.with_untracked(ConversationList::next)),
        };
        let Some(after) = next else { return };
        if self.loading_older.get_untracked() {
            return;
        }
        self.loading_older.set(true);
        spawn_local(async move {
            let page = api::list_conversations(self.tenant(), folder, Some(after)).await;
            if !self.is_alive() {
                return;
            }
            self.loading_older.set(false);
            match (page, folder) {
                (Ok(page), Folder::Inbox) => self.list.update(|list| list.append(page)),
                (Ok(page), Folder::Archive) => self.with_archive(|archive| archive.append(page)),
                (Err(error), _) => self.refused(&error, None),
            }
        });
    }

    /// Changes the archive if it is shown.
    pub(super) fn with_archive(self, change: impl FnOnce(&mut ConversationList)) {
        if self.archive.with_untracked(Option::is_some) {
            self.archive.update(|archive| {
                if let Some(archive) = archive {
                    change(archive);
                }
            });
        }
    }

    /// A row, wherever it is listed.
    #[must_use]
    pub fn row(self, id: ConversationId) -> Option<ConversationSummary> {
        let archived = || self.archive.with(|archive| archive.as_ref().and_then(|list| list.get(id).cloned()));
        self.list.with(|list| list.get(id).cloned()).or_else(archived)
    }
}
