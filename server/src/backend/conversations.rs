//! Conversations: always the caller's own.

use app::{
    backend::{Caller, ConversationPort},
    model::{
        ConversationId, ConversationSummary, ConversationView, Cursor, Feedback, Folder, MessageId, MessageText, Page,
        Rich, RichSource, SearchHit, TenantCode, Title,
    },
};
use async_trait::async_trait;

use super::{Answer, ForPeople as _, ServerBackend};
use crate::{conversations, error::Result, rich};

impl ServerBackend {
    async fn list(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        folder: Folder,
        after: Option<Cursor>,
    ) -> Result<Page<ConversationSummary>> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        conversations::list(&scope, &mut tx, folder, after.as_ref()).await
    }

    async fn open(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        leaf: Option<MessageId>,
    ) -> Result<ConversationView> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        let mut view = conversations::open(&scope, &mut tx, id, leaf).await?;
        drop(tx);
        rich::fill(&mut view.messages).await;
        Ok(view)
    }

    async fn earlier(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        before: Cursor,
    ) -> Result<ConversationView> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        let mut view = conversations::earlier(&scope, &mut tx, id, &before).await?;
        drop(tx);
        rich::fill(&mut view.messages).await;
        Ok(view)
    }

    async fn rename(&self, caller: &Caller, tenant: &TenantCode, id: ConversationId, title: Title) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        conversations::rename(&scope, &mut tx, id, &title).await?;
        Ok(tx.commit().await?)
    }

    async fn delete(&self, caller: &Caller, tenant: &TenantCode, id: ConversationId) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        let running = conversations::delete(&scope, &mut tx, id, self.world.now()).await?;
        tx.commit().await?;
        self.turns.stop_here(&running);
        Ok(())
    }

    async fn restore(&self, caller: &Caller, tenant: &TenantCode, id: ConversationId) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        conversations::restore(&scope, &mut tx, id).await?;
        Ok(tx.commit().await?)
    }
}

#[async_trait]
impl ConversationPort for ServerBackend {
    async fn list_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        folder: Folder,
        after: Option<Cursor>,
    ) -> Answer<Page<ConversationSummary>> {
        self.list(caller, tenant, folder, after).await.for_people(caller)
    }
    async fn open_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        leaf: Option<MessageId>,
    ) -> Answer<ConversationView> {
        self.open(caller, tenant, id, leaf).await.for_people(caller)
    }
    async fn earlier_messages(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        before: Cursor,
    ) -> Answer<ConversationView> {
        self.earlier(caller, tenant, id, before).await.for_people(caller)
    }
    async fn rename_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        title: Title,
    ) -> Answer<()> {
        self.rename(caller, tenant, id, title).await.for_people(caller)
    }
    async fn delete_conversation(&self, caller: &Caller, tenant: &TenantCode, id: ConversationId) -> Answer<()> {
        self.delete(caller, tenant, id).await.for_people(caller)
    }
    async fn restore_conversation(&self, caller: &Caller, tenant: &TenantCode, id: ConversationId) -> Answer<()> {
        self.restore(caller, tenant, id).await.for_people(caller)
    }
    async fn pin_conversation(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _id: ConversationId,
        _pinned: bool,
    ) -> Answer<()> {
        unimplemented!("written by convs")
    }
    async fn archive_conversations(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _ids: Vec<ConversationId>,
        _archived: bool,
    ) -> Answer<()> {
        unimplemented!("written by convs")
    }
    async fn delete_conversations(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _ids: Vec<ConversationId>,
    ) -> Answer<()> {
        unimplemented!("written by convs")
    }
    async fn search_conversations(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _query: String,
        _after: Option<Cursor>,
    ) -> Answer<Page<SearchHit>> {
        unimplemented!("written by convs")
    }
    async fn fork_conversation(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _id: ConversationId,
        _message: MessageId,
    ) -> Answer<ConversationId> {
        unimplemented!("written by convs")
    }
    async fn edit_answer(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _id: ConversationId,
        _message: MessageId,
        _text: MessageText,
    ) -> Answer<MessageId> {
        unimplemented!("written by convs")
    }
    async fn rate_answer(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _id: ConversationId,
        _message: MessageId,
        _feedback: Option<Feedback>,
    ) -> Answer<()> {
        unimplemented!("written by convs")
    }
    async fn enrich(&self, caller: &Caller, sources: Vec<RichSource>) -> Answer<Vec<Rich>> {
        rich::work_out(sources).await.for_people(caller)
    }
}
