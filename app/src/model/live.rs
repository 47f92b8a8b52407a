//! The one stream per browser: everything that changes for a person in a tenant.

use serde::{Deserialize, Serialize};

use super::{ConversationId, ConversationSummary, TurnEnvelope, UsageMeter};

/// Something changed for the caller in this tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PersonEvent {
    /// A running turn of theirs went on; sequence numbers as in the turn's own stream.
    Turn(TurnEnvelope),
    /// A conversation is new or changed (title, place, running, waiting, pinned, archived).
    Conversation(ConversationSummary),
    /// Deleted.
    Gone(ConversationId),
    Meter(UsageMeter),
    /// Something may have been missed: fetch the list and what is shown again.
    Resync,
}
