//! Conversations and their message trees. Every message names its parent, so editing or sending from two tabs makes
//! branches instead of overwriting; a view is the path from the root to one leaf.

use serde::{Deserialize, Serialize};

use super::{ConversationId, Cursor, MessageId, Timestamp, ToolCallView, TurnError, TurnId, TurnUsage, text::line};

line!(
    /// A conversation's title: 1–120 characters on one line.
    Title,
    120
);

/// A row in the sidebar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationSummary {
    pub id: ConversationId,
    pub title: String,
    pub updated_at: Timestamp,
    /// An answer is being written right now.
    pub running: bool,
}

/// A conversation opened at one leaf: the last ~40 messages of the path, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationView {
    pub id: ConversationId,
    pub title: String,
    pub messages: Vec<MessageView>,
    /// Where the older part of the path goes on, if it does.
    pub earlier: Option<Cursor>,
    /// The turn that is writing the last message, and the last event sequence number contained in this view: following
    /// its events from there loses and doubles nothing.
    pub running: Option<(TurnId, u64)>,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageAuthor {
    User,
    Assistant,
}

/// One message as shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageView {
    pub id: MessageId,
    pub parent: Option<MessageId>,
    pub author: MessageAuthor,
    pub parts: Vec<Part>,
    pub status: MessageStatus,
    pub created_at: Timestamp,
    /// The turn that wrote this (assistant) or was started by it (user).
    pub turn: Option<TurnId>,
    pub siblings: Siblings,
    /// What writing it cost; assistant messages of finished turns only.
    pub usage: Option<TurnUsage>,
}

/// The alternatives at a message's place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Siblings {
    /// 1-based place of this message among its siblings.
    pub index: u32,
    pub count: u32,
    pub previous: Option<MessageId>,
    pub next: Option<MessageId>,
}

impl Siblings {
    /// A message without alternatives.
    #[must_use]
    pub fn only() -> Self {
        Self { index: 1, count: 1, previous: None, next: None }
    }
}

/// How far a message is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "error")]
pub enum MessageStatus {
    Complete,
    /// Being written.
    Running,
    /// Somebody pressed stop; the text so far stays.
    Stopped,
    /// Ended by an error (also a server crash); the text so far stays.
    Failed(TurnError),
}

/// A piece of a message, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Part {
    Text { text: String },
    Tool { call: ToolCallView },
}
