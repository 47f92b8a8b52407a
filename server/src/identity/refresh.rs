//! Refresh tokens: each is used once and gives the next of its family. Presenting a used one means that two parties hold
//! the family, so all of it ends (RFC 9700 §4.14.2).
//!
//! One exception: an answer can get lost on its way. Shortly after a use, while the successor is unused, the used token
//! gives one more successor; the lost one then counts as used.

use app::model::{SessionId, TenantCode, UserId};

use super::{AuthState, Origin, Secret, record, sessions};
use crate::{
    db::{
        Tx,
        refresh::{RefreshToken, refresh_find, refresh_insert, refresh_use},
        session::{self, Session},
    },
    error::{Error, Result},
};

/// How long a lost answer may be asked for again.
const GRACE_MS: i64 = 30_000;

/// A session to sign a new access token for, and the next refresh token.
pub struct Refreshed {
    pub user: UserId,
    pub session: SessionId,
    pub tenant: TenantCode,
    pub refresh: Secret,
}

/// Uses a refresh token.
///
/// # Errors
/// [`Error::SignedOut`] for anything but the newest token of a live session; a replay has then ended the session.
pub async fn refresh(auth: &AuthState, presented: &str, origin: &Origin) -> Result<Refreshed> {
    let presented = Secret::parse(presented).ok_or(Error::SignedOut)?.hash();
    let mut tx = auth.db.begin_directory().await?;
    let token = refresh_find(&mut tx, presented).await?.ok_or(Error::SignedOut)?;
    let session = live_session(auth, &mut tx, token.session).await?;
    let next = Secret::random(&auth.world);
    let now = auth.world.now();
    // Signing out deletes the session and with it the tokens: the same order here, or the two block each other.
    if !session::session_lock(&mut tx, session.id, now).await? {
        return Err(Error::SignedOut);
    }
    let replaced = if refresh_use(&mut tx, presented, next.hash(), now).await? {
        true
    } else {
        // Read again: of two requests at once, this is the one that came second.
        let token = refresh_find(&mut tx, presented).await?.ok_or(Error::SignedOut)?;
        reissue(auth, &mut tx, &token, &next).await?
    };
    if !replaced {
        session::session_delete(&mut tx, session.user, session.id).await?;
        record(&mut tx, &auth.world, "refresh_replayed", Some(session.user), Some(session.id), origin).await?;
        tx.commit().await?;
        return Err(Error::SignedOut);
    }
    refresh_insert(&mut tx, next.hash(), session.id, now).await?;
    tx.commit().await?;
    let tenant = session.api_tenant.as_deref().unwrap_or_default();
    let tenant = tenant.parse().map_err(|problem: &str| crate::db::Error::Corrupt {
        table: "sessions",
        column: "api_tenant",
        row: session.id.to_string(),
        problem: problem.to_owned(),
    })?;
    Ok(Refreshed { user: session.user, session: session.id, tenant, refresh: next })
}

async fn live_session(auth: &AuthState, tx: &mut Tx, id: SessionId) -> Result<Session> {
    let session = session::session_find_api(tx, id).await?.ok_or(Error::SignedOut)?;
    if sessions::is_over(&session, auth.world.now()) {
        return Err(Error::SignedOut);
    }
    Ok(session)
}

/// Replaces the unused successor of a token that was used moments ago; `false`: this is a replay.
async fn reissue(auth: &AuthState, tx: &mut Tx, token: &RefreshToken, next: &Secret) -> Result<bool> {
    let (Some(used_at), Some(successor)) = (token.used_at, token.successor) else { return Ok(false) };
    let now = auth.world.now();
    if now.0 - used_at.0 >= GRACE_MS {
        return Ok(false);
    }
    // Marks it used; when it was used already, both are in use by somebody.
    Ok(refresh_use(tx, successor, next.hash(), now).await?)
}
