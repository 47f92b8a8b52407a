//! What the server works out about a message's text so that the browser need not: colours of code, formulas as MathML.
//! Typed, so that neither is ever an HTML string; short on the wire, because a page may hold thousands of each.

use serde::{Deserialize, Serialize};

/// Sources in one request.
pub const MAX_SOURCES: usize = 50;
/// Longer code stays plain, bytes of UTF-8.
pub const MAX_CODE_BYTES: usize = 64 * 1024;
/// Longer formulas stay as they were written, bytes of UTF-8.
pub const MAX_TEX_BYTES: usize = 2 * 1024;

/// One code block or formula, found again by its [`RichKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rich {
    pub key: RichKey,
    pub content: RichContent,
}

/// A hash of kind, language and source (FNV-1a, 64 bits). Whoever makes two texts collide gets wrong colours in their own
/// conversation, no more: what is kept across people goes by a stronger hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RichKey(pub u64);

impl RichKey {
    #[must_use]
    pub fn of_code(language: &str, text: &str) -> Self {
        let kind_and_language = hash(hash(SEED, b"c\0"), language.as_bytes());
        Self(hash(hash(kind_and_language, b"\0"), text.as_bytes()))
    }

    #[must_use]
    pub fn of_math(tex: &str, display: bool) -> Self {
        let kind: &[u8] = if display { b"d\0" } else { b"i\0" };
        Self(hash(hash(SEED, kind), tex.as_bytes()))
    }
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn hash(so_far: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(so_far, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What to work out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RichSource {
    Code {
        language: String,
        text: String,
    },
    /// LaTeX without its delimiters.
    Math {
        tex: String,
        display: bool,
    },
}

impl RichSource {
    #[must_use]
    pub fn key(&self) -> RichKey {
        match self {
            Self::Code { language, text } => RichKey::of_code(language, text),
            Self::Math { tex, display } => RichKey::of_math(tex, *display),
        }
    }

    /// Whether the server would do anything with it.
    #[must_use]
    pub fn is_worth_asking(&self) -> bool {
        match self {
            Self::Code { language, text } => has_colours(language) && text.len() <= MAX_CODE_BYTES,
            Self::Math { tex, .. } => tex.len() <= MAX_TEX_BYTES,
        }
    }
}

/// Whether code of this language is coloured; `language` as written behind the fence.
#[must_use]
pub fn has_colours(language: &str) -> bool {
    LANGUAGES.split(' ').any(|known| !known.is_empty() && known.eq_ignore_ascii_case(language))
}

/// The names behind a fence that are known, separated by spaces.
pub const LANGUAGES: &str = "bash sh shell zsh console python py rust rs javascript js jsx mjs typescript ts tsx json json5 \
    jsonc yaml yml toml ini sql postgresql mysql sqlite html xml svg css scss c h cpp c++ cc hpp csharp cs java kotlin kt \
    swift go php ruby rb r lua diff patch markdown md dockerfile makefile";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RichContent {
    Code(CodeSpans),
    Math(MathMl),
}

/// Spans that cover a text, in order: their lengths in bytes of UTF-8, each followed by the letter of its [`CodeClass`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeSpans(pub String);

impl CodeSpans {
    /// Adds a run.
    pub fn push(&mut self, bytes: usize, class: CodeClass) {
        self.0.push_str(&bytes.to_string());
        self.0.push(class.letter());
    }

    /// The runs; ends where the text makes no sense.
    pub fn iter(&self) -> impl Iterator<Item = (usize, CodeClass)> + '_ {
        let mut rest = self.0.as_str();
        std::iter::from_fn(move || {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let bytes = rest.get(..end)?.parse().ok()?;
            let letter = rest.get(end..)?.chars().next()?;
            rest = rest.get(end + letter.len_utf8()..)?;
            Some((bytes, CodeClass::of_letter(letter)?))
        })
    }
}

/// What a run of code is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeClass {
    Plain,
    Comment,
    Keyword,
    Type,
    Function,
    String,
    Number,
    Constant,
    Operator,
    Tag,
    Attribute,
    Inserted,
    Deleted,
}

impl CodeClass {
    /// Letter on the wire and class name in the style sheet.
    const ALL: [(Self, char, &'static str); 13] = [
        (Self::Plain, 'p', ""),
        (Self::Comment, 'c', "hl-comment"),
        (Self::Keyword, 'k', "hl-keyword"),
        (Self::Type, 't', "hl-type"),
        (Self::Function, 'f', "hl-function"),
        (Self::String, 's', "hl-string"),
        (Self::Number, 'n', "hl-number"),
        (Self::Constant, 'o', "hl-constant"),
        (Self::Operator, 'x', ""),
        (Self::Tag, 'g', "hl-tag"),
        (Self::Attribute, 'a', "hl-attribute"),
        (Self::Inserted, 'i', "hl-inserted"),
        (Self::Deleted, 'd', "hl-deleted"),
    ];

    fn letter(self) -> char {
        Self::ALL.iter().find(|(class, ..)| *class == self).map_or('p', |(_, letter, _)| *letter)
    }

    fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == letter).map(|(class, ..)| *class)
    }

    /// The class of its element; empty: it needs none.
    #[must_use]
    pub fn css(self) -> &'static str {
        Self::ALL.iter().find(|(class, ..)| *class == self).map_or("", |(.., css)| css)
    }
}

/// MathML Core as text, of the elements and attributes that `markdown::mathml` lets pass. It is never put into a page as it
/// is: both sides read it into nodes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MathMl(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_the_wire() {
        let given = [(3, CodeClass::Keyword), (1, CodeClass::Plain), (12, CodeClass::String)];
        let mut spans = CodeSpans::default();
        given.iter().for_each(|(bytes, class)| spans.push(*bytes, *class));
        assert_eq!(serde_json::to_string(&spans).expect("a string"), r#""3k1p12s""#);
        assert_eq!(spans.iter().collect::<Vec<_>>(), given);
        for nonsense in ["k", "3", "3é", "99999999999999999999999k", "3k-1p"] {
            assert!(CodeSpans(nonsense.into()).iter().count() <= 1, "{nonsense}");
        }
    }

    #[test]
    fn every_class_has_a_letter_of_its_own() {
        for (class, letter, _) in CodeClass::ALL {
            assert_eq!(CodeClass::of_letter(letter), Some(class));
        }
    }

    #[test]
    fn keys_tell_kind_language_and_text_apart() {
        let mut keys = [
            RichKey::of_code("", "x"),
            RichKey::of_code("x", ""),
            RichKey::of_code("a", "bx"),
            RichKey::of_code("ab", "x"),
            RichKey::of_math("x", true),
            RichKey::of_math("x", false),
        ];
        keys.sort();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
