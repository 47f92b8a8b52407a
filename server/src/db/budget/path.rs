//! The budgets on a call's path.

use std::str::FromStr;

use app::model::{BudgetLimits, Money, Timestamp};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    Payer, Period, ScopeKind,
    window::{WindowCountsRow, WindowState},
};
use crate::db::{Error, Result, Tx, ledger::Books};

/// A budget that a call must fit in, with its window at that time if anything was ever held in it.
#[derive(Clone, Debug)]
pub struct BudgetOnPath {
    pub id: Uuid,
    pub scope: ScopeKind,
    pub period: Period,
    /// With what was granted for the window; none when it does not count.
    pub limits: BudgetLimits,
    /// From this share of a limit on people are told.
    pub soft_percent: Option<i64>,
    /// `false`: it limits nothing.
    pub is_active: bool,
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
    limit_tokens: Option<i64>,
    soft_percent: Option<i64>,
    is_active: bool,
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
        let limits = BudgetLimits {
            input_tokens: self.limit_input_tokens,
            output_tokens: self.limit_output_tokens,
            requests: self.limit_requests,
            cost: self.limit_pico_usd.map(Money),
            tokens: self.limit_tokens,
        };
        let granted = window.map(|window| window.granted).unwrap_or_default();
        Ok(BudgetOnPath {
            id: self.id,
            scope,
            period,
            limits: if self.is_active { granted.on_top_of(&limits) } else { BudgetLimits::default() },
            soft_percent: self.soft_percent,
            is_active: self.is_active,
            time_zone,
            contact: self.contact,
            window,
        })
    }
}

/// Every budget that a call for this payer must fit in at that time, ordered by id; those that do not count are there,
/// too, marked as such. Where a change of the tenant's zone
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
             b.limit_pico_usd, b.limit_tokens, b.soft_percent, b.is_active, t.time_zone, t.contact, \
             w.window_start, w.window_end, \
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
