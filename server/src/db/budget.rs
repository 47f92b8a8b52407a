//! Budgets: limits on a scope, per calendar period. Those a call must fit in are found in [`path`], their windows (what
//! is held and spent) are in [`window`]; all of a tenant's are read in [`list`]. What people are told of them is in
//! [`notice`], who asks for more in [`request`], what they get in [`grant`].
//!
//! To add a kind of scope: a variant of [`ScopeKind`], the CHECK in the migration, and a line in [`path::budget_path`].

pub mod grant;
pub mod list;
pub mod notice;
pub mod owner;
pub mod path;
pub mod request;
mod row;
pub mod window;

use app::model::{ApiKeyId, BudgetLimits, ProfileId, Timestamp, UserId};
use uuid::Uuid;

use super::{Query, Result, Tx, ledger::Books, words::words};

pub use self::path::{BudgetOnPath, budget_path};

/// What a budget limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    Tenant,
    User,
    /// People of the tenant who share it.
    Group,
    Profile,
    Key,
}

words!(ScopeKind, "not a kind of scope", {
    Tenant = "tenant",
    User = "user",
    Group = "group",
    Profile = "profile",
    Key = "key",
});

/// How long a budget lasts, by the tenant's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Month,
    /// From Monday (ISO 8601).
    Week,
    Day,
    /// It never starts again.
    None,
}

words!(Period, "not a period", {
    Month = "month",
    Week = "week",
    Day = "day",
    None = "none",
});

/// Whose budgets a call must fit in, beside the tenant's and those of the person's groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Payer {
    pub user: UserId,
    pub key: Option<ApiKeyId>,
    pub profile: Option<ProfileId>,
}

impl From<UserId> for Payer {
    fn from(user: UserId) -> Self {
        Self { user, key: None, profile: None }
    }
}

/// Whose budget, for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetKey {
    pub scope: ScopeKind,
    /// The id of the tenant, user, group, profile or key.
    pub scope_id: Uuid,
    pub period: Period,
}

/// A new budget, and what happens where there is one: run it with [`insert`].
macro_rules! insert_budget {
    ($on_conflict:literal) => {
        concat!(
            "INSERT INTO budgets (tenant_id, id, scope_kind, scope_id, period, limit_input_tokens, limit_output_tokens, \
             limit_requests, limit_pico_usd, limit_tokens, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) \
             ON CONFLICT (tenant_id, scope_kind, scope_id, period) ",
            $on_conflict
        )
    };
}

async fn insert(
    books: Books,
    query: Query<'_>,
    id: Uuid,
    key: BudgetKey,
    limits: BudgetLimits,
    now: Timestamp,
) -> Result<()> {
    query
        .bind(books.tenant())
        .bind(id)
        .bind(key.scope.as_str())
        .bind(key.scope_id)
        .bind(key.period.as_str())
        .bind(limits.input_tokens)
        .bind(limits.output_tokens)
        .bind(limits.requests)
        .bind(limits.cost)
        .bind(limits.tokens)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// Sets the limits of a budget, creating it (as `id`) when there is none.
///
/// # Errors
/// Database errors; a negative limit is one.
pub async fn budget_put(
    books: Books,
    tx: &mut Tx,
    id: Uuid,
    key: BudgetKey,
    limits: BudgetLimits,
    now: Timestamp,
) -> Result<()> {
    let query = tx.query(insert_budget!(
        "DO UPDATE SET \
         limit_input_tokens = excluded.limit_input_tokens, limit_output_tokens = excluded.limit_output_tokens, \
         limit_requests = excluded.limit_requests, limit_pico_usd = excluded.limit_pico_usd, \
         limit_tokens = excluded.limit_tokens, \
         updated_at = excluded.updated_at"
    ));
    insert(books, query, id, key, limits, now).await
}

/// Creates a budget unless there is one.
///
/// # Errors
/// Database errors.
pub async fn budget_ensure(
    books: Books,
    tx: &mut Tx,
    id: Uuid,
    key: BudgetKey,
    limits: BudgetLimits,
    now: Timestamp,
) -> Result<()> {
    insert(books, tx.query(insert_budget!("DO NOTHING")), id, key, limits, now).await
}

/// Says whether a budget counts at all, and from which share of a limit on people are told; `false`: there is none.
///
/// # Errors
/// Database errors; a share that is no percentage is one.
pub async fn budget_configure(
    books: Books,
    tx: &mut Tx,
    key: BudgetKey,
    soft_percent: Option<i64>,
    is_active: bool,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE budgets SET soft_percent = $5, is_active = $6, updated_at = $7 \
             WHERE tenant_id = $1 AND scope_kind = $2 AND scope_id = $3 AND period = $4",
        )
        .bind(books.tenant())
        .bind(key.scope.as_str())
        .bind(key.scope_id)
        .bind(key.period.as_str())
        .bind(soft_percent)
        .bind(is_active)
        .bind(now)
        .execute()
        .await?;
    Ok(changed == 1)
}
