//! Which new passwords are accepted: long enough and hard to guess; no rules about kinds of characters
//! (NIST SP 800-63B §3.1.1.2, OWASP ASVS 5.0 §6.2).

use zxcvbn::Score;

/// Characters, not bytes.
pub const MIN_CHARS: usize = 12;
/// Beyond any pass phrase; bounds the work of hashing.
pub const MAX_BYTES: usize = 1024;

/// zxcvbn's time grows faster than the text; what follows can only make a password stronger.
const JUDGED_CHARS: usize = 72;

/// What must be left of a password without the words others know.
const MIN_OWN_CHARS: usize = 6;

/// Why a new password was refused, in words for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("Use at least {MIN_CHARS} characters.")]
    TooShort,
    #[error("Use at most {MAX_BYTES} bytes (about 1,000 letters).")]
    TooLong,
    #[error("This contains a character that cannot be typed (NUL).")]
    Nul,
    #[error(
        "This is easy to guess. Use several words that do not belong together, and nothing from your name or e-mail."
    )]
    Guessable,
    #[error("This is your current password. Choose another one.")]
    Unchanged,
}

/// Checks a new password. `own_words`: the person's e-mail, name and whatever else others know.
///
/// # Errors
/// The first rule it breaks.
pub fn check(password: &str, own_words: &[&str]) -> Result<(), WeakPassword> {
    if password.len() > MAX_BYTES {
        return Err(WeakPassword::TooLong);
    }
    if password.chars().count() < MIN_CHARS {
        return Err(WeakPassword::TooShort);
    }
    if password.contains('\0') {
        return Err(WeakPassword::Nul);
    }
    let judged: String = password.chars().take(JUDGED_CHARS).collect();
    let mut words: Vec<&str> = vec!["steward"];
    for own in own_words {
        if own.chars().count() >= 3 {
            words.push(own);
        }
        words.extend(own.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 3));
    }
    // zxcvbn's dictionaries hold the 30,000 most common passwords: the blocklist.
    let is_common = zxcvbn::zxcvbn(&judged, &words).score() < Score::Two;
    if is_common || chars_without(&judged, &words) < MIN_OWN_CHARS {
        return Err(WeakPassword::Guessable);
    }
    Ok(())
}

/// Visible characters that are left when the words are taken out: zxcvbn alone lets "Budi.Santoso1" pass for its mix of
/// cases.
fn chars_without(password: &str, words: &[&str]) -> usize {
    let mut rest = password.to_lowercase();
    for word in words {
        rest = rest.replace(&word.to_lowercase(), " ");
    }
    rest.chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_and_bounds_bytes() {
        assert_eq!(check("", &[]), Err(WeakPassword::TooShort));
        assert_eq!(check("kürzer 11ch", &[]), Err(WeakPassword::TooShort));
        assert_eq!(check("mud velvet örbit", &[]), Ok(()));
        assert_eq!(check(&"kite ember ".repeat(94), &[]), Err(WeakPassword::TooLong));
        assert_eq!(check(&"x".repeat(1_000_000), &[]), Err(WeakPassword::TooLong));
        let long = "correct horse battery staple ".repeat(5);
        assert!(long.len() > 128);
        assert_eq!(check(&long, &[]), Ok(()), "pass phrases of 128 characters and more are welcome");
    }

    #[test]
    fn common_passwords_and_own_words_are_guessable() {
        for common in ["password1234", "123456789012", "qwertyuiop12", "aaaaaaaaaaaaaaaa", "passwordpassword"] {
            assert_eq!(check(common, &[]), Err(WeakPassword::Guessable), "{common}");
        }
        assert_eq!(check("Budi.Santoso1", &["budi.santoso@prs.example", "Budi Santoso"]), Err(WeakPassword::Guessable));
    }

    #[test]
    fn no_kind_of_character_is_demanded() {
        assert_eq!(check("mosaic tundra fiddle", &[]), Ok(()));
        assert_eq!(check("a\0mosaic tundra fiddle", &[]), Err(WeakPassword::Nul));
        assert_eq!(check("mosaic \u{202E}tundra fiddle", &[]), Ok(()), "stored only as a hash, so any text is fine");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_breaks_the_check(text in "\\PC{0,200}") {
            let _ = check(&text, &[&text]);
        }
    }
}
