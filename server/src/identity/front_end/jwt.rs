//! Open WebUI's signed person: `X-OpenWebUI-User-Jwt`, HS256 (Open WebUI, `FORWARD_USER_INFO_HEADER_JWT_SECRET`).
//!
//! The algorithm is fixed here and never taken from the token. It lives five minutes at most; clocks may differ by half a
//! minute.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::Deserialize;

use crate::db::api_key::JwtSecret;

const ISSUER: &str = "open-webui";
const LONGEST_S: i64 = 300;
const LEEWAY_S: i64 = 30;
const MAX_BYTES: usize = 4096;

/// What it says. A role in it gives nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Claims {
    pub sub: String,
    pub email: String,
    pub name: Option<String>,
    pub iss: String,
    pub iat: i64,
    pub exp: i64,
}

/// Why a token counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJwt {
    #[error("it is not a token signed with this key's secret by HS256")]
    Signature,
    #[error("it has to say sub, email, iss, iat and exp")]
    Claims,
    #[error("its issuer is not open-webui")]
    Issuer,
    #[error("it is over, or from the future")]
    Time,
    #[error("it lives longer than five minutes")]
    TooLong,
    #[error("its e-mail is not one")]
    Email,
    #[error("its subject is empty or too long")]
    Subject,
}

/// What a token says that was signed with this secret and is not over.
///
/// # Errors
/// See [`BadJwt`].
pub fn check(token: &str, secret: &JwtSecret, now_s: i64) -> Result<Claims, BadJwt> {
    let algorithm = jsonwebtoken::decode_header(token).map(|header| header.alg);
    if token.len() > MAX_BYTES || !matches!(algorithm, Ok(Algorithm::HS256)) {
        return Err(BadJwt::Signature);
    }
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    // Issuer and times are checked below, the latter against this world's clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    let token = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(secret.bytes()), &validation);
    let claims = token.map_err(|error| match error.kind() {
        ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => BadJwt::Claims,
        _ => BadJwt::Signature,
    })?;
    let claims = claims.claims;
    if claims.iss != ISSUER {
        return Err(BadJwt::Issuer);
    }
    if claims.exp.saturating_sub(claims.iat) > LONGEST_S {
        return Err(BadJwt::TooLong);
    }
    let is_in_time = claims.exp.saturating_add(LEEWAY_S) > now_s && claims.iat.saturating_sub(LEEWAY_S) <= now_s;
    if is_in_time { Ok(claims) } else { Err(BadJwt::Time) }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
    const NOW: i64 = 1_780_000_000;

    fn signed(header: &Header, claims: &Value, secret: &[u8]) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).expect("a token")
    }

    fn claims(iat: i64, exp: i64) -> Value {
        json!({"sub": "u-1", "email": "ana@prs.example", "name": "Ana", "role": "admin", "iss": "open-webui",
            "iat": iat, "exp": exp})
    }

    fn checked(claims: &Value) -> Result<Claims, BadJwt> {
        let secret = JwtSecret::new(SECRET.to_vec()).expect("a secret");
        check(&signed(&Header::new(Algorithm::HS256), claims, SECRET), &secret, NOW)
    }

    #[test]
    fn a_good_one_names_its_person() {
        let person = checked(&claims(NOW, NOW + 300)).expect("good");
        assert_eq!((person.sub.as_str(), person.email.as_str()), ("u-1", "ana@prs.example"));
    }

    #[test]
    fn times_are_kept_to_half_a_minute() {
        for (iat, exp, answer) in [
            (NOW - 300, NOW, Ok(())),
            (NOW - 329, NOW - 29, Ok(())),
            (NOW - 330, NOW - 30, Err(BadJwt::Time)),
            (NOW + 30, NOW + 300, Ok(())),
            (NOW + 31, NOW + 300, Err(BadJwt::Time)),
            (NOW, NOW + 301, Err(BadJwt::TooLong)),
            (i64::MIN, i64::MAX, Err(BadJwt::TooLong)),
        ] {
            assert_eq!(
                checked(&claims(iat, exp)).map(|_| ()),
                answer,
                "{} {}",
                iat.wrapping_sub(NOW),
                exp.wrapping_sub(NOW)
            );
        }
    }

    #[test]
    fn what_is_missing_or_of_somebody_else_is_refused() {
        for field in ["sub", "email", "iss", "iat", "exp"] {
            let mut without = claims(NOW, NOW + 60);
            without.as_object_mut().expect("an object").remove(field);
            assert_eq!(checked(&without), Err(BadJwt::Claims), "{field}");
        }
        let mut text = claims(NOW, NOW + 60);
        text["exp"] = json!("tomorrow");
        assert_eq!(checked(&text), Err(BadJwt::Claims));
        let mut other = claims(NOW, NOW + 60);
        other["iss"] = json!("somebody");
        assert_eq!(checked(&other), Err(BadJwt::Issuer));
    }

    #[test]
    fn the_algorithm_and_the_secret_are_fixed() {
        let secret = JwtSecret::new(SECRET.to_vec()).expect("a secret");
        let good = claims(NOW, NOW + 60);
        let other = signed(&Header::new(Algorithm::HS256), &good, b"another secret of 32 bytes or so");
        let stronger = signed(&Header::new(Algorithm::HS512), &good, SECRET);
        // {"alg":"none"}
        let body = signed(&Header::new(Algorithm::HS256), &good, SECRET);
        let body = body.split('.').nth(1).expect("a body");
        let unsigned = format!("eyJhbGciOiJub25lIn0.{body}.");
        for wrong in [other, stronger, unsigned, String::new(), "a.b.c".to_owned(), "x".repeat(5_000)] {
            assert_eq!(check(&wrong, &secret, NOW), Err(BadJwt::Signature), "{wrong}");
        }
    }
}
