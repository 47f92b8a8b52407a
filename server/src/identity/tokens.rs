//! Access tokens of API clients: signed JWTs (RFC 7519, RFC 9068) that live ten minutes and point at a session row, which is
//! checked at every use; ending the session ends its tokens.
//!
//! Ed25519 only: the algorithm is fixed here and never taken from a token. Keys are made once and stored in the
//! database (`signing_keys`); whoever can read that table can sign, as with any other secret in it.

mod device;

pub use device::DEVICE_LIFETIME_S;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicI64, atomic::Ordering},
};

use app::model::{SessionId, TenantCode, UserId};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{Jwk, JwkSet},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{Db, signing_key},
    error::{Error, Result},
    world::World,
};

/// How long an access token lives.
pub const LIFETIME_S: i64 = 600;
/// Clocks may differ by this much.
const LEEWAY_S: i64 = 30;
/// RFC 9068 §2.1.
const HEADER_TYPE: &str = "at+jwt";
const CLAIM_TYPE: &str = "access";
const AUDIENCE: &str = "steward-api";
/// A token of ours has about 500 characters.
const MAX_TOKEN_BYTES: usize = 4096;
/// An unknown key id makes us look for new keys at most this often.
const RELOAD_EVERY_MS: i64 = 10_000;

/// RFC 8410 §7: a PKCS #8 version 1 frame around the 32 bytes of an Ed25519 seed.
const PKCS8_FRAME: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    pub sid: SessionId,
    pub jti: Uuid,
    pub iat: i64,
    pub exp: i64,
    pub typ: String,
    pub tenant: TenantCode,
}

/// Signs and checks access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    db: Db,
    world: World,
    issuer: Arc<str>,
    keys: Arc<RwLock<Keys>>,
    reloaded_at: Arc<AtomicI64>,
}

struct Keys {
    signing: Uuid,
    encoding: EncodingKey,
    /// By key id.
    decoding: BTreeMap<Uuid, DecodingKey>,
    published: JwkSet,
}

impl Tokens {
    /// Loads the keys, making the first one when there is none, and signs and checks one token as a self-test.
    ///
    /// # Errors
    /// Database errors; [`Error::Internal`] when a stored key cannot be used.
    pub async fn open(db: &Db, world: &World, issuer: &str) -> Result<Self> {
        let keys = match load(db).await? {
            Some(keys) => keys,
            None => {
                make_first(db, world).await?;
                load(db).await?.ok_or_else(|| Error::internal("no signing key after one was made"))?
            }
        };
        let tokens = Self {
            db: db.clone(),
            world: world.clone(),
            issuer: issuer.into(),
            keys: Arc::new(RwLock::new(keys)),
            reloaded_at: Arc::new(AtomicI64::new(world.now().0)),
        };
        let tenant: TenantCode = "self-test".parse().map_err(|e: &str| Error::internal(e))?;
        let token = tokens.sign(UserId(Uuid::nil()), SessionId(Uuid::nil()), &tenant)?;
        if tokens.check(&token).is_none() {
            return Err(Error::internal("a token signed here does not pass the check here"));
        }
        Ok(tokens)
    }

    /// An access token for an API session.
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn sign(&self, user: UserId, session: SessionId, tenant: &TenantCode) -> Result<String> {
        let now_s = self.world.now().0.div_euclid(1000);
        let claims = Claims {
            iss: self.issuer.to_string(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            jti: self.world.id(),
            iat: now_s,
            exp: now_s + LIFETIME_S,
            typ: CLAIM_TYPE.to_owned(),
            tenant: tenant.clone(),
        };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let header = Header {
            typ: Some(HEADER_TYPE.to_owned()),
            kid: Some(keys.signing.to_string()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, &claims, &keys.encoding).map_err(Error::internal)
    }

    /// The claims of a token that was signed here, is meant for here and is not over; `None` otherwise. Says nothing
    /// about the session: look that up next.
    ///
    /// # Errors
    /// Database errors while looking for new keys.
    pub async fn verify(&self, token: &str) -> Result<Option<Claims>> {
        if let Some(kid) = key_id(token)
            && !self.knows(kid)
        {
            self.reload().await?;
        }
        Ok(self.check(token))
    }

    /// The public keys (RFC 7517), for `/.well-known/jwks.json`.
    #[must_use]
    pub fn published(&self) -> JwkSet {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).published.clone()
    }

    fn knows(&self, kid: Uuid) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).decoding.contains_key(&kid)
    }

    /// Another replica may have made a key; strangers' key ids must not cause a query each.
    async fn reload(&self) -> Result<()> {
        let now = self.world.now().0;
        let last = self.reloaded_at.load(Ordering::Relaxed);
        let is_due = now.saturating_sub(last) >= RELOAD_EVERY_MS;
        let is_ours = self.reloaded_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !(is_due && is_ours) {
            return Ok(());
        }
        if let Some(keys) = load(&self.db).await? {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        Ok(())
    }

    fn check(&self, token: &str) -> Option<Claims> {
        let kid = key_id(token)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.decoding.get(&kid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&*self.issuer]);
        validation.set_audience(&[AUDIENCE]);
        // The times are checked below, against this world's clock.
        validation.validate_exp = false;
        let token = jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?;
        let claims = token.claims;
        let now_s = self.world.now().0.div_euclid(1000);
        let is_in_time = claims.exp.saturating_add(LEEWAY_S) > now_s && claims.iat.saturating_sub(LEEWAY_S) <= now_s;
        let is_short_lived = claims.exp.saturating_sub(claims.iat) <= LIFETIME_S;
        let is_access_token = token.header.typ.as_deref() == Some(HEADER_TYPE) && claims.typ == CLAIM_TYPE;
        (is_in_time && is_short_lived && is_access_token).then_some(claims)
    }
}

/// The `kid` of a token that could be one of ours; nothing is trusted yet.
fn key_id(token: &str) -> Option<Uuid> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.alg != Algorithm::EdDSA {
        return None;
    }
    Uuid::try_parse(&header.kid?).ok()
}

async fn make_first(db: &Db, world: &World) -> Result<()> {
    let mut der = PKCS8_FRAME.to_vec();
    der.extend_from_slice(&world.bytes::<32>());
    let mut tx = db.begin_directory().await?;
    signing_key::signing_key_insert_first(&mut tx, world.id(), &der, world.now()).await?;
    tx.commit().await?;
    Ok(())
}

async fn load(db: &Db) -> Result<Option<Keys>> {
    let mut tx = db.read_directory().await?;
    let rows = signing_key::signing_key_list(&mut tx).await?;
    drop(tx);
    let Some(newest) = rows.first() else { return Ok(None) };
    let (signing, encoding) = (newest.id, EncodingKey::from_ed_der(&newest.private_key));
    let mut decoding = BTreeMap::new();
    let mut published = JwkSet::default();
    for row in rows {
        let private_key = EncodingKey::from_ed_der(&row.private_key);
        let mut jwk = Jwk::from_encoding_key(&private_key, Algorithm::EdDSA).map_err(Error::internal)?;
        jwk.common.key_id = Some(row.id.to_string());
        jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
        decoding.insert(row.id, DecodingKey::from_jwk(&jwk).map_err(Error::internal)?);
        published.keys.push(jwk);
    }
    Ok(Some(Keys { signing, encoding, decoding, published }))
}
