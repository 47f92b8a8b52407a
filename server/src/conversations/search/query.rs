//! What a person types into the search box, understood whatever it is: words that must all be there, `"phrases"` in
//! straight or curly quotes, and a last word that may not be finished. Nothing typed is an error or an operator.

use crate::db::search::{
    Term,
    words::{Word, words},
};

/// Words that are searched for; more are not asked for.
const MAX_WORDS: usize = 24;
/// A shorter beginning stands for a good part of all words, which tells nobody anything and takes long. One Han character
/// has three bytes and says enough.
const MIN_PREFIX_BYTES: usize = 2;

/// The terms of a query; none when it has no letters or digits.
pub(super) fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut left = MAX_WORDS;
    let mut is_phrase = false;
    for piece in text.split(is_quote) {
        if is_phrase {
            push(&mut terms, piece, &mut left);
        } else {
            piece.split_whitespace().for_each(|word| push(&mut terms, word, &mut left));
        }
        is_phrase = !is_phrase;
    }
    let is_unfinished = text.chars().next_back().is_some_and(char::is_alphanumeric);
    if let Some(last) = terms.last_mut().filter(|_| is_unfinished) {
        last.is_prefix = last.words.last().is_some_and(|word| word.len() >= MIN_PREFIX_BYTES);
    }
    terms
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// What was typed together is looked for together: `t-shirt` is the phrase "t shirt".
fn push(terms: &mut Vec<Term>, text: &str, left: &mut usize) {
    let words: Vec<String> = words(text, *left).into_iter().map(|Word { text, .. }| text).collect();
    *left -= words.len();
    let term = Term { words, is_prefix: false };
    if !term.words.is_empty() && !terms.contains(&term) {
        terms.push(term);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `last week*` for each term.
    fn shown(text: &str) -> Vec<String> {
        let show = |term: &Term| format!("{}{}", term.words.join(" "), if term.is_prefix { "*" } else { "" });
        terms(text).iter().map(show).collect()
    }

    #[test]
    fn words_and_phrases_are_told_apart() {
        assert_eq!(shown("peak load"), ["peak", "load*"]);
        assert_eq!(shown("peak load "), ["peak", "load"]);
        assert_eq!(shown("\"peak load\" shift"), ["peak load", "shift*"]);
        assert_eq!(shown("“Peak Load”"), ["peak load"]);
        assert_eq!(shown("cost \"last we"), ["cost", "last we*"]);
        assert_eq!(shown("t-shirt 3.55"), ["t shirt", "3 55*"]);
        assert_eq!(shown("a OR b* NOT (c"), ["a", "or", "b", "not", "c"], "one letter says too little");
        assert_eq!(shown("日"), ["日*"]);
        assert_eq!(shown("same same"), ["same*"]);
    }

    #[test]
    fn nothing_to_search_for_is_nothing() {
        for text in ["", "  ", "\"\"", "*", "' OR 1=1 --".trim_matches(char::is_alphanumeric), "\0"] {
            let found = terms(text);
            assert!(found.iter().all(|term| !term.words.is_empty()), "{text:?}");
        }
        assert_eq!(terms("** \" \" --"), Vec::new());
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_gives_bounded_plain_words(text in "(\\PC|[\\x00-\\x20\"“”*:^()+-]){0,200}") {
            let terms = terms(&text);
            proptest::prop_assert!(terms.iter().map(|term| term.words.len()).sum::<usize>() <= MAX_WORDS);
            for word in terms.iter().flat_map(|term| &term.words) {
                proptest::prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "{word:?}");
            }
            let prefixes = terms.iter().filter(|term| term.is_prefix).count();
            proptest::prop_assert!(prefixes <= 1);
        }
    }
}
