//! Counters of sign-in attempts.

use app::model::Timestamp;

use super::{Result, Tx};

/// A counter: how full it is, in thousandths of an attempt, and until when it blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    pub level_milli: i64,
    pub last_attempt_at: Timestamp,
    pub blocked_until: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ThrottleRow {
    level_milli: i64,
    last_attempt_at: i64,
    blocked_until: i64,
}

#[derive(sqlx::FromRow)]
struct BlockedRow {
    blocked_until: Option<i64>,
}

/// Until when any of these buckets is blocked; in the past, or `None`: none is.
///
/// # Errors
/// Database errors.
pub async fn throttle_blocked_until(tx: &mut Tx, buckets: [&str; 3]) -> Result<Option<Timestamp>> {
    let [first, second, third] = buckets;
    let row = tx
        .query("SELECT MAX(blocked_until) AS blocked_until FROM sign_in_throttles WHERE bucket IN ($1, $2, $3)")
        .bind(first)
        .bind(second)
        .bind(third)
        .one::<BlockedRow>()
        .await?;
    Ok(row.blocked_until.map(Timestamp))
}

/// The counter, made empty when there is none. The row stays locked until the transaction ends, so attempts that come at
/// once are judged one after the other.
///
/// # Errors
/// Database errors.
pub async fn throttle_lock(tx: &mut Tx, bucket: &str, now: Timestamp) -> Result<Throttle> {
    let row = tx
        .query(
            "INSERT INTO sign_in_throttles (bucket, level_milli, last_attempt_at, blocked_until) VALUES ($1, 0, $2, 0) \
             ON CONFLICT (bucket) DO UPDATE SET bucket = excluded.bucket \
             RETURNING level_milli, last_attempt_at, blocked_until",
        )
        .bind(bucket)
        .bind(now)
        .one::<ThrottleRow>()
        .await?;
    Ok(Throttle {
        level_milli: row.level_milli,
        last_attempt_at: Timestamp(row.last_attempt_at),
        blocked_until: Timestamp(row.blocked_until),
    })
}

/// Writes a counter that [`throttle_lock`] gave.
///
/// # Errors
/// Database errors.
pub async fn throttle_put(tx: &mut Tx, bucket: &str, throttle: Throttle) -> Result<()> {
    tx.query(
        "UPDATE sign_in_throttles SET level_milli = $2, last_attempt_at = $3, blocked_until = $4 WHERE bucket = $1",
    )
    .bind(bucket)
    .bind(throttle.level_milli)
    .bind(throttle.last_attempt_at)
    .bind(throttle.blocked_until)
    .execute()
    .await?;
    Ok(())
}

/// Forgets a bucket: the attempt was right.
///
/// # Errors
/// Database errors.
pub async fn throttle_clear(tx: &mut Tx, bucket: &str) -> Result<()> {
    tx.query("DELETE FROM sign_in_throttles WHERE bucket = $1").bind(bucket).execute().await?;
    Ok(())
}

/// Takes one attempt back and the block it caused: it was right, but says nothing about the others in this bucket.
///
/// # Errors
/// Database errors.
pub async fn throttle_refund(tx: &mut Tx, bucket: &str) -> Result<()> {
    tx.query(
        "UPDATE sign_in_throttles SET blocked_until = 0, \
         level_milli = CASE WHEN level_milli > 1000 THEN level_milli - 1000 ELSE 0 END WHERE bucket = $1",
    )
    .bind(bucket)
    .execute()
    .await?;
    Ok(())
}

/// Removes buckets nobody touched since `before`. Returns how many.
///
/// # Errors
/// Database errors.
pub async fn throttle_purge(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.query("DELETE FROM sign_in_throttles WHERE last_attempt_at < $1").bind(before).execute().await
}
