//! What a gateway key used in a minute: for its rates, not for the books.
//!
//! A rate is checked against what is committed: requests in flight in several processes at the same instant may pass it
//! by as many as there are processes. Budgets cannot be passed at all.

use app::model::{ApiKeyId, Timestamp};

use super::{Result, SystemTx, Tx, ledger::Books};

/// What a key used in a minute, and what it has open now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyUse {
    pub requests: i64,
    /// Settled ones as billed, open ones as held.
    pub tokens: i64,
    /// Calls at this moment.
    pub open: i64,
}

/// The minute of an instant, counted since 1970-01-01.
#[must_use]
pub fn minute_of(at: Timestamp) -> i64 {
    at.0.div_euclid(60_000)
}

/// What a key used.
///
/// # Errors
/// Database errors.
pub async fn key_use(books: Books, tx: &mut Tx, key: ApiKeyId, minute: i64) -> Result<KeyUse> {
    tx.query(
        "SELECT COALESCE((SELECT requests FROM key_minutes WHERE tenant_id = $1 AND key_id = $2 AND minute = $3), 0) \
         AS requests, \
         COALESCE((SELECT tokens FROM key_minutes WHERE tenant_id = $1 AND key_id = $2 AND minute = $3), 0) AS tokens, \
         (SELECT COUNT(*) FROM model_calls WHERE tenant_id = $1 AND key_id = $2 AND state = 'open') AS open",
    )
    .bind(books.tenant())
    .bind(key)
    .bind(minute)
    .one()
    .await
}

/// Counts requests and tokens (fewer than before, when less was billed than held).
///
/// # Errors
/// Database errors.
pub async fn key_use_add(
    books: Books,
    tx: &mut Tx,
    key: ApiKeyId,
    minute: i64,
    requests: i64,
    tokens: i64,
) -> Result<()> {
    tx.query(
        "INSERT INTO key_minutes (tenant_id, key_id, minute, requests, tokens) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, key_id, minute) DO UPDATE SET requests = key_minutes.requests + $4, \
         tokens = CASE WHEN key_minutes.tokens + $6 < 0 THEN 0 ELSE key_minutes.tokens + $6 END",
    )
    .bind(books.tenant())
    .bind(key)
    .bind(minute)
    .bind(requests)
    .bind(tokens.max(0))
    .bind(tokens)
    .execute()
    .await?;
    Ok(())
}

/// Removes the minutes before `minute` of all tenants; how many.
///
/// # Errors
/// Database errors.
pub async fn key_minutes_purge(tx: &mut SystemTx, minute: i64) -> Result<u64> {
    tx.query("DELETE FROM key_minutes WHERE minute < $1").bind(minute).execute().await
}
