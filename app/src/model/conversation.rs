//! Conversations and their message trees. Every message names its parent, so editing or sending from two tabs makes
//! branches instead of overwriting; a view is the path from the root to one leaf.

use serde::{Deserialize, Serialize};

use super::{
    AttachmentView, ConversationId, Cursor, MessageId, Rich, Timestamp, ToolCallView, TurnError, TurnId, TurnUsage,
    text::line,
};

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
    /// The answer waits for the person: an approval or a question of a tool.
    pub waiting: bool,
    pub pinned: bool,
    pub archived: bool,
}

/// Which conversations a list is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
    /// Not archived: pinned ones first (all of them on the first page), then the one written to last.
    #[default]
    Inbox,
    Archive,
}

/// A conversation opened at one leaf: the last ~40 messages of the path, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationView {
    pub id: ConversationId,
    pub title: String,
    pub archived: bool,
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
    /// The name of the model that wrote it; assistant messages that a turn wrote.
    pub model: Option<String>,
    /// What the person thinks of the answer.
    pub feedback: Option<Feedback>,
    /// The person changed the answer's text.
    pub edited: bool,
    /// Colours of the code and formulas in the text parts; what is missing here is shown plain.
    pub rich: Vec<Rich>,
}

/// A thumb up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    Up,
    Down,
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
    Text {
        text: String,
    },
    Tool {
        call: ToolCallView,
    },
    /// What the model thought before it answered, where its provider shows it.
    Reasoning {
        text: String,
    },
    /// A file of the person's message.
    Attachment {
        file: AttachmentView,
    },
}
