//! Budgets: limits on a scope, per calendar period. Their windows (what is held and spent) are in [`window`].
//!
//! To add a kind of scope: a variant of [`ScopeKind`], the CHECK in the migration, and a line in [`budget_path`].

pub mod window;

use std::str::FromStr;

use app::model::{ApiKeyId, BudgetLimits, Money, ProfileId, Timestamp, UserId};
use chrono_tz::Tz;
use uuid::Uuid;

use self::window::{WindowCountsRow, WindowState};
use super::{Error, Result, Tx, ledger::Books};

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

impl ScopeKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::Group => "group",
            Self::Profile => "profile",
            Self::Key => "key",
        }
    }
}

impl FromStr for ScopeKind {
    type Err = &'static str;
    fn from_str(s: &str) -> std::result::Result<Self, Self::Err> {
        match s {
            "tenant" => Ok(Self::Tenant),
            "user" => Ok(Self::User),
            "group" => Ok(Self::Group),
            "profile" => Ok(Self::Profile),
            "key" => Ok(Self::Key),
            _ => Err("not a kind of scope"),
        }
    }
}

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

impl Period {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
            Self::None => "none",
        }
    }
}

impl FromStr for Period {
    type Err = &'static str;
    fn from_str(s: &str) -> std::result::Result<Self, Self::Err> {
        match s {
            "month" => Ok(Self::Month),
            "week" => Ok(Self::Week),
            "day" => Ok(Self::Day),
            "none" => Ok(Self::None),
            _ => Err("not a period"),
        }
    }
}

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

/// A budget that a call must fit in, with its window at that time if anything was ever held in it.
#[derive(Clone, Debug)]
pub struct BudgetOnPath {
    pub id: Uuid,
    pub scope: ScopeKind,
    pub period: Period,
    pub limits: BudgetLimits,
    /// The tenant's.
    pub time_zone: Tz,
    pub contact: String,
    pub window: Option<WindowState>,
}

#[derive(sqlx::FromRow)]
struct PathRow {
    id: Uuid,
    scope_kind: String,
    period: String,
    limit_input_tokens: Option<i64>,
    limit_output_tokens: Option<i64>,
    limit_requests: Option<i64>,
    limit_pico_usd: Option<i64>,
    time_zone: String,
    contact: String,
    window_start: Option<i64>,
    window_end: Option<i64>,
    #[sqlx(flatten)]
    counts: WindowCountsRow,
}

impl PathRow {
    fn budget(self) -> Result<BudgetOnPath> {
        let row = self.id.to_string();
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "budgets",
            column,
            row: row.clone(),
            problem,
        };
        let scope = self.scope_kind.parse().map_err(|e: &str| corrupt("scope_kind", e.to_owned()))?;
        let period = self.period.parse().map_err(|e: &str| corrupt("period", e.to_owned()))?;
        let time_zone = Tz::from_str(&self.time_zone).map_err(|e| corrupt("time_zone", e.to_string()))?;
        let window = match (self.window_start, self.window_end) {
            (Some(start), Some(end)) => Some(self.counts.state(Timestamp(start), Timestamp(end))),
            _ => None,
        };
        Ok(BudgetOnPath {
            id: self.id,
            scope,
            period,
            limits: BudgetLimits {
                input_tokens: self.limit_input_tokens,
                output_tokens: self.limit_output_tokens,
                requests: self.limit_requests,
                cost: self.limit_pico_usd.map(Money),
            },
            time_zone,
            contact: self.contact,
            window,
        })
    }
}

