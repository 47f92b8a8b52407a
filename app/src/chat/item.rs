//! A message on the page, as signals: what a running answer, the person and a reload may change.

use leptos::prelude::*;

use super::body::Body;
use crate::{
    markdown::RichStore,
    model::{
        AttachmentView, Feedback, MessageAuthor, MessageId, MessageStatus, MessageView, Part, Siblings, Timestamp,
        TurnId, TurnUsage,
    },
};

/// A message on the page. Only a running one changes by itself.
#[derive(Clone)]
pub struct Item {
    pub id: MessageId,
    pub parent: Option<MessageId>,
    pub author: MessageAuthor,
    pub created_at: Timestamp,
    pub siblings: ArcRwSignal<Siblings>,
    /// What the person wrote; empty for answers.
    pub text: String,
    /// The files that went along with it; none for answers.
    pub attachments: Vec<AttachmentView>,
    /// The name of the model that wrote it.
    pub model: Option<String>,
    /// The person changed the answer's text.
    pub edited: bool,
    pub body: Body,
    /// The turn that writes it or wrote to it last.
    pub turn: ArcRwSignal<Option<TurnId>>,
    pub status: ArcRwSignal<MessageStatus>,
    pub usage: ArcRwSignal<Option<TurnUsage>>,
    pub feedback: ArcRwSignal<Option<Feedback>>,
    /// Its text is being changed in place.
    pub editing: ArcRwSignal<bool>,
    /// Colours and formulas of the text.
    pub rich: RichStore,
}

impl Item {
    #[must_use]
    pub fn new(view: MessageView) -> Self {
        let over = view.status != MessageStatus::Running;
        let (mut text, mut attachments) = (String::new(), vec![]);
        let body = match view.author {
            MessageAuthor::Assistant => Body::new(&view.parts, over),
            MessageAuthor::User => {
                for part in view.parts {
                    match part {
                        Part::Text { text: more } => text.push_str(&more),
                        Part::Attachment { file } => attachments.push(file),
                        Part::Reasoning { .. } | Part::Tool { .. } => {}
                    }
                }
                Body::new(&[], true)
            }
        };
        Self {
            id: view.id,
            parent: view.parent,
            author: view.author,
            created_at: view.created_at,
            siblings: ArcRwSignal::new(view.siblings),
            text,
            attachments,
            model: view.model,
            edited: view.edited,
            body,
            turn: ArcRwSignal::new(view.turn),
            status: ArcRwSignal::new(view.status),
            usage: ArcRwSignal::new(view.usage),
            feedback: ArcRwSignal::new(view.feedback),
            editing: ArcRwSignal::new(false),
            rich: RichStore::new(view.rich),
        }
    }

    /// Takes what the server says about a message that is shown already.
    pub fn update(&self, view: MessageView) {
        set_if_other(&self.siblings, view.siblings);
        set_if_other(&self.feedback, view.feedback);
        set_if_other(&self.turn, view.turn);
        let changed = self.status.with_untracked(|status| *status != view.status);
        if changed {
            self.rich.add(view.rich);
        }
        if self.author == MessageAuthor::Assistant {
            if changed {
                self.body.replace(&view.parts, view.status != MessageStatus::Running);
            } else if view.status == MessageStatus::Running {
                self.body.sync(&view.parts, false);
            }
        }
        if changed {
            self.usage.set(view.usage);
            self.status.set(view.status);
        }
    }

    /// The id of the message's element, for links, scrolling and focus.
    #[must_use]
    pub fn element_id(&self) -> String {
        element_id(self.id)
    }
}

/// The id of the element of message `id`.
#[must_use]
pub fn element_id(id: MessageId) -> String {
    ["m-", &id.to_string()].concat()
}

fn set_if_other<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.with_untracked(|known| *known != value) {
        signal.set(value);
    }
}
