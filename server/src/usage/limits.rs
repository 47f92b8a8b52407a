//! Setting limits.

use app::model::{BudgetLimits, TenantId};

use crate::{
    db::{
        Error, Result, SystemTx,
        budget::{BudgetKey, Period, ScopeKind, budget_put},
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
