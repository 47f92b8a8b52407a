//! Characters that make text look like other text (Unicode TR #36), shown as what they are.

use std::borrow::Cow;

/// Where a text stands decides how much it could pretend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Disguise {
    /// Running text and code: what reorders it is shown (CVE-2021-42574, "Trojan Source").
    Reorder,
    /// A link's label, which people take for its address: what cannot be seen is shown, too.
    Unseen,
}

/// `text` with every character of the kind written out, e.g. `⟨U+202E⟩`.
pub(super) fn visible(text: &str, disguise: Disguise) -> Cow<'_, str> {
    // All of them begin with one of these bytes, and so does little else.
    let may_have = text.bytes().any(|byte| matches!(byte, 0xC2 | 0xD8 | 0xE1 | 0xE2 | 0xEF | 0xF3));
    if !may_have {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        if reorders(c) || (disguise == Disguise::Unseen && is_unseen(c, before)) {
            push_code(&mut shown, c);
        } else {
            shown.push(c);
        }
        before = c;
    }
    Cow::Owned(shown)
}

fn reorders(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Joiners belong to some scripts and to emoji: behind such a character they stay.
fn is_unseen(c: char, before: char) -> bool {
    match c {
        '\u{200C}' | '\u{200D}' => before.is_ascii(),
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}'..='\u{2064}' => true,
        '\u{FEFF}' | '\u{E0000}'..='\u{E007F}' => true,
        _ => false,
    }
}

fn push_code(shown: &mut String, c: char) {
    shown.push_str("⟨U+");
    let number = u32::from(c);
    let digits = if number > 0xFFFF { 5 } else { 4 };
    for place in (0..digits).rev() {
        let digit = char::from_digit((number >> (4 * place)) & 0xF, 16).unwrap_or('0');
        shown.push(digit.to_ascii_uppercase());
    }
    shown.push('⟩');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reorders_is_shown_everywhere_and_what_hides_in_links() {
        assert_eq!(visible("a\u{202E}b", Disguise::Reorder), "a⟨U+202E⟩b");
        assert_eq!(visible("a\u{200B}b\u{E0041}", Disguise::Reorder), "a\u{200B}b\u{E0041}");
        assert_eq!(visible("pay\u{200B}pal\u{E0041}", Disguise::Unseen), "pay⟨U+200B⟩pal⟨U+E0041⟩");
        assert_eq!(visible("g\u{AD}o\u{200D}o", Disguise::Unseen), "g⟨U+00AD⟩o⟨U+200D⟩o");
    }

    #[test]
    fn emoji_and_scripts_that_need_joiners_stay_whole() {
        for whole in ["👩\u{200D}🌾", "می\u{200C}خواهم", "é — “q”", "שלום"] {
            assert_eq!(visible(whole, Disguise::Unseen), whole);
        }
    }
}
