//! Files that go along with a message.

use serde::{Deserialize, Serialize};

use super::AttachmentId;

/// The most files one message may carry.
pub const MAX_ATTACHMENTS: usize = 10;

/// A stored file, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentView {
    pub id: AttachmentId,
    /// As the person named it, without path, 1–120 characters on one line.
    pub name: String,
    pub kind: AttachmentKind,
    /// Size of the file.
    pub bytes: i64,
    /// The most input tokens it adds to a prompt.
    pub max_tokens: i64,
}

/// What a file is, by its content (never by its name or by what the browser says).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// Pixels.
    Image {
        width: u32,
        height: u32,
    },
    Text,
    Csv,
    Pdf {
        pages: u32,
    },
}
