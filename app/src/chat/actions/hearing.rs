//! What the stream says about conversations: the list, and whether what is shown must be fetched again.

use leptos::prelude::*;

use super::super::state::Chat;
use crate::model::{ConversationId, ConversationSummary};

/// What a page makes of a row that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// It is the conversation that is shown …
    shown: bool,
    /// … and nothing of it is being written or sent here.
    idle: bool,
    /// Its answer was followed to its end here just now.
    just_ended: bool,
}

/// Whether something was said in the conversation that this page did not hear: by another tab or device.
fn has_news(before: Option<&ConversationSummary>, row: &ConversationSummary, seen: Seen) -> bool {
    let is_written_to = before.is_some_and(|before| before.updated_at < row.updated_at) && !seen.just_ended;
    seen.shown && seen.idle && (row.running || is_written_to)
}

impl Chat {
    /// A conversation is new or changed. `just_ended`: its answer was followed to its end here.
    pub fn hear_row(self, row: ConversationSummary, just_ended: bool) {
        let id = row.id;
        let before = self.list.with_untracked(|list| list.get(id).cloned());
        let idle = self.following.with_untracked(Option::is_none) && !self.sending.get_untracked();
        let seen = Seen { shown: self.shown.get_untracked() == Some(id), idle, just_ended };
        let is_news = has_news(before.as_ref(), &row, seen);
        self.take_row(row);
        if is_news {
            self.reload();
        }
    }

    /// A conversation was deleted. One that is shown and was not deleted here is fetched, to say so.
    pub fn hear_gone(self, id: ConversationId) {
        let was_listed = self.list.with_untracked(|list| list.get(id).is_some());
        self.lose_row(id);
        if was_listed && self.shown.get_untracked() == Some(id) {
            self.reload();
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::Timestamp;

    fn row(at: i64, running: bool) -> ConversationSummary {
        ConversationSummary {
            id: ConversationId(Uuid::from_u128(1)),
            title: "Compressor 3".into(),
            updated_at: Timestamp(at),
            running,
            waiting: false,
            pinned: false,
            archived: false,
        }
    }

    #[test]
    fn what_was_said_elsewhere_is_fetched() {
        let seen = Seen { shown: true, idle: true, just_ended: false };
        assert!(has_news(Some(&row(1, false)), &row(2, true), seen), "another tab asks");
        assert!(has_news(Some(&row(1, false)), &row(2, false), seen), "and has its answer already");
        assert!(!has_news(Some(&row(2, false)), &row(2, false), seen), "renamed or pinned");
        assert!(!has_news(Some(&row(1, false)), &row(2, false), Seen { just_ended: true, ..seen }));
        assert!(!has_news(Some(&row(1, true)), &row(2, true), Seen { idle: false, ..seen }), "it is followed here");
        assert!(!has_news(Some(&row(1, false)), &row(2, true), Seen { shown: false, ..seen }));
        assert!(!has_news(None, &row(2, false), seen));
    }
}
