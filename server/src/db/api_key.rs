//! Keys of programs at the gateway. A key's secret is known by its hash alone.

use app::model::{ApiKeyId, ProfileId, TenantCode, TenantId, Timestamp, UserId};
use uuid::Uuid;

use super::{Error, Result, SystemTx, Tx, ledger::Books};

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Acts as its person.
    Personal,
    /// Acts as an account made for it, which cannot sign in.
    Service,
}

impl KeyKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Service => "service",
        }
    }
}

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
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    pub max_concurrent: Option<i64>,
    /// Exact model ids; empty: all.
    pub models: Vec<String>,
    pub created_by: UserId,
    pub expires_at: Option<Timestamp>,
}

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub tenant: TenantId,
    pub tenant_code: TenantCode,
    pub id: ApiKeyId,
    pub public_id: String,
    pub secret_sha256: Vec<u8>,
    pub kind: KeyKind,
    pub user: UserId,
    pub user_email: String,
    pub name: String,
    pub profile: Option<ProfileId>,
    pub is_trusted_front_end: bool,
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    pub max_concurrent: Option<i64>,
    pub models: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything at that time.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    tenant_id: Uuid,
    code: String,
    id: Uuid,
    public_id: String,
    secret_sha256: Vec<u8>,
    kind: String,
    user_id: Uuid,
    email: String,
    name: String,
    profile_id: Option<Uuid>,
    is_trusted_front_end: bool,
    requests_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    max_concurrent: Option<i64>,
    models: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl KeyRow {
    fn key(self) -> Result<ApiKey> {
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "api_keys",
            column,
            row: self.id.to_string(),
            problem,
        };
        let kind = match self.kind.as_str() {
            "personal" => KeyKind::Personal,
            "service" => KeyKind::Service,
            other => return Err(corrupt("kind", other.to_owned())),
        };
        let tenant_code = self.code.parse().map_err(|e: &str| corrupt("code", e.to_owned()))?;
        let models = serde_json::from_str(&self.models).map_err(|e| corrupt("models", e.to_string()))?;
        Ok(ApiKey {
            tenant: TenantId(self.tenant_id),
            tenant_code,
            id: ApiKeyId(self.id),
            public_id: self.public_id,
            secret_sha256: self.secret_sha256,
            kind,
            user: UserId(self.user_id),
            user_email: self.email,
            name: self.name,
            profile: self.profile_id.map(ProfileId),
            is_trusted_front_end: self.is_trusted_front_end,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            max_concurrent: self.max_concurrent,
            models,
            created_at: Timestamp(self.created_at),
            expires_at: self.expires_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
            last_used_at: self.last_used_at.map(Timestamp),
        })
    }
}

/// Makes a key.
///
/// # Errors
/// Database errors.
pub async fn api_key_insert(books: Books, tx: &mut Tx, key: &NewApiKey, now: Timestamp) -> Result<()> {
    let models = serde_json::to_string(&key.models).map_err(|e| Error::Misuse(e.to_string()))?;
    tx.query(
        "INSERT INTO api_keys (tenant_id, id, public_id, secret_sha256, kind, user_id, name, profile_id, \
         is_trusted_front_end, requests_per_minute, tokens_per_minute, max_concurrent, models, created_by, created_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
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
    .bind(models)
    .bind(key.created_by)
    .bind(now)
    .bind(key.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// The key of that public id, whosever it is: revoked and expired ones too, the caller decides. `None` also for keys of
/// disabled tenants and people.
///
/// # Errors
/// Database errors.
pub async fn api_key_find(tx: &mut SystemTx, public_id: &str) -> Result<Option<ApiKey>> {
    let row: Option<KeyRow> = tx
        .query(
            "SELECT k.tenant_id, t.code, k.id, k.public_id, k.secret_sha256, k.kind, k.user_id, u.email, k.name, \
             k.profile_id, k.is_trusted_front_end, k.requests_per_minute, k.tokens_per_minute, k.max_concurrent, \
             k.models, k.created_at, k.expires_at, k.revoked_at, k.last_used_at \
             FROM api_keys k JOIN tenants t ON t.id = k.tenant_id JOIN users u ON u.id = k.user_id \
             WHERE k.public_id = $1 AND t.is_disabled = FALSE AND u.is_disabled = FALSE",
        )
        .bind(public_id)
        .optional()
        .await?;
    row.map(KeyRow::key).transpose()
}

/// A tenant's keys after `after` (a public id), by public id, at most `limit`; only this person's, if one is named.
///
/// # Errors
/// Database errors.
pub async fn api_key_list(
    books: Books,
    tx: &mut Tx,
    user: Option<UserId>,
    after: &str,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let rows: Vec<KeyRow> = tx
        .query(
            "SELECT k.tenant_id, t.code, k.id, k.public_id, k.secret_sha256, k.kind, k.user_id, u.email, k.name, \
             k.profile_id, k.is_trusted_front_end, k.requests_per_minute, k.tokens_per_minute, k.max_concurrent, \
             k.models, k.created_at, k.expires_at, k.revoked_at, k.last_used_at \
             FROM api_keys k JOIN tenants t ON t.id = k.tenant_id JOIN users u ON u.id = k.user_id \
             WHERE k.tenant_id = $1 AND k.public_id > $2 AND ($3 = FALSE OR k.user_id = $4) \
             ORDER BY k.public_id LIMIT $5",
        )
        .bind(books.tenant())
        .bind(after)
        .bind(user.is_some())
        .bind(user)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(KeyRow::key).collect()
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
