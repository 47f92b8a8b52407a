//! What a person does with their conversations: rename, pin, archive, delete, and take it back. The page changes at once
//! and goes back when the server refuses.

use leptos::{prelude::*, task::spawn_local};

use super::super::state::{Chat, Undo};
use crate::{
    api,
    error::AppError,
    model::{ConversationId, ConversationSummary, Title},
    words::shell::{self, Done},
};

/// The server takes this many at once.
pub const MAX_AT_ONCE: usize = 200;

impl Chat {
    pub fn rename(self, id: ConversationId, typed: &str) {
        let title = match Title::parse(typed) {
            Ok(title) => title,
            Err(error) => return self.say(shell::not_renamed(self.lang, &error.to_string()), None),
        };
        let before = untrack(|| self.row(id)).map(|row| row.title);
        if before.as_deref() == Some(title.as_str()) {
            return;
        }
        self.set_title(id, title.as_str());
        spawn_local(async move {
            // Short requests outlive the page (`api::calls`): reloading right away does not take it back.
            let result = api::rename_conversation(self.tenant(), id, title.clone()).await;
            if !self.is_alive() {
                return;
            }
            match result {
                Ok(()) => self.tell_tabs(None),
                Err(error) => {
                    if let Some(before) = before {
                        self.set_title(id, &before);
                    }
                    self.refused(&error, Some(Callback::new(move |()| self.rename(id, title.as_str()))));
                }
            }
        });
    }

    /// A conversation's title, wherever it shows.
    pub fn set_title(self, id: ConversationId, title: &str) {
        self.list.update(|list| list.rename(id, title));
        self.with_archive(|archive| archive.rename(id, title));
        if self.shown.get_untracked() == Some(id) {
            self.title.set(title.to_owned());
        }
    }

    pub fn pin(self, id: ConversationId, pinned: bool) {
        self.list.update(|list| list.set_pinned(id, pinned));
        spawn_local(async move {
            let result = api::pin_conversation(self.tenant(), id, pinned).await;
            if !self.is_alive() {
                return;
            }
            match result {
                Ok(()) => self.tell_tabs(None),
                Err(error) => {
                    self.list.update(|list| list.set_pinned(id, !pinned));
                    self.refused(&error, Some(Callback::new(move |()| self.pin(id, pinned))));
                }
            }
        });
    }

    /// Puts conversations into the archive, or back into the list.
    pub fn archive(self, ids: Vec<ConversationId>, archived: bool) {
        let rows = self.take_out(&ids);
        let moved = |row: &ConversationSummary| ConversationSummary { archived, ..row.clone() };
        self.put_rows(rows.iter().map(moved));
        let shows = self.shown.get_untracked().is_some_and(|shown| ids.contains(&shown));
        if shows {
            self.archived.set(archived);
        }
        spawn_local(async move {
            let result = api::archive_conversations(self.tenant(), ids.clone(), archived).await;
            if !self.is_alive() {
                return;
            }
            match result {
                Ok(()) => {
                    let done = if archived { Done::Archived } else { Done::Unarchived };
                    let undo = archived.then(|| Undo::Archive(rows.clone()));
                    self.say(self.sentence(&rows, ids.len(), done), undo.filter(|_| !rows.is_empty()));
                    self.tell_tabs(None);
                }
                Err(error) => {
                    self.put_rows(rows);
                    if self.shown.get_untracked().is_some_and(|shown| ids.contains(&shown)) {
                        self.archived.set(!archived);
                    }
                    self.refused(&error, Some(Callback::new(move |()| self.archive(ids.clone(), archived))));
                }
            }
        });
    }

    /// Deletes at once; the toast brings it back.
    pub fn delete(self, id: ConversationId) {
        self.delete_all(vec![id]);
    }

    /// Deletes all of them or none.
    pub fn delete_all(self, ids: Vec<ConversationId>) {
        let rows = self.take_out(&ids);
        spawn_local(async move {
            let result = match ids.as_slice() {
                [id] => api::delete_conversation(self.tenant(), *id).await,
                _ => api::delete_conversations(self.tenant(), ids.clone()).await,
            };
            if !self.is_alive() {
                return;
            }
            match result {
                Ok(()) => {
                    let undo = (!rows.is_empty()).then(|| Undo::Delete(rows.clone()));
                    self.say(self.sentence(&rows, ids.len(), Done::Deleted), undo);
                    self.tell_tabs(None);
                    if self.shown.get_untracked().is_some_and(|shown| ids.contains(&shown)) {
                        self.go_to(self.new_url());
                    }
                }
                Err(error) => {
                    self.put_rows(rows);
                    self.refused(&error, Some(Callback::new(move |()| self.delete_all(ids.clone()))));
                }
            }
        });
    }

    /// Takes back what a toast tells of.
    pub fn undo(self, undo: Undo) {
        let opened = match &undo {
            Undo::Delete(rows) if rows.len() == 1 => rows.first().map(|row| row.id),
            _ => None,
        };
        spawn_local(async move {
            let (rows, result) = match undo {
                Undo::Delete(rows) => self.restore(rows).await,
                Undo::Archive(rows) => {
                    let ids = rows.iter().map(|row| row.id).collect();
                    let result = api::archive_conversations(self.tenant(), ids, false).await;
                    if result.is_ok()
                        && self.is_alive()
                        && rows.iter().any(|row| self.shown.get_untracked() == Some(row.id))
                    {
                        self.archived.set(false);
                    }
                    (if result.is_ok() { rows } else { vec![] }, result)
                }
            };
            if !self.is_alive() {
                return;
            }
            if !rows.is_empty() {
                self.put_rows(rows);
                self.tell_tabs(None);
            }
            match (result, opened) {
                (Ok(()), Some(id)) => self.go_to(self.conversation_url(id)),
                (Ok(()), None) => {}
                (Err(error), _) => self.refused(&error, None),
            }
        });
    }

    /// Each by itself; what came back before a refusal is told too.
    async fn restore(self, rows: Vec<ConversationSummary>) -> (Vec<ConversationSummary>, Result<(), AppError>) {
        let mut restored = vec![];
        for row in rows {
            if let Err(error) = api::restore_conversation(self.tenant(), row.id).await {
                return (restored, Err(error));
            }
            restored.push(row);
        }
        (restored, Ok(()))
    }

    fn sentence(self, rows: &[ConversationSummary], count: usize, done: Done) -> String {
        let title = match rows {
            [row] if count == 1 => Some(row.title.as_str()),
            _ => None,
        };
        shell::done_with(self.lang, title, count, done)
    }

    /// Takes rows out of both lists, as they were.
    fn take_out(self, ids: &[ConversationId]) -> Vec<ConversationSummary> {
        let mut rows = vec![];
        self.list.update(|list| rows.extend(ids.iter().filter_map(|id| list.remove(*id))));
        self.with_archive(|archive| rows.extend(ids.iter().filter_map(|id| archive.remove(*id))));
        rows
    }

    fn put_rows(self, rows: impl IntoIterator<Item = ConversationSummary>) {
        for row in rows {
            self.list.update(|list| list.put(row.clone()));
            self.with_archive(|archive| archive.put(row));
        }
    }
}
