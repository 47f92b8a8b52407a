//! What can be done about an answer: another one, more of it, the person's own words instead, a thumb, and the
//! decisions a tool waits for.

use leptos::{prelude::*, task::spawn_local};

use super::super::{
    browser,
    item::Item,
    state::{Chat, Following},
};
use crate::{
    api,
    error::AppError,
    model::{
        Again, Decision, Feedback, MessageAuthor, MessageId, MessageStatus, MessageText, MessageView, Siblings, TurnId,
        TurnStarted,
    },
    words::{errors, thread},
};

impl Chat {
    /// Asks for another answer to what `answer` answers: a sibling, so nothing is lost. `model`: the id of one of the
    /// tenant's; `None`: the usual one.
    pub fn retry(self, answer: &Item, model: Option<String>) {
        let Some(question) = answer.parent else { return };
        let answer = answer.clone();
        let redo = {
            let (answer, model) = (answer.clone(), model.clone());
            Callback::new(move |()| self.retry(&answer, model.clone()))
        };
        self.again(Again::Answer(question), model, redo, move |started| self.put_beside(&answer, started));
    }

    /// Lets an answer go on where it stopped.
    pub fn continue_answer(self, answer: &Item) {
        let again = Again::Continue(answer.id);
        let answer = answer.clone();
        let redo = Callback::new(move |()| self.continue_answer(&answer));
        // Only the server knows the parts that the new turn adds to.
        self.again(again, None, redo, move |_| self.reload());
    }

    fn again(self, again: Again, model: Option<String>, redo: Callback<()>, then: impl FnOnce(TurnStarted) + 'static) {
        let Some(conversation) = self.shown.get_untracked() else { return };
        let idle = self.following.with_untracked(Option::is_none) && !self.sending.get_untracked();
        let Some(key) = browser::new_key().filter(|_| idle) else { return };
        self.notice.set(None);
        self.sending.set(true);
        spawn_local(async move {
            let result = api::answer_again(self.tenant(), conversation, again, model, key).await;
            if !self.is_alive() {
                return;
            }
            self.sending.set(false);
            match result {
                Ok(started) => {
                    self.announce(thread::responding(self.lang));
                    self.tell_tabs(Some(conversation));
                    self.list.update(|list| list.set_running(conversation, true));
                    if self.shown.get_untracked() == Some(conversation) {
                        then(started);
                    }
                }
                Err(error) => self.refused(&error, Some(redo)),
            }
        });
    }

    /// Shows the answer that begins in the place of `old`, and follows it. The view stays where it is.
    fn put_beside(self, old: &Item, started: TurnStarted) {
        let before = old.siblings.get_untracked();
        let count = before.count.saturating_add(1);
        let fresh = Item::new(MessageView {
            id: started.assistant_message,
            parent: old.parent,
            author: MessageAuthor::Assistant,
            parts: vec![],
            status: MessageStatus::Running,
            created_at: browser::now(),
            turn: Some(started.turn),
            siblings: Siblings { index: count, count, previous: Some(old.id), next: None },
            usage: None,
            model: None,
            feedback: None,
            edited: false,
            rich: vec![],
        });
        let shown = fresh.clone();
        let replace = move || {
            self.items.update(|items| {
                if let Some(place) = items.iter().position(|item| item.parent == shown.parent) {
                    items.truncate(place);
                }
                items.push(shown);
            });
        };
        self.without_moving(replace);
        self.following.set(Some(Following {
            turn: started.turn,
            conversation: started.conversation,
            after: 0,
            parts: vec![],
            item: fresh,
            began_here: true,
        }));
        if self.leaf_wanted.get_untracked().is_some() {
            self.go_to(self.conversation_url(started.conversation));
        } else if before.index != before.count {
            // Which version stands before the new one, only the server knows.
            self.reload();
        }
    }

    /// Changes what is shown without moving the reader's view.
    pub fn without_moving(self, replace: impl FnOnce()) {
        let mut replace = Some(replace);
        self.with_scroll(|scroll| {
            if let Some(replace) = replace.take() {
                scroll.stay_while(replace);
            }
        });
        if let Some(replace) = replace {
            replace();
        }
    }

