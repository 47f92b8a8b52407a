//! Upper and lower case. The browser has the tables of Unicode; the program need not bring its own.

/// `text` in lower case.
#[must_use]
pub fn lower(text: &str) -> String {
    if cfg!(feature = "ssr") {
        return text.to_lowercase();
    }
    js_sys::JsString::from(text).to_lower_case().into()
}

/// `text` in upper case.
#[must_use]
pub fn upper(text: &str) -> String {
    if cfg!(feature = "ssr") {
        return text.to_uppercase();
    }
    js_sys::JsString::from(text).to_upper_case().into()
}

/// `text` with its first character in upper case.
#[must_use]
pub fn capitalized(text: &str) -> String {
    let rest = text.char_indices().nth(1).map_or(text.len(), |(place, _)| place);
    let (first, rest) = text.split_at(rest);
    upper(first) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_character_is_raised() {
        for (given, raised) in [("", ""), ("a", "A"), ("érg", "Érg"), ("ßa", "SSa"), ("1a", "1a"), ("kWh", "KWh")] {
            assert_eq!(capitalized(given), raised);
        }
    }
}
