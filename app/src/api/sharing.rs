//! Links to shared conversations.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    error::AppError,
    model::{Audience, ConversationId, MessageId, ShareId, ShareView, TenantCode},
};

/// The live links of a conversation, newest first.
#[server(prefix = "/fn", endpoint = "shares/list", input = Json)]
pub async fn list_shares(tenant: TenantCode, id: ConversationId) -> Result<Vec<ShareView>, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.list_shares(&caller, &tenant, id).await
}

/// Shares the branch that ends with `leaf`, as it is now.
#[server(prefix = "/fn", endpoint = "shares/create", input = Json)]
pub async fn share_conversation(
    tenant: TenantCode,
    id: ConversationId,
    leaf: MessageId,
    audience: Audience,
) -> Result<ShareView, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.share_conversation(&caller, &tenant, id, leaf, audience).await
}

#[server(prefix = "/fn", endpoint = "shares/revoke", input = Json)]
pub async fn revoke_share(tenant: TenantCode, share: ShareId) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.revoke_share(&caller, &tenant, share).await
}