    /// Saves the person's own words as another version of `answer` and shows it.
    pub fn save_answer(self, answer: &Item, text: String) {
        let Some(conversation) = self.shown.get_untracked() else { return };
        let text = match MessageText::parse(text) {
            Ok(text) => text,
            Err(error) => return self.refused(&error.into(), None),
        };
        let answer = answer.clone();
        self.sending.set(true);
        spawn_local(async move {
            let result = api::edit_answer(self.tenant(), conversation, answer.id, text).await;
            if !self.is_alive() {
                return;
            }
            self.sending.set(false);
            match result {
                Ok(version) => {
                    answer.editing.set(false);
                    self.say(thread::saved_as_version(self.lang), None);
                    self.tell_tabs(Some(conversation));
                    if self.shown.get_untracked() == Some(conversation) {
                        self.go_to_version(version);
                    }
                }
                Err(error) => self.refused(&error, None),
            }
        });
    }

    /// Shows the branch of another version of a message.
    pub fn go_to_version(self, version: MessageId) {
        if let Some(conversation) = self.shown.get_untracked() {
            self.go_to([&self.conversation_url(conversation), "?leaf=", &version.to_string()].concat());
        }
    }

    /// Goes on in a new conversation with the messages up to `message`.
    pub fn fork(self, message: MessageId) {
        let Some(conversation) = self.shown.get_untracked() else { return };
        spawn_local(async move {
            let result = api::fork_conversation(self.tenant(), conversation, message).await;
            if !self.is_alive() {
                return;
            }
            match result {
                Ok(fork) => {
                    self.go_to(self.conversation_url(fork));
                    self.say(thread::forked(self.lang), None);
                    self.refresh();
                    self.tell_tabs(None);
                }
                Err(error) => self.refused(&error, Some(Callback::new(move |()| self.fork(message)))),
            }
        });
    }

    /// Gives a thumb, or takes the same one back. It shows at once and goes back when the server refuses.
    pub fn rate(self, answer: &Item, thumb: Feedback) {
        let Some(conversation) = self.shown.get_untracked() else { return };
        let (feedback, id) = (answer.feedback.clone(), answer.id);
        let before = feedback.get_untracked();
        let after = Some(thumb).filter(|_| before != Some(thumb));
        feedback.set(after);
        spawn_local(async move {
            let result = api::rate_answer(self.tenant(), conversation, id, after).await;
            if !self.is_alive() {
                return;
            }
            if let Err(error) = result {
                // Unless the person has pressed again meanwhile.
                if feedback.get_untracked() == after {
                    feedback.set(before);
                }
                self.refused(&error, None);
            }
        });
    }

    /// Answers what a tool asks. `sent` is true while the answer is on its way and stays true once it was taken;
    /// `problem` says why it was not.
    pub fn decide(
        self,
        turn: TurnId,
        call_id: String,
        decision: Decision,
        sent: RwSignal<bool>,
        problem: RwSignal<Option<AppError>>,
    ) {
        sent.set(true);
        problem.set(None);
        spawn_local(async move {
            let result = api::decide_tool_call(self.tenant(), turn, call_id, decision).await;
            let Err(error) = result else { return };
            if !self.is_alive() {
                return;
            }
            if error == AppError::SignedOut {
                self.refused(&error, None);
                let _gone_if_not = sent.try_set(false);
                return;
            }
            let said = errors::text(self.lang, &error);
            self.announce(&said);
            let was_decided = matches!(error, AppError::Conflict { .. } | AppError::NotFound);
            // The card may be gone: its call was decided elsewhere meanwhile.
            let _gone_if_not = problem.try_set(Some(error));
            let _gone_if_not = sent.try_set(was_decided);
            if was_decided {
                // The card goes with what is fetched now; what was decided instead stays readable.
                self.say(said, None);
                self.reload();
            }
        });
    }
}
