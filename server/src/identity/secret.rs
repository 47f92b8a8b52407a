//! Opaque secrets that a client holds and the database knows only by their hash: cookies and refresh tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::world::World;

/// 256 random bits. Shown once, to the client; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    #[must_use]
    pub fn random(world: &World) -> Self {
        Self(world.bytes())
    }

    /// The text a client sends back; `None`: not one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// What is stored. A fast hash suffices: 256 random bits cannot be guessed.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// 43 characters of base64url, for the client.
    #[must_use]
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_its_journey_and_hides_from_logs() {
        let secret = Secret::random(&World::real());
        assert_eq!(secret.reveal().len(), 43);
        assert_eq!(Secret::parse(&secret.reveal()), Some(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_ne!(secret.hash(), Secret::random(&World::real()).hash());
    }

    #[test]
    fn anything_else_is_not_a_secret() {
        for wrong in ["", "abc", &"A".repeat(42), &"A".repeat(44), &"ä".repeat(43), &"A".repeat(1_000_000)] {
            assert_eq!(Secret::parse(wrong), None);
        }
    }
}
