//! Code → coloured spans: a lexer that goes once over the text, so that no input takes longer than its length. It knows
//! words, strings, comments and numbers of a language (`languages`), not its grammar; that is what a reader's eye needs.
//! Why no library: the usual ones bring a regular-expression engine, megabytes of grammars and backtracking, for texts that
//! strangers choose.

use app::model::{CodeClass, CodeSpans};

use super::languages::{Grammar, Kind, Quote, kind_of};

/// `None`: the language is not known.
pub(super) fn spans(language: &str, text: &str) -> Option<CodeSpans> {
    let mut out = Output::default();
    match kind_of(&language.to_ascii_lowercase())? {
        Kind::Words(grammar) => Lexer { grammar, text, at: 0, out: &mut out }.run(),
        Kind::Markup => markup(text, &mut out),
        Kind::Diff => by_line(text, &mut out, diff_line),
        Kind::Markdown => by_line(text, &mut out, markdown_line),
    }
    Some(out.finish())
}

/// Spans, joined where one follows another of its class.
#[derive(Default)]
struct Output {
    spans: CodeSpans,
    bytes: usize,
    class: Option<CodeClass>,
}

impl Output {
    fn push(&mut self, bytes: usize, class: CodeClass) {
        if bytes == 0 {
            return;
        }
        if self.class != Some(class) {
            self.flush();
            self.class = Some(class);
        }
        self.bytes += bytes;
    }

    fn flush(&mut self) {
        if let Some(class) = self.class.take() {
            self.spans.push(self.bytes, class);
        }
        self.bytes = 0;
    }

    fn finish(mut self) -> CodeSpans {
        self.flush();
        self.spans
    }
}

