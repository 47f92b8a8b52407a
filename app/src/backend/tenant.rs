//! The frame around the chat.

use async_trait::async_trait;

use super::Caller;
use crate::{
    error::AppError,
    model::{Date, TenantCode, TenantHome, UsageBy, UsageMeter, UsageReport},
};

#[async_trait]
pub trait TenantPort: Send + Sync + 'static {
    async fn tenant_home(&self, caller: &Caller, tenant: &TenantCode) -> Result<TenantHome, AppError>;
    /// Administrators only: hides the list of what is left to set up, for all of them.
    async fn dismiss_setup(&self, caller: &Caller, tenant: &TenantCode) -> Result<(), AppError>;
    /// Where the person's stream is now: taken before a page is read, so that the stream goes on from the page (`last=` of
    /// `/t/{tenant}/events`).
    fn live_place(&self) -> String;
    async fn usage_meter(&self, caller: &Caller, tenant: &TenantCode) -> Result<UsageMeter, AppError>;
    /// Administrators only. `month`: any day of it; `None` is the current one.
    async fn usage_report(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        month: Option<Date>,
        by: UsageBy,
    ) -> Result<UsageReport, AppError>;
}
