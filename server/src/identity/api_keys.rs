//! Keys of programs: `stw_` and twelve letters that name the key, `_`, forty-eight that open it. Shown once; stored as
//! SHA-256 of the latter, which is enough for 285 random bits.
//!
//! [`ApiKeys::holder`] says who holds a key. What it read it believes for [`BELIEVED`], so a request costs no reading of
//! the database, and a key that is revoked, a membership that is lost or a person who is disabled is refused after that.
//!
//! What must hold: a key is of one tenant; it makes no sessions, and other keys only with the scope for it; it is never
//! logged. Rotation changes the secret and nothing else.

use std::{fmt, sync::Arc, time::Duration};

use app::model::{ApiKeyId, GroupId, TenantId, Timestamp, UserId};
use moka::future::Cache;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    db::{
        Db, SystemReason, SystemTx, TenantScope,
        api_key::{
            ApiKey, KeyKind, NewApiKey, Scopes, UnknownPerson, api_key_find, api_key_insert, api_key_rotate,
            api_key_used, change::api_key_former_purge,
        },
        key_minute::{key_minutes_purge, minute_of},
        ledger::Books,
        membership::membership_put,
        user::user_insert,
    },
    error::{Error, Result},
    identity::front_end::FrontEnds,
    tenancy,
    world::World,
};

/// How long what was read of a key is believed.
pub const BELIEVED: Duration = Duration::from_secs(1);
/// Keys remembered at once.
const REMEMBERED: u64 = 10_000;
/// Minutes of use that are kept: longer than any call takes to settle.
const KEPT_MINUTES: i64 = 120;
/// Secrets from before a rotation are forgotten this long after they ended.
const KEPT_FORMER_MS: i64 = 90 * 86_400_000;
/// The time of the last use is written this often.
const USED_EVERY_MS: i64 = 60_000;

const PREFIX: &str = "stw_";
const PUBLIC_LETTERS: usize = 12;
const SECRET_LETTERS: usize = 48;
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A key as its program holds it. `Debug` hides its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    public_id: String,
    secret: String,
}

impl KeyText {
    /// A new one.
    #[must_use]
    pub fn random(world: &World) -> Self {
        Self { public_id: letters(world, PUBLIC_LETTERS), secret: letters(world, SECRET_LETTERS) }
    }

    /// `None`: not a key of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (public_id, secret) = text.trim().strip_prefix(PREFIX)?.split_once('_')?;
        let is_letters = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_alphanumeric());
        (is_letters(public_id, PUBLIC_LETTERS) && is_letters(secret, SECRET_LETTERS))
            .then(|| Self { public_id: public_id.to_owned(), secret: secret.to_owned() })
    }

    /// What names the key and opens nothing.
    #[must_use]
    pub fn public_id(&self) -> &str {
        &self.public_id
    }

    /// The whole key, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}_{}", self.public_id, self.secret)
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_bytes()).into()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_…", self.public_id)
    }
}

/// Letters without bias: bytes beyond the largest multiple of 62 are thrown away.
fn letters(world: &World, count: usize) -> String {
    let mut text = String::with_capacity(count);
    while text.len() < count {
        for byte in world.bytes::<64>() {
            if byte < 248
                && text.len() < count
                && let Some(letter) = LETTERS.get(usize::from(byte % 62))
            {
                text.push(char::from(*letter));
            }
        }
    }
    text
}

/// Who holds a key: what it may do, and as whom.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    pub key: ApiKey,
    pub scope: TenantScope,
}

/// Who holds which key. Cheap to clone.
#[derive(Clone)]
pub struct ApiKeys {
    db: Db,
    world: World,
    /// By public id and hash of the secret: a wrong secret never finds what a right one left.
    known: Cache<(String, [u8; 32]), Arc<KeyHolder>>,
    /// Whom the front ends among them name.
    pub front_ends: FrontEnds,
}

