//! Turns: start one by sending a message, stop one from anywhere.

use leptos::prelude::*;

use crate::{
    error::AppError,
    model::{ConversationId, MessageId, MessageText, TenantCode, TurnId, TurnKey, TurnStarted},
};

/// Sends a message. The arguments are flat so that a plain form can post them; such a form is led to the conversation.
#[server(name = SendMessage, prefix = "/fn", endpoint = "turns/start")]
pub async fn start_turn(
    tenant: TenantCode,
    conversation: Option<ConversationId>,
    parent: Option<MessageId>,
    text: MessageText,
    key: TurnKey,
) -> Result<TurnStarted, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    let start = crate::model::StartTurn { conversation, parent, text, key };
    let started = backend.start_turn(&caller, &tenant, start).await?;
    crate::backend::redirect_plain_form(&format!("/t/{tenant}/c/{}", started.conversation));
    Ok(started)
}

/// Stops a turn, whoever follows it; a finished one stays as it is.
#[server(prefix = "/fn", endpoint = "turns/stop")]
pub async fn stop_turn(tenant: TenantCode, turn: TurnId) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.stop_turn(&caller, &tenant, turn).await
}
