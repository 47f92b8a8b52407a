//! The port's implementation: authorise, open a transaction, call a service, commit.

use app::{
    backend::{Backend, Caller},
    error::AppError,
    model::{
        ConversationId, ConversationSummary, ConversationView, Cursor, Date, DisplayName, Me, MessageId, ModelBadge,
        Page, PasswordChange, Role, SessionId, SessionView, StartTurn, TenantCode, TenantHome, Theme, Title, TurnId,
        TurnStarted, UsageMeter, UsageReport,
    },
};
use async_trait::async_trait;

use crate::{
    conversations,
    db::{Db, TenantScope},
    error::{Error, Result},
    identity::{self, AuthState},
    tenancy,
    turns::Turns,
    usage,
    world::World,
};

/// The server behind the pages.
pub struct ServerBackend {
    pub db: Db,
    pub world: World,
    pub auth: AuthState,
    pub turns: Turns,
    pub model: ModelBadge,
}

/// Turns a service's error into a person's, with the request's id.
trait ForPeople<T> {
    fn for_people(self, caller: &Caller) -> std::result::Result<T, AppError>;
}

impl<T> ForPeople<T> for Result<T> {
    fn for_people(self, caller: &Caller) -> std::result::Result<T, AppError> {
        self.map_err(|error| error.into_app(&caller.request_id))
    }
}

impl ServerBackend {
    async fn enter(&self, caller: &Caller, tenant: &TenantCode) -> Result<TenantScope> {
        tenancy::enter(&self.db, caller, tenant).await
    }

    async fn home(&self, caller: &Caller, tenant: &TenantCode) -> Result<TenantHome> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        let tenant = tenancy::view(&scope, &mut tx, &self.world).await?;
        Ok(TenantHome {
            today: self.world.now().date_at(i64::from(tenant.utc_offset_minutes)),
            tenant,
            role: scope.role(),
            model: self.model.clone(),
            usage: usage::meter(&scope, &mut tx, &self.world).await?,
            next_key: self.world.id(),
        })
    }

    async fn meter(&self, caller: &Caller, tenant: &TenantCode) -> Result<UsageMeter> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        Ok(usage::meter(&scope, &mut tx, &self.world).await?)
    }

    async fn report(&self, caller: &Caller, tenant: &TenantCode, month: Option<Date>) -> Result<UsageReport> {
        let scope = self.enter(caller, tenant).await?;
        if scope.role() != Role::Admin {
            return Err(Error::Forbidden);
        }
        let mut tx = self.db.read(&scope).await?;
        Ok(usage::report(&scope, &mut tx, &self.world, month).await?)
    }

    async fn list(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        after: Option<Cursor>,
    ) -> Result<Page<ConversationSummary>> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        conversations::list(&scope, &mut tx, after.as_ref()).await
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
        conversations::open(&scope, &mut tx, id, leaf).await
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
        conversations::earlier(&scope, &mut tx, id, &before).await
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

    async fn start(&self, caller: &Caller, tenant: &TenantCode, start: StartTurn) -> Result<TurnStarted> {
        let scope = self.enter(caller, tenant).await?;
        self.turns.start(&scope, &caller.request_id, start).await
    }

    async fn stop(&self, caller: &Caller, tenant: &TenantCode, turn: TurnId) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        self.turns.stop(&scope, turn).await
    }
}

type Answer<T> = std::result::Result<T, AppError>;

#[async_trait]
impl Backend for ServerBackend {
    async fn me(&self, caller: &Caller) -> Answer<Me> {
        identity::me(&self.db, caller).await.for_people(caller)
    }
    async fn set_name(&self, caller: &Caller, name: DisplayName) -> Answer<()> {
        identity::set_name(&self.db, caller, &name).await.for_people(caller)
    }
    async fn set_theme(&self, caller: &Caller, theme: Theme) -> Answer<()> {
        identity::set_theme(&self.db, caller, theme).await.for_people(caller)
    }
    async fn change_password(&self, caller: &Caller, change: PasswordChange) -> Answer<()> {
        identity::change_password(&self.auth, caller, &change).await.for_people(caller)
    }
    async fn list_sessions(&self, caller: &Caller) -> Answer<Vec<SessionView>> {
        identity::list_sessions(&self.db, &self.world, caller).await.for_people(caller)
    }
    async fn end_session(&self, caller: &Caller, session: SessionId) -> Answer<()> {
        identity::end_session(&self.db, &self.world, caller, session).await.for_people(caller)
    }

    async fn tenant_home(&self, caller: &Caller, tenant: &TenantCode) -> Answer<TenantHome> {
        self.home(caller, tenant).await.for_people(caller)
    }
    async fn usage_meter(&self, caller: &Caller, tenant: &TenantCode) -> Answer<UsageMeter> {
        self.meter(caller, tenant).await.for_people(caller)
    }
    async fn usage_report(&self, caller: &Caller, tenant: &TenantCode, month: Option<Date>) -> Answer<UsageReport> {
        self.report(caller, tenant, month).await.for_people(caller)
    }

    async fn list_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        after: Option<Cursor>,
    ) -> Answer<Page<ConversationSummary>> {
        self.list(caller, tenant, after).await.for_people(caller)
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

    async fn start_turn(&self, caller: &Caller, tenant: &TenantCode, start: StartTurn) -> Answer<TurnStarted> {
        self.start(caller, tenant, start).await.for_people(caller)
    }
    async fn stop_turn(&self, caller: &Caller, tenant: &TenantCode, turn: TurnId) -> Answer<()> {
        self.stop(caller, tenant, turn).await.for_people(caller)
    }
}
