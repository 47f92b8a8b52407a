//! What people do with their own account.

use app::{
    backend::Caller,
    model::{DisplayName, Lang, Me, PasswordChange, SessionId, SessionView, Theme, Timestamp},
};

use super::{
    AuthState, Origin, Verdict, device_name,
    password_policy::{self, WeakPassword},
    record, sessions,
    throttle::{self, Buckets},
};
use crate::{
    db::{
        Db, session,
        user::{self, User},
    },
    error::{Error, Result},
    tenancy,
    world::World,
};

/// Sessions shown at most; more cannot be told apart by a person anyway.
const MAX_LISTED: i64 = 100;

/// Who is signed in, with the tenants they may enter.
///
/// # Errors
/// [`Error::SignedOut`] when the account is gone; database errors.
pub async fn me(db: &Db, caller: &Caller) -> Result<Me> {
    let user = get(db, caller).await?;
    let tenants = tenancy::choices(db, caller.user).await?;
    Ok(Me { id: user.id, name: user.name, email: user.email, theme: user.theme, lang: user.lang, tenants })
}

/// # Errors
/// Database errors.
pub async fn set_name(db: &Db, caller: &Caller, name: &DisplayName) -> Result<()> {
    let mut tx = db.begin_directory().await?;
    user::user_set_name(&mut tx, caller.user, name.as_str()).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// Database errors.
pub async fn set_theme(db: &Db, caller: &Caller, theme: Theme) -> Result<()> {
    let mut tx = db.begin_directory().await?;
    user::user_set_theme(&mut tx, caller.user, theme).await?;
    Ok(tx.commit().await?)
}

/// `lang` `None`: what the browser asks for.
///
/// # Errors
/// Database errors.
pub async fn set_language(db: &Db, caller: &Caller, lang: Option<Lang>) -> Result<()> {
    let mut tx = db.begin_directory().await?;
    user::user_set_language(&mut tx, caller.user, lang).await?;
    Ok(tx.commit().await?)
}

/// Changes the password and ends every other session.
///
/// # Errors
/// [`Error::Invalid`] for a wrong current or a weak new password, [`Error::RateLimited`] after too many wrong ones.
pub async fn change_password(auth: &AuthState, caller: &Caller, change: &PasswordChange) -> Result<()> {
    let buckets = Buckets::of_confirmation(caller.user);
    if let Err(blocked) = throttle::count(&auth.db, &auth.world, &buckets).await? {
        return Err(Error::RateLimited { retry_after_s: blocked.retry_after_s });
    }
    let user = get(&auth.db, caller).await?;
    if auth.passwords.verify(&change.current, user.password_hash.as_deref()).await? == Verdict::Wrong {
        return Err(Error::invalid("current", "This is not your current password."));
    }
    if change.new == change.current {
        return Err(Error::invalid("new", WeakPassword::Unchanged.to_string()));
    }
    password_policy::check(&change.new, &[&user.email, &user.name])
        .map_err(|weak| Error::invalid("new", weak.to_string()))?;
    let hash = auth.passwords.hash(&change.new).await?;
    let origin = Origin { request_id: caller.request_id.clone(), ..Origin::default() };
    let mut tx = auth.db.begin_directory().await?;
    throttle::forgive(&mut tx, &buckets).await?;
    user::user_set_password(&mut tx, caller.user, &hash, auth.world.now()).await?;
    session::session_delete_others(&mut tx, caller.user, Some(caller.session)).await?;
    record(&mut tx, &auth.world, "password_changed", Some(caller.user), Some(caller.session), &origin).await?;
    Ok(tx.commit().await?)
}

/// The caller's own sessions, newest first.
///
/// # Errors
/// Database errors.
pub async fn list_sessions(db: &Db, world: &World, caller: &Caller) -> Result<Vec<SessionView>> {
    let now = world.now();
    let mut tx = db.read_directory().await?;
    let found =
        session::session_list(&mut tx, caller.user, now, Timestamp(now.0 - sessions::IDLE_MS), MAX_LISTED).await?;
    let views = found.into_iter().map(|session| SessionView {
        id: session.id,
        current: session.id == caller.session,
        device: device_name(&session.user_agent),
        ip: session.ip,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
    });
    Ok(views.collect())
}

/// Ends one of the caller's own sessions.
///
/// # Errors
/// [`Error::NotFound`] when it is not theirs, or over already.
pub async fn end_session(db: &Db, world: &World, caller: &Caller, id: SessionId) -> Result<()> {
    let origin = Origin { request_id: caller.request_id.clone(), ..Origin::default() };
    let mut tx = db.begin_directory().await?;
    if !session::session_delete(&mut tx, caller.user, id).await? {
        return Err(Error::NotFound);
    }
    record(&mut tx, world, "session_ended", Some(caller.user), Some(id), &origin).await?;
    Ok(tx.commit().await?)
}

async fn get(db: &Db, caller: &Caller) -> Result<User> {
    let mut tx = db.read_directory().await?;
    user::user_find(&mut tx, caller.user).await?.filter(|user| !user.is_disabled).ok_or(Error::SignedOut)
}