struct Lexer<'a> {
    grammar: &'static Grammar,
    text: &'a str,
    at: usize,
    out: &'a mut Output,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            let (bytes, class) = self.next(c);
            self.out.push(bytes, class);
            self.at += bytes;
        }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    fn begins_line(&self) -> bool {
        let is_indent = |c: &char| *c == ' ' || *c == '\t';
        // Bounded: an indentation longer than this begins no line that matters.
        let first = self.text[..self.at].chars().rev().take(64).find(|c| !is_indent(c));
        first.is_none_or(|c| c == '\n')
    }

    /// The next piece, which begins with `c`.
    fn next(&self, c: char) -> (usize, CodeClass) {
        let rest = self.rest();
        if c.is_whitespace() {
            return (c.len_utf8(), CodeClass::Plain);
        }
        if let Some(bytes) = self.comment() {
            return (bytes, CodeClass::Comment);
        }
        if let Some(found) = self.grammar.quotes.iter().find_map(|quote| self.quoted(quote)) {
            return found;
        }
        if c.is_ascii_digit() {
            return (number_end(rest), CodeClass::Number);
        }
        if self.grammar.sections && c == '[' && self.begins_line() {
            return (line_end(rest), CodeClass::Type);
        }
        let is_sigil = self.grammar.sigils.contains(c);
        if is_sigil || self.is_word(c) {
            let skip = if is_sigil { c.len_utf8() } else { 0 };
            let word = word_end(&rest[skip..], |c| self.is_word(c));
            if is_sigil {
                let class = sigil_class(c);
                return (skip + word, if word > 0 { class } else { CodeClass::Plain });
            }
            return (word, self.word(&rest[..word], &rest[word..]));
        }
        (c.len_utf8(), CodeClass::Plain)
    }

    fn is_word(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_' || self.grammar.letters.contains(c)
    }

    fn comment(&self) -> Option<usize> {
        let rest = self.rest();
        let starts_line_comment = |start: &str| {
            // `$#` and `a#b` are no comments where `#` begins one.
            let stands_free = start != "#" || self.before().is_none_or(char::is_whitespace);
            stands_free && rest.starts_with(start)
        };
        let block = self.grammar.block_comments.iter().find(|(open, _)| rest.starts_with(open));
        if let Some((open, close)) = block {
            let inside = &rest[open.len()..];
            return Some(inside.find(close).map_or(rest.len(), |end| open.len() + end + close.len()));
        }
        self.grammar.line_comments.iter().any(|start| starts_line_comment(start)).then(|| line_end(rest))
    }

    fn quoted(&self, quote: &Quote) -> Option<(usize, CodeClass)> {
        let rest = self.rest();
        let inside = rest.strip_prefix(quote.open)?;
        if quote.one_char && !is_char_literal(inside) {
            return Some((quote.open.len() + word_end(inside, char::is_alphanumeric), CodeClass::Type));
        }
        let mut end = quote.open.len();
        let mut chars = inside.chars();
        while let Some(c) = chars.next() {
            if rest[end..].starts_with(quote.close) {
                end += quote.close.len();
                break;
            }
            if c == '\n' && !quote.lines {
                break;
            }
            end += c.len_utf8();
            if c == '\\' && quote.escapes {
                end += chars.next().map_or(0, char::len_utf8);
            }
        }
        let is_key = self.grammar.key_sign == Some(':') && follows(&rest[end..], ':');
        Some((end, if is_key { CodeClass::Attribute } else { CodeClass::String }))
    }

    fn word(&self, word: &str, behind: &str) -> CodeClass {
        let grammar = self.grammar;
        let is_among = |list: &str| {
            let matches = |known: &str| if grammar.any_case { known.eq_ignore_ascii_case(word) } else { known == word };
            word.len() <= 20 && list.split_ascii_whitespace().any(matches)
        };
        if grammar.key_sign.is_some_and(|sign| follows(behind, sign)) && self.begins_line_or_list() {
            return CodeClass::Attribute;
        }
        if is_among(grammar.keywords) {
            return CodeClass::Keyword;
        }
        if is_among(grammar.types) {
            return CodeClass::Type;
        }
        if is_among(grammar.constants) {
            return CodeClass::Constant;
        }
        if grammar.calls && (behind.starts_with('(') || behind.starts_with("!(")) {
            return CodeClass::Function;
        }
        let mut chars = word.chars();
        let is_capital = chars.next().is_some_and(char::is_uppercase);
        if grammar.capitals && is_capital {
            let is_loud = word.len() > 1 && !chars.any(char::is_lowercase);
            return if is_loud { CodeClass::Constant } else { CodeClass::Type };
        }
        CodeClass::Plain
    }

    /// A key stands at the beginning of its line, behind `- `, or behind what opens or separates.
    fn begins_line_or_list(&self) -> bool {
        let behind_mark = self.text[..self.at].chars().rev().take(64).find(|c| *c != ' ' && *c != '\t');
        behind_mark.is_none_or(|c| matches!(c, '\n' | '-' | '{' | ',' | ';' | '.'))
    }
}

fn sigil_class(sigil: char) -> CodeClass {
    match sigil {
        '@' => CodeClass::Attribute,
        '#' => CodeClass::Keyword,
        _ => CodeClass::Constant,
    }
}

fn line_end(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn word_end(rest: &str, is_word: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !is_word(c)).unwrap_or(rest.len())
}

fn number_end(rest: &str) -> usize {
    let mut before = ' ';
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next_is_digit = chars.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        let is_part = c.is_ascii_alphanumeric()
            || c == '_'
            || (c == '.' && next_is_digit)
            || (matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && next_is_digit)
            || (c == '%' && before.is_ascii_digit());
        if !is_part {
            return at;
        }
        before = c;
    }
    rest.len()
}

/// `x'`, `\n'`, `\u{1F600}'`: otherwise the quote begins a lifetime.
fn is_char_literal(inside: &str) -> bool {
    let mut chars = inside.chars();
    match chars.next() {
        Some('\\') => chars.skip(1).take(10).any(|c| c == '\''),
        Some('\'') | None => false,
        Some(_) => chars.next() == Some('\''),
    }
}

fn follows(behind: &str, sign: char) -> bool {
    behind.trim_start_matches([' ', '\t']).starts_with(sign)
}

fn by_line(text: &str, out: &mut Output, line: impl Fn(&str, &mut Output)) {
    text.split_inclusive('\n').for_each(|each| line(each, out));
}

