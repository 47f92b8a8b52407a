//! The words of the domain, shared by browser and server. Plain data: no behaviour that needs a clock, a network or a
//! database. One noun per file; everything is re-exported here so that callers write `app::model::Turn…`.

mod account;
mod conversation;
mod ids;
mod page;
mod tenant;
mod text;
mod time;
mod tool;
mod turn;
mod usage;

pub use account::{DisplayName, Me, PasswordChange, SessionView, TenantChoice, Theme};
pub use conversation::{
    ConversationSummary, ConversationView, MessageAuthor, MessageStatus, MessageView, Part, Siblings, Title,
};
pub use ids::{ConversationId, MessageId, ModelCallId, SessionId, TenantId, TurnId, TurnKey, UserId};
pub use page::{Cursor, Page};
pub use tenant::{ModelBadge, Role, TenantCode, TenantHome, TenantView};
pub use text::{InvalidText, MAX_MESSAGE_BYTES, MessageText};
pub use time::{Date, Timestamp};
pub use tool::{Cell, Column, Table, ToolCallStatus, ToolCallView, ToolOutput};
pub use turn::{StartTurn, TurnEnvelope, TurnError, TurnErrorCode, TurnEvent, TurnStarted};
pub use usage::{
    BudgetLimits, BudgetRefusal, Money, Quality, Tokens, TurnUsage, UsageByDay, UsageByPerson, UsageMeter, UsageReport,
};
