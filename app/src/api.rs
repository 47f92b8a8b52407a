//! Server functions: what a page asks the server. One file per noun, one line of body each; the work is behind
//! [`crate::backend::Backend`].
//!
//! To add one: a function with an explicit `endpoint` under the prefix `/fn`, its first argument the tenant if it
//! touches a tenant's data, its body a call of the backend. Functions that a plain form can post (no scripts) keep the
//! default URL encoding and flat arguments; the others take JSON. Nothing is ever answered to GET.

mod account;
mod conversations;
mod page_json;
mod sharing;
mod tenant;
mod turns;
mod usage;

pub use account::{
    ChangePassword, EndSession, SetLanguage, SetName, SetTheme, change_password, end_session, list_sessions, me,
    set_language, set_name, set_theme,
};
pub use conversations::{
    DeleteConversation, RenameConversation, RestoreConversation, archive_conversations, delete_conversation,
    delete_conversations, earlier_messages, edit_answer, enrich, fork_conversation, list_conversations,
    open_conversation, pin_conversation, rate_answer, rename_conversation, restore_conversation, search_conversations,
};
pub use page_json::PageJson;
pub use sharing::{list_shares, revoke_share, share_conversation};
pub use tenant::{tenant_home, usage_meter};
pub use turns::{SendMessage, StopTurn, answer_again, decide_tool_call, start_turn, stop_turn};
pub use usage::usage_report;
