//! Signing in with e-mail and password, and out again.

use app::{
    backend::Caller,
    model::{SessionId, TenantChoice, TenantCode, UserId},
};

use super::{AuthState, Email, Origin, Secret, Verdict, record, sessions, throttle};
use crate::{
    db::{
        Tx,
        refresh::refresh_insert,
        session::{self, NewSession, SessionKind},
        user::{self, User},
    },
    error::Error,
    tenancy,
};

/// What somebody typed.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    pub email: &'a str,
    pub password: &'a str,
}

/// Why nobody was signed in. [`SignInError::Wrong`] covers unknown, disabled and password-less accounts, too: nobody can
/// tell which.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("e-mail or password is wrong")]
    Wrong,
    #[error("too many attempts")]
    Blocked(throttle::Blocked),
    /// API clients: in several tenants, and none was named.
    #[error("a tenant must be named")]
    ChooseTenant(Vec<TenantChoice>),
    /// API clients: in no tenant, or not in the one that was named.
    #[error("no access to a tenant")]
    NoTenant,
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<crate::db::Error> for SignInError {
    fn from(error: crate::db::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A browser's new session: the cookie's content.
pub struct BrowserSession {
    pub user: UserId,
    pub cookie: Secret,
}

/// An API client's new session.
pub struct ApiSession {
    pub user: UserId,
    pub session: SessionId,
    pub refresh: Secret,
    pub tenant: TenantCode,
    pub tenants: Vec<TenantChoice>,
}

/// Signs a browser in. `replaces`: the session it had before, which ends; the new one has a new id and a new secret.
///
/// # Errors
/// See [`SignInError`].
pub async fn browser(
    auth: &AuthState,
    credentials: Credentials<'_>,
    origin: &Origin,
    replaces: Option<&Caller>,
) -> Result<BrowserSession, SignInError> {
    let proven = prove(auth, credentials, origin).await?;
    browser_of(auth, proven, origin, replaces).await
}

/// The second half of [`browser`]: the session of somebody whose password was right.
///
/// # Errors
/// [`SignInError::Wrong`] when the password was changed or the account disabled since; database errors.
pub async fn browser_of(
    auth: &AuthState,
    proven: Proven<'_>,
    origin: &Origin,
    replaces: Option<&Caller>,
) -> Result<BrowserSession, SignInError> {
    let cookie = Secret::random(&auth.world);
    let session = new_session(auth, proven.user.id, SessionKind::Browser, origin);
    let session = NewSession { token_hash: Some(cookie.hash()), ..session };
    let user = proven.user.id;
    let mut tx = proven.settle(auth, origin).await?;
    if let Some(old) = replaces {
        session::session_delete(&mut tx, old.user, old.session).await?;
    }
    session::session_insert(&mut tx, &session, auth.world.now()).await?;
    record(&mut tx, &auth.world, "signed_in", Some(user), Some(session.id), origin).await?;
    tx.commit().await?;
    Ok(BrowserSession { user, cookie })
}

/// Signs an API client in to one tenant.
///
/// # Errors
/// See [`SignInError`].
pub async fn api(
    auth: &AuthState,
    credentials: Credentials<'_>,
    tenant: Option<&TenantCode>,
    origin: &Origin,
) -> Result<ApiSession, SignInError> {
    let proven = prove(auth, credentials, origin).await?;
    let user = proven.user.id;
    let tenants = tenancy::choices(&auth.db, user).await?;
    let chosen = choose(tenant, &tenants);
    let refresh = Secret::random(&auth.world);
    let session = new_session(auth, user, SessionKind::Api, origin);
    // The password was right, whatever becomes of the choice: settle that first.
    let mut tx = proven.settle(auth, origin).await?;
    let tenant = match chosen {
        Ok(tenant) => tenant,
        Err(error) => {
            tx.commit().await?;
            return Err(error);
        }
    };
    let session = NewSession { api_tenant: Some(tenant.to_string()), ..session };
    session::session_insert(&mut tx, &session, auth.world.now()).await?;
    refresh_insert(&mut tx, refresh.hash(), session.id, auth.world.now()).await?;
    record(&mut tx, &auth.world, "signed_in_api", Some(user), Some(session.id), origin).await?;
    tx.commit().await?;
    Ok(ApiSession { user, session: session.id, refresh, tenant, tenants })
}

/// Ends the caller's own session.
///
/// # Errors
/// Database errors.
pub async fn out(auth: &AuthState, caller: &Caller, origin: &Origin) -> Result<(), Error> {
    let mut tx = auth.db.begin_directory().await?;
    if session::session_delete(&mut tx, caller.user, caller.session).await? {
        record(&mut tx, &auth.world, "signed_out", Some(caller.user), Some(caller.session), origin).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn choose(named: Option<&TenantCode>, tenants: &[TenantChoice]) -> Result<TenantCode, SignInError> {
    match (named, tenants) {
        (Some(named), _) if tenants.iter().any(|tenant| tenant.code == *named) => Ok(named.clone()),
        (Some(_), _) | (None, []) => Err(SignInError::NoTenant),
        (None, [only]) => Ok(only.code.clone()),
        (None, several) => Err(SignInError::ChooseTenant(several.to_vec())),
    }
}

fn new_session(auth: &AuthState, user: UserId, kind: SessionKind, origin: &Origin) -> NewSession {
    /// Enough to recognise a device.
    const MAX_USER_AGENT_CHARS: usize = 256;
    let user_agent = origin.user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT_CHARS).collect();
    NewSession {
        id: auth.world.id(),
        user,
        kind,
        token_hash: None,
        api_tenant: None,
        ip: origin.ip_text(),
        user_agent,
        expires_at: app::model::Timestamp(auth.world.now().0 + sessions::ABSOLUTE_MS),
    }
}

/// Somebody whose password was right.
pub struct Proven<'a> {
    credentials: Credentials<'a>,
    user: User,
    buckets: throttle::Buckets,
    /// The same password hashed in today's way, when the stored hash is old.
    upgrade: Option<String>,
}

impl Proven<'_> {
    /// Opens the transaction of the sign-in: confirms that the password is still the right one, forgives the attempts and
    /// upgrades the hash in it.
    async fn settle(self, auth: &AuthState, origin: &Origin) -> Result<Tx, SignInError> {
        let verified = self.user.password_hash.as_deref().unwrap_or_default();
        if let Some(mut tx) = self.confirmed(auth, verified).await? {
            if let Some(new) = &self.upgrade {
                user::user_upgrade_hash(&mut tx, self.user.id, verified, new).await?;
            }
            return Ok(tx);
        }
        // Either the password was changed, or a sign-in at the same time upgraded its hash: then it fits this one, too.
        let mut tx = auth.db.read_directory().await?;
        let stored = user::user_find(&mut tx, self.user.id).await?.and_then(|user| user.password_hash);
        drop(tx);
        if auth.passwords.verify(self.credentials.password, stored.as_deref()).await? != Verdict::Wrong
            && let Some(tx) = self.confirmed(auth, stored.as_deref().unwrap_or_default()).await?
        {
            return Ok(tx);
        }
        refused(auth, Some(self.user.id), origin).await?;
        Err(SignInError::Wrong)
    }

    /// The transaction, holding the person's row; `None`: this is not their hash any more, or they are disabled.
    async fn confirmed(&self, auth: &AuthState, hash: &str) -> Result<Option<Tx>, SignInError> {
        let mut tx = auth.db.begin_directory().await?;
        throttle::forgive(&mut tx, &self.buckets).await?;
        Ok(user::user_confirm_hash(&mut tx, self.user.id, hash).await?.then_some(tx))
    }
}

/// The first half of signing in: counts the attempt, then checks the password. No transaction is open while hashing.
///
/// # Errors
/// See [`SignInError`].
pub async fn prove<'a>(
    auth: &AuthState,
    credentials: Credentials<'a>,
    origin: &Origin,
) -> Result<Proven<'a>, SignInError> {
    let floor = tokio::time::Instant::now() + auth.refusal_floor;
    let device = origin.device.as_deref().and_then(|cookie| auth.tokens.device_of(cookie, credentials.email));
    let buckets = match device {
        Some(device) => throttle::Buckets::of_device(device),
        None => throttle::Buckets::of_sign_in(credentials.email, origin.ip),
    };
    if let Err(blocked) = throttle::count(&auth.db, &auth.world, &buckets).await? {
        metrics::counter!("steward_sign_ins_total", "outcome" => "blocked").increment(1);
        return Err(SignInError::Blocked(blocked));
    }
    let found = find(auth, credentials.email).await?;
    // A disabled account's hash is not even looked at: same time, same answer.
    let stored = found.as_ref().filter(|user| !user.is_disabled).and_then(|user| user.password_hash.as_deref());
    let verdict = auth.passwords.verify(credentials.password, stored).await?;
    let user = match (verdict, found) {
        (Verdict::Right | Verdict::RightButOld, Some(user)) => user,
        (_, found) => {
            metrics::counter!("steward_sign_ins_total", "outcome" => "wrong").increment(1);
            refused(auth, found.map(|user| user.id), origin).await?;
            tokio::time::sleep_until(floor).await;
            return Err(SignInError::Wrong);
        }
    };
    metrics::counter!("steward_sign_ins_total", "outcome" => "right").increment(1);
    let upgrade = match verdict {
        Verdict::RightButOld => Some(auth.passwords.hash(credentials.password).await?),
        Verdict::Right | Verdict::Wrong => None,
    };
    Ok(Proven { credentials, user, buckets, upgrade })
}

async fn find(auth: &AuthState, email: &str) -> Result<Option<User>, SignInError> {
    // What cannot be an address belongs to nobody, and is answered like any unknown one.
    let Ok(email) = Email::parse(email) else { return Ok(None) };
    let mut tx = auth.db.read_directory().await?;
    Ok(user::user_find_by_email(&mut tx, email.as_str()).await?)
}

async fn refused(auth: &AuthState, user: Option<UserId>, origin: &Origin) -> Result<(), SignInError> {
    let mut tx = auth.db.begin_directory().await?;
    record(&mut tx, &auth.world, "sign_in_refused", user, None, origin).await?;
    tx.commit().await?;
    Ok(())
}
