//! What every reader of budgets reads: the budget's own columns, and its window's, if it has one then.

use std::str::FromStr as _;

use app::model::{BudgetLimits, Money, Timestamp};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    Period, ScopeKind,
    window::{WindowCountsRow, WindowState},
};
use crate::db::{Error, Result};

/// The columns of a [`BudgetRow`]: of a budget `b`, its tenant `t` and its window `w`, which may be missing.
macro_rules! budget_columns {
    () => {
        "b.id, b.scope_kind, b.period, b.limit_input_tokens, b.limit_output_tokens, b.limit_requests, \
         b.limit_pico_usd, b.limit_tokens, b.soft_percent, b.is_active, t.time_zone, w.window_start, w.window_end, \
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
         COALESCE(w.granted_pico_usd, 0) AS granted_pico_usd"
    };
}

pub(super) use budget_columns;

/// A budget's limits.
#[derive(sqlx::FromRow)]
pub(super) struct LimitsRow {
    limit_input_tokens: Option<i64>,
    limit_output_tokens: Option<i64>,
    limit_requests: Option<i64>,
    limit_pico_usd: Option<i64>,
    limit_tokens: Option<i64>,
}

impl LimitsRow {
    pub(super) fn limits(&self) -> BudgetLimits {
        BudgetLimits {
            input_tokens: self.limit_input_tokens,
            output_tokens: self.limit_output_tokens,
            requests: self.limit_requests,
            cost: self.limit_pico_usd.map(Money),
            tokens: self.limit_tokens,
        }
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct BudgetRow {
    pub(super) id: Uuid,
    scope_kind: String,
    period: String,
    #[sqlx(flatten)]
    limits: LimitsRow,
    soft_percent: Option<i64>,
    is_active: bool,
    time_zone: String,
    window_start: Option<i64>,
    window_end: Option<i64>,
    #[sqlx(flatten)]
    counts: WindowCountsRow,
}

/// A [`BudgetRow`] that was understood.
pub(super) struct ReadBudget {
    pub(super) id: Uuid,
    pub(super) scope: ScopeKind,
    pub(super) period: Period,
    /// As set, without grants.
    pub(super) limits: BudgetLimits,
    pub(super) soft_percent: Option<i64>,
    pub(super) is_active: bool,
    pub(super) time_zone: Tz,
    pub(super) window: Option<WindowState>,
}

impl BudgetRow {
    pub(super) fn read(self) -> Result<ReadBudget> {
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "budgets",
            column,
            row: self.id.to_string(),
            problem,
        };
        let scope = self.scope_kind.parse().map_err(|e: &str| corrupt("scope_kind", e.to_owned()))?;
        let period = self.period.parse().map_err(|e: &str| corrupt("period", e.to_owned()))?;
        let time_zone = Tz::from_str(&self.time_zone).map_err(|e| corrupt("time_zone", e.to_string()))?;
        let window = match (self.window_start, self.window_end) {
            (Some(start), Some(end)) => Some(self.counts.state(Timestamp(start), Timestamp(end))),
            _ => None,
        };
        Ok(ReadBudget {
            id: self.id,
            scope,
            period,
            limits: self.limits.limits(),
            soft_percent: self.soft_percent,
            is_active: self.is_active,
            time_zone,
            window,
        })
    }
}
