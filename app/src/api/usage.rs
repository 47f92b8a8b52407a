//! A tenant's usage, for its administrators.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    error::AppError,
    model::{Date, TenantCode, UsageBy, UsageReport},
};

/// `month`: any day of it; `None` is the current one.
#[server(name = GetUsageReport, prefix = "/fn", endpoint = "usage/report", input = Json)]
pub async fn usage_report(tenant: TenantCode, month: Option<Date>, by: UsageBy) -> Result<UsageReport, AppError> {
    let (backend, caller) = crate::backend::caller()?;
    backend.usage_report(&caller, &tenant, month, by).await
}
