//! Budgets in money: of a group, a key or a person.

use app::model::{Money, Timestamp};
use uuid::Uuid;

use crate::db::{
    Error, Result, Tx,
    budget::{Period, ScopeKind},
    ledger::Books,
};

/// A budget in money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyBudget {
    pub period: Period,
    pub limit: Money,
}

#[derive(sqlx::FromRow)]
struct BudgetRow {
    id: Uuid,
    period: String,
    limit_pico_usd: i64,
}

/// The budget in money of a group, a key or a person; the one of the longest period if there are several.
///
/// # Errors
/// Database errors.
pub async fn money_budget(books: Books, tx: &mut Tx, scope: ScopeKind, id: Uuid) -> Result<Option<MoneyBudget>> {
    let row: Option<BudgetRow> = tx
        .query(
            "SELECT id, period, limit_pico_usd FROM budgets WHERE tenant_id = $1 AND scope_kind = $2 AND scope_id = $3 \
             AND limit_pico_usd IS NOT NULL AND is_active = TRUE \
             ORDER BY CASE period WHEN 'none' THEN 0 WHEN 'month' THEN 1 WHEN 'week' THEN 2 ELSE 3 END LIMIT 1",
        )
        .bind(books.tenant())
        .bind(scope.as_str())
        .bind(id)
        .optional()
        .await?;
    row.map(|row| {
        let period = row.period.parse().map_err(|e: &str| Error::Corrupt {
            table: "budgets",
            column: "period",
            row: row.id.to_string(),
            problem: e.to_owned(),
        })?;
        Ok(MoneyBudget { period, limit: Money(row.limit_pico_usd) })
    })
    .transpose()
}

/// Lifts the limits in money of the budgets of a scope, but for one period's.
///
/// # Errors
/// Database errors.
pub async fn money_budget_lift(
    books: Books,
    tx: &mut Tx,
    scope: ScopeKind,
    id: Uuid,
    but: Option<Period>,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "UPDATE budgets SET limit_pico_usd = NULL, updated_at = $5 WHERE tenant_id = $1 AND scope_kind = $2 \
         AND scope_id = $3 AND period <> $4 AND limit_pico_usd IS NOT NULL",
    )
    .bind(books.tenant())
    .bind(scope.as_str())
    .bind(id)
    .bind(but.map_or("", Period::as_str))
    .bind(now)
    .execute()
    .await?;
    Ok(())
}
