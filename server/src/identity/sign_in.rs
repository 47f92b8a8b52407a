//! Signing in with e-mail and password, and out again.

use app::{
    backend::Caller,
    model::{SessionId, TenantChoice, TenantCode, UserId},
};

use super::{AuthState, Email, Origin, Secret, Verdict, record, sessions, throttle};
use crate::{
    db::{
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
    let cookie = Secret::random(&auth.world);
    let session = new_session(auth, proven.user.id, SessionKind::Browser, origin);
    let session = NewSession { token_hash: Some(cookie.hash()), ..session };
    let user = proven.user.id;
    let mut tx = proven.settle(auth).await?;
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
    let mut tx = proven.settle(auth).await?;
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
struct Proven {
    user: User,
    buckets: throttle::Buckets,
    /// The same password hashed in today's way, when the stored hash is old.
    upgrade: Option<String>,
}

impl Proven {
    /// Opens the transaction of the sign-in: forgives the attempts and upgrades the hash in it.
    async fn settle(self, auth: &AuthState) -> Result<crate::db::Tx, SignInError> {
        let mut tx = auth.db.begin_directory().await?;
        throttle::forgive(&mut tx, &self.buckets).await?;
        if let (Some(new), Some(old)) = (&self.upgrade, &self.user.password_hash) {
            user::user_upgrade_hash(&mut tx, self.user.id, old, new).await?;
        }
        Ok(tx)
    }
}

/// Counts the attempt, then checks the password. No transaction is open while hashing.
async fn prove(auth: &AuthState, credentials: Credentials<'_>, origin: &Origin) -> Result<Proven, SignInError> {
    let floor = tokio::time::Instant::now() + auth.refusal_floor;
    let buckets = throttle::Buckets::of_sign_in(credentials.email, origin.ip);
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
    Ok(Proven { user, buckets, upgrade })
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
