//! Turns: start one by sending a message, stop one from anywhere.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    error::AppError,
    model::{
        Again, AttachmentId, ConversationId, Decision, MessageId, MessageText, TenantCode, TurnId, TurnKey, TurnStarted,
    },
};

/// Sends a message; without `text` its files say it all. The arguments are flat so that a plain form can post them; such a form is led to the conversation.
#[server(name = SendMessage, prefix = "/fn", endpoint = "turns/start")]
pub async fn start_turn(
    tenant: TenantCode,
    conversation: Option<ConversationId>,
    parent: Option<MessageId>,
    #[server(default)] text: Option<MessageText>,
    #[server(default)] attachments: Vec<AttachmentId>,
    #[server(default)] model: Option<String>,
    key: TurnKey,
) -> Result<TurnStarted, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    let start = crate::model::StartTurn { conversation, parent, text, attachments, model, key };
    let started = backend.start_turn(&caller, &tenant, start).await?;
    crate::backend::redirect_plain_form(&format!("/t/{tenant}/c/{}", started.conversation));
    Ok(started)
}

/// Another answer, or more of one.
#[server(prefix = "/fn", endpoint = "turns/again", input = Json)]
pub async fn answer_again(
    tenant: TenantCode,
    conversation: ConversationId,
    again: Again,
    model: Option<String>,
    key: TurnKey,
) -> Result<TurnStarted, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.answer_again(&caller, &tenant, conversation, again, model, key).await
}

/// Stops a turn, whoever follows it; a finished one stays as it is.
#[server(prefix = "/fn", endpoint = "turns/stop")]
pub async fn stop_turn(tenant: TenantCode, turn: TurnId) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.stop_turn(&caller, &tenant, turn).await
}

/// Answers what a waiting tool call asks. The first answer counts.
#[server(prefix = "/fn", endpoint = "turns/decide", input = Json)]
pub async fn decide_tool_call(
    tenant: TenantCode,
    turn: TurnId,
    call_id: String,
    decision: Decision,
) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.decide_tool_call(&caller, &tenant, turn, call_id, decision).await
}
