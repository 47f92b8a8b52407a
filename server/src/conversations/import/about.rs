//! What an export says of a conversation as a whole, and the conversation that comes of it and its messages.

use app::model::Timestamp;

use super::{
    Foreign,
    tree::{Node, grow},
};

/// What a conversation says of itself.
pub(super) struct About {
    pub(super) source: &'static str,
    /// `None`: it is known by its title and its first instant.
    pub(super) id: Option<String>,
    pub(super) title: String,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    /// The id of the message it was left at.
    pub(super) leaf: Option<String>,
}

impl About {
    /// The conversation; `is_cut`: something was left out of its messages.
    ///
    /// # Errors
    /// Nobody says anything: in words.
    pub(super) fn with(self, nodes: Vec<Node>, is_cut: bool) -> Result<Foreign, String> {
        let Self { source, id, title, created_at, updated_at, leaf } = self;
        let Some(grown) = grow(nodes, leaf.as_deref()) else { return Err(format!("“{title}” is empty.")) };
        Ok(Foreign {
            source,
            id: id.unwrap_or_else(|| format!("{title}\0{created_at:?}")),
            title,
            created_at,
            updated_at,
            messages: grown.messages,
            leaf: grown.leaf,
            is_cut: is_cut || grown.is_cut,
        })
    }
}

/// Where messages should be there is something else.
pub(super) fn unreadable(title: &str) -> String {
    format!("“{title}” has no messages that can be read.")
}
