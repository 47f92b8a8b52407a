//! Sessions: a row each, so that they can be ended. What a browser holds is never stored, only its SHA-256.

use app::model::{Lang, SessionId, Theme, Timestamp, UserId};
use uuid::Uuid;

use super::{Result, Tx};

/// What holds a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// A cookie.
    Browser,
    /// Access and refresh tokens.
    Api,
}

impl SessionKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Api => "api",
        }
    }
}

/// A session to create.
#[derive(Clone)]
pub struct NewSession {
    pub id: SessionId,
    pub user: UserId,
    pub kind: SessionKind,
    /// SHA-256 of the cookie's token; browsers only.
    pub token_hash: Option<[u8; 32]>,
    /// API clients only.
    pub api_tenant: Option<String>,
    pub ip: String,
    pub user_agent: String,
    pub expires_at: Timestamp,
}

/// A session with what every request needs of its person. It may be over: the caller compares the times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub ip: String,
    pub user_agent: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub api_tenant: Option<String>,
    pub theme: Theme,
    /// The person's choice, if any.
    pub lang: Option<Lang>,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    ip: String,
    user_agent: String,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    api_tenant: Option<String>,
    theme: String,
    language: Option<String>,
}

impl SessionRow {
    fn session(self) -> Session {
        Session {
            id: SessionId(self.id),
            user: UserId(self.user_id),
            ip: self.ip,
            user_agent: self.user_agent,
            created_at: Timestamp(self.created_at),
            last_seen_at: Timestamp(self.last_seen_at),
            expires_at: Timestamp(self.expires_at),
            api_tenant: self.api_tenant,
            theme: Theme::parse_or_system(&self.theme),
            lang: self.language.as_deref().and_then(Lang::parse),
        }
    }
}

/// # Errors
/// Database errors.
pub async fn session_insert(tx: &mut Tx, session: &NewSession, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO sessions (id, user_id, kind, token_hash, api_tenant, ip, user_agent, created_at, last_seen_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
    )
    .bind(session.id)
    .bind(session.user)
    .bind(session.kind.as_str())
    .bind(session.token_hash.map(Vec::from))
    .bind(session.api_tenant.clone())
    .bind(&session.ip)
    .bind(&session.user_agent)
    .bind(now)
    .bind(session.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// The browser session with this token hash, unless its person is disabled.
///
/// # Errors
/// Database errors.
pub async fn session_find_by_token(tx: &mut Tx, token_hash: [u8; 32]) -> Result<Option<Session>> {
    let row = tx
        .query(
            "SELECT s.id, s.user_id, s.ip, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, s.api_tenant, u.theme, u.language \
             FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1 AND u.is_disabled = FALSE",
        )
        .bind(Vec::from(token_hash))
        .optional::<SessionRow>()
        .await?;
    Ok(row.map(SessionRow::session))
}

/// The API session with this id, unless its person is disabled.
///
/// # Errors
/// Database errors.
pub async fn session_find_api(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    let row = tx
        .query(
            "SELECT s.id, s.user_id, s.ip, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, s.api_tenant, u.theme, u.language \
             FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.id = $1 AND s.kind = 'api' AND u.is_disabled = FALSE",
        )
        .bind(id)
        .optional::<SessionRow>()
        .await?;
    Ok(row.map(SessionRow::session))
}

/// A person's session of either kind, unless the person is disabled.
///
/// # Errors
/// Database errors.
pub async fn session_find(tx: &mut Tx, user: UserId, id: SessionId) -> Result<Option<Session>> {
    let row = tx
        .query(
            "SELECT s.id, s.user_id, s.ip, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, s.api_tenant, u.theme, u.language \
             FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.id = $1 AND s.user_id = $2 AND u.is_disabled = FALSE",
        )
        .bind(id)
        .bind(user)
        .optional::<SessionRow>()
        .await?;
    Ok(row.map(SessionRow::session))
}

/// A person's sessions that are not over, newest first, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn session_list(
    tx: &mut Tx,
    user: UserId,
    now: Timestamp,
    seen_after: Timestamp,
    limit: i64,
) -> Result<Vec<Session>> {
    let rows = tx
        .query(
            "SELECT s.id, s.user_id, s.ip, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, s.api_tenant, u.theme, u.language \
             FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.user_id = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 ORDER BY s.created_at DESC, s.id LIMIT $4",
        )
        .bind(user)
        .bind(now)
        .bind(seen_after)
        .bind(limit)
        .all::<SessionRow>()
        .await?;
    Ok(rows.into_iter().map(SessionRow::session).collect())
}

/// Notes that a session is in use, unless somebody noted it after `unless_after`.
///
/// # Errors
/// Database errors.
pub async fn session_touch(tx: &mut Tx, id: SessionId, now: Timestamp, unless_after: Timestamp) -> Result<()> {
    tx.query("UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at <= $3")
        .bind(id)
        .bind(now)
        .bind(unless_after)
        .execute()
        .await?;
    Ok(())
}

/// Locks a session until the transaction ends and notes its use; `false`: it is gone. Whoever changes what belongs to a
/// session locks it first, as ending it does, so that neither waits for the other for ever.
///
/// # Errors
/// Database errors.
pub async fn session_lock(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<bool> {
    let found = tx
        .query("UPDATE sessions SET last_seen_at = CASE WHEN last_seen_at < $2 THEN $2 ELSE last_seen_at END WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    Ok(found > 0)
}

/// Ends one of a person's sessions; `false`: it is not theirs, or over already.
///
/// # Errors
/// Database errors.
pub async fn session_delete(tx: &mut Tx, user: UserId, id: SessionId) -> Result<bool> {
    let deleted = tx.query("DELETE FROM sessions WHERE id = $1 AND user_id = $2").bind(id).bind(user).execute().await?;
    Ok(deleted > 0)
}

/// Ends a person's sessions except one (`None`: all). Returns how many.
///
/// # Errors
/// Database errors.
pub async fn session_delete_others(tx: &mut Tx, user: UserId, keep: Option<SessionId>) -> Result<u64> {
    let keep = keep.unwrap_or(SessionId(Uuid::nil()));
    tx.query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2").bind(user).bind(keep).execute().await
}

/// Removes sessions that are over. Returns how many.
///
/// # Errors
/// Database errors.
pub async fn session_purge(tx: &mut Tx, now: Timestamp, seen_before: Timestamp) -> Result<u64> {
    tx.query("DELETE FROM sessions WHERE expires_at <= $1 OR last_seen_at <= $2")
        .bind(now)
        .bind(seen_before)
        .execute()
        .await
}