impl ApiKeys {
    #[must_use]
    pub fn new(db: Db, world: World) -> Self {
        let front_ends = FrontEnds::new(db.clone(), world.clone());
        let known = Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build();
        Self { db, world, known, front_ends }
    }

    /// Who holds this key.
    ///
    /// # Errors
    /// [`Error::SignedOut`]: no such key, or it opens nothing (any more); nobody can tell which. Database errors.
    pub async fn holder(&self, text: &str) -> Result<Arc<KeyHolder>> {
        let key = KeyText::parse(text).ok_or(Error::SignedOut)?;
        let known = (key.public_id.clone(), key.hash());
        if let Some(holder) = self.known.get(&known).await {
            // What ends at an instant ends then.
            return if holder.key.is_usable(self.world.now()) { Ok(holder) } else { Err(Error::SignedOut) };
        }
        // Boxed: most requests know their key, and would carry the way to the database with them.
        let holder = Arc::new(Box::pin(self.read(&key)).await?);
        self.known.insert(known, holder.clone()).await;
        Ok(holder)
    }

    /// Believes nothing that was read before: after a change made here, which is then seen at once.
    pub fn forget(&self) {
        self.known.invalidate_all();
        self.front_ends.forget();
    }

    async fn read(&self, text: &KeyText) -> Result<KeyHolder> {
        let now = self.world.now();
        let mut tx = self.db.read_system(SystemReason::GatewayKey).await?;
        let found = api_key_find(&mut tx, &text.public_id).await?;
        drop(tx);
        let key = found.filter(|key| bool::from(key.secret_sha256.ct_eq(&text.hash())) && key.is_usable(now));
        let key = key.ok_or(Error::SignedOut)?;
        let scope = tenancy::enter_as(&self.db, key.user, &key.tenant_code).await;
        // Not "not found": the key's tenant is not the caller's secret to guess, its key opens nothing.
        let scope = scope.map_err(|error| if matches!(error, Error::NotFound) { Error::SignedOut } else { error })?;
        if key.last_used_at.is_none_or(|used| now.0 - used.0 >= USED_EVERY_MS) {
            let mut tx = self.db.begin(&scope).await?;
            api_key_used(Books::of(&scope), &mut tx, key.id, now).await?;
            tx.commit().await?;
        }
        Ok(KeyHolder { key, scope })
    }
}

/// Removes what keys used in minutes that no rate asks for any more, and secrets that ended long ago.
///
/// # Errors
/// Database errors.
pub async fn purge_minutes(db: &Db, world: &World) -> Result<()> {
    let mut tx = db.begin_system(SystemReason::GatewayKey).await?;
    let minutes = key_minutes_purge(&mut tx, minute_of(world.now()) - KEPT_MINUTES).await?;
    let secrets = api_key_former_purge(&mut tx, Timestamp(world.now().0 - KEPT_FORMER_MS)).await?;
    if minutes + secrets > 0 {
        tx.commit(world.id(), world.now(), "minutes and former secrets of keys removed").await?;
    }
    Ok(())
}

/// A key to make.
#[derive(Clone, Debug, Default)]
pub struct WantedKey {
    /// Chosen beforehand, so that the same wish makes one key.
    pub id: Option<ApiKeyId>,
    pub name: String,
    /// Whose; `None`: a service's, which gets an account of its own.
    pub user: Option<UserId>,
    pub profile: Option<app::model::ProfileId>,
    pub is_trusted_front_end: bool,
    pub unknown_person: UnknownPerson,
    pub scopes: Scopes,
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    pub max_concurrent: Option<i64>,
    pub models: Vec<String>,
    pub group: Option<GroupId>,
    pub expires_at: Option<Timestamp>,
}

/// A key that was made.
#[derive(Clone, Debug)]
pub struct MadeKey {
    pub id: ApiKeyId,
    /// Who it acts as.
    pub user: UserId,
    /// Shown once.
    pub text: KeyText,
}

