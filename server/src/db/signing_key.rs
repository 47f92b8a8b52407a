//! Keys that sign access tokens.

use app::model::Timestamp;
use uuid::Uuid;

use super::{Result, Tx};

/// A signing key.
#[derive(sqlx::FromRow)]
pub struct SigningKey {
    /// The `kid`.
    pub id: Uuid,
    /// PKCS #8 DER.
    pub private_key: Vec<u8>,
}

/// Keeps the first key, unless another replica was faster.
///
/// # Errors
/// Database errors.
pub async fn signing_key_insert_first(tx: &mut Tx, id: Uuid, private_key: &[u8], now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO signing_keys (id, number, private_key, created_at) VALUES ($1, 1, $2, $3) \
         ON CONFLICT (number) DO NOTHING",
    )
    .bind(id)
    .bind(private_key)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// All keys, the one that signs first.
///
/// # Errors
/// Database errors.
pub async fn signing_key_list(tx: &mut Tx) -> Result<Vec<SigningKey>> {
    tx.query("SELECT id, private_key FROM signing_keys ORDER BY number DESC LIMIT 10").all::<SigningKey>().await
}
