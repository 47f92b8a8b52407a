//! Conversations: list, open, find, change, delete and bring back.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    error::AppError,
    model::{
        ConversationId, ConversationSummary, ConversationView, Cursor, Feedback, Folder, MessageId, MessageText, Page,
        Rich, RichSource, SearchHit, TenantCode, Title,
    },
};

/// The caller's conversations, newest first.
#[server(prefix = "/fn", endpoint = "conversations/list", input = Json)]
pub async fn list_conversations(
    tenant: TenantCode,
    folder: Folder,
    after: Option<Cursor>,
) -> Result<Page<ConversationSummary>, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.list_conversations(&caller, &tenant, folder, after).await
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

#[server(prefix = "/fn", endpoint = "conversations/pin", input = Json)]
pub async fn pin_conversation(tenant: TenantCode, id: ConversationId, pinned: bool) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.pin_conversation(&caller, &tenant, id, pinned).await
}

/// All of them or none; at most 200.
#[server(prefix = "/fn", endpoint = "conversations/archive", input = Json)]
pub async fn archive_conversations(
    tenant: TenantCode,
    ids: Vec<ConversationId>,
    archived: bool,
) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.archive_conversations(&caller, &tenant, ids, archived).await
}

/// All of them or none; at most 200. Each can be restored like a single one.
#[server(prefix = "/fn", endpoint = "conversations/delete_many", input = Json)]
pub async fn delete_conversations(tenant: TenantCode, ids: Vec<ConversationId>) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.delete_conversations(&caller, &tenant, ids).await
}

/// The best hits first, one per conversation.
#[server(prefix = "/fn", endpoint = "conversations/search", input = Json)]
pub async fn search_conversations(
    tenant: TenantCode,
    query: String,
    after: Option<Cursor>,
) -> Result<Page<SearchHit>, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.search_conversations(&caller, &tenant, query, after).await
}

/// A new conversation with the path up to `message`.
#[server(prefix = "/fn", endpoint = "conversations/fork", input = Json)]
pub async fn fork_conversation(
    tenant: TenantCode,
    id: ConversationId,
    message: MessageId,
) -> Result<ConversationId, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.fork_conversation(&caller, &tenant, id, message).await
}

/// A sibling of an answer with the person's own words.
#[server(prefix = "/fn", endpoint = "conversations/edit_answer", input = Json)]
pub async fn edit_answer(
    tenant: TenantCode,
    id: ConversationId,
    message: MessageId,
    text: MessageText,
) -> Result<MessageId, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.edit_answer(&caller, &tenant, id, message, text).await
}

#[server(prefix = "/fn", endpoint = "conversations/rate", input = Json)]
pub async fn rate_answer(
    tenant: TenantCode,
    id: ConversationId,
    message: MessageId,
    feedback: Option<Feedback>,
) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.rate_answer(&caller, &tenant, id, message, feedback).await
}

/// Colours and formulas of text that has just been streamed.
#[server(prefix = "/fn", endpoint = "text/enrich", input = Json)]
pub async fn enrich(sources: Vec<RichSource>) -> Result<Vec<Rich>, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.enrich(&caller, sources).await
}
