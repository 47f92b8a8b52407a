//! The person: name, password, theme, sessions.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    error::AppError,
    model::{DisplayName, Lang, Me, SessionId, SessionView, Theme},
};

/// Who is signed in, and the tenants they may enter.
#[server(name = GetMe, prefix = "/fn", endpoint = "account/me", input = Json)]
pub async fn me() -> Result<Me, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.me(&caller).await
}

#[server(prefix = "/fn", endpoint = "account/name")]
pub async fn set_name(name: DisplayName) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.set_name(&caller, name).await?;
    crate::backend::redirect_plain_form("/settings?done=name");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "account/theme")]
pub async fn set_theme(theme: Theme) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.set_theme(&caller, theme).await?;
    crate::backend::redirect_plain_form("/settings?done=theme");
    Ok(())
}

/// `lang` absent: what the browser asks for.
#[server(prefix = "/fn", endpoint = "account/language")]
pub async fn set_language(lang: Option<Lang>) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.set_language(&caller, lang).await?;
    crate::backend::redirect_plain_form("/settings?done=language");
    Ok(())
}

/// Checks `current` first; every other session ends.
#[server(prefix = "/fn", endpoint = "account/password")]
pub async fn change_password(current: String, new: String) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.change_password(&caller, crate::model::PasswordChange { current, new }).await?;
    crate::backend::redirect_plain_form("/settings?done=password");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "account/sessions", input = Json)]
pub async fn list_sessions() -> Result<Vec<SessionView>, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.list_sessions(&caller).await
}

#[server(prefix = "/fn", endpoint = "account/sessions/end")]
pub async fn end_session(id: SessionId) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.end_session(&caller, id).await?;
    crate::backend::redirect_plain_form("/settings?done=session");
    Ok(())
}
