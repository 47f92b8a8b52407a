//! Keys of programs at the gateway: finding them. A key's secret is known by its hash alone. What changes them is in
//! [`change`], what one may do in [`scopes`], what a trusted front end's says besides in [`trusted`].
//!
//! Rotation gives a key a new secret; the one before opens it for a while ([`ApiKey::former_until`]). The key stays the
//! same row, so its budgets, rates and people stay, too.

pub mod change;
mod scopes;
mod trusted;

use app::model::{ApiKeyId, GroupId, ProfileId, TenantCode, TenantId, Timestamp, UserId};
use uuid::Uuid;

pub use self::{
    change::{NewApiKey, api_key_end, api_key_insert, api_key_rotate, api_key_set, api_key_used},
    scopes::Scopes,
    trusted::{JwtSecret, UnknownPerson},
};
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
    pub unknown_person: UnknownPerson,
    /// Set: who a request is made for has to be signed with it.
    pub jwt_secret: Option<JwtSecret>,
    pub scopes: Scopes,
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    pub max_concurrent: Option<i64>,
    /// Exact model ids; empty: all.
    pub models: Vec<String>,
    /// The team it was made for.
    pub group: Option<GroupId>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Found by a secret it had before it was rotated, which ends then. Always `None` in lists.
    pub former_until: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything at that time, with the secret it was found by.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        let is_before = |end: Option<Timestamp>| end.is_none_or(|end| now < end);
        self.revoked_at.is_none() && is_before(self.expires_at) && is_before(self.former_until)
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
    unknown_person: String,
    jwt_secret: Option<Vec<u8>>,
    scopes: String,
    requests_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    max_concurrent: Option<i64>,
    models: String,
    group_id: Option<Uuid>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
    former_until: Option<i64>,
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
        let scopes = self.scopes.parse().map_err(|e: &str| corrupt("scopes", e.to_owned()))?;
        let unknown_person = self.unknown_person.parse().map_err(|e: &str| corrupt("unknown_person", e.to_owned()))?;
        let jwt_secret = self.jwt_secret.clone().map(JwtSecret::new).transpose();
        let jwt_secret = jwt_secret.map_err(|e| corrupt("jwt_secret", e.to_owned()))?;
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
            unknown_person,
            jwt_secret,
            scopes,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            max_concurrent: self.max_concurrent,
            models,
            group: self.group_id.map(GroupId),
            created_at: Timestamp(self.created_at),
            expires_at: self.expires_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
            last_used_at: self.last_used_at.map(Timestamp),
            former_until: self.former_until.map(Timestamp),
        })
    }
}

/// The columns of a key, its own secret, and the rest of the statement.
macro_rules! select_keys {
    ($rest:literal) => {
        concat!(
            "SELECT k.tenant_id, t.code, k.id, k.public_id, k.secret_sha256, CAST(NULL AS BIGINT) AS former_until, ",
            "k.kind, k.user_id, u.email, k.name, k.profile_id, k.is_trusted_front_end, k.unknown_person, k.jwt_secret, ",
            "k.scopes, k.requests_per_minute, k.tokens_per_minute, k.max_concurrent, k.models, k.group_id, ",
            "k.created_at, k.expires_at, k.revoked_at, k.last_used_at ",
            "FROM api_keys k JOIN tenants t ON t.id = k.tenant_id JOIN users u ON u.id = k.user_id ",
            $rest
        )
    };
}

