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

#[server(name = GetUsageMeter, prefix = "/fn", endpoint = "usage/meter", input = Json)]
pub async fn usage_meter(tenant: TenantCode) -> Result<UsageMeter, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.usage_meter(&caller, &tenant).await
}
