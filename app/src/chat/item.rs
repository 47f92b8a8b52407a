//! A message on the page, as signals: what a running answer and a reload may change.

use leptos::prelude::*;

use super::body::Body;
use crate::{
    markdown::RichStore,
    model::{MessageAuthor, MessageId, MessageStatus, MessageView, Part, Siblings, Timestamp, TurnId, TurnUsage},
};

/// A message on the page. Only a running one changes.
#[derive(Clone)]
pub struct Item {
    pub id: MessageId,
    pub parent: Option<MessageId>,
    pub author: MessageAuthor,
    pub created_at: Timestamp,
    pub siblings: ArcRwSignal<Siblings>,
    pub turn: Option<TurnId>,
    /// What the person wrote; empty for answers.
    pub text: String,
    pub body: Body,
    pub status: ArcRwSignal<MessageStatus>,
    pub usage: ArcRwSignal<Option<TurnUsage>>,
    /// Colours and formulas of the text.
    pub rich: RichStore,
}

impl Item {
    #[must_use]
    pub fn new(view: MessageView) -> Self {
        let text = match view.author {
            MessageAuthor::User => {
                let texts = view.parts.iter().filter_map(|part| match part {
                    Part::Text { text } => Some(text.as_str()),
                    Part::Reasoning { .. } | Part::Attachment { .. } | Part::Tool { .. } => None,
                });
                texts.collect()
            }
            MessageAuthor::Assistant => String::new(),
        };
        let over = view.status != MessageStatus::Running;
        let body = match view.author {
            MessageAuthor::User => Body::new(&[], true),
            MessageAuthor::Assistant => Body::new(&view.parts, over),
        };
        Self {
            id: view.id,
            parent: view.parent,
            author: view.author,
            created_at: view.created_at,
            siblings: ArcRwSignal::new(view.siblings),
            turn: view.turn,
            text,
            body,
            status: ArcRwSignal::new(view.status),
            usage: ArcRwSignal::new(view.usage),
            rich: RichStore::new(view.rich),
        }
    }

    /// Takes what the server says about a message that is shown already.
    pub fn update(&self, view: MessageView) {
        if self.siblings.get_untracked() != view.siblings {
            self.siblings.set(view.siblings);
        }
        if self.status.get_untracked() == view.status {
            return;
        }
        self.rich.add(view.rich);
        if self.author == MessageAuthor::Assistant {
            self.body.replace(&view.parts, view.status != MessageStatus::Running);
        }
        self.usage.set(view.usage);
        self.status.set(view.status);
    }

    /// The id of the message's element, for links, scrolling and focus.
    #[must_use]
    pub fn element_id(&self) -> String {
        format!("m-{}", self.id)
    }
}
