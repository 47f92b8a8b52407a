//! The login name: an e-mail address, compared in one form.

/// An e-mail address in the form it is stored and compared: trimmed, lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// The longest address (RFC 5321 §4.5.3.1.3, with its brackets taken off).
pub const MAX_EMAIL_BYTES: usize = 254;

impl Email {
    /// Checks the shape only: something, one `@` before the domain, no spaces, control or text-direction characters.
    /// Whether mail arrives there is another question.
    ///
    /// # Errors
    /// In words for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "this is not an e-mail address";
        const TOO_LONG: &str = "an e-mail address has at most 254 characters";
        let text = text.trim();
        if text.len() > MAX_EMAIL_BYTES {
            return Err(TOO_LONG);
        }
        let text = text.to_lowercase();
        if text.len() > MAX_EMAIL_BYTES {
            return Err(TOO_LONG);
        }
        // Invisible characters would make one address look like another.
        let is_visible = |c: char| !c.is_whitespace() && !c.is_control() && !is_invisible(c);
        if !text.chars().all(is_visible) {
            return Err(WRONG);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(WRONG)?;
        if local.is_empty() || domain.is_empty() || domain.starts_with('.') || domain.ends_with('.') {
            return Err(WRONG);
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters without width and those that change text direction (Unicode TR #36).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_login_name() {
        assert_eq!(Email::parse(" Ana@PRS.example ").map(|e| e.to_string()), Ok("ana@prs.example".to_owned()));
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let too_long = format!("{}@x.example", "a".repeat(250));
        for wrong in
            ["", "a", "@", "a@", "@b", "a b@c", "a@b\0", "a\u{202E}@b", "a\u{200B}@b", "a@.b", "a@b.", &too_long]
        {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn parsing_is_stable(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(email) = Email::parse(&text) {
                proptest::prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }
}
