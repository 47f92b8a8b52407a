//! Proving once more who one is, before something that outlives the session is made: a key.

use app::{backend::Caller, model::Timestamp};

use super::{
    AuthState, Verdict,
    throttle::{self, Buckets},
};
use crate::{
    db::{session::session_find, user::user_find},
    error::{Error, Result},
};

/// A sign-in is fresh for so long (identity.md §2, step-up).
pub const FRESH_MS: i64 = 5 * 60_000;

/// Whether the caller signed in a moment ago.
///
/// # Errors
/// [`Error::SignedOut`]; database errors.
pub async fn is_fresh(auth: &AuthState, caller: &Caller) -> Result<bool> {
    let mut tx = auth.db.read_directory().await?;
    let session = session_find(&mut tx, caller.user, caller.session).await?.ok_or(Error::SignedOut)?;
    Ok(is_fresh_at(session.created_at, auth.world.now()))
}

fn is_fresh_at(signed_in_at: Timestamp, now: Timestamp) -> bool {
    now.0.saturating_sub(signed_in_at.0) <= FRESH_MS
}

/// Lets the caller on who signed in a moment ago or gives the right password now; attempts are counted.
///
/// # Errors
/// [`Error::Invalid`] with the field `password`; [`Error::RateLimited`]; database errors.
pub async fn require(auth: &AuthState, caller: &Caller, password: &str) -> Result<()> {
    if is_fresh(auth, caller).await? {
        return Ok(());
    }
    let mut tx = auth.db.read_directory().await?;
    let user = user_find(&mut tx, caller.user).await?.filter(|user| !user.is_disabled).ok_or(Error::SignedOut)?;
    drop(tx);
    if user.password_hash.is_none() {
        return Err(Error::invalid("password", "Sign in again: it is more than five minutes ago."));
    }
    let buckets = Buckets::of_confirmation(caller.user);
    if let Err(blocked) = throttle::count(&auth.db, &auth.world, &buckets).await? {
        return Err(Error::RateLimited { retry_after_s: blocked.retry_after_s });
    }
    if auth.passwords.verify(password, user.password_hash.as_deref()).await? == Verdict::Wrong {
        return Err(Error::invalid("password", "This is not your password."));
    }
    let mut tx = auth.db.begin_directory().await?;
    throttle::forgive(&mut tx, &buckets).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_fresh() {
        let at = Timestamp(1_000_000);
        assert!(is_fresh_at(at, at) && is_fresh_at(at, Timestamp(at.0 + FRESH_MS)));
        assert!(!is_fresh_at(at, Timestamp(at.0 + FRESH_MS + 1)));
    }
}
