//! Words of a message, and the language they are in.

use super::vocabulary::{ENGLISH, INDONESIAN};

/// The languages the demo model speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Indonesian,
}

impl Language {
    /// The text in this language.
    pub(super) fn pick<T>(self, english: T, indonesian: T) -> T {
        match self {
            Self::English => english,
            Self::Indonesian => indonesian,
        }
    }
}

/// A word of a message; `used` once some part of the reading has claimed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub lower: String,
    pub used: bool,
}

/// More words than this are not read: the question is at the beginning.
const MAX_WORDS: usize = 200;

/// Cuts a text into words: lower case, without punctuation around them (inside, `AC-1` or `2026-11-03` keep it).
pub(super) fn words(text: &str) -> Vec<Word> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '“' | '”' | '(' | ')' | '–' | '—'))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .map(|word| word.strip_suffix("'s").or(word.strip_suffix("’s")).map_or(word.clone(), str::to_owned))
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(|lower| Word { lower, used: false })
        .collect()
}

/// Whether the phrase (words with single spaces) stands at this place.
pub(super) fn stands_at(words: &[Word], at: usize, phrase: &str) -> Option<usize> {
    let mut length = 0;
    for part in phrase.split(' ') {
        let word = words.get(at + length)?;
        if word.used || word.lower != part {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// The longest of the phrases (with `|` between them) that stands at this place.
pub(super) fn any_at(words: &[Word], at: usize, phrases: &str) -> Option<usize> {
    phrases.split('|').filter_map(|phrase| stands_at(words, at, phrase)).max()
}

/// The first place of any of the phrases, and how long it is.
pub(super) fn find(words: &[Word], phrases: &str) -> Option<(usize, usize)> {
    (0..words.len()).find_map(|at| any_at(words, at, phrases).map(|length| (at, length)))
}

/// Whether the word is one of the list.
pub(super) fn is_in(word: &str, list: &str) -> bool {
    list.split('|').any(|one| one == word)
}

/// Claims every occurrence of the phrases.
pub(super) fn claim(words: &mut [Word], phrases: &str) -> bool {
    let mut found = false;
    while let Some((at, length)) = find(words, phrases) {
        claim_at(words, at, length);
        found = true;
    }
    found
}

pub(super) fn claim_at(words: &mut [Word], at: usize, length: usize) {
    for word in words.iter_mut().skip(at).take(length) {
        word.used = true;
    }
}

/// The language most of the telling words belong to; `None` when none tells.
pub(super) fn language(words: &[Word]) -> Option<Language> {
    let count = |list: &str| words.iter().filter(|word| is_in(&word.lower, list)).count();
    let (indonesian, english) = (count(INDONESIAN), count(ENGLISH));
    match indonesian.cmp(&english) {
        std::cmp::Ordering::Greater => Some(Language::Indonesian),
        std::cmp::Ordering::Less => Some(Language::English),
        std::cmp::Ordering::Equal if english > 0 => Some(Language::English),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_goes_and_codes_stay() {
        let lower: Vec<String> = words("What's AC-1's use (2026-11-03)?").into_iter().map(|word| word.lower).collect();
        assert_eq!(lower, ["what", "ac-1", "use", "2026-11-03"]);
    }

    #[test]
    fn the_language_is_heard() {
        let of = |text: &str| language(&words(text));
        assert_eq!(of("Berapa biaya kompresor 3 minggu lalu?"), Some(Language::Indonesian));
        assert_eq!(of("What did compressor 3 cost us last week?"), Some(Language::English));
        assert_eq!(of("/daily-digest"), None);
    }
}
