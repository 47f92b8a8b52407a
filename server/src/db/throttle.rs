//! Counters of sign-in attempts.

use app::model::Timestamp;

use super::{Result, Tx};

/// A counter after this attempt was added.
#[derive(sqlx::FromRow)]
struct ThrottleRow {
    attempts: i64,
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

/// Adds an attempt; gives the attempts with this one and until when the bucket was blocked before it. The row stays locked
/// until the transaction ends, so attempts that come at once are judged one after the other. Attempts older than
/// `forget_before` no longer count.
///
/// # Errors
/// Database errors.
pub async fn throttle_add(
    tx: &mut Tx,
    bucket: &str,
    now: Timestamp,
    forget_before: Timestamp,
) -> Result<(i64, Timestamp)> {
    let row = tx
        .query(
            "INSERT INTO sign_in_throttles (bucket, attempts, last_attempt_at, blocked_until) VALUES ($1, 1, $2, 0) \
             ON CONFLICT (bucket) DO UPDATE SET last_attempt_at = $2, attempts = \
             CASE WHEN sign_in_throttles.last_attempt_at < $3 THEN 1 ELSE sign_in_throttles.attempts + 1 END \
             RETURNING attempts, blocked_until",
        )
        .bind(bucket)
        .bind(now)
        .bind(forget_before)
        .one::<ThrottleRow>()
        .await?;
    Ok((row.attempts, Timestamp(row.blocked_until)))
}

/// # Errors
/// Database errors.
pub async fn throttle_block(tx: &mut Tx, bucket: &str, until: Timestamp) -> Result<()> {
    tx.query("UPDATE sign_in_throttles SET blocked_until = $2 WHERE bucket = $1")
        .bind(bucket)
        .bind(until)
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

/// Takes one attempt back: it was right, but says nothing about the others in this bucket.
///
/// # Errors
/// Database errors.
pub async fn throttle_refund(tx: &mut Tx, bucket: &str) -> Result<()> {
    tx.query(
        "UPDATE sign_in_throttles SET attempts = attempts - 1, blocked_until = 0 WHERE bucket = $1 AND attempts > 0",
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
