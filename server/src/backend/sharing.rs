//! Links to shared conversations.

use app::{
    backend::{Caller, SharingPort},
    model::{Audience, ConversationId, MessageId, ShareId, ShareView, TenantCode},
};
use async_trait::async_trait;

use super::{Answer, ServerBackend};

#[async_trait]
impl SharingPort for ServerBackend {
    async fn list_shares(&self, _caller: &Caller, _tenant: &TenantCode, _id: ConversationId) -> Answer<Vec<ShareView>> {
        unimplemented!("written by sharing")
    }
    async fn share_conversation(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _id: ConversationId,
        _leaf: MessageId,
        _audience: Audience,
    ) -> Answer<ShareView> {
        unimplemented!("written by sharing")
    }
    async fn revoke_share(&self, _caller: &Caller, _tenant: &TenantCode, _share: ShareId) -> Answer<()> {
        unimplemented!("written by sharing")
    }
}
