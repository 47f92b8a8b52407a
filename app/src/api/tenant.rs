//! The frame around the chat: the tenant as the caller sees it, and how much of its month is used.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    error::AppError,
    model::{TenantCode, TenantHome, UsageMeter},
};

#[server(name = GetTenantHome, prefix = "/fn", endpoint = "tenant/home", input = Json)]
pub async fn tenant_home(tenant: TenantCode) -> Result<TenantHome, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.tenant_home(&caller, &tenant).await
}

/// Hides the list of what is left to set up. A form of its own with and without scripts: it is pressed once.
#[server(name = DismissSetup, prefix = "/fn", endpoint = "tenant/dismiss_setup")]
pub async fn dismiss_setup(tenant: TenantCode) -> Result<(), AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.dismiss_setup(&caller, &tenant).await?;
    crate::backend::redirect_plain_form(&format!("/t/{tenant}"));
    Ok(())
}

#[server(name = GetUsageMeter, prefix = "/fn", endpoint = "usage/meter", input = Json)]
pub async fn usage_meter(tenant: TenantCode) -> Result<UsageMeter, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.usage_meter(&caller, &tenant).await
}
