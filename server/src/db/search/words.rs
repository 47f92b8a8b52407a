//! How text becomes the words that search compares: the same for both engines, for what is written and for what is
//! asked. Upper case, accents and compatibility forms are folded; scripts without spaces give one word per character.

use unicode_normalization::char::decompose_compatible;

/// Characters of a word that count.
const MAX_WORD_CHARS: usize = 64;

/// A word of a text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Folded: letters and digits only.
    pub text: String,
    /// Bytes of the text it was made from.
    pub start: usize,
    pub end: usize,
}

/// The first `max` words of `text`.
#[must_use]
pub fn words(text: &str, max: usize) -> Vec<Word> {
    let mut cutter = Cutter { words: Vec::new(), open: None };
    for (start, c) in text.char_indices() {
        if cutter.words.len() >= max {
            cutter.open = None;
            break;
        }
        let end = start + c.len_utf8();
        if c.is_ascii() {
            cutter.take(c, start, end);
        } else if !joins(c) {
            decompose_compatible(c, |part| cutter.take(part, start, end));
        }
    }
    cutter.close();
    cutter.words.truncate(max);
    cutter.words
}

struct Cutter {
    words: Vec<Word>,
    open: Option<Word>,
}

impl Cutter {
    fn take(&mut self, c: char, start: usize, end: usize) {
        if joins(c) {
            return;
        }
        if !c.is_alphanumeric() {
            self.close();
            return;
        }
        if stands_alone(c) {
            self.close();
            self.words.push(Word { text: c.to_string(), start, end });
            return;
        }
        let word = self.open.get_or_insert_with(|| Word { text: String::new(), start, end });
        word.end = end;
        if word.text.chars().count() < MAX_WORD_CHARS {
            // Folding a capital can leave an accent (U+0130), and a folded character more than one.
            word.text.extend(c.to_lowercase().filter(|c| c.is_alphanumeric()));
        }
    }

    fn close(&mut self) {
        self.words.extend(self.open.take().filter(|word| !word.text.is_empty()));
    }
}

/// Belongs to a word without being compared: accents (Unicode block "Combining Diacritical Marks"), soft hyphen,
/// zero-width characters.
fn joins(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

/// A character of a script that writes without spaces: kana and Han.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text, 100).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_folded_and_cut() {
        assert_eq!(texts("Überstrom: 42 kWh/m², don't!"), ["uberstrom", "42", "kwh", "m2", "don", "t"]);
        assert_eq!(texts("Café cafe\u{301} CAFÉ"), ["cafe", "cafe", "cafe"]);
        assert_eq!(texts("İstanbul ﬁne Ａ１"), ["istanbul", "fine", "a1"]);
        assert_eq!(texts("in\u{AD}visible zero\u{200B}width"), ["invisible", "zerowidth"]);
        assert_eq!(texts("日本語 text"), ["日", "本", "語", "text"]);
        assert_eq!(texts("| --- | ** ` \0 \u{202E}"), Vec::<String>::new());
    }

    #[test]
    fn words_know_their_place() {
        let text = "x Überstrom y";
        let word = &words(text, 10)[1];
        assert_eq!(&text[word.start..word.end], "Überstrom");
        assert_eq!(words("a b c", 2).len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_plain_words_in_order(text in "(\\PC|[\\x00-\\x20]|[éǅßİ日ｶ½\u{301}]){0,80}") {
            let found = words(&text, 1_000);
            for word in &found {
                proptest::prop_assert!(!word.text.is_empty() && word.text.chars().all(char::is_alphanumeric), "{word:?}");
                proptest::prop_assert!(text.get(word.start..word.end).is_some_and(|place| !place.is_empty()));
            }
            proptest::prop_assert!(found.is_sorted_by(|a, b| a.start <= b.start && a.end <= b.end));
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            for word in words(&text, 1_000) {
                let again: Vec<String> = texts(&word.text);
                proptest::prop_assert_eq!(again.concat(), word.text);
            }
        }
    }
}