/// The key of that public id, whosever it is: revoked and expired ones too, the caller decides. `None` also for keys of
/// disabled tenants and people. A public id from before a rotation finds it with the secret of then.
///
/// # Errors
/// Database errors.
pub async fn api_key_find(tx: &mut SystemTx, public_id: &str) -> Result<Option<ApiKey>> {
    let row: Option<KeyRow> = tx
        .query(select_keys!("WHERE k.public_id = $1 AND t.is_disabled = FALSE AND u.is_disabled = FALSE"))
        .bind(public_id)
        .optional()
        .await?;
    if let Some(row) = row {
        return Ok(Some(row.key()?));
    }
    let row: Option<KeyRow> = tx
        .query(
            "SELECT k.tenant_id, t.code, k.id, f.public_id, f.secret_sha256, f.ends_at AS former_until, \
             k.kind, k.user_id, u.email, k.name, k.profile_id, k.is_trusted_front_end, k.unknown_person, k.jwt_secret, \
             k.scopes, k.requests_per_minute, k.tokens_per_minute, k.max_concurrent, k.models, k.group_id, \
             k.created_at, k.expires_at, k.revoked_at, k.last_used_at \
             FROM api_key_former f JOIN api_keys k ON k.tenant_id = f.tenant_id AND k.id = f.key_id \
             JOIN tenants t ON t.id = k.tenant_id JOIN users u ON u.id = k.user_id \
             WHERE f.public_id = $1 AND t.is_disabled = FALSE AND u.is_disabled = FALSE",
        )
        .bind(public_id)
        .optional()
        .await?;
    row.map(KeyRow::key).transpose()
}

/// A key of the tenant by its id.
///
/// # Errors
/// Database errors.
pub async fn api_key_get(books: Books, tx: &mut Tx, key: ApiKeyId) -> Result<Option<ApiKey>> {
    let row: Option<KeyRow> = tx
        .query(select_keys!("WHERE k.tenant_id = $1 AND k.id = $2"))
        .bind(books.tenant())
        .bind(key)
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
        .query(select_keys!(
            "WHERE k.tenant_id = $1 AND k.public_id > $2 AND ($3 = FALSE OR k.user_id = $4) ORDER BY k.public_id LIMIT $5"
        ))
        .bind(books.tenant())
        .bind(after)
        .bind(user.is_some())
        .bind(user)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(KeyRow::key).collect()
}

/// A tenant's keys of one kind, newest first, at most `limit` older than `before` (the id of a key): those of one person, or
/// with `None` of everybody.
///
/// # Errors
/// Database errors.
pub async fn api_key_page(
    books: Books,
    tx: &mut Tx,
    kind: KeyKind,
    user: Option<UserId>,
    before: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let rows: Vec<KeyRow> = tx
        .query(select_keys!(
            "WHERE k.tenant_id = $1 AND k.kind = $2 AND ($3 = FALSE OR k.user_id = $4) AND ($5 = FALSE OR k.id < $6) \
             ORDER BY k.id DESC LIMIT $7"
        ))
        .bind(books.tenant())
        .bind(kind.as_str())
        .bind(user.is_some())
        .bind(user)
        .bind(before.is_some())
        .bind(before)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(KeyRow::key).collect()
}

/// The keys of a team, newest first, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn api_key_of_group(books: Books, tx: &mut Tx, group: GroupId, limit: i64) -> Result<Vec<ApiKey>> {
    let rows: Vec<KeyRow> = tx
        .query(select_keys!("WHERE k.tenant_id = $1 AND k.group_id = $2 ORDER BY k.id DESC LIMIT $3"))
        .bind(books.tenant())
        .bind(group)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(KeyRow::key).collect()
}

#[derive(sqlx::FromRow)]
struct CountRow {
    count: i64,
}

/// How many keys of one kind open something at that time: of one person, or with `None` of everybody.
///
/// # Errors
/// Database errors.
pub async fn api_key_count(
    books: Books,
    tx: &mut Tx,
    kind: KeyKind,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<i64> {
    let row: CountRow = tx
        .query(
            "SELECT COUNT(*) AS count FROM api_keys WHERE tenant_id = $1 AND kind = $2 AND ($3 = FALSE OR user_id = $4) \
             AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5)",
        )
        .bind(books.tenant())
        .bind(kind.as_str())
        .bind(user.is_some())
        .bind(user)
        .bind(now)
        .one()
        .await?;
    Ok(row.count)
}
