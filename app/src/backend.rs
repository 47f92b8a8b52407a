//! The port between pages and server: what a server function may ask for. The server implements [`Backend`]; tests of
//! the pages use a fake one.
//!
//! Every method takes the [`Caller`] first. Methods on a tenant's data take the tenant's code next; the implementation
//! re-reads the live membership each time and answers [`AppError::NotFound`] when there is none.

use std::sync::Arc;

use async_trait::async_trait;
use leptos::prelude::use_context;

use crate::{
    error::AppError,
    model::{
        ConversationId, ConversationSummary, ConversationView, Cursor, Date, DisplayName, Me, MessageId, Page,
        PasswordChange, SessionId, SessionView, StartTurn, TenantCode, TenantHome, Theme, Title, TurnId, TurnStarted,
        UsageMeter, UsageReport, UserId,
    },
};

/// Who is asking: made by the session layer from a live session row, never by anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: UserId,
    pub session: SessionId,
    /// For logs and error messages.
    pub request_id: String,
}

/// What the pages need from the server.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    // The person.
    async fn me(&self, caller: &Caller) -> Result<Me, AppError>;
    async fn set_name(&self, caller: &Caller, name: DisplayName) -> Result<(), AppError>;
    async fn set_theme(&self, caller: &Caller, theme: Theme) -> Result<(), AppError>;
    async fn change_password(&self, caller: &Caller, change: PasswordChange) -> Result<(), AppError>;
    async fn list_sessions(&self, caller: &Caller) -> Result<Vec<SessionView>, AppError>;
    async fn end_session(&self, caller: &Caller, session: SessionId) -> Result<(), AppError>;

    // The frame around the chat.
    async fn tenant_home(&self, caller: &Caller, tenant: &TenantCode) -> Result<TenantHome, AppError>;
    async fn usage_meter(&self, caller: &Caller, tenant: &TenantCode) -> Result<UsageMeter, AppError>;
    /// Administrators only. `month`: any day of it; `None` is the current one.
    async fn usage_report(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        month: Option<Date>,
    ) -> Result<UsageReport, AppError>;

    // Conversations: always the caller's own.
    async fn list_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        after: Option<Cursor>,
    ) -> Result<Page<ConversationSummary>, AppError>;
    /// Opens at `leaf`'s branch, or at the branch written to last. Any message may be named: the newest leaf below it is
    /// shown.
    async fn open_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        leaf: Option<MessageId>,
    ) -> Result<ConversationView, AppError>;
    /// The part of the path before `before`, in a view whose `messages` are only that part.
    async fn earlier_messages(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        before: Cursor,
    ) -> Result<ConversationView, AppError>;
    async fn rename_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        title: Title,
    ) -> Result<(), AppError>;
    /// Hides it at once; it is removed for good after the time to undo has passed.
    async fn delete_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
    ) -> Result<(), AppError>;
    async fn restore_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
    ) -> Result<(), AppError>;

    // Turns.
    async fn start_turn(&self, caller: &Caller, tenant: &TenantCode, start: StartTurn)
    -> Result<TurnStarted, AppError>;
    /// Stops it from anywhere; stopping a finished turn is not an error.
    async fn stop_turn(&self, caller: &Caller, tenant: &TenantCode, turn: TurnId) -> Result<(), AppError>;
}

/// The backend and the caller of this request.
///
/// # Errors
/// [`AppError::SignedOut`] when the session layer found no live session.
pub fn caller() -> Result<(Arc<dyn Backend>, Caller), AppError> {
    let backend = use_context::<Arc<dyn Backend>>().ok_or(AppError::Internal { request_id: String::new() })?;
    let caller = use_context::<Caller>().ok_or(AppError::SignedOut)?;
    Ok((backend, caller))
}

/// Leads a plain form post (no scripts) to another page. The server provides it for such requests only; a call from a
/// script gets its answer and navigates by itself.
#[derive(Clone)]
pub struct Redirect(pub Arc<dyn Fn(&str) + Send + Sync>);

/// Answers a plain form post with a redirect to `path`; does nothing for a call from a script.
pub fn redirect_plain_form(path: &str) {
    if let Some(Redirect(redirect)) = use_context::<Redirect>() {
        redirect(path);
    }
}
