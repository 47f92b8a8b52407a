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

    async fn pin(&self, caller: &Caller, tenant: &TenantCode, id: ConversationId, pinned: bool) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        conversations::pin(&scope, &mut tx, id, pinned).await?;
        Ok(tx.commit().await?)
    }

    async fn archive(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        ids: &[ConversationId],
        archived: bool,
    ) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        conversations::archive(&scope, &mut tx, ids, archived).await?;
        Ok(tx.commit().await?)
    }

    async fn delete_all(&self, caller: &Caller, tenant: &TenantCode, ids: &[ConversationId]) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        let running = conversations::delete_all(&scope, &mut tx, ids, self.world.now()).await?;
        tx.commit().await?;
        self.turns.stop_here(&running);
        Ok(())
    }

    async fn search(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        query: &str,
        after: Option<&Cursor>,
    ) -> Result<Page<SearchHit>> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        conversations::search(&scope, &mut tx, query, after, self.world.now()).await
    }

    async fn fork(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        message: MessageId,
    ) -> Result<ConversationId> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        let fork = conversations::fork(&scope, &mut tx, &self.world, id, message).await?;
        tx.commit().await?;
        Ok(fork)
    }

    async fn edit(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        place: (ConversationId, MessageId),
        text: MessageText,
    ) -> Result<MessageId> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        let edited = conversations::edit(&scope, &mut tx, &self.world, place, text).await?;
        tx.commit().await?;
        Ok(edited)
    }

    async fn rate(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        place: (ConversationId, MessageId),
        feedback: Option<Feedback>,
    ) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.begin(&scope).await?;
        conversations::rate(&scope, &mut tx, place, feedback).await?;
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
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        pinned: bool,
    ) -> Answer<()> {
        self.pin(caller, tenant, id, pinned).await.for_people(caller)
    }
    async fn archive_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        ids: Vec<ConversationId>,
        archived: bool,
    ) -> Answer<()> {
        self.archive(caller, tenant, &ids, archived).await.for_people(caller)
    }
    async fn delete_conversations(&self, caller: &Caller, tenant: &TenantCode, ids: Vec<ConversationId>) -> Answer<()> {
        self.delete_all(caller, tenant, &ids).await.for_people(caller)
    }
    async fn search_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        query: String,
        after: Option<Cursor>,
    ) -> Answer<Page<SearchHit>> {
        self.search(caller, tenant, &query, after.as_ref()).await.for_people(caller)
    }
    async fn fork_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        message: MessageId,
    ) -> Answer<ConversationId> {
        self.fork(caller, tenant, id, message).await.for_people(caller)
    }
    async fn edit_answer(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        message: MessageId,
        text: MessageText,
    ) -> Answer<MessageId> {
        self.edit(caller, tenant, (id, message), text).await.for_people(caller)
    }
    async fn rate_answer(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        message: MessageId,
        feedback: Option<Feedback>,
    ) -> Answer<()> {
        self.rate(caller, tenant, (id, message), feedback).await.for_people(caller)
    }
    async fn enrich(&self, caller: &Caller, sources: Vec<RichSource>) -> Answer<Vec<Rich>> {
        rich::work_out(sources).await.for_people(caller)
    }
}
