//! Text a person typed, parsed once at the edge. What passes here is safe to store on both engines (no NUL) and of a
//! bounded size; it is otherwise kept exactly as typed.

use serde::{Deserialize, Serialize};

/// The largest message a person may send, in bytes of UTF-8.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// Why a text was refused, in words for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    #[error("write something first")]
    Empty,
    #[error("this is too long: {max} bytes at most, {actual} given")]
    TooLong { max: usize, actual: usize },
    #[error("this contains a character that cannot be stored (NUL)")]
    Nul,
    #[error("this may not contain line breaks, control or text-direction characters")]
    Control,
}

/// A message as typed: not blank, at most [`MAX_MESSAGE_BYTES`], no NUL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageText(String);

impl MessageText {
    /// # Errors
    /// Blank, oversized, or containing NUL.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(InvalidText::Empty);
        }
        if text.len() > MAX_MESSAGE_BYTES {
            return Err(InvalidText::TooLong { max: MAX_MESSAGE_BYTES, actual: text.len() });
        }
        if text.contains('\0') {
            return Err(InvalidText::Nul);
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MessageText {
    type Error = InvalidText;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl From<MessageText> for String {
    fn from(text: MessageText) -> Self {
        text.0
    }
}

/// A single line such as a name or a title: trimmed, `1..=max_chars` characters, no control characters and none that
/// change text direction (they could make one name look like another).
pub(super) fn single_line(text: &str, max_chars: usize) -> Result<String, InvalidText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidText::Empty);
    }
    if text.chars().any(|c| c.is_control() || is_bidi_control(c)) {
        return Err(InvalidText::Control);
    }
    let chars = text.chars().count();
    if chars > max_chars {
        return Err(InvalidText::TooLong { max: max_chars, actual: chars });
    }
    Ok(text.to_owned())
}

/// Unicode bidirectional formatting characters (Unicode TR #36, "Bidirectional text spoofing").
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A newtype over a checked single line; `serde` goes through the check.
macro_rules! line {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// Blank, too long, or containing control or text-direction characters.
            pub fn parse(text: &str) -> Result<Self, $crate::model::InvalidText> {
                $crate::model::text::single_line(text, $max).map(Self)
            }
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::model::InvalidText;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(line: $name) -> Self {
                line.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(super) use line;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_kept_as_typed() {
        let typed = "  hello\n\tworld \u{202E}";
        assert_eq!(MessageText::parse(typed).map(String::from), Ok(typed.to_owned()));
    }

    #[test]
    fn blank_nul_and_oversized_messages_are_refused() {
        assert_eq!(MessageText::parse(" \n\t"), Err(InvalidText::Empty));
        assert_eq!(MessageText::parse("a\0b"), Err(InvalidText::Nul));
        let long = "x".repeat(MAX_MESSAGE_BYTES + 1);
        assert!(matches!(MessageText::parse(long), Err(InvalidText::TooLong { .. })));
    }

    #[test]
    fn a_line_cannot_pretend_to_be_another() {
        assert_eq!(single_line("  Ana ", 10), Ok("Ana".into()));
        assert_eq!(single_line("a\u{202E}b", 10), Err(InvalidText::Control));
        assert_eq!(single_line("a\nb", 10), Err(InvalidText::Control));
        assert!(single_line("ééééé", 5).is_ok(), "characters are counted, not bytes");
    }
}