fn diff_line(line: &str, out: &mut Output) {
    let class = match line.as_bytes().first() {
        _ if line.starts_with("+++") || line.starts_with("---") => CodeClass::Keyword,
        Some(b'+') => CodeClass::Inserted,
        Some(b'-') => CodeClass::Deleted,
        Some(b'@') => CodeClass::Type,
        _ if line.starts_with("diff ") || line.starts_with("index ") => CodeClass::Comment,
        _ => CodeClass::Plain,
    };
    out.push(line.len(), class);
}

fn markdown_line(line: &str, out: &mut Output) {
    let content = line.trim_start();
    let indent = line.len() - content.len();
    out.push(indent, CodeClass::Plain);
    let whole = match content.as_bytes().first() {
        Some(b'#') => Some(CodeClass::Keyword),
        Some(b'>') => Some(CodeClass::Comment),
        Some(b'`') if content.starts_with("```") => Some(CodeClass::String),
        _ => None,
    };
    if let Some(class) = whole {
        return out.push(content.len(), class);
    }
    for (place, piece) in content.split_inclusive('`').enumerate() {
        out.push(piece.len(), if place % 2 == 1 { CodeClass::String } else { CodeClass::Plain });
    }
}

/// HTML, XML, SVG.
fn markup(text: &str, out: &mut Output) {
    let mut rest = text;
    while !rest.is_empty() {
        let bytes = if rest.starts_with("<!--") {
            let end = rest.find("-->").map_or(rest.len(), |end| end + 3);
            out.push(end, CodeClass::Comment);
            end
        } else if rest.starts_with('<') {
            markup_tag(rest, out)
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            out.push(end, CodeClass::Plain);
            end
        };
        rest = &rest[bytes..];
    }
}

/// One tag with its attributes; returns its length.
fn markup_tag(rest: &str, out: &mut Output) -> usize {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    let open = 1 + rest[1..].find(|c: char| !matches!(c, '/' | '!' | '?')).unwrap_or(rest.len() - 1);
    let name = open + word_end(&rest[open..], is_name);
    if name == open {
        out.push(open, CodeClass::Plain);
        return open;
    }
    out.push(name, CodeClass::Tag);
    let mut at = name;
    while let Some(c) = rest[at..].chars().next() {
        let here = &rest[at..];
        let (bytes, class) = match c {
            '>' => {
                out.push(1, CodeClass::Tag);
                return at + 1;
            }
            '<' => return at,
            '"' | '\'' => (here[1..].find(c).map_or(here.len(), |end| end + 2), CodeClass::String),
            '/' | '?' => (1, CodeClass::Tag),
            c if is_name(c) => (word_end(here, is_name), CodeClass::Attribute),
            c => (c.len_utf8(), CodeClass::Plain),
        };
        out.push(bytes, class);
        at += bytes;
    }
    at
}

#[cfg(test)]
mod tests {
    use app::model::rich::LANGUAGES;
    use proptest::prelude::*;

    use super::*;

    /// The coloured pieces as `class:text`.
    fn shown(language: &str, text: &str) -> Vec<String> {
        let spans = spans(language, text).expect("a known language");
        let mut at = 0;
        let mut pieces = vec![];
        for (bytes, class) in spans.iter() {
            let piece = &text[at..at + bytes];
            at += bytes;
            if class != CodeClass::Plain {
                pieces.push(format!("{}:{piece}", class.css().trim_start_matches("hl-")));
            }
        }
        pieces
    }

    #[test]
    fn every_language_that_browsers_ask_for_is_known() {
        for language in LANGUAGES.split_whitespace() {
            assert!(spans(language, "x").is_some(), "{language}");
            assert!(spans(&language.to_uppercase(), "x").is_some(), "{language}");
        }
        assert!(spans("nosuch", "x").is_none());
    }

