//! Device cookies: proof that somebody has signed in to an account from this browser before (OWASP, "Slow Down Online
//! Guessing Attacks with Device Cookies"). Such a browser has its own counter of attempts, so strangers who try the account
//! cannot slow its owner down. It signs nobody in.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{PoisonError, Tokens, key_id};
use crate::error::{Error, Result};

/// How long a browser is remembered.
pub const DEVICE_LIFETIME_S: i64 = 180 * 86_400;
const HEADER_TYPE: &str = "device+jwt";
const AUDIENCE: &str = "steward-device";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceClaims {
    iss: String,
    aud: String,
    /// Which account: a hash, so that the cookie tells nobody who uses the browser.
    sub: String,
    /// The device.
    jti: Uuid,
    exp: i64,
}

impl Tokens {
    /// A cookie for a browser that has just signed in to an account (its e-mail, as typed).
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn sign_device(&self, account: &str) -> Result<String> {
        let claims = DeviceClaims {
            iss: self.issuer.to_string(),
            aud: AUDIENCE.to_owned(),
            sub: subject(account),
            jti: self.world.id(),
            exp: self.world.now().0.div_euclid(1000) + DEVICE_LIFETIME_S,
        };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let header = Header {
            typ: Some(HEADER_TYPE.to_owned()),
            kid: Some(keys.signing.to_string()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, &claims, &keys.encoding).map_err(Error::internal)
    }

    /// The device of a cookie that was signed here for this account and is not over. A key another replica has just made
    /// is not looked for: such a browser is only counted like a stranger's once.
    #[must_use]
    pub fn device_of(&self, cookie: &str, account: &str) -> Option<Uuid> {
        let kid = key_id(cookie)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&*self.issuer]);
        validation.set_audience(&[AUDIENCE]);
        // The time is checked below, against this world's clock.
        validation.validate_exp = false;
        let token = jsonwebtoken::decode::<DeviceClaims>(cookie, keys.decoding.get(&kid)?, &validation).ok()?;
        let is_in_time = token.claims.exp > self.world.now().0.div_euclid(1000);
        let is_device = token.header.typ.as_deref() == Some(HEADER_TYPE);
        (is_in_time && is_device && token.claims.sub == subject(account)).then_some(token.claims.jti)
    }
}

/// However the account was written.
fn subject(account: &str) -> String {
    let account = account.trim().to_lowercase();
    Sha256::digest(["device\n", &account].concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}
