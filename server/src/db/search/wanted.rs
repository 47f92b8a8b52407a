//! What is searched for: words that must all be there, phrases among them, the last one perhaps unfinished; and how each
//! engine is asked for it. Words are letters and digits only ([`super::words`]), so nothing typed can be an operator.

use super::words::Word;

/// One or more words that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Folded, at least one.
    pub words: Vec<String>,
    /// The last word may go on.
    pub is_prefix: bool,
}

impl Term {
    /// How many words of `text` this stands at, beginning with the first one; `None`: it does not stand there.
    #[must_use]
    pub fn stands_at(&self, text: &[Word]) -> Option<usize> {
        let (last, before) = self.words.split_last()?;
        let place = text.get(..self.words.len())?;
        let (last_there, before_there) = place.split_last()?;
        let is_last = if self.is_prefix { last_there.text.starts_with(last) } else { last_there.text == *last };
        let is_there = is_last && before.iter().zip(before_there).all(|(wanted, there)| *wanted == there.text);
        is_there.then_some(self.words.len())
    }
}

/// The text of a `tsquery`.
pub(super) fn for_postgres(terms: &[Term], mark: &str) -> String {
    let term = |term: &Term| {
        let words: Vec<String> = term.words.iter().map(|word| format!("'{mark}{word}'")).collect();
        let ending = if term.is_prefix { ":*" } else { "" };
        format!("({}{ending})", words.join(" <-> "))
    };
    terms.iter().map(term).collect::<Vec<_>>().join(" & ")
}

/// An FTS5 query.
pub(super) fn for_sqlite(terms: &[Term], mark: &str) -> String {
    let term = |term: &Term| {
        let words: Vec<String> = term.words.iter().map(|word| format!("{mark}{word}")).collect();
        let ending = if term.is_prefix { " *" } else { "" };
        format!("\"{}\"{ending}", words.join(" "))
    };
    terms.iter().map(term).collect::<Vec<_>>().join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::{super::words::words, *};

    fn term(text: &str, is_prefix: bool) -> Term {
        Term { words: words(text, 10).into_iter().map(|word| word.text).collect(), is_prefix }
    }

    #[test]
    fn each_engine_is_asked_in_its_own_words() {
        let terms = [term("peak", false), term("last week", false), term("comp", true)];
        assert_eq!(for_postgres(&terms, "m"), "('mpeak') & ('mlast' <-> 'mweek') & ('mcomp':*)");
        assert_eq!(for_sqlite(&terms, "m"), "\"mpeak\" AND \"mlast mweek\" AND \"mcomp\" *");
    }

    #[test]
    fn a_phrase_stands_where_all_of_it_stands() {
        let text = words("the last weekend", 10);
        assert_eq!(term("last week", true).stands_at(&text[1..]), Some(2));
        assert_eq!(term("last week", false).stands_at(&text[1..]), None);
        assert_eq!(term("weekend now", false).stands_at(&text[2..]), None);
    }
}
