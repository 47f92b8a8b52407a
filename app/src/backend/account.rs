//! The person.

use async_trait::async_trait;

use super::Caller;
use crate::{
    error::AppError,
    model::{DisplayName, Lang, Me, PasswordChange, SessionId, SessionView, Theme},
};

#[async_trait]
pub trait AccountPort: Send + Sync + 'static {
    async fn me(&self, caller: &Caller) -> Result<Me, AppError>;
    async fn set_name(&self, caller: &Caller, name: DisplayName) -> Result<(), AppError>;
    async fn set_theme(&self, caller: &Caller, theme: Theme) -> Result<(), AppError>;
    /// `None`: what the browser asks for.
    async fn set_language(&self, caller: &Caller, lang: Option<Lang>) -> Result<(), AppError>;
    async fn change_password(&self, caller: &Caller, change: PasswordChange) -> Result<(), AppError>;
    async fn list_sessions(&self, caller: &Caller) -> Result<Vec<SessionView>, AppError>;
    async fn end_session(&self, caller: &Caller, session: SessionId) -> Result<(), AppError>;
}
