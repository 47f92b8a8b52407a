//! Identifiers. Each is a UUID of its own type, so one cannot be passed where another is meant. Ids are made on the
//! server (UUIDv7, time-ordered); the browser only carries them. [`TurnKey`] is the exception: it is the browser's
//! idempotency key.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(s).map(Self)
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(
    /// A client organisation.
    TenantId
);
id!(
    /// A person, in no tenant, one or several.
    UserId
);
id!(
    /// A signed-in browser or API client; a row, so it can be revoked.
    SessionId
);
id!(
    /// A conversation of one person in one tenant.
    ConversationId
);
id!(
    /// A message in a conversation's tree.
    MessageId
);
id!(
    /// One user request and all it causes.
    TurnId
);
id!(
    /// A file that was uploaded to go along with messages.
    AttachmentId
);
id!(
    /// A link to a shared conversation.
    ShareId
);
id!(
    /// A key of a program at the gateway.
    ApiKeyId
);
id!(
    /// A name for model, prompt and limits at the gateway.
    ProfileId
);
id!(
    /// People of a tenant who share a budget.
    GroupId
);
id!(
    /// One attempt at one model call: the unit of accounting.
    ModelCallId
);
id!(
    /// The client's idempotency key for starting a turn: the same key never starts a second one.
    TurnKey
);
