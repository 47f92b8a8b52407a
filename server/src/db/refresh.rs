//! Refresh tokens: single use, a family per API session. Only their SHA-256 is stored.

use app::model::{SessionId, Timestamp};
use uuid::Uuid;

use super::{Error, Result, Tx};

/// A refresh token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    pub session: SessionId,
    pub used_at: Option<Timestamp>,
    /// Set when it was used.
    pub successor: Option<[u8; 32]>,
}

#[derive(sqlx::FromRow)]
struct RefreshRow {
    session_id: Uuid,
    used_at: Option<i64>,
    successor: Option<Vec<u8>>,
}

/// # Errors
/// Database errors.
pub async fn refresh_insert(tx: &mut Tx, hash: [u8; 32], session: SessionId, now: Timestamp) -> Result<()> {
    tx.query("INSERT INTO refresh_tokens (hash, session_id, created_at) VALUES ($1, $2, $3)")
        .bind(Vec::from(hash))
        .bind(session)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// The token with this hash, used or not.
///
/// # Errors
/// Database errors, [`Error::Corrupt`].
pub async fn refresh_find(tx: &mut Tx, hash: [u8; 32]) -> Result<Option<RefreshToken>> {
    let row = tx
        .query("SELECT session_id, used_at, successor FROM refresh_tokens WHERE hash = $1")
        .bind(Vec::from(hash))
        .optional::<RefreshRow>()
        .await?;
    let Some(row) = row else { return Ok(None) };
    let successor = row.successor.map(<[u8; 32]>::try_from).transpose().map_err(|bytes| Error::Corrupt {
        table: "refresh_tokens",
        column: "successor",
        row: row.session_id.to_string(),
        problem: format!("{} bytes", bytes.len()),
    })?;
    Ok(Some(RefreshToken { session: SessionId(row.session_id), used_at: row.used_at.map(Timestamp), successor }))
}

/// Marks an unused token as used. `false`: it was used already; of two that come at once one wins.
///
/// # Errors
/// Database errors.
pub async fn refresh_use(tx: &mut Tx, hash: [u8; 32], successor: [u8; 32], now: Timestamp) -> Result<bool> {
    let used = tx
        .query("UPDATE refresh_tokens SET used_at = $3, successor = $2 WHERE hash = $1 AND used_at IS NULL")
        .bind(Vec::from(hash))
        .bind(Vec::from(successor))
        .bind(now)
        .execute()
        .await?;
    Ok(used > 0)
}
