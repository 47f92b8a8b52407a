//! Energy and cost per device, local day, shift and rate: derived rows.

use crate::db::{DbValue, Result, TenantScope, Tx};

/// One cell. Shift or rate 0: none applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Daily {
    /// Local day, days since 1970-01-01.
    pub day: i64,
    pub shift_id: i64,
    pub rate_id: i64,
    /// Micro-kWh.
    pub used_micro: i64,
    /// Micro-units of the tenant's currency.
    pub cost_micro: i64,
}

/// A device's cells of the days `from..=to`, by day.
///
/// # Errors
/// Database errors.
pub async fn daily_list(scope: &TenantScope, tx: &mut Tx, device: i64, from: i64, to: i64) -> Result<Vec<Daily>> {
    tx.query(
        "SELECT day, shift_id, rate_id, used_micro, cost_micro FROM en_daily \
         WHERE tenant_id = $1 AND device_id = $2 AND day BETWEEN $3 AND $4 ORDER BY day, shift_id, rate_id",
    )
    .bind(scope.tenant())
    .bind(device)
    .bind(from)
    .bind(to)
    .all()
    .await
}

/// Replaces a device's cells of the days `from..=to`.
///
/// # Errors
/// Database errors.
pub async fn daily_replace(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    from: i64,
    to: i64,
    cells: &[Daily],
) -> Result<()> {
    tx.query("DELETE FROM en_daily WHERE tenant_id = $1 AND device_id = $2 AND day BETWEEN $3 AND $4")
        .bind(scope.tenant())
        .bind(device)
        .bind(from)
        .bind(to)
        .execute()
        .await?;
    let mut values = Vec::with_capacity(cells.len() * 7);
    for cell in cells {
        values.extend([
            DbValue::Id(scope.tenant().0),
            DbValue::Int(device),
            DbValue::Int(cell.day),
            DbValue::Int(cell.shift_id),
            DbValue::Int(cell.rate_id),
            DbValue::Int(cell.used_micro),
            DbValue::Int(cell.cost_micro),
        ]);
    }
    tx.insert_many(
        "INSERT INTO en_daily (tenant_id, device_id, day, shift_id, rate_id, used_micro, cost_micro)",
        7,
        values,
        "",
    )
    .await?;
    Ok(())
}
