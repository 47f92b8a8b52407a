//! Messages that wait: for the answer that is being written to end, for the network, or for the person to say when.

use std::time::Duration;

use leptos::prelude::*;

use super::super::{
    drafts::{self, MAX_QUEUED, Outgoing},
    item::Item,
    state::Chat,
};
use crate::{
    error::AppError,
    model::{MessageAuthor, TurnKey},
    words::composer as words,
};

/// Attempts by itself while the server cannot be reached; after them the person tries again.
const MAX_ATTEMPTS: u32 = 60;
/// The longest wait between two of them, seconds.
const LONGEST_WAIT_S: u32 = 30;

impl Chat {
    /// Lets a message of the composer wait behind the others.
    pub(super) fn enqueue(self, out: Outgoing) {
        if self.composing.queue.with_untracked(Vec::len) >= MAX_QUEUED {
            self.notice.set(Some(AppError::invalid("", words::queue_full(self.lang))));
            return;
        }
        self.notice.set(None);
        self.set_composer("");
        self.drop_files(&out.files);
        self.composing.queue.update(|queue| queue.push(out));
        self.save_draft();
        self.announce(words::was_queued(self.lang));
    }

    /// Sends the next waiting message, if there is one and nothing else is going on.
    pub fn send_queued(self) {
        let is_busy = self.sending.get_untracked() || self.following.with_untracked(Option::is_some);
        // The queue is that of the address, which may be ahead of what is shown.
        let is_elsewhere = self.place.get_untracked().conversation() != self.shown.get_untracked();
        if is_busy || is_elsewhere {
            return;
        }
        let Some(mut out) = self.composing.queue.with_untracked(|queue| queue.first().cloned()) else { return };
        if !out.branch && !out.tried {
            out.parent = self.leaf();
        }
        self.deliver(out);
    }

    /// Puts a waiting message back into the composer.
    pub fn unqueue(self, key: TurnKey) {
        let Some(out) = self.take_queued(key) else { return };
        // Sent again as it is, it is the same message.
        self.unacknowledged.set_value(Some(out.clone()));
        self.put_back(&out.text);
        self.composing.files.update(|files| {
            let back = out.files.into_iter().map(|file| self.stored_file(file));
            files.splice(0..0, back);
        });
        self.save_draft();
        self.focus_composer();
    }

    /// Forgets a waiting message.
    pub fn discard_queued(self, key: TurnKey) {
        if self.take_queued(key).is_some() {
            self.save_draft();
            self.focus_composer();
        }
    }

    fn take_queued(self, key: TurnKey) -> Option<Outgoing> {
        let on_its_way = self.sending.get_untracked()
            && self.unacknowledged.with_value(|out| out.as_ref().is_some_and(|out| out.key == key));
        if on_its_way {
            return None;
        }
        let mut queue = self.composing.queue.get_untracked();
        let place = queue.iter().position(|out| out.key == key)?;
        let taken = queue.remove(place);
        self.set_queue(queue);
        Some(taken)
    }

    /// A text above what is typed.
    pub(super) fn put_back(self, text: &str) {
        let typed = self.typed();
        self.set_composer(&drafts::joined(text, &typed));
    }

    /// The server was not reached: the message waits at the head of the queue and is tried again, more and more rarely.
    pub(super) fn await_network(self) {
        let attempts = self.composing.attempts.get_value().saturating_add(1);
        self.composing.attempts.set_value(attempts);
        self.composing.awaits_network.set(attempts <= MAX_ATTEMPTS);
        if attempts > MAX_ATTEMPTS {
            return;
        }
        let seconds = 2u32.saturating_pow(attempts).min(LONGEST_WAIT_S);
        let again = move || {
            if self.is_alive() && self.composing.attempts.get_value() == attempts {
                self.network_is_back();
            }
        };
        set_timeout(again, Duration::from_secs(seconds.into()));
    }

    /// Sends what waited for the network.
    pub fn network_is_back(self) {
        if self.composing.awaits_network.get_untracked() {
            self.send_queued();
        }
    }

    /// Whether something of this conversation was sent and not taken.
    pub(super) fn has_unsent(self) -> bool {
        let typed = self.typed();
        let has_files = self.composing.files.with_untracked(|files| !files.is_empty());
        let in_composer = (has_files || !typed.trim().is_empty())
            && self.unacknowledged.with_value(|out| out.as_ref().is_some_and(|out| out.text == typed));
        in_composer || self.composing.queue.with_untracked(|queue| queue.first().is_some_and(|out| out.tried))
    }

    /// Sends again what was refused: what waits, else what is in the composer.
    pub fn send_again(self) {
        self.notice.set(None);
        if self.composing.queue.with_untracked(Vec::is_empty) {
            self.submit();
        } else {
            self.send_queued();
        }
    }

    /// Messages whose acknowledgement was lost are on the page: they do not wait any more.
    pub fn forget_arrived(self, items: &[Item]) {
        let mut queue = self.composing.queue.get_untracked();
        if queue.iter().any(|out| has_arrived(out, items)) && !self.sending.get_untracked() {
            queue.retain(|out| !has_arrived(out, items));
            self.set_queue(queue);
            // The same words later are another message.
            self.unacknowledged.set_value(None);
            self.save_draft();
        }
    }
}

/// Whether a message that was tried is on the page: the server has it, though it could not say so.
pub(super) fn has_arrived(out: &Outgoing, items: &[Item]) -> bool {
    let is_it = |item: &Item| {
        let is_same = item.text == out.text && item.attachments == out.files;
        item.author == MessageAuthor::User && item.parent == out.parent && is_same
    };
    out.tried && items.iter().any(is_it)
}
