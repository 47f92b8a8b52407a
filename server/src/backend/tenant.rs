//! The frame around the chat.

use app::{
    backend::{Caller, TenantPort},
    model::{Date, Lang, Role, TenantCode, TenantHome, UsageBy, UsageMeter, UsageReport},
};
use async_trait::async_trait;

use super::{Answer, ForPeople as _, ServerBackend};
use crate::{
    error::{Error, Result},
    tenancy, usage,
};

impl ServerBackend {
    async fn home(&self, caller: &Caller, tenant: &TenantCode, lang: Lang) -> Result<TenantHome> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        let tenant = tenancy::view(&scope, &mut tx, &self.world).await?;
        Ok(TenantHome {
            today: self.world.now().date_at(i64::from(tenant.utc_offset_minutes)),
            tenant,
            role: scope.role(),
            model: self.model.clone(),
            models: self.models.clone(),
            setup: tenancy::setup(&scope, &mut tx, lang, !self.model.demo).await?,
            usage: usage::meter(&scope, &mut tx, &self.world).await?,
            next_key: self.world.id(),
        })
    }

    async fn dismiss(&self, caller: &Caller, tenant: &TenantCode) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        if scope.role() != Role::Admin {
            return Err(Error::Forbidden);
        }
        let mut tx = self.db.begin(&scope).await?;
        tenancy::dismiss_setup(&scope, &mut tx).await?;
        Ok(tx.commit().await?)
    }

    async fn meter(&self, caller: &Caller, tenant: &TenantCode) -> Result<UsageMeter> {
        let scope = self.enter(caller, tenant).await?;
        let mut tx = self.db.read(&scope).await?;
        Ok(usage::meter(&scope, &mut tx, &self.world).await?)
    }

    async fn report(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        month: Option<Date>,
        by: UsageBy,
    ) -> Result<UsageReport> {
        let scope = self.enter(caller, tenant).await?;
        if scope.role() != Role::Admin {
            return Err(Error::Forbidden);
        }
        let mut tx = self.db.read(&scope).await?;
        Ok(usage::report(&scope, &mut tx, &self.world, month, by).await?)
    }
}

#[async_trait]
impl TenantPort for ServerBackend {
    async fn tenant_home(&self, caller: &Caller, tenant: &TenantCode) -> Answer<TenantHome> {
        // Before anything is waited for: later this request's context may be gone.
        let lang = app::words::lang();
        self.home(caller, tenant, lang).await.for_people(caller)
    }
    async fn dismiss_setup(&self, caller: &Caller, tenant: &TenantCode) -> Answer<()> {
        self.dismiss(caller, tenant).await.for_people(caller)
    }

    fn live_place(&self) -> String {
        self.db.changes().place()
    }
    async fn usage_meter(&self, caller: &Caller, tenant: &TenantCode) -> Answer<UsageMeter> {
        self.meter(caller, tenant).await.for_people(caller)
    }
    async fn usage_report(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        month: Option<Date>,
        by: UsageBy,
    ) -> Answer<UsageReport> {
        self.report(caller, tenant, month, by).await.for_people(caller)
    }
}
