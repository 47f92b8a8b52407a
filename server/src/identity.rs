//! People and how they prove who they are: passwords, sessions, tokens, sign-in throttling.
//!
//! A session is a row ([`crate::db::session`]); a cookie or a token only points at it, so ending it takes effect at the next
//! request. [`sign_in`] makes sessions, [`sessions`] finds and ends them, [`tokens`] and [`refresh`] carry them for API
//! clients, [`account`] is what people do with their own account. The HTTP side is `http/session.rs`, `http/login.rs` and
//! `http/rest_auth.rs`.
//!
//! What must hold: passwords and secrets are never logged nor stored in clear; unknown account, wrong password and
//! disabled account answer alike and take as long; every attempt is counted before its password is checked.

pub mod account;
pub mod administration;
pub mod api_keys;
mod device;
mod email;
pub mod front_end;
pub mod own_keys;
pub mod password_policy;
mod passwords;
mod proxies;
pub mod refresh;
mod secret;
pub mod sessions;
pub mod sign_in;
pub mod step_up;
pub mod throttle;
pub mod tokens;

use std::{net::IpAddr, sync::Arc, time::Duration};

pub use account::{change_password, end_session, list_sessions, me, set_language, set_name, set_theme};
pub use device::device_name;
pub use email::{Email, MAX_EMAIL_BYTES};
pub use passwords::{Passwords, Verdict};
pub use proxies::{Proxies, client_ip};
pub use secret::Secret;
pub use tokens::Tokens;

use app::model::{SessionId, UserId};
use tokio_util::sync::CancellationToken;

use crate::{
    db::{Db, Tx, auth_event},
    error::Result,
    world::World,
};

/// What signing in needs. Cheap to clone; the application's state embeds it (`FromRef`).
#[derive(Clone)]
pub struct AuthState {
    pub db: Db,
    pub world: World,
    pub passwords: Passwords,
    pub tokens: Tokens,
    pub config: Arc<AuthConfig>,
    /// A refused sign-in is answered no earlier than this after it came, so that its time does not tell a legacy hash,
    /// a current one and an unknown account apart. Tests set it to zero.
    pub refusal_floor: Duration,
    /// Whose `X-Forwarded-For` is believed; nobody's unless set.
    pub proxies: Proxies,
}

/// How signing in behaves.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// The public address, e.g. `https://steward.example`: the issuer of access tokens.
    pub origin: String,
    /// `true`: the cookie is `__Host-steward` with `Secure`, and browsers are told to come by https only. `false` is for
    /// development on plain http at a loopback address: the cookie is then `steward-dev`, without `Secure`.
    pub secure_cookies: bool,
    /// The style sheet of the plain pages, with its hash, e.g. `/pkg/steward.Ab3d.css`.
    pub css_href: String,
}

impl AuthState {
    /// Makes the hasher, as wide as the machine, and loads (or makes) the signing keys.
    ///
    /// # Errors
    /// Database errors; keys or hashing that do not work.
    pub async fn new(db: Db, world: World, config: AuthConfig) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let passwords = Passwords::new(&world, cores)?;
        let tokens = Tokens::open(&db, &world, &config.origin).await?;
        Ok(Self {
            db,
            world,
            passwords,
            tokens,
            config: Arc::new(config),
            refusal_floor: Duration::from_millis(400),
            proxies: Proxies::default(),
        })
    }
}

/// Removes what is over (sessions, their refresh tokens, old counters of attempts) once an hour until asked to stop.
pub async fn keep_tidy(auth: AuthState, stop: CancellationToken) {
    const EVERY: Duration = Duration::from_secs(3600);
    let mut hourly = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hourly.tick() => {}
        }
        let removed = async {
            api_keys::purge_minutes(&auth.db, &auth.world).await?;
            Ok((sessions::purge(&auth.db, &auth.world).await?, throttle::purge(&auth.db, &auth.world).await?))
        };
        let removed: Result<(u64, u64)> = removed.await;
        match removed {
            Ok((sessions, throttles)) => tracing::debug!(sessions, throttles, "removed what is over"),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "what is over was not removed"),
        }
    }
}

/// Where a request came from, for the list of sessions and the record of events.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub ip: Option<IpAddr>,
    pub user_agent: String,
    pub request_id: String,
    /// The device cookie, as sent; see `tokens::device`.
    pub device: Option<String>,
}

impl Origin {
    #[must_use]
    pub fn ip_text(&self) -> String {
        self.ip.map(|ip| ip.to_canonical().to_string()).unwrap_or_default()
    }
}

/// Adds a line to the record of events around signing in.
///
/// # Errors
/// Database errors.
async fn record(
    tx: &mut Tx,
    world: &World,
    event: &'static str,
    user: Option<UserId>,
    session: Option<SessionId>,
    origin: &Origin,
) -> Result<()> {
    tracing::info!(event, user = ?user, session = ?session, request_id = origin.request_id, "auth");
    let ip = origin.ip_text();
    let line = auth_event::AuthEvent {
        id: world.id(),
        at: world.now(),
        event,
        user,
        session,
        ip: &ip,
        request_id: &origin.request_id,
    };
    auth_event::auth_event_insert(tx, &line).await?;
    Ok(())
}
