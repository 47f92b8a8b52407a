//! The languages Steward speaks to people. Models answer in whatever language they are asked in.

use serde::{Deserialize, Serialize};

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lang {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "id")]
    Indonesian,
}

impl Lang {
    /// BCP 47, as in `<html lang>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Indonesian => "id",
        }
    }

    /// The language of a BCP 47 tag (`id-ID`, `en`); `in` is the old code of Indonesian some clients still send.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "id" | "in" => Some(Self::Indonesian),
            _ => None,
        }
    }

    /// The best of an `Accept-Language` header (RFC 9110 §12.5.4): the highest quality that is spoken here, the first of
    /// equals. English when nothing fits.
    #[must_use]
    pub fn negotiate(accept_language: &str) -> Self {
        Self::asked(accept_language).unwrap_or_default()
    }

    /// The same; `None` when nothing fits.
    #[must_use]
    pub fn asked(accept_language: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for entry in accept_language.split(',').take(32) {
            let mut pieces = entry.split(';');
            let Some(lang) = pieces.next().and_then(Self::parse) else { continue };
            let quality = pieces.find_map(|piece| piece.trim().strip_prefix("q=")).map_or(1000, thousandths);
            if quality > 0 && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }
}

/// `0.8` → 800; what cannot be read counts as 0.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u16>(), digits.parse::<u16>()) {
        (Ok(whole @ 0..=1), Ok(fraction)) => (whole * 1000 + fraction).min(1000),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_is_chosen() {
        for (header, lang) in [
            ("", Lang::English),
            ("id", Lang::Indonesian),
            ("id-ID,id;q=0.9,en;q=0.8", Lang::Indonesian),
            ("en;q=0.5, id;q=0.8", Lang::Indonesian),
            ("de, fr;q=0.9", Lang::English),
            ("de, id;q=0.1", Lang::Indonesian),
            ("id;q=0, en;q=0.1", Lang::English),
            ("in-ID", Lang::Indonesian),
            (";;;,,q=", Lang::English),
        ] {
            assert_eq!(Lang::negotiate(header), lang, "{header}");
        }
    }
}
