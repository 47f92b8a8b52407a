//! Formulas in Markdown: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.
//!
//! The parser knows the dollar kinds. The backslash kinds are rewritten to `$$` in front of it ([`mask`]), and the line
//! breaks inside a formula become spaces, because models write lines such as `+ b` in formulas, which would begin a list.
//! The mask has the length of the text, so whatever the parser finds is looked up in the text itself: code, addresses and
//! lone delimiters show what was written. A formula contains no blank line, so masking a piece of a document is a piece
//! of the masked document.

use std::{borrow::Cow, ops::Range};

/// A text and what the parser reads in its place.
pub(super) struct Masked<'a> {
    original: &'a str,
    masked: Cow<'a, str>,
}

/// What stands between delimiters.
pub(super) enum Formula<'a> {
    Math {
        tex: &'a str,
        display: bool,
    },
    /// Not a formula after all.
    Text(&'a str),
}

/// What opened a formula.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Delimiter {
    Paren,
    Bracket,
    Dollars,
}

#[derive(Clone, Copy)]
struct Open {
    delimiter: Delimiter,
    at: usize,
    /// Its line stands in a quote: the marks in front of the next lines must stay where they are.
    in_quote: bool,
    /// Its line is a heading: a formula in it ends with it.
    in_heading: bool,
    begins_line: bool,
}

struct Scan {
    /// Where closed formulas begin and end, and whether their lines are joined.
    found: Vec<(Range<usize>, bool)>,
    open: Option<Open>,
}

/// Prepares `text` for the parser. Linear; borrows unless there is something to rewrite.
pub(super) fn mask(text: &str) -> Masked<'_> {
    let found = scan(text).found;
    if found.is_empty() {
        return Masked { original: text, masked: Cow::Borrowed(text) };
    }
    let mut bytes = text.as_bytes().to_vec();
    for (range, joins_lines) in found {
        bytes[range.start..range.start + 2].fill(b'$');
        bytes[range.end - 2..range.end].fill(b'$');
        if joins_lines {
            for byte in bytes[range].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
                *byte = b' ';
            }
        }
    }
    // Only ASCII was written over ASCII.
    let masked = String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned);
    Masked { original: text, masked }
}

/// Where a formula of its own lines begins that is not closed yet.
pub(super) fn open_formula(text: &str) -> Option<usize> {
    let open = scan(text).open?;
    let is_inline = open.delimiter == Delimiter::Paren;
    (is_inline || open.begins_line).then_some(open.at)
}

fn scan(text: &str) -> Scan {
    let mut scan = Scan { found: Vec::new(), open: None };
    let may_have = text.contains("\\(") || text.contains("\\[") || text.contains("$$");
    if !may_have {
        return scan;
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        scan.line(line, start);
        start += line.len();
    }
    scan
}

impl Scan {
    fn line(&mut self, line: &str, start: usize) {
        let content = line.trim_start_matches([' ', '\t', '>']);
        let is_blank = content.trim().is_empty();
        let is_fence = content.starts_with("```") || content.starts_with("~~~");
        let ends_formula = is_blank || is_fence || content.starts_with('|');
        if ends_formula || self.open.is_some_and(|open| open.in_heading) {
            self.open = None;
        }
        if is_blank || is_fence {
            return;
        }
        let in_quote = line.trim_start().starts_with('>');
        let in_heading = content.starts_with('#');
        let indent = line.len() - content.len();
        let bytes = line.as_bytes();
        let mut in_address = false;
        let mut at = 0;
        while at < bytes.len() {
            let pair = (bytes[at], bytes.get(at + 1).copied().unwrap_or(b' '));
            let (delimiter, opens) = match pair {
                (b'\\', b'(') => (Delimiter::Paren, true),
                (b'\\', b')') => (Delimiter::Paren, false),
                (b'\\', b'[') => (Delimiter::Bracket, true),
                (b'\\', b']') => (Delimiter::Bracket, false),
                (b'$', b'$') => (Delimiter::Dollars, self.open.is_none()),
                (b']', b'(') | (b':', b'/') => {
                    in_address = true;
                    at += 1;
                    continue;
                }
                (byte, next) => {
                    in_address &= !byte.is_ascii_whitespace();
                    let is_escape = byte == b'\\' && next.is_ascii_punctuation();
                    at += if is_escape { 2 } else { 1 };
                    continue;
                }
            };
            match self.open {
                None if opens && !in_address => {
                    let begins_line = at == indent;
                    self.open = Some(Open { delimiter, at: start + at, in_quote, in_heading, begins_line });
                }
                Some(open) if !opens && open.delimiter == delimiter => {
                    self.open = None;
                    let end = start + at + 2;
                    if end > open.at + 4 {
                        self.found.push((open.at..end, !open.in_quote));
                    }
                }
                _ => {}
            }
            at += 2;
        }
    }
}

