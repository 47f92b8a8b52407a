//! Sharing a conversation by link, taking conversations out and bringing them in.

use serde::{Deserialize, Serialize};

use super::{ShareId, Timestamp};

/// Who may open a shared link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Signed-in people of the same tenant.
    Tenant,
    /// Anybody with the link; only where the tenant allows it.
    Public,
}

/// A link to a read-only copy of a conversation's branch as it was when shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareView {
    pub id: ShareId,
    /// The path of the shared page; contains a secret of 128 bits.
    pub path: String,
    pub audience: Audience,
    pub created_at: Timestamp,
}

/// What came of an import. Importing the same file again adds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    pub imported: u32,
    /// Known from an earlier import.
    pub known: u32,
    /// What could not be taken, in words, at most 20.
    pub problems: Vec<String>,
}
