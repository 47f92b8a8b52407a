//! The port between pages and server: what a server function may ask for. The server implements [`Backend`], one part
//! ([`AccountPort`], [`ConversationPort`], …) per file; tests of the pages use a fake one.
//!
//! Every method takes the [`Caller`] first. Methods on a tenant's data take the tenant's code next; the implementation
//! re-reads the live membership each time and answers [`AppError::NotFound`] when there is none.

mod account;
mod conversations;
mod sharing;
mod tenant;
mod turns;

pub use account::AccountPort;
pub use conversations::ConversationPort;
pub use sharing::SharingPort;
pub use tenant::TenantPort;
pub use turns::TurnPort;

use std::sync::Arc;

use leptos::prelude::use_context;

use crate::{
    error::AppError,
    model::{SessionId, UserId},
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
pub trait Backend: AccountPort + TenantPort + ConversationPort + SharingPort + TurnPort {}

impl<T: AccountPort + TenantPort + ConversationPort + SharingPort + TurnPort> Backend for T {}

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
