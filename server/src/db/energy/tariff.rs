//! Shifts, time-of-use rates, and the tenant's currency.

use crate::db::{Result, TenantScope, Tx};

/// A shift: a time of day.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Shift {
    pub id: i64,
    pub name: String,
    /// Minutes from local midnight.
    pub from_minute: i64,
    /// Exclusive; not after `from_minute`: crosses midnight.
    pub to_minute: i64,
}

/// A price at a time of day, for some days.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Rate {
    pub id: i64,
    /// e.g. `WBP`.
    pub code: String,
    pub name: String,
    pub from_minute: i64,
    pub to_minute: i64,
    /// Micro-units of the tenant's currency per kWh.
    pub price_micro: i64,
    /// Local day, days since 1970-01-01.
    pub valid_from: i64,
    /// Exclusive; `None`: until further notice.
    pub valid_to: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct CurrencyRow {
    currency: String,
}

/// All shifts, by id.
///
/// # Errors
/// Database errors.
pub async fn shift_list(scope: &TenantScope, tx: &mut Tx) -> Result<Vec<Shift>> {
    tx.query("SELECT id, name, from_minute, to_minute FROM en_shift WHERE tenant_id = $1 ORDER BY id LIMIT 100")
        .bind(scope.tenant())
        .all()
        .await
}

/// Adds a shift; one with that id stays as it is.
///
/// # Errors
/// Database errors.
pub async fn shift_add(scope: &TenantScope, tx: &mut Tx, shift: &Shift) -> Result<()> {
    tx.query(
        "INSERT INTO en_shift (tenant_id, id, name, from_minute, to_minute) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, id) DO NOTHING",
    )
    .bind(scope.tenant())
    .bind(shift.id)
    .bind(&shift.name)
    .bind(shift.from_minute)
    .bind(shift.to_minute)
    .execute()
    .await?;
    Ok(())
}

/// All rates there ever were, by id.
///
/// # Errors
/// Database errors.
pub async fn rate_list(scope: &TenantScope, tx: &mut Tx) -> Result<Vec<Rate>> {
    tx.query(
        "SELECT id, code, name, from_minute, to_minute, price_micro, valid_from, valid_to FROM en_rate \
         WHERE tenant_id = $1 ORDER BY id LIMIT 1000",
    )
    .bind(scope.tenant())
    .all()
    .await
}

/// Adds a rate; one with that id stays as it is.
///
/// # Errors
/// Database errors.
pub async fn rate_add(scope: &TenantScope, tx: &mut Tx, rate: &Rate) -> Result<()> {
    tx.query(
        "INSERT INTO en_rate (tenant_id, id, code, name, from_minute, to_minute, price_micro, valid_from, valid_to) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, id) DO NOTHING",
    )
    .bind(scope.tenant())
    .bind(rate.id)
    .bind(&rate.code)
    .bind(&rate.name)
    .bind(rate.from_minute)
    .bind(rate.to_minute)
    .bind(rate.price_micro)
    .bind(rate.valid_from)
    .bind(rate.valid_to)
    .execute()
    .await?;
    Ok(())
}

/// The tenant's currency, ISO 4217.
///
/// # Errors
/// Database errors.
pub async fn currency(scope: &TenantScope, tx: &mut Tx) -> Result<String> {
    let row = tx.query("SELECT currency FROM tenants WHERE id = $1").bind(scope.tenant()).one::<CurrencyRow>().await?;
    Ok(row.currency)
}
