//! Keys of trusted front ends: whom they may name, and how they prove it.

use std::fmt;

use crate::db::words::words;

/// What happens to somebody a trusted front end names who has no account here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownPerson {
    #[default]
    Refuse,
    /// An account is made that cannot sign in, and is a member of the key's tenant.
    Provision,
}

words!(UnknownPerson, "unknown people are either \"refuse\" or \"provision\"", {
    Refuse = "refuse",
    Provision = "provision",
});

/// What a front end signs its people with. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct JwtSecret(Vec<u8>);

impl JwtSecret {
    /// RFC 7518 §3.2: no shorter than the hash.
    pub const MIN_BYTES: usize = 32;

    /// # Errors
    /// Too short to be one.
    pub fn new(bytes: Vec<u8>) -> std::result::Result<Self, &'static str> {
        if bytes.len() < Self::MIN_BYTES {
            return Err("a secret for HS256 has at least 32 bytes (RFC 7518 §3.2)");
        }
        Ok(Self(bytes))
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for JwtSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_enough_and_hides_from_logs() {
        assert!(JwtSecret::new(vec![b'x'; 31]).is_err());
        let secret = JwtSecret::new(vec![b'x'; 32]).expect("long enough");
        assert!(!format!("{secret:?}").contains('x'));
    }
}
