//! Tool calls that follow each other without text between them. Each call is a signal of its own: what one of them does
//! never redraws another, so a form that is being filled in keeps what was typed.

use leptos::prelude::*;

use super::Activity;
use crate::model::{ToolCallStatus, ToolCallView};

/// A run of calls.
#[derive(Clone)]
pub struct ToolRun {
    /// This only ever grows at its end.
    pub cards: ArcRwSignal<Vec<Card>>,
    /// Text follows, or the message is over: the group may fold.
    pub answered: ArcRwSignal<bool>,
}

/// A call at its place in the run.
#[derive(Clone)]
pub struct Card {
    pub place: usize,
    pub call: ArcRwSignal<ToolCallView>,
}

impl ToolRun {
    pub(super) fn new(calls: &[&ToolCallView], answered: bool) -> Self {
        let run = Self { cards: ArcRwSignal::new(vec![]), answered: ArcRwSignal::new(answered) };
        run.sync(calls, answered);
        run
    }

    pub(super) fn sync(&self, calls: &[&ToolCallView], answered: bool) {
        let known = self.cards.with_untracked(Vec::len);
        self.cards.with_untracked(|cards| {
            for (card, call) in cards.iter().zip(calls) {
                if card.call.with_untracked(|shown| shown != *call) {
                    card.call.set((*call).clone());
                }
            }
        });
        if calls.len() > known {
            let fresh = calls.iter().enumerate().skip(known);
            let fresh = fresh.map(|(place, call)| Card { place, call: ArcRwSignal::new((*call).clone()) });
            self.cards.update(|cards| cards.extend(fresh));
        }
        if self.answered.get_untracked() != answered {
            self.answered.set(answered);
        }
    }

    /// Tracks every call of the run.
    pub(super) fn activity(&self) -> Activity {
        let mut activity = Activity::Writing;
        self.cards.with(|cards| {
            for card in cards {
                card.call.with(|call| match call.status {
                    ToolCallStatus::Waiting(_) => activity = Activity::Waiting,
                    ToolCallStatus::Running if activity == Activity::Writing => {
                        activity = Activity::Tool { name: call.name.clone(), title: call.title.clone() };
                    }
                    _ => {}
                });
            }
        });
        activity
    }
}
