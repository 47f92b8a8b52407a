//! Setting limits.

use app::model::{BudgetLimits, TenantId, UserId};

use super::words::{count, money};
use crate::{
    db::{
        Error, Result, SystemTx,
        budget::{BudgetKey, Period, ScopeKind, budget_path, budget_put},
        ledger::Books,
    },
    world::World,
};

/// The mission's defaults: 1,000,000 input and 500,000 output tokens and 10,000 requests a month.
#[must_use]
pub fn default_limits() -> BudgetLimits {
    BudgetLimits { input_tokens: Some(1_000_000), output_tokens: Some(500_000), requests: Some(10_000), cost: None }
}

/// The one budget every tenant has: a calendar month's.
pub(super) fn tenant_month(tenant: TenantId) -> BudgetKey {
    BudgetKey { scope: ScopeKind::Tenant, scope_id: tenant.0, period: Period::Month }
}

/// Sets the tenant's monthly budget (administration, demo seed). The default for a new tenant is
/// [`default_limits`], which also holds for a tenant that was never given one. What is spent stays spent.
///
/// # Errors
/// Database errors; [`Error::Misuse`] for a negative limit.
pub async fn set_budget(tx: &mut SystemTx, world: &World, tenant: TenantId, limits: BudgetLimits) -> Result<()> {
    let all = [limits.input_tokens, limits.output_tokens, limits.requests, limits.cost.map(|cost| cost.0)];
    if all.iter().flatten().any(|limit| *limit < 0) {
        return Err(Error::Misuse("a budget's limit is zero or more".to_owned()));
    }
    let books = Books::within(tx, tenant);
    budget_put(books, tx, world.id(), tenant_month(tenant), limits, world.now()).await
}

/// The limits of a tenant's monthly budget, for administration.
///
/// # Errors
/// Database errors.
pub async fn budget_limits(tx: &mut SystemTx, world: &World, tenant: TenantId) -> Result<BudgetLimits> {
    let books = Books::within(tx, tenant);
    // The nil id (RFC 9562) is nobody's: only the tenant's own budgets are on its path.
    let nobody = UserId(uuid::Uuid::nil());
    let path = budget_path(books, tx, nobody, world.now()).await?;
    let month = path.into_iter().find(|b| b.scope == ScopeKind::Tenant && b.period == Period::Month);
    Ok(month.map_or_else(default_limits, |budget| budget.limits))
}

/// Limits on one line: `1,000,000 input tokens, 500,000 output tokens, 10,000 requests, unlimited cost`.
#[must_use]
pub fn limits_in_words(limits: &BudgetLimits) -> String {
    let each = |limit: Option<i64>, one: &str| limit.map_or_else(|| format!("unlimited {one}s"), |n| count(n, one));
    [
        each(limits.input_tokens, "input token"),
        each(limits.output_tokens, "output token"),
        each(limits.requests, "request"),
        limits.cost.map_or_else(|| "unlimited cost".to_owned(), money),
    ]
    .join(", ")
}