/// Every budget that a call for this payer must fit in at that time, ordered by id. Where a change of the tenant's zone
/// left two windows over the same instant, the older one counts until it ends: nobody spends twice.
///
/// # Errors
/// Database errors.
pub async fn budget_path(
    books: Books,
    tx: &mut Tx,
    payer: impl Into<Payer>,
    at: Timestamp,
) -> Result<Vec<BudgetOnPath>> {
    let payer = payer.into();
    let rows: Vec<PathRow> = tx
        .query(
            "SELECT b.id, b.scope_kind, b.period, b.limit_input_tokens, b.limit_output_tokens, b.limit_requests, \
             b.limit_pico_usd, t.time_zone, t.contact, w.window_start, w.window_end, \
             COALESCE(w.reserved_input_tokens, 0) AS reserved_input_tokens, \
             COALESCE(w.reserved_output_tokens, 0) AS reserved_output_tokens, \
             COALESCE(w.reserved_requests, 0) AS reserved_requests, \
             COALESCE(w.reserved_pico_usd, 0) AS reserved_pico_usd, \
             COALESCE(w.settled_input_tokens, 0) AS settled_input_tokens, \
             COALESCE(w.settled_output_tokens, 0) AS settled_output_tokens, \
             COALESCE(w.settled_requests, 0) AS settled_requests, \
             COALESCE(w.settled_pico_usd, 0) AS settled_pico_usd, \
             COALESCE(w.cache_read_tokens, 0) AS cache_read_tokens, \
             COALESCE(w.cache_write_5m_tokens, 0) AS cache_write_5m_tokens, \
             COALESCE(w.cache_write_1h_tokens, 0) AS cache_write_1h_tokens, \
             COALESCE(w.estimated_calls, 0) AS estimated_calls, COALESCE(w.unknown_calls, 0) AS unknown_calls \
             FROM budgets b JOIN tenants t ON t.id = b.tenant_id \
             LEFT JOIN budget_windows w ON w.tenant_id = b.tenant_id AND w.budget_id = b.id \
             AND w.window_start <= $3 AND w.window_end > $3 \
             WHERE b.tenant_id = $1 AND ((b.scope_kind = 'tenant' AND b.scope_id = $1) \
             OR (b.scope_kind = 'user' AND b.scope_id = $2) \
             OR (b.scope_kind = 'key' AND b.scope_id = $4) \
             OR (b.scope_kind = 'profile' AND b.scope_id = $5) \
             OR (b.scope_kind = 'group' AND EXISTS (SELECT 1 FROM group_members g WHERE g.tenant_id = $1 \
             AND g.group_id = b.scope_id AND g.user_id = $2))) \
             ORDER BY b.id, w.window_start",
        )
        .bind(books.tenant())
        .bind(payer.user)
        .bind(at)
        .bind(payer.key)
        .bind(payer.profile)
        .all()
        .await?;
    let mut path: Vec<BudgetOnPath> = Vec::with_capacity(rows.len());
    for row in rows {
        if path.last().is_some_and(|last| last.id == row.id) {
            continue;
        }
        path.push(row.budget()?);
    }
    Ok(path)
}

/// Whose budget, for how long.
#[derive(Clone, Copy, Debug)]
pub struct BudgetKey {
    pub scope: ScopeKind,
    /// The id of the tenant, user, group, profile or key.
    pub scope_id: Uuid,
    pub period: Period,
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
    tx.query(
        "INSERT INTO budgets (tenant_id, id, scope_kind, scope_id, period, limit_input_tokens, limit_output_tokens, \
         limit_requests, limit_pico_usd, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         ON CONFLICT (tenant_id, scope_kind, scope_id, period) DO UPDATE SET \
         limit_input_tokens = excluded.limit_input_tokens, limit_output_tokens = excluded.limit_output_tokens, \
         limit_requests = excluded.limit_requests, limit_pico_usd = excluded.limit_pico_usd, \
         updated_at = excluded.updated_at",
    )
    .bind(books.tenant())
    .bind(id)
    .bind(key.scope.as_str())
    .bind(key.scope_id)
    .bind(key.period.as_str())
    .bind(limits.input_tokens)
    .bind(limits.output_tokens)
    .bind(limits.requests)
    .bind(limits.cost)
    .bind(now)
    .execute()
    .await?;
    Ok(())
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
    tx.query(
        "INSERT INTO budgets (tenant_id, id, scope_kind, scope_id, period, limit_input_tokens, limit_output_tokens, \
         limit_requests, limit_pico_usd, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         ON CONFLICT (tenant_id, scope_kind, scope_id, period) DO NOTHING",
    )
    .bind(books.tenant())
    .bind(id)
    .bind(key.scope.as_str())
    .bind(key.scope_id)
    .bind(key.period.as_str())
    .bind(limits.input_tokens)
    .bind(limits.output_tokens)
    .bind(limits.requests)
    .bind(limits.cost)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}
