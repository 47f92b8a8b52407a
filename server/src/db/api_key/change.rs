//! Making, changing, rotating and ending keys.

use app::model::{ApiKeyId, GroupId, ProfileId, Timestamp, UserId};

use super::{ApiKey, KeyKind, Scopes, UnknownPerson};
use crate::db::{Error, Result, SystemTx, Tx, ledger::Books};

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    pub id: ApiKeyId,
    pub public_id: String,
    pub secret_sha256: [u8; 32],
    pub kind: KeyKind,
    pub user: UserId,
    pub name: String,
    pub profile: Option<ProfileId>,
    pub is_trusted_front_end: bool,
    pub unknown_person: UnknownPerson,
    pub scopes: Scopes,
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    pub max_concurrent: Option<i64>,
    /// Exact model ids; empty: all.
    pub models: Vec<String>,
    pub group: Option<GroupId>,
    pub created_by: UserId,
    pub expires_at: Option<Timestamp>,
}

/// Makes a key.
///
/// # Errors
/// Database errors.
pub async fn api_key_insert(books: Books, tx: &mut Tx, key: &NewApiKey, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO api_keys (tenant_id, id, public_id, secret_sha256, kind, user_id, name, profile_id, \
         is_trusted_front_end, requests_per_minute, tokens_per_minute, max_concurrent, models, created_by, created_at, \
         expires_at, unknown_person, scopes, group_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
    )
    .bind(books.tenant())
    .bind(key.id)
    .bind(&key.public_id)
    .bind(key.secret_sha256.as_slice())
    .bind(key.kind.as_str())
    .bind(key.user)
    .bind(&key.name)
    .bind(key.profile)
    .bind(key.is_trusted_front_end)
    .bind(key.requests_per_minute)
    .bind(key.tokens_per_minute)
    .bind(key.max_concurrent)
    .bind(listed(&key.models)?)
    .bind(key.created_by)
    .bind(now)
    .bind(key.expires_at)
    .bind(key.unknown_person.as_str())
    .bind(key.scopes.to_string())
    .bind(key.group)
    .execute()
    .await?;
    Ok(())
}

fn listed(models: &[String]) -> Result<String> {
    serde_json::to_string(models).map_err(|e| Error::Misuse(e.to_string()))
}

/// Writes what may change of a key: its name, limits, models, scopes, end, and how it names people.
///
/// # Errors
/// Database errors.
pub async fn api_key_set(books: Books, tx: &mut Tx, key: &ApiKey) -> Result<()> {
    tx.query(
        "UPDATE api_keys SET name = $3, requests_per_minute = $4, tokens_per_minute = $5, max_concurrent = $6, \
         models = $7, scopes = $8, expires_at = $9, unknown_person = $10, jwt_secret = $11 \
         WHERE tenant_id = $1 AND id = $2",
    )
    .bind(books.tenant())
    .bind(key.id)
    .bind(&key.name)
    .bind(key.requests_per_minute)
    .bind(key.tokens_per_minute)
    .bind(key.max_concurrent)
    .bind(listed(&key.models)?)
    .bind(key.scopes.to_string())
    .bind(key.expires_at)
    .bind(key.unknown_person.as_str())
    .bind(key.jwt_secret.as_ref().map(|secret| secret.bytes().to_vec()))
    .execute()
    .await?;
    Ok(())
}

/// Gives a key another secret; the one it has opens it until `former_ends_at`. `false`: it was rotated or revoked
/// meanwhile.
///
/// # Errors
/// Database errors.
pub async fn api_key_rotate(
    books: Books,
    tx: &mut Tx,
    old: &ApiKey,
    public_id: &str,
    secret_sha256: [u8; 32],
    former_ends_at: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE api_keys SET public_id = $4, secret_sha256 = $5 \
             WHERE tenant_id = $1 AND id = $2 AND public_id = $3 AND revoked_at IS NULL",
        )
        .bind(books.tenant())
        .bind(old.id)
        .bind(&old.public_id)
        .bind(public_id)
        .bind(secret_sha256.as_slice())
        .execute()
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    tx.query(
        "INSERT INTO api_key_former (tenant_id, public_id, key_id, secret_sha256, ends_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(books.tenant())
    .bind(&old.public_id)
    .bind(old.id)
    .bind(old.secret_sha256.as_slice())
    .bind(former_ends_at)
    .execute()
    .await?;
    Ok(true)
}

/// Ends a key at `at`, or sooner when it ends sooner by itself; `false`: there is no such key of the tenant.
///
/// # Errors
/// Database errors.
pub async fn api_key_end(books: Books, tx: &mut Tx, key: ApiKeyId, at: Timestamp, is_revoked: bool) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE api_keys SET revoked_at = CASE WHEN $4 = TRUE AND revoked_at IS NULL THEN $3 ELSE revoked_at END, \
             expires_at = CASE WHEN expires_at IS NULL OR expires_at > $3 THEN $3 ELSE expires_at END \
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(books.tenant())
        .bind(key)
        .bind(at)
        .bind(is_revoked)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Ends a secret that a key had before it was rotated; the key goes on.
///
/// # Errors
/// Database errors.
pub async fn api_key_former_end(books: Books, tx: &mut Tx, public_id: &str, at: Timestamp) -> Result<()> {
    tx.query("UPDATE api_key_former SET ends_at = $3 WHERE tenant_id = $1 AND public_id = $2 AND ends_at > $3")
        .bind(books.tenant())
        .bind(public_id)
        .bind(at)
        .execute()
        .await?;
    Ok(())
}

/// Removes the secrets of all tenants that ended before `before`; how many.
///
/// # Errors
/// Database errors.
pub async fn api_key_former_purge(tx: &mut SystemTx, before: Timestamp) -> Result<u64> {
    tx.query("DELETE FROM api_key_former WHERE ends_at < $1").bind(before).execute().await
}

/// Notes that a key was used.
///
/// # Errors
/// Database errors.
pub async fn api_key_used(books: Books, tx: &mut Tx, key: ApiKeyId, now: Timestamp) -> Result<()> {
    tx.query("UPDATE api_keys SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(books.tenant())
        .bind(key)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}
