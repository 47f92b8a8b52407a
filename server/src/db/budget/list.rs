//! All budgets of a tenant, for administration.

use std::str::FromStr as _;

use app::model::{BudgetLimits, Money, Timestamp};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    BudgetKey, Period, ScopeKind,
    grant::Granted,
    window::{WindowCountsRow, WindowState},
};
use crate::db::{Error, Result, Tx, ledger::Books};

/// A budget with its window of a moment.
#[derive(Clone, Debug)]
pub struct BudgetLine {
    pub id: Uuid,
    pub key: BudgetKey,
    /// Whose it is: the tenant's code, an e-mail, a group's or key's name, a profile's slug; empty: it is gone.
    pub owner: String,
    /// As set, without grants.
    pub limits: BudgetLimits,
    pub soft_percent: Option<i64>,
    pub is_active: bool,
    /// The tenant's.
    pub time_zone: Tz,
    pub window: Option<WindowState>,
}

impl BudgetLine {
    /// What holds now: the limits and what was granted for this window.
    #[must_use]
    pub fn effective(&self) -> BudgetLimits {
        self.window.map_or_else(Granted::default, |window| window.granted).on_top_of(&self.limits)
    }
}

#[derive(sqlx::FromRow)]
struct LineRow {
    id: Uuid,
    scope_kind: String,
    scope_id: Uuid,
    period: String,
    owner: String,
    limit_input_tokens: Option<i64>,
    limit_output_tokens: Option<i64>,
    limit_requests: Option<i64>,
    limit_pico_usd: Option<i64>,
    limit_tokens: Option<i64>,
    soft_percent: Option<i64>,
    is_active: bool,
    time_zone: String,
    window_start: Option<i64>,
    window_end: Option<i64>,
    #[sqlx(flatten)]
    counts: WindowCountsRow,
}

impl LineRow {
    fn line(self) -> Result<BudgetLine> {
        let row = self.id.to_string();
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "budgets",
            column,
            row: row.clone(),
            problem,
        };
        let scope: ScopeKind = self.scope_kind.parse().map_err(|e: &str| corrupt("scope_kind", e.to_owned()))?;
        let period: Period = self.period.parse().map_err(|e: &str| corrupt("period", e.to_owned()))?;
        let time_zone = Tz::from_str(&self.time_zone).map_err(|e| corrupt("time_zone", e.to_string()))?;
        let window = match (self.window_start, self.window_end) {
            (Some(start), Some(end)) => Some(self.counts.state(Timestamp(start), Timestamp(end))),
            _ => None,
        };
        Ok(BudgetLine {
            id: self.id,
            key: BudgetKey { scope, scope_id: self.scope_id, period },
            owner: self.owner,
            limits: BudgetLimits {
                input_tokens: self.limit_input_tokens,
                output_tokens: self.limit_output_tokens,
                requests: self.limit_requests,
                cost: self.limit_pico_usd.map(Money),
                tokens: self.limit_tokens,
            },
            soft_percent: self.soft_percent,
            is_active: self.is_active,
            time_zone,
            window,
        })
    }
}

/// Whose the budget is, as people call it.
macro_rules! lines {
    ($rest:literal) => {
        concat!(
            "SELECT b.id, b.scope_kind, b.scope_id, b.period, COALESCE(CASE b.scope_kind WHEN 'tenant' THEN t.code \
             WHEN 'user' THEN (SELECT u.email FROM users u WHERE u.id = b.scope_id) \
             WHEN 'group' THEN (SELECT g.name FROM groups g WHERE g.tenant_id = b.tenant_id AND g.id = b.scope_id) \
             WHEN 'profile' THEN (SELECT p.slug FROM profiles p WHERE p.tenant_id = b.tenant_id AND p.id = b.scope_id) \
             ELSE (SELECT k.public_id FROM api_keys k WHERE k.tenant_id = b.tenant_id AND k.id = b.scope_id) END, '') \
             AS owner, b.limit_input_tokens, b.limit_output_tokens, b.limit_requests, b.limit_pico_usd, b.limit_tokens, \
             b.soft_percent, b.is_active, t.time_zone, w.window_start, w.window_end, \
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
             COALESCE(w.estimated_calls, 0) AS estimated_calls, COALESCE(w.unknown_calls, 0) AS unknown_calls, \
             COALESCE(w.granted_input_tokens, 0) AS granted_input_tokens, \
             COALESCE(w.granted_output_tokens, 0) AS granted_output_tokens, \
             COALESCE(w.granted_tokens, 0) AS granted_tokens, COALESCE(w.granted_requests, 0) AS granted_requests, \
             COALESCE(w.granted_pico_usd, 0) AS granted_pico_usd \
             FROM budgets b JOIN tenants t ON t.id = b.tenant_id \
             LEFT JOIN budget_windows w ON w.tenant_id = b.tenant_id AND w.budget_id = b.id \
             AND w.window_start = (SELECT MIN(v.window_start) FROM budget_windows v WHERE v.tenant_id = b.tenant_id \
             AND v.budget_id = b.id AND v.window_start <= $2 AND v.window_end > $2) WHERE b.tenant_id = $1 ",
            $rest
        )
    };
}

/// A tenant's budgets after `after` (an id; the nil id comes first), by id, at most `limit`, with their windows at `at`.
///
/// # Errors
/// Database errors.
pub async fn budget_list(books: Books, tx: &mut Tx, at: Timestamp, after: Uuid, limit: i64) -> Result<Vec<BudgetLine>> {
    let rows: Vec<LineRow> = tx
        .query(lines!("AND b.id > $3 ORDER BY b.id LIMIT $4"))
        .bind(books.tenant())
        .bind(at)
        .bind(after)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(LineRow::line).collect()
}

/// One budget by whose it is and how long it lasts.
///
/// # Errors
/// Database errors.
pub async fn budget_find(books: Books, tx: &mut Tx, at: Timestamp, key: BudgetKey) -> Result<Option<BudgetLine>> {
    let row: Option<LineRow> = tx
        .query(lines!("AND b.scope_kind = $3 AND b.scope_id = $4 AND b.period = $5"))
        .bind(books.tenant())
        .bind(at)
        .bind(key.scope.as_str())
        .bind(key.scope_id)
        .bind(key.period.as_str())
        .optional()
        .await?;
    row.map(LineRow::line).transpose()
}

/// One budget by its id.
///
/// # Errors
/// Database errors.
pub async fn budget_get(books: Books, tx: &mut Tx, at: Timestamp, id: Uuid) -> Result<Option<BudgetLine>> {
    let row: Option<LineRow> =
        tx.query(lines!("AND b.id = $3")).bind(books.tenant()).bind(at).bind(id).optional().await?;
    row.map(LineRow::line).transpose()
}
