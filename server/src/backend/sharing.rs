//! Links to shared conversations.

use app::{
    backend::{Caller, SharingPort},
    model::{Audience, ConversationId, MessageId, ShareId, ShareView, TenantCode},
};
use async_trait::async_trait;

use super::{Answer, ForPeople as _, ServerBackend};
use crate::{conversations::share, error::Result};

impl ServerBackend {
    async fn shares(&self, caller: &Caller, tenant: &TenantCode, id: ConversationId) -> Result<Vec<ShareView>> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        share::list(&scope, &mut tx, id).await
    }

    async fn share(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        place: (ConversationId, MessageId),
        audience: Audience,
    ) -> Result<ShareView> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        let made = share::create(&scope, &mut tx, &self.world, place, audience).await?;
        tx.commit().await?;
        Ok(made)
    }

    async fn revoke(&self, caller: &Caller, tenant: &TenantCode, id: ShareId) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        share::revoke(&scope, &mut tx, id).await?;
        Ok(tx.commit().await?)
    }
}

#[async_trait]
impl SharingPort for ServerBackend {
    async fn list_shares(&self, caller: &Caller, tenant: &TenantCode, id: ConversationId) -> Answer<Vec<ShareView>> {
        self.shares(caller, tenant, id).await.for_people(caller)
    }
    async fn share_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        leaf: MessageId,
        audience: Audience,
    ) -> Answer<ShareView> {
        self.share(caller, tenant, (id, leaf), audience).await.for_people(caller)
    }
    async fn revoke_share(&self, caller: &Caller, tenant: &TenantCode, share: ShareId) -> Answer<()> {
        self.revoke(caller, tenant, share).await.for_people(caller)
    }
}
