//! The words of the domain, shared by browser and server. Plain data: no behaviour that needs a clock, a network or a
//! database. One noun per file; everything is re-exported here so that callers write `app::model::Turn…`.

mod account;
mod attachment;
mod chart;
mod conversation;
mod ids;
mod lang;
mod live;
mod page;
pub mod rich;
mod search;
mod share;
mod tenant;
mod text;
mod time;
mod tool;
mod turn;
mod usage;

pub use account::{DisplayName, Me, PasswordChange, SessionView, TenantChoice, Theme};
pub use attachment::{AttachmentKind, AttachmentView, MAX_ATTACHMENTS};
pub use chart::{Chart, ChartKind, Series};
pub use conversation::{
    ConversationSummary, ConversationView, Feedback, Folder, MessageAuthor, MessageStatus, MessageView, Part, Siblings,
    Title,
};
pub use ids::{
    ApiKeyId, AttachmentId, ConversationId, GroupId, MessageId, ModelCallId, ProfileId, SessionId, ShareId, TenantId,
    TurnId, TurnKey, UserId,
};
pub use lang::Lang;
pub use live::{LastTurn, PersonEvent};
pub use page::{Cursor, Page};
pub use rich::{CodeClass, CodeSpans, MathMl, Rich, RichContent, RichKey, RichSource};
pub use search::{MAX_SEARCH_CHARS, SearchHit, SnippetPiece};
pub use share::{Audience, ImportReport, ShareView};
pub use tenant::{ModelBadge, Prompt, Role, SetupStep, TenantCode, TenantHome, TenantView};
pub use text::{InvalidText, MAX_MESSAGE_BYTES, MessageText};
pub use time::{Date, Timestamp};
pub use tool::{
    Cell, Column, Decision, FieldKind, FormField, Question, Risk, Table, ToolCallStatus, ToolCallView, ToolOutput, Wish,
};
pub use turn::{Again, StartTurn, TurnEnvelope, TurnError, TurnErrorCode, TurnEvent, TurnStarted};
pub use usage::{
    BudgetLimits, BudgetNotice, BudgetRefusal, Money, Quality, Tokens, ToolUse, TurnUsage, UsageBreakdown, UsageBy,
    UsageByDay, UsageMeter, UsageReport, UsageRow,
};
