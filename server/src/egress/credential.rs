//! A secret that knows where it may go.

use std::fmt;

use http::{HeaderName, HeaderValue};

use super::Origin;

/// A secret header for one origin. Never shown: neither by `Debug` nor in an error.
#[derive(Clone)]
pub struct Credential {
    origin: Origin,
    header: HeaderName,
    secret: HeaderValue,
}

/// A credential was about to be sent somewhere else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a credential for {bound} must not be sent to {asked}")]
pub struct ForeignOrigin {
    bound: Origin,
    asked: Origin,
}

/// A secret that cannot be a header's value (control characters, line breaks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key contains characters that cannot be sent in a header")]
pub struct UnusableSecret;

impl Credential {
    /// # Errors
    /// The secret has characters a header cannot have.
    pub fn new(origin: Origin, header: HeaderName, secret: &str) -> Result<Self, UnusableSecret> {
        let mut secret = HeaderValue::from_str(secret).map_err(|_| UnusableSecret)?;
        secret.set_sensitive(true);
        Ok(Self { origin, header, secret })
    }

    /// The header, for its own origin only.
    pub(super) fn for_origin(&self, asked: &Origin) -> Result<(HeaderName, HeaderValue), ForeignOrigin> {
        if *asked == self.origin {
            return Ok((self.header.clone(), self.secret.clone()));
        }
        Err(ForeignOrigin { bound: self.origin.clone(), asked: asked.clone() })
    }

    /// The text without the secret, should the other side have quoted it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        match self.secret.to_str() {
            Ok(secret) if !secret.is_empty() => text.replace(secret, "[key]"),
            _ => text.to_owned(),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("origin", &self.origin).field("header", &self.header).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::BaseUrl;

    fn origin(url: &str) -> Origin {
        BaseUrl::parse(url).expect("valid").origin()
    }

    #[test]
    fn a_credential_stays_with_its_origin() {
        let header = HeaderName::from_static("x-api-key");
        let credential = Credential::new(origin("https://a.example"), header, "sk-secret").expect("valid");
        assert!(credential.for_origin(&origin("https://a.example/v1")).is_ok());
        for other in ["http://a.example", "https://a.example:8443", "https://b.example", "https://a.example.evil"] {
            assert!(credential.for_origin(&origin(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn a_credential_is_never_shown() {
        let header = HeaderName::from_static("x-api-key");
        let credential = Credential::new(origin("https://a.example"), header.clone(), "sk-secret").expect("valid");
        assert!(!format!("{credential:?}").contains("sk-secret"));
        assert_eq!(credential.redact("invalid key sk-secret!"), "invalid key [key]!");
        assert_eq!(Credential::new(origin("https://a.example"), header, "a\nb").err(), Some(UnusableSecret));
    }
}