/// Makes a key in a tenant; the text is shown once and known to nobody afterwards. A service's account is made with it.
///
/// # Errors
/// Database errors.
pub async fn create(
    tx: &mut SystemTx,
    world: &World,
    tenant: TenantId,
    created_by: Option<UserId>,
    wanted: &WantedKey,
) -> Result<KeyText> {
    Ok(make(tx, world, tenant, created_by, wanted).await?.text)
}

/// As [`create`], with what else there is to know of the key.
///
/// # Errors
/// Database errors.
pub async fn make(
    tx: &mut SystemTx,
    world: &World,
    tenant: TenantId,
    created_by: Option<UserId>,
    wanted: &WantedKey,
) -> Result<MadeKey> {
    let text = KeyText::random(world);
    let now = world.now();
    let (kind, user) = match wanted.user {
        Some(user) => (KeyKind::Personal, user),
        None => {
            let user: UserId = world.id();
            // RFC 2606: `.invalid` receives no mail.
            let email = format!("key-{}@service.invalid", text.public_id.to_ascii_lowercase());
            user_insert(tx, user, &email, &wanted.name, None, now).await?;
            membership_put(tx, tenant, user, app::model::Role::Member, now).await?;
            (KeyKind::Service, user)
        }
    };
    let id = wanted.id.unwrap_or_else(|| world.id());
    let new = NewApiKey {
        id,
        public_id: text.public_id.clone(),
        secret_sha256: text.hash(),
        kind,
        user,
        name: wanted.name.clone(),
        profile: wanted.profile,
        is_trusted_front_end: wanted.is_trusted_front_end,
        unknown_person: wanted.unknown_person,
        scopes: wanted.scopes,
        requests_per_minute: wanted.requests_per_minute,
        tokens_per_minute: wanted.tokens_per_minute,
        max_concurrent: wanted.max_concurrent,
        models: wanted.models.clone(),
        group: wanted.group,
        created_by: created_by.unwrap_or(user),
        expires_at: wanted.expires_at,
    };
    api_key_insert(Books::within(tx, tenant), tx, &new, now).await?;
    Ok(MadeKey { id, user, text })
}

/// Gives a key another secret, to be shown once; the one it has ends `grace_ms` from now. All else stays: its budgets, its
/// rates, its people.
///
/// # Errors
/// [`Error::Conflict`] when it was rotated or revoked meanwhile; database errors.
pub async fn rotate(tx: &mut SystemTx, world: &World, old: &ApiKey, grace_ms: i64) -> Result<KeyText> {
    let text = KeyText::random(world);
    let end = Timestamp(world.now().0.saturating_add(grace_ms.max(0)));
    let books = Books::within(tx, old.tenant);
    if old.former_until.is_some() || !api_key_rotate(books, tx, old, &text.public_id, text.hash(), end).await? {
        return Err(Error::Conflict("This key was rotated or revoked already.".to_owned()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_journey_and_hides_from_logs() {
        let world = World::real();
        let key = KeyText::random(&world);
        let text = key.reveal();
        assert_eq!(text.len(), 4 + 12 + 1 + 48);
        assert_eq!(KeyText::parse(&text), Some(key.clone()));
        assert_eq!(KeyText::parse(&format!(" {text}\n")), Some(key.clone()), "as pasted");
        assert!(!format!("{key:?}").contains(&key.secret));
        assert_ne!(KeyText::random(&world), key);
    }

    #[test]
    fn anything_else_is_not_a_key() {
        let text = KeyText::random(&World::real()).reveal();
        let cut = &text[..text.len() - 1];
        for wrong in ["", "stw_", "sk-ant-123", cut, &format!("{text}x"), &text.replacen('_', "-", 1), &"ä".repeat(40)]
        {
            assert_eq!(KeyText::parse(wrong), None, "{wrong}");
        }
    }
}
