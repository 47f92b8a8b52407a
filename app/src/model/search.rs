//! Search in one's own conversations.

use serde::{Deserialize, Serialize};

use super::{ConversationId, MessageAuthor, MessageId, Timestamp};

/// The longest search, in characters.
pub const MAX_SEARCH_CHARS: usize = 200;

/// A conversation or a message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchHit {
    pub conversation: ConversationId,
    pub title: Vec<SnippetPiece>,
    /// The message that matches best; `None`: only the title does.
    pub message: Option<MessageId>,
    pub author: Option<MessageAuthor>,
    /// The place of the match in the message, about 160 characters; empty when only the title matches.
    pub snippet: Vec<SnippetPiece>,
    /// When the message was written (or the conversation, when only its title matches).
    pub at: Timestamp,
    pub archived: bool,
}

/// A run of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnippetPiece {
    pub text: String,
    /// This is what was searched for.
    pub hit: bool,
}
