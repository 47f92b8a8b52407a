//! Conversations: list, open, rename, delete and bring back.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    error::AppError,
    model::{ConversationId, ConversationSummary, ConversationView, Cursor, MessageId, Page, TenantCode, Title},
};

/// The caller's conversations, newest first.
#[server(prefix = "/fn", endpoint = "conversations/list", input = Json)]
pub async fn list_conversations(
    tenant: TenantCode,
    after: Option<Cursor>,
) -> Result<Page<ConversationSummary>, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.list_conversations(&caller, &tenant, after).await
}

/// A conversation at the branch of `leaf`, or at the one written to last.
#[server(prefix = "/fn", endpoint = "conversations/open", input = Json)]
pub async fn open_conversation(
    tenant: TenantCode,
    id: ConversationId,
    leaf: Option<MessageId>,
) -> Result<ConversationView, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.open_conversation(&caller, &tenant, id, leaf).await
}

/// The messages before `before`, in a view that holds only them.
#[server(prefix = "/fn", endpoint = "conversations/earlier", input = Json)]
pub async fn earlier_messages(
    tenant: TenantCode,
    id: ConversationId,
    before: Cursor,
) -> Result<ConversationView, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.earlier_messages(&caller, &tenant, id, before).await
}

#[server(prefix = "/fn", endpoint = "conversations/rename")]
pub async fn rename_conversation(tenant: TenantCode, id: ConversationId, title: Title) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.rename_conversation(&caller, &tenant, id, title).await
}

/// Hides the conversation at once. A plain form is led to the tenant's page, which offers to undo it.
#[server(prefix = "/fn", endpoint = "conversations/delete")]
pub async fn delete_conversation(tenant: TenantCode, id: ConversationId) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.delete_conversation(&caller, &tenant, id).await?;
    crate::backend::redirect_plain_form(&format!("/t/{tenant}?deleted={id}"));
    Ok(())
}

/// Undoes a deletion. A plain form is led back to the conversation.
#[server(prefix = "/fn", endpoint = "conversations/restore")]
pub async fn restore_conversation(tenant: TenantCode, id: ConversationId) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.restore_conversation(&caller, &tenant, id).await?;
    crate::backend::redirect_plain_form(&format!("/t/{tenant}/c/{id}"));
    Ok(())
}
