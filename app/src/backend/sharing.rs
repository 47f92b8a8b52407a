//! Links to shared conversations. Taking conversations out and in are plain routes (`/t/{tenant}/export`, …): files.

use async_trait::async_trait;

use super::Caller;
use crate::{
    error::AppError,
    model::{Audience, ConversationId, MessageId, ShareId, ShareView, TenantCode},
};

#[async_trait]
pub trait SharingPort: Send + Sync + 'static {
    /// The live links of a conversation, newest first; at most 20.
    async fn list_shares(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
    ) -> Result<Vec<ShareView>, AppError>;
    /// Shares the branch that ends with `leaf`, as it is now.
    async fn share_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        leaf: MessageId,
        audience: Audience,
    ) -> Result<ShareView, AppError>;
    /// The link answers like an unknown one from now on.
    async fn revoke_share(&self, caller: &Caller, tenant: &TenantCode, share: ShareId) -> Result<(), AppError>;
}
