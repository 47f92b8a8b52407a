//! Links to shared conversations: a copy of a branch under the hash of a secret.
//!
//! A link lives as long as its conversation: while that is deleted (and can be brought back) its links find nothing, and
//! they go with it. A public link finds something only while its tenant allows public links.

use app::model::{Audience, ConversationId, Lang, ShareId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use super::{Error, Result, SystemTx, TenantScope, Tx};

/// A link to make. The conversation was found before ([`super::conversation::conversation_find`]).
#[derive(Clone, Debug)]
pub struct NewShare<'a> {
    pub id: ShareId,
    pub conversation: ConversationId,
    pub audience: Audience,
    pub secret_sha256: [u8; 32],
    pub title: &'a str,
    /// JSON.
    pub snapshot: &'a str,
}

/// A link as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRecord {
    pub id: ShareId,
    pub audience: Audience,
    pub secret_sha256: Vec<u8>,
    pub created_at: Timestamp,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedRecord {
    pub tenant: TenantId,
    pub tenant_name: String,
    /// The language of the tenant.
    pub locale: Lang,
    /// Who shared it.
    pub user: UserId,
    pub user_name: String,
    pub title: String,
    pub created_at: Timestamp,
    /// JSON.
    pub snapshot: String,
}

#[derive(sqlx::FromRow)]
struct ShareRow {
    id: Uuid,
    audience: String,
    secret_sha256: Vec<u8>,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct SharedRow {
    tenant_id: Uuid,
    tenant_name: String,
    locale: String,
    user_id: Uuid,
    user_name: String,
    title: String,
    created_at: i64,
    snapshot: String,
}

#[derive(sqlx::FromRow)]
struct CountRow {
    count: i64,
}

/// What is read of a link for its page, with the condition.
macro_rules! shared {
    ($condition:literal) => {
        concat!(
            "SELECT s.tenant_id, t.name AS tenant_name, t.locale, s.user_id, u.name AS user_name, s.title, s.created_at, \
             s.snapshot FROM shares s \
             JOIN conversations c ON c.tenant_id = s.tenant_id AND c.id = s.conversation_id \
             JOIN tenants t ON t.id = s.tenant_id JOIN users u ON u.id = s.user_id WHERE c.deleted_at IS NULL AND ",
            $condition
        )
    };
}

fn word(audience: Audience) -> &'static str {
    match audience {
        Audience::Tenant => "tenant",
        Audience::Public => "public",
    }
}

impl ShareRow {
    fn record(self) -> Result<ShareRecord> {
        let audience = match self.audience.as_str() {
            "tenant" => Audience::Tenant,
            "public" => Audience::Public,
            other => {
                let (row, problem) = (self.id.to_string(), other.to_owned());
                return Err(Error::Corrupt { table: "shares", column: "audience", row, problem });
            }
        };
        Ok(ShareRecord {
            id: ShareId(self.id),
            audience,
            secret_sha256: self.secret_sha256,
            created_at: Timestamp(self.created_at),
        })
    }
}

impl From<SharedRow> for SharedRecord {
    fn from(row: SharedRow) -> Self {
        Self {
            tenant: TenantId(row.tenant_id),
            tenant_name: row.tenant_name,
            // The table allows no others.
            locale: Lang::parse(&row.locale).unwrap_or_default(),
            user: UserId(row.user_id),
            user_name: row.user_name,
            title: row.title,
            created_at: Timestamp(row.created_at),
            snapshot: row.snapshot,
        }
    }
}

/// Makes a link.
///
/// # Errors
/// Database errors.
pub async fn share_insert(scope: &TenantScope, tx: &mut Tx, new: NewShare<'_>, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO shares (tenant_id, id, conversation_id, user_id, audience, secret_sha256, created_at, title, snapshot) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(scope.tenant())
    .bind(new.id.0)
    .bind(new.conversation)
    .bind(scope.user())
    .bind(word(new.audience))
    .bind(new.secret_sha256.as_slice())
    .bind(now)
    .bind(new.title)
    .bind(new.snapshot)
    .execute()
    .await?;
    Ok(())
}

/// The links of the caller's conversation, newest first, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn share_list(
    scope: &TenantScope,
    tx: &mut Tx,
    conversation: ConversationId,
    limit: i64,
) -> Result<Vec<ShareRecord>> {
    let rows = tx
        .query(
            "SELECT id, audience, secret_sha256, created_at FROM shares \
             WHERE tenant_id = $1 AND conversation_id = $2 AND user_id = $3 ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(scope.tenant())
        .bind(conversation)
        .bind(scope.user())
        .bind(limit)
        .all::<ShareRow>()
        .await?;
    rows.into_iter().map(ShareRow::record).collect()
}

/// How many links the conversation has.
///
/// # Errors
/// Database errors.
pub async fn share_count(scope: &TenantScope, tx: &mut Tx, conversation: ConversationId) -> Result<i64> {
    let row = tx
        .query("SELECT COUNT(*) AS count FROM shares WHERE tenant_id = $1 AND conversation_id = $2")
        .bind(scope.tenant())
        .bind(conversation)
        .one::<CountRow>()
        .await?;
    Ok(row.count)
}

/// Removes the caller's link. `false`: there is none.
///
/// # Errors
/// Database errors.
pub async fn share_delete(scope: &TenantScope, tx: &mut Tx, id: ShareId) -> Result<bool> {
    let deleted = tx
        .query("DELETE FROM shares WHERE tenant_id = $1 AND id = $2 AND user_id = $3")
        .bind(scope.tenant())
        .bind(id.0)
        .bind(scope.user())
        .execute()
        .await?;
    Ok(deleted == 1)
}

/// What a link for members leads to, in the tenant of the scope.
///
/// # Errors
/// Database errors.
pub async fn share_find_for_members(
    scope: &TenantScope,
    tx: &mut Tx,
    secret_sha256: [u8; 32],
) -> Result<Option<SharedRecord>> {
    let row = tx
        .query(shared!("s.tenant_id = $1 AND s.secret_sha256 = $2 AND s.audience = 'tenant'"))
        .bind(scope.tenant())
        .bind(secret_sha256.as_slice())
        .optional::<SharedRow>()
        .await?;
    Ok(row.map(SharedRecord::from))
}

/// What a link for everybody leads to, in whatever tenant allows such links.
///
/// # Errors
/// Database errors.
pub async fn share_find_public(tx: &mut SystemTx, secret_sha256: [u8; 32]) -> Result<Option<SharedRecord>> {
    let row = tx
        .query(shared!(
            "s.secret_sha256 = $1 AND s.audience = 'public' \
             AND t.is_disabled = FALSE AND t.allows_public_links = TRUE LIMIT 1"
        ))
        .bind(secret_sha256.as_slice())
        .optional::<SharedRow>()
        .await?;
    Ok(row.map(SharedRecord::from))
}

/// Says whether people of a tenant may share with anybody. Links there are stop working at once, and work again.
///
/// # Errors
/// Database errors.
pub async fn tenant_allow_public_links(tx: &mut SystemTx, tenant: TenantId, allowed: bool) -> Result<()> {
    tx.query("UPDATE tenants SET allows_public_links = $2 WHERE id = $1").bind(tenant).bind(allowed).execute().await?;
    Ok(())
}
