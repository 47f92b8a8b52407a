//! The budgets on a call's path.

use app::model::{BudgetLimits, Timestamp};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    Payer, Period, ScopeKind,
    row::{BudgetRow, budget_columns},
    window::WindowState,
};
use crate::db::{Result, Tx, ledger::Books};

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
    contact: String,
    #[sqlx(flatten)]
    budget: BudgetRow,
}

impl PathRow {
    fn budget(self) -> Result<BudgetOnPath> {
        let budget = self.budget.read()?;
        let granted = budget.window.map(|window| window.granted).unwrap_or_default();
        Ok(BudgetOnPath {
            id: budget.id,
            scope: budget.scope,
            period: budget.period,
            limits: if budget.is_active { granted.on_top_of(&budget.limits) } else { BudgetLimits::default() },
            soft_percent: budget.soft_percent,
            is_active: budget.is_active,
            time_zone: budget.time_zone,
            contact: self.contact,
            window: budget.window,
        })
    }
}

/// Every budget that a call for this payer must fit in at that time, ordered by id; those that do not count are there,
/// too, marked as such. Where a change of the tenant's zone left two windows over the same instant, the older one counts
/// until it ends: nobody spends twice.
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
        .query(concat!(
            "SELECT t.contact, ",
            budget_columns!(),
            " FROM budgets b JOIN tenants t ON t.id = b.tenant_id \
             LEFT JOIN budget_windows w ON w.tenant_id = b.tenant_id AND w.budget_id = b.id \
             AND w.window_start <= $3 AND w.window_end > $3 \
             WHERE b.tenant_id = $1 AND ((b.scope_kind = 'tenant' AND b.scope_id = $1) \
             OR (b.scope_kind = 'user' AND b.scope_id = $2) \
             OR (b.scope_kind = 'key' AND b.scope_id = $4) \
             OR (b.scope_kind = 'profile' AND b.scope_id = $5) \
             OR (b.scope_kind = 'group' AND EXISTS (SELECT 1 FROM group_members g WHERE g.tenant_id = $1 \
             AND g.group_id = b.scope_id AND g.user_id = $2))) \
             ORDER BY b.id, w.window_start",
        ))
        .bind(books.tenant())
        .bind(payer.user)
        .bind(at)
        .bind(payer.key)
        .bind(payer.profile)
        .all()
        .await?;
    let mut path: Vec<BudgetOnPath> = Vec::with_capacity(rows.len());
    for row in rows {
        if path.last().is_some_and(|last| last.id == row.budget.id) {
            continue;
        }
        path.push(row.budget()?);
    }
    Ok(path)
}
