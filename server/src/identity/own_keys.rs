//! What people do with keys in a tenant: a member with their own, an administrator with those of services, too.
//!
//! What must hold: who makes a secret proved who they are a moment ago ([`super::step_up`]); a form that is sent twice makes
//! one key; somebody else's key answers like one that does not exist.

use app::{
    backend::Caller,
    model::{ApiKeyId, DisplayName, Role, Timestamp},
};

use super::{
    AuthState, Origin,
    api_keys::{self, KeyText, WantedKey},
    record, step_up,
};
use crate::{
    db::{
        SystemReason, TenantScope, Tx,
        api_key::{ApiKey, KeyKind, api_key_count, api_key_end, api_key_get, api_key_page},
        ledger::Books,
    },
    error::{Error, Result},
};

/// Keys on a page.
pub const PAGE: i64 = 50;
/// Keys that open something, of one person or of all services.
const MOST_KEYS: i64 = 100;
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// Keys to show, newest first.
#[derive(Clone, Debug)]
pub struct Keys {
    pub own: Vec<ApiKey>,
    /// `None`: not for the caller to see.
    pub services: Option<Vec<ApiKey>>,
    /// Where the next page begins; of the longer list.
    pub older: Option<ApiKeyId>,
}

/// A page of keys, older than `before`.
///
/// # Errors
/// Database errors.
pub async fn list(auth: &AuthState, scope: &TenantScope, before: Option<ApiKeyId>) -> Result<Keys> {
    let books = Books::of(scope);
    let mut tx = auth.db.read(scope).await?;
    let own = api_key_page(books, &mut tx, KeyKind::Personal, Some(scope.user()), before, PAGE).await?;
    let services = match scope.role() {
        Role::Admin => Some(api_key_page(books, &mut tx, KeyKind::Service, None, before, PAGE).await?),
        Role::Member => None,
    };
    // Where the shorter of two full pages ends: nothing is left out, some may be seen twice.
    let is_full = |keys: &Vec<ApiKey>| i64::try_from(keys.len()).unwrap_or(i64::MAX) >= PAGE;
    let ends = [Some(&own), services.as_ref()].into_iter().flatten().filter(|keys| is_full(keys));
    let older = ends.filter_map(|keys| keys.last()).map(|key| key.id).max();
    Ok(Keys { own, services, older })
}

/// A key somebody asks for in a form.
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// Of the form: sent twice, it makes one key.
    pub id: ApiKeyId,
    pub name: DisplayName,
    pub is_service: bool,
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    /// Until it ends.
    pub days: Option<i64>,
}

/// Makes a key; `None`: this form made it before, and it was shown then.
///
/// # Errors
/// [`Error::Forbidden`] for a service's key by who is no administrator; see [`step_up::require`]; [`Error::Conflict`] when
/// there are too many; database errors.
pub async fn make(
    auth: &AuthState,
    caller: &Caller,
    scope: &TenantScope,
    wish: &KeyWish,
    password: &str,
) -> Result<Option<KeyText>> {
    if wish.is_service && scope.role() != Role::Admin {
        return Err(Error::Forbidden);
    }
    step_up::require(auth, caller, password).await?;
    let now = auth.world.now();
    let mut tx = auth.db.begin_system(SystemReason::KeyMaking).await?;
    let books = Books::within(&tx, scope.tenant());
    if api_key_get(books, &mut tx, wish.id).await?.is_some() {
        return Ok(None);
    }
    let (kind, user) = if wish.is_service { (KeyKind::Service, None) } else { (KeyKind::Personal, Some(scope.user())) };
    let count = api_key_count(books, &mut tx, kind, user, now).await?;
    if count >= MOST_KEYS {
        return Err(match user {
            Some(_) => Error::Conflict(format!("You have {count} keys already. Revoke one first.")),
            None => Error::Conflict(format!("There are {count} keys already. Revoke one first.")),
        });
    }
    let wanted = WantedKey {
        id: Some(wish.id),
        name: wish.name.as_str().to_owned(),
        user,
        requests_per_minute: wish.requests_per_minute,
        tokens_per_minute: wish.tokens_per_minute,
        expires_at: wish.days.map(|days| Timestamp(now.0.saturating_add(days.saturating_mul(DAY_MS)))),
        ..WantedKey::default()
    };
    let text = api_keys::create(&mut tx, &auth.world, scope.tenant(), Some(scope.user()), &wanted).await?;
    note(auth, &mut tx, caller, "key_made").await?;
    tx.commit(auth.world.id(), now, &format!("key create {} for {}", text.public_id(), scope.code())).await?;
    Ok(Some(text))
}

/// Gives a key another secret; the one it has ends `grace_hours` from now.
///
/// # Errors
/// [`Error::NotFound`] when it is not the caller's; see [`step_up::require`] and [`api_keys::rotate`]; database errors.
pub async fn rotate(
    auth: &AuthState,
    caller: &Caller,
    scope: &TenantScope,
    id: ApiKeyId,
    grace_hours: i64,
    password: &str,
) -> Result<(ApiKey, KeyText)> {
    let mut tx = auth.db.read(scope).await?;
    let key = get(&mut tx, scope, id).await?;
    drop(tx);
    step_up::require(auth, caller, password).await?;
    let now = auth.world.now();
    if !key.is_usable(now) {
        return Err(Error::Conflict("This key was rotated or revoked already.".to_owned()));
    }
    let mut tx = auth.db.begin_system(SystemReason::KeyMaking).await?;
    let text = api_keys::rotate(&mut tx, &auth.world, &key, grace_hours.clamp(0, 168) * HOUR_MS).await?;
    note(auth, &mut tx, caller, "key_rotated").await?;
    tx.commit(auth.world.id(), now, &format!("key rotate {} of {}", key.public_id, scope.code())).await?;
    Ok((key, text))
}

/// Ends a key now.
///
/// # Errors
/// [`Error::NotFound`] when it is not the caller's; database errors.
pub async fn revoke(auth: &AuthState, caller: &Caller, scope: &TenantScope, id: ApiKeyId) -> Result<()> {
    let mut tx = auth.db.begin(scope).await?;
    let key = get(&mut tx, scope, id).await?;
    api_key_end(Books::of(scope), &mut tx, key.id, auth.world.now(), true).await?;
    note(auth, &mut tx, caller, "key_revoked").await?;
    Ok(tx.commit().await?)
}

/// A key that is the caller's: their own, or a service's for an administrator.
async fn get(tx: &mut Tx, scope: &TenantScope, id: ApiKeyId) -> Result<ApiKey> {
    let key = api_key_get(Books::of(scope), tx, id).await?;
    let is_theirs = |key: &ApiKey| match key.kind {
        KeyKind::Personal => key.user == scope.user(),
        KeyKind::Service => scope.role() == Role::Admin,
    };
    key.filter(is_theirs).ok_or(Error::NotFound)
}

async fn note(auth: &AuthState, tx: &mut Tx, caller: &Caller, event: &'static str) -> Result<()> {
    let origin = Origin { request_id: caller.request_id.clone(), ..Origin::default() };
    record(tx, &auth.world, event, Some(caller.user), Some(caller.session), &origin).await
}
