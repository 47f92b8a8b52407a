//! Live sessions: finding the one a request belongs to, and when one is over.

use app::{
    backend::Caller,
    model::{SessionId, Timestamp},
};

use super::{AuthState, Secret};
use crate::{
    db::{
        Db,
        session::{self, Session},
    },
    error::Result,
    world::World,
};

/// Over when unused for this long (issue 2; identity.md §2).
pub const IDLE_MS: i64 = 12 * 3_600_000;
/// Over this long after signing in, used or not.
pub const ABSOLUTE_MS: i64 = 30 * 86_400_000;
/// Use is noted at most this often.
const TOUCH_EVERY_MS: i64 = 60_000;

/// Whether a session is over, by either limit.
#[must_use]
pub fn is_over(session: &Session, now: Timestamp) -> bool {
    now >= session.expires_at || now.0 >= session.last_seen_at.0.saturating_add(IDLE_MS)
}

/// The live session a browser's cookie points at. One read, and a write at most once a minute.
///
/// # Errors
/// Database errors: without the store nobody is signed in.
pub async fn of_cookie(auth: &AuthState, cookie: &str) -> Result<Option<Session>> {
    let Some(secret) = Secret::parse(cookie) else { return Ok(None) };
    let mut tx = auth.db.read_directory().await?;
    let found = session::session_find_by_token(&mut tx, secret.hash()).await?;
    drop(tx);
    live(&auth.db, &auth.world, found).await
}

/// The live API session with this id.
///
/// # Errors
/// Database errors.
pub async fn of_api(auth: &AuthState, id: SessionId) -> Result<Option<Session>> {
    let mut tx = auth.db.read_directory().await?;
    let found = session::session_find_api(&mut tx, id).await?;
    drop(tx);
    live(&auth.db, &auth.world, found).await
}

/// Whether a caller's session still is one: for event streams, which outlive the check at their start. One read.
///
/// # Errors
/// Database errors: without the store nobody is signed in.
pub async fn is_live(db: &Db, world: &World, caller: &Caller) -> Result<bool> {
    let mut tx = db.read_directory().await?;
    let found = session::session_find(&mut tx, caller.user, caller.session).await?;
    Ok(found.is_some_and(|session| !is_over(&session, world.now())))
}

async fn live(db: &Db, world: &World, found: Option<Session>) -> Result<Option<Session>> {
    let now = world.now();
    let Some(session) = found.filter(|session| !is_over(session, now)) else { return Ok(None) };
    if now.0 - session.last_seen_at.0 >= TOUCH_EVERY_MS {
        // Only a note: a busy writer must not sign anybody out.
        if let Err(error) = touch(db, session.id, now).await {
            tracing::warn!(session = %session.id, error = &error as &dyn std::error::Error, "the use of a session was not noted");
        }
    }
    Ok(Some(session))
}

async fn touch(db: &Db, id: SessionId, now: Timestamp) -> Result<()> {
    let mut tx = db.begin_directory().await?;
    session::session_touch(&mut tx, id, now, Timestamp(now.0 - TOUCH_EVERY_MS)).await?;
    Ok(tx.commit().await?)
}

/// Removes sessions that are over, with their refresh tokens. Returns how many.
///
/// # Errors
/// Database errors.
pub async fn purge(db: &Db, world: &World) -> Result<u64> {
    let now = world.now();
    let mut tx = db.begin_directory().await?;
    let removed = session::session_purge(&mut tx, now, Timestamp(now.0 - IDLE_MS)).await?;
    tx.commit().await?;
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::model::{Theme, UserId};
    use uuid::Uuid;

    #[test]
    fn a_session_ends_by_the_nearer_limit() {
        let session = |last_seen_at| Session {
            id: SessionId(Uuid::nil()),
            user: UserId(Uuid::nil()),
            ip: String::new(),
            user_agent: String::new(),
            created_at: Timestamp(0),
            last_seen_at: Timestamp(last_seen_at),
            expires_at: Timestamp(ABSOLUTE_MS),
            api_tenant: None,
            theme: Theme::System,
            lang: None,
        };
        assert!(!is_over(&session(0), Timestamp(IDLE_MS - 1)));
        assert!(is_over(&session(0), Timestamp(IDLE_MS)));
        assert!(!is_over(&session(ABSOLUTE_MS - 2), Timestamp(ABSOLUTE_MS - 1)));
        assert!(is_over(&session(ABSOLUTE_MS - 2), Timestamp(ABSOLUTE_MS)));
    }
}
