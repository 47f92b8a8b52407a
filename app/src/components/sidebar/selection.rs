//! Choosing several conversations, to archive or delete them together.

use leptos::prelude::*;

use super::Rows;
use crate::{
    chat::{actions::MAX_AT_ONCE, browser},
    model::ConversationId,
    words::{common, shell},
};

impl Rows {
    /// Begins with one row chosen.
    pub fn start_selection(self, id: ConversationId) {
        self.chosen.set(vec![id]);
        self.anchor.set_value(Some(id));
        self.selecting.set(true);
    }

    pub fn leave_selection(self) {
        self.selecting.set(false);
        self.chosen.set(vec![]);
        self.anchor.set_value(None);
        browser::focus("new-chat");
    }

    /// Chooses a row or not; with `range` all from the one before.
    pub fn choose(self, id: ConversationId, chosen: bool, range: bool) {
        let anchor = self.anchor.get_value().filter(|_| range).unwrap_or(id);
        self.anchor.set_value(Some(id));
        let ids =
            match self.chat.archive.with_untracked(|archive| archive.as_ref().map(|list| list.between(anchor, id))) {
                Some(ids) => ids,
                None => self.chat.list.with_untracked(|list| list.between(anchor, id)),
            };
        let mut full = false;
        self.chosen.update(|all| {
            all.retain(|known| !ids.contains(known));
            if chosen {
                all.extend(ids);
            }
            full = all.len() > MAX_AT_ONCE;
            all.truncate(MAX_AT_ONCE);
        });
        if full {
            self.chat.say(shell::selection_full(self.chat.lang), None);
        }
    }

    /// Ends the choosing and hands over what was chosen.
    fn take_chosen(self) -> Vec<ConversationId> {
        let ids = self.chosen.get_untracked();
        self.leave_selection();
        ids
    }
}

#[component]
pub fn SelectionBar(rows: Rows) -> impl IntoView {
    let chat = rows.chat;
    let lang = chat.lang;
    let archived = move || chat.archive.with(Option::is_some);
    let on_archive = move |_| {
        let archive = !untrack(archived);
        let ids = rows.take_chosen();
        if !ids.is_empty() {
            chat.archive(ids, archive);
        }
    };
    let on_delete = move |_| {
        let ids = rows.take_chosen();
        if !ids.is_empty() {
            chat.delete_all(ids);
        }
    };
    let bar = move || {
        rows.selecting.get().then(|| {
            let label = if archived() { shell::unarchive(lang) } else { shell::archive(lang) };
            view! {
                <div class="selection" role="group" aria-label=shell::selection(lang)>
                    <span role="status">{move || shell::selected(lang, rows.chosen.with(Vec::len))}</span>
                    <button type="button" class="button" on:click=on_archive>{label}</button>
                    <button type="button" class="button button-danger" on:click=on_delete>{common::delete(lang)}</button>
                    <button type="button" class="button button-quiet" on:click=move |_| rows.leave_selection()>{shell::done(lang)}</button>
                </div>
            }
        })
    };
    bar.into_any()
}
