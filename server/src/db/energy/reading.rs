//! Readings per quarter hour. Every function that reads a range bounds it by time.

use crate::db::{DbValue, Query, Result, TenantScope, Tx};

/// A reading to store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub device_id: i64,
    pub quantity: i64,
    /// Start of the quarter hour, epoch seconds.
    pub ts: i64,
    pub last: f64,
    /// Lowest, highest and average of a gauge's samples.
    pub gauge: Option<(f64, f64, f64)>,
    /// Samples; 0: filled in between two registers.
    pub n: i64,
    /// Used in the quarter hour, in millionths of the unit; for amounts.
    pub used_micro: Option<i64>,
}

/// What was used in a quarter hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Used {
    pub ts: i64,
    pub used_micro: i64,
}

/// A reading as the source gave it.
#[derive(Clone, Copy, Debug, PartialEq, sqlx::FromRow)]
pub struct Raw {
    pub ts: i64,
    pub last: f64,
}

/// Several quarter hours together: the bucket's number from the start of the range.
#[derive(Clone, Copy, Debug, PartialEq, sqlx::FromRow)]
pub struct Bucket {
    pub bucket: i64,
    /// For amounts, in millionths; 0 for gauges.
    pub used_micro: i64,
    /// Average of a gauge, weighted by samples.
    pub average: f64,
    pub lowest: f64,
    pub highest: f64,
    pub samples: i64,
}

/// A statement on one quantity of one device: tenant, device and quantity are `$1`, `$2` and `$3`.
fn of_device<'t>(scope: &TenantScope, tx: &'t mut Tx, device: i64, quantity: i64, sql: &'static str) -> Query<'t> {
    tx.query(sql).bind(scope.tenant()).bind(device).bind(quantity)
}

/// Stores readings, replacing those of the same quarter hours.
///
/// # Errors
/// Database errors.
pub async fn reading_put(scope: &TenantScope, tx: &mut Tx, readings: &[Reading]) -> Result<()> {
    let mut values = Vec::with_capacity(readings.len() * 10);
    for reading in readings {
        let gauge =
            |pick: fn((f64, f64, f64)) -> f64| reading.gauge.map_or(DbValue::NullFloat, |g| DbValue::Float(pick(g)));
        values.extend([
            DbValue::Id(scope.tenant().0),
            DbValue::Int(reading.device_id),
            DbValue::Int(reading.quantity),
            DbValue::Int(reading.ts),
            DbValue::Float(reading.last),
            gauge(|g| g.0),
            gauge(|g| g.1),
            gauge(|g| g.2),
            DbValue::Int(reading.n),
            reading.used_micro.map_or(DbValue::NullInt, DbValue::Int),
        ]);
    }
    tx.insert_many(
        "INSERT INTO en_reading15 (tenant_id, device_id, quantity, ts, last, min, max, avg, n, used_micro)",
        10,
        values,
        "ON CONFLICT (tenant_id, device_id, quantity, ts) DO UPDATE SET last = excluded.last, min = excluded.min, \
         max = excluded.max, avg = excluded.avg, n = excluded.n, used_micro = excluded.used_micro",
    )
    .await?;
    Ok(())
}

/// What was used per quarter hour in `[start, end)`, oldest first.
///
/// # Errors
/// Database errors.
pub async fn reading_used(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    quantity: i64,
    start: i64,
    end: i64,
) -> Result<Vec<Used>> {
    let sql = "SELECT ts, used_micro FROM en_reading15 WHERE tenant_id = $1 AND device_id = $2 AND quantity = $3 \
         AND ts >= $4 AND ts < $5 AND used_micro IS NOT NULL ORDER BY ts";
    of_device(scope, tx, device, quantity, sql).bind(start).bind(end).all().await
}

/// Readings as the source gave them in `[start, end)`, oldest first.
///
/// # Errors
/// Database errors.
pub async fn reading_raw(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    quantity: i64,
    start: i64,
    end: i64,
) -> Result<Vec<Raw>> {
    let sql = "SELECT ts, last FROM en_reading15 WHERE tenant_id = $1 AND device_id = $2 AND quantity = $3 \
         AND ts >= $4 AND ts < $5 AND n > 0 ORDER BY ts";
    of_device(scope, tx, device, quantity, sql).bind(start).bind(end).all().await
}

/// The last reading before an instant.
///
/// # Errors
/// Database errors.
pub async fn reading_before(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    quantity: i64,
    ts: i64,
) -> Result<Option<Raw>> {
    let sql = "SELECT ts, last FROM en_reading15 WHERE tenant_id = $1 AND device_id = $2 AND quantity = $3 \
         AND ts < $4 AND n > 0 ORDER BY ts DESC LIMIT 1";
    of_device(scope, tx, device, quantity, sql).bind(ts).optional().await
}

/// The first reading at or after an instant.
///
/// # Errors
/// Database errors.
pub async fn reading_from(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    quantity: i64,
    ts: i64,
) -> Result<Option<Raw>> {
    let sql = "SELECT ts, last FROM en_reading15 WHERE tenant_id = $1 AND device_id = $2 AND quantity = $3 \
         AND ts >= $4 AND n > 0 ORDER BY ts LIMIT 1";
    of_device(scope, tx, device, quantity, sql).bind(ts).optional().await
}

/// Removes what was filled in between registers in `(after, before)`.
///
/// # Errors
/// Database errors.
pub async fn reading_remove_filled(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    quantity: i64,
    after: i64,
    before: i64,
) -> Result<()> {
    let sql = "DELETE FROM en_reading15 WHERE tenant_id = $1 AND device_id = $2 AND quantity = $3 \
         AND ts > $4 AND ts < $5 AND n = 0";
    of_device(scope, tx, device, quantity, sql).bind(after).bind(before).execute().await?;
    Ok(())
}

/// Readings of `[start, end)` in buckets of `width` seconds counted from `start`, oldest first.
///
/// # Errors
/// Database errors.
pub async fn reading_buckets(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    quantity: i64,
    (start, end): (i64, i64),
    width: i64,
) -> Result<Vec<Bucket>> {
    tx.query(
        "SELECT (ts - $4) / $6 AS bucket, CAST(COALESCE(SUM(used_micro), 0) AS BIGINT) AS used_micro, \
         SUM(COALESCE(avg, last) * n) / (CASE WHEN SUM(n) > 0 THEN SUM(n) ELSE 1 END) AS average, \
         MIN(COALESCE(min, last)) AS lowest, MAX(COALESCE(max, last)) AS highest, CAST(SUM(n) AS BIGINT) AS samples \
         FROM en_reading15 WHERE tenant_id = $1 AND device_id = $2 AND quantity = $3 AND ts >= $4 AND ts < $5 \
         GROUP BY (ts - $4) / $6 ORDER BY 1",
    )
    .bind(scope.tenant())
    .bind(device)
    .bind(quantity)
    .bind(start)
    .bind(end)
    .bind(width)
    .all()
    .await
}