impl<'a> Masked<'a> {
    pub(super) fn for_parser(&self) -> &str {
        &self.masked
    }

    /// What was written at `range`, if the mask changed it.
    fn changed(&self, range: &Range<usize>) -> Option<&'a str> {
        let original = self.original.get(range.clone())?;
        (self.masked.get(range.clone()) != Some(original)).then_some(original)
    }

    /// Text the parser gives for `range`. `raw`: escapes stay, as in code.
    pub(super) fn text<'t>(&'t self, text: &'t str, range: Range<usize>, raw: bool) -> Cow<'t, str> {
        let original = if text.len() == range.len() { self.changed(&range) } else { None };
        match original {
            None => Cow::Borrowed(text),
            Some(original) if raw => Cow::Borrowed(original),
            Some(original) => Cow::Owned(unescaped(original)),
        }
    }

    /// A code span the parser gives for `range`.
    pub(super) fn code<'t>(&'t self, code: &'t str, range: Range<usize>) -> Cow<'t, str> {
        let Some(original) = self.changed(&range) else { return Cow::Borrowed(code) };
        let inner = original.trim_matches('`').replace(['\n', '\r'], " ");
        let is_padded = inner.starts_with(' ') && inner.ends_with(' ') && !inner.trim().is_empty();
        Cow::Owned(if is_padded { inner[1..inner.len() - 1].to_owned() } else { inner })
    }

    /// `$…$`: not beside a letter or digit, so that sums of money and names of variables stay text.
    pub(super) fn dollar_formula<'t>(&'t self, tex: &'t str, range: Range<usize>) -> Formula<'t> {
        let before = self.masked.get(..range.start).and_then(|before| before.chars().next_back());
        let after = self.masked.get(range.end..).and_then(|after| after.chars().next());
        let touches_word = [before, after].into_iter().flatten().any(char::is_alphanumeric);
        if touches_word {
            return Formula::Text(self.original.get(range).unwrap_or(tex));
        }
        Formula::Math { tex, display: false }
    }

    /// `$$…$$` for the parser: what was written decides whether and how it is a formula.
    pub(super) fn display_formula<'t>(&'t self, tex: &'t str, range: Range<usize>) -> Formula<'t> {
        let written = self.original.get(range.clone()).unwrap_or("");
        let inner = written.get(2..written.len().saturating_sub(2)).unwrap_or("");
        let display = match (written.get(..2), written.get(written.len().saturating_sub(2)..)) {
            (Some("\\("), Some("\\)")) => false,
            (Some("\\["), Some("\\]")) | (Some("$$"), Some("$$")) => true,
            _ => return Formula::Text(written),
        };
        if inner.trim().is_empty() {
            return Formula::Text(written);
        }
        let lines_were_joined = self.masked.get(range.start + 2..range.end - 2) != Some(inner);
        Formula::Math { tex: if lines_were_joined { inner } else { tex }.trim(), display }
    }
}

/// `\(` as CommonMark reads it: `(`.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\' && chars.peek().is_some_and(|next| matches!(next, '(' | ')' | '[' | ']'));
        if !escapes {
            plain.push(c);
        }
    }
    plain
}
