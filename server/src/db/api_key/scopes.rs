//! What a key may do.

use std::{fmt, str::FromStr};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes {
    /// Ask models, list them, count tokens.
    pub asks: bool,
    /// LiteLLM's administration, of its tenant alone.
    pub administers: bool,
}

impl Default for Scopes {
    fn default() -> Self {
        Self { asks: true, administers: false }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.asks, self.administers) {
            (true, true) => "ask admin",
            (true, false) => "ask",
            (false, true) => "admin",
            (false, false) => "",
        })
    }
}

impl FromStr for Scopes {
    type Err = &'static str;
    /// Words with spaces or commas between them; at least one.
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let mut scopes = Self { asks: false, administers: false };
        for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
            match word {
                "ask" => scopes.asks = true,
                "admin" => scopes.administers = true,
                _ => return Err("a key's scopes are \"ask\" and \"admin\""),
            }
        }
        if scopes.asks || scopes.administers { Ok(scopes) } else { Err("a key needs a scope: ask, admin, or both") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_as_they_are_read() {
        for text in ["ask", "admin", "ask admin"] {
            assert_eq!(text.parse::<Scopes>().map(|scopes| scopes.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("admin,ask".parse::<Scopes>(), Ok(Scopes { asks: true, administers: true }));
        for wrong in ["", " ", "root", "ask root"] {
            assert!(wrong.parse::<Scopes>().is_err(), "{wrong}");
        }
    }
}
