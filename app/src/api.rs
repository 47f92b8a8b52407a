//! Server functions: what a page asks the server. One file per noun, one line of body each; the work is behind
//! [`crate::backend::Backend`]. The browser calls them through [`calls`], the same names without the weight.
//!
//! To add one: a function with an explicit `endpoint` under the prefix `/fn`, its first argument the tenant if it
//! touches a tenant's data, its body a call of the backend; a line in `calls` if the browser calls it. Functions that a
//! plain form can post (no scripts) keep the default URL encoding and flat arguments; the others take JSON. Nothing is
//! ever answered to GET.

mod account;
#[cfg(not(feature = "ssr"))]
mod calls;
mod conversations;
mod page_json;
mod sharing;
mod tenant;
mod turns;
mod usage;

// What the pages' forms post to.
pub use account::{ChangePassword, EndSession, SetLanguage, SetName, SetTheme, list_sessions};
pub use conversations::{DeleteConversation, RenameConversation, RestoreConversation};
pub use page_json::PageJson;
pub use turns::{SendMessage, StopTurn};
pub use usage::usage_report;

#[cfg(not(feature = "ssr"))]
pub use calls::{
    answer_again, archive_conversations, decide_tool_call, delete_conversation, delete_conversations, earlier_messages,
    edit_answer, enrich, fork_conversation, list_conversations, list_shares, live_place, me, open_conversation,
    pin_conversation, rate_answer, rename_conversation, restore_conversation, revoke_share, search_conversations,
    share_conversation, start_turn, stop_turn, tenant_home, usage_meter,
};
#[cfg(feature = "ssr")]
pub use {
    account::me,
    conversations::{
        archive_conversations, delete_conversation, delete_conversations, earlier_messages, edit_answer, enrich,
        fork_conversation, list_conversations, open_conversation, pin_conversation, rate_answer, rename_conversation,
        restore_conversation, search_conversations,
    },
    sharing::{list_shares, revoke_share, share_conversation},
    tenant::{tenant_home, usage_meter},
    turns::{answer_again, decide_tool_call, start_turn, stop_turn},
};

/// Where the person's stream is now: for a page's data, which only the server makes.
///
/// # Errors
/// Nobody is signed in.
#[cfg(feature = "ssr")]
pub fn live_place() -> Result<String, crate::error::AppError> {
    Ok(crate::backend::caller()?.0.live_place())
}
