//! Text → tree (RFC 8259). Lenient only where it costs code and changes nothing for what our server writes: numbers are
//! checked when they are read as one.

use std::borrow::Cow;

use super::{Json, MAX_DEPTH, Map};

/// A whole text; `None`: it is not JSON, or nested too deep.
pub(super) fn parse(text: &str) -> Option<Json<'_>> {
    let mut parser = Parser { text, at: 0 };
    let json = parser.value(0)?;
    parser.blank();
    (parser.at == text.len()).then_some(json)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Skips blanks and `wanted`, if it comes next.
    fn eat(&mut self, wanted: u8) -> bool {
        self.blank();
        let is_next = self.peek() == Some(wanted);
        self.at += usize::from(is_next);
        is_next
    }

    fn word(&mut self, word: &str, json: Json<'a>) -> Option<Json<'a>> {
        let is_next = self.text.get(self.at..)?.starts_with(word);
        self.at += word.len();
        is_next.then_some(json)
    }

    fn value(&mut self, depth: usize) -> Option<Json<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.blank();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Json::Text),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            b'-' | b'0'..=b'9' => Some(self.number()),
            _ => None,
        }
    }

    fn number(&mut self) -> Json<'a> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        Json::Number(&self.text[start..self.at])
    }

    fn list(&mut self, depth: usize) -> Option<Json<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.eat(b']') {
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat(b']') {
                return Some(Json::List(items));
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json<'a>> {
        self.at += 1;
        let mut members = Vec::new();
        if self.eat(b'}') {
            return Some(Json::Map(Map(members)));
        }
        loop {
            self.blank();
            if self.peek()? != b'"' {
                return None;
            }
            let name = self.string()?;
            if !self.eat(b':') {
                return None;
            }
            members.push((name, self.value(depth + 1)?));
            if self.eat(b'}') {
                return Some(Json::Map(Map(members)));
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    /// A string; borrowed from the text unless something in it is escaped.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        let mut plain_from = start;
        let mut owned: Option<String> = None;
        loop {
            match self.peek()? {
                b'"' => {
                    let rest = &self.text[plain_from..self.at];
                    self.at += 1;
                    return Some(match owned {
                        None => Cow::Borrowed(rest),
                        Some(mut text) => {
                            text.push_str(rest);
                            Cow::Owned(text)
                        }
                    });
                }
                b'\\' => {
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(&self.text[plain_from..self.at]);
                    self.at += 1;
                    let escaped = self.escape()?;
                    owned.get_or_insert_with(String::new).push(escaped);
                    plain_from = self.at;
                }
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let escaped = self.peek()?;
        self.at += 1;
        Some(match escaped {
            b'"' | b'\\' | b'/' => char::from(escaped),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                // A pair of surrogates is one character; half of one is none.
                if !self.text.get(self.at..)?.starts_with("\\u") {
                    return None;
                }
                self.at += 2;
                let second = self.hex4()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + second);
            }
            _ => return None,
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        // `from_str_radix` takes a sign.
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn like(json: &Json<'_>) -> serde_json::Value {
        match json {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(digits) => serde_json::from_str(digits).expect("a number"),
            Json::Text(text) => text.to_string().into(),
            Json::List(items) => items.iter().map(like).collect::<Vec<_>>().into(),
            Json::Map(Map(members)) => serde_json::Value::Object(
                // Of equal names `serde_json` keeps the last.
                members.iter().map(|(name, json)| (name.to_string(), like(json))).collect(),
            ),
        }
    }

    #[test]
    fn what_is_no_json_is_not_read() {
        for wrong in [
            "",
            " ",
            "nul",
            "tru",
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1,}",
            "\"a",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\u+123\"",
            "1 2",
            "{a:1}",
            "[1 2]",
            "\"\n\"",
            "'a'",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse(&deep), None);
        assert!(parse(&format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))).is_some());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[\\[\\]{}\",:\\\\ua0-9eE.+tfn -]{0,40}|\\PC{0,40}") {
            let _read_or_not = parse(&text);
        }

        #[test]
        fn reads_like_serde(text in "\\PC{0,20}", number in any::<i64>(), eighths in -1_000_000i32..1_000_000, flag in any::<bool>()) {
            // `serde_json` itself may be one unit in the last place off; eighths are exact.
            let fraction = f64::from(eighths) / 8.0;
            let value = serde_json::json!({ "a": [text, { "b": number, "c\n\"": fraction }], "d": flag, "e": null, "": [] });
            for written in [value.to_string(), serde_json::to_string_pretty(&value).expect("JSON")] {
                prop_assert_eq!(parse(&written).as_ref().map(like), Some(value.clone()));
            }
        }
    }
}
