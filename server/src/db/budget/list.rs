//! All budgets of a tenant, for administration.

use app::model::{BudgetLimits, Timestamp};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    BudgetKey,
    grant::Granted,
    row::{BudgetRow, budget_columns},
    window::WindowState,
};
use crate::db::{Result, Tx, ledger::Books};

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
    scope_id: Uuid,
    owner: String,
    #[sqlx(flatten)]
    budget: BudgetRow,
}

impl LineRow {
    fn line(self) -> Result<BudgetLine> {
        let budget = self.budget.read()?;
        Ok(BudgetLine {
            id: budget.id,
            key: BudgetKey { scope: budget.scope, scope_id: self.scope_id, period: budget.period },
            owner: self.owner,
            limits: budget.limits,
            soft_percent: budget.soft_percent,
            is_active: budget.is_active,
            time_zone: budget.time_zone,
            window: budget.window,
        })
    }
}

/// Whose the budget is, as people call it.
macro_rules! lines {
    ($rest:literal) => {
        concat!(
            "SELECT b.scope_id, COALESCE(CASE b.scope_kind WHEN 'tenant' THEN t.code \
             WHEN 'user' THEN (SELECT u.email FROM users u WHERE u.id = b.scope_id) \
             WHEN 'group' THEN (SELECT g.name FROM groups g WHERE g.tenant_id = b.tenant_id AND g.id = b.scope_id) \
             WHEN 'profile' THEN (SELECT p.slug FROM profiles p WHERE p.tenant_id = b.tenant_id AND p.id = b.scope_id) \
             ELSE (SELECT k.public_id FROM api_keys k WHERE k.tenant_id = b.tenant_id AND k.id = b.scope_id) END, '') \
             AS owner, ",
            budget_columns!(),
            " FROM budgets b JOIN tenants t ON t.id = b.tenant_id \
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