    #[test]
    fn languages_look_like_themselves() {
        for (language, text, want) in [
            (
                "sql",
                "select sum(kwh) FROM meters -- all\nwhere id = 'a''b' and x > 1.5e-3",
                &[
                    "keyword:select",
                    "function:sum",
                    "keyword:FROM",
                    "comment:-- all",
                    "keyword:where",
                    "string:'a''b'",
                    "keyword:and",
                    "number:1.5e-3",
                ][..],
            ),
            (
                "python",
                "@cache\ndef f(x: int) -> str:\n    \"\"\"doc\n    \"\"\"\n    return f'{x}' # c",
                &[
                    "attribute:@cache",
                    "keyword:def",
                    "function:f",
                    "type:int",
                    "type:str",
                    "string:\"\"\"doc\n    \"\"\"",
                    "keyword:return",
                    "string:'{x}'",
                    "comment:# c",
                ],
            ),
            (
                "rust",
                "fn f<'a>(s: &'a str) -> Option<char> { println!(\"{s}\\\"\"); Some('\\n') } // c",
                &[
                    "keyword:fn",
                    "type:'a",
                    "type:'a",
                    "type:str",
                    "type:Option",
                    "type:char",
                    "function:println",
                    "string:\"{s}\\\"\"",
                    "function:Some",
                    "string:'\\n'",
                    "comment:// c",
                ],
            ),
            ("json", "{\"a\": [1, true, \"b\"]}", &["attribute:\"a\"", "number:1", "constant:true", "string:\"b\""]),
            (
                "yaml",
                "a-b: 1 # c\nlist:\n  - name: \"x\"",
                &["attribute:a-b", "number:1", "comment:# c", "attribute:list", "attribute:name", "string:\"x\""],
            ),
            (
                "toml",
                "[package]\nname = \"x\" # y",
                &["type:[package]", "attribute:name", "string:\"x\"", "comment:# y"],
            ),
            (
                "bash",
                "for f in *.txt; do echo \"$f\" $HOME; done # c",
                &[
                    "keyword:for",
                    "keyword:in",
                    "keyword:do",
                    "keyword:echo",
                    "string:\"$f\"",
                    "constant:$HOME",
                    "keyword:done",
                    "comment:# c",
                ],
            ),
            (
                "html",
                "<p class=\"a\">x</p><!-- c -->",
                &["tag:<p", "attribute:class", "string:\"a\"", "tag:>", "tag:</p>", "comment:<!-- c -->"],
            ),
            ("css", ".a { color: red; } /* c */", &["attribute:color", "comment:/* c */"]),
            ("diff", "+a\n-b\n c", &["inserted:+a\n", "deleted:-b\n"]),
            ("go", "func main() { x := `a\nb` }", &["keyword:func", "function:main", "string:`a\nb`"]),
            (
                "ts",
                "const x: number = await f(`a`) // c",
                &["keyword:const", "type:number", "keyword:await", "function:f", "string:`a`", "comment:// c"],
            ),
            (
                "c",
                "#include <x.h>\nint main(void) { return 0; }",
                &["keyword:#include", "type:int", "function:main", "type:void", "keyword:return", "number:0"],
            ),
            ("markdown", "# T\na `b` c", &["keyword:# T\n", "string:b`"]),
        ] {
            assert_eq!(shown(language, text), want, "{language}");
        }
    }

    proptest! {
        #[test]
        fn spans_cover_any_text(language in prop::sample::select(LANGUAGES.split_whitespace().collect::<Vec<_>>()), text in "([\"'`#/*<>!=\\\\\\-@$\\[\\]{}:\n a-zA-Z0-9.]|\\PC){0,80}") {
            let spans = spans(language, &text).expect("known");
            let mut at = 0;
            for (bytes, _) in spans.iter() {
                prop_assert!(bytes > 0 && text.get(at..at + bytes).is_some());
                at += bytes;
            }
            prop_assert_eq!(at, text.len());
        }
    }

    #[test]
    fn a_hostile_text_takes_no_longer_than_others() {
        for language in LANGUAGES.split_whitespace() {
            for piece in ["\"", "'", "/*", "<", "<a ", "<!--", "x", "`", "#", "[", "-", " ", "a:", "\\", "é", "'\\"] {
                let text = piece.repeat(16_384 / piece.len());
                let begin = std::time::Instant::now();
                assert!(spans(language, &text).is_some());
                assert!(begin.elapsed().as_secs() < 5, "{language} {piece:?} {:?}", begin.elapsed());
            }
        }
    }
}
