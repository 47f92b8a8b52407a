//! MathML as text ⇄ [`Element`]: the server writes what a converter made, after it has passed through here; the browser
//! reads it back through the same door. What is not among the fixed names is dropped, with what it contains.

use super::node::{Element, Node, write_html};

/// The presentational elements of MathML Core (W3C, section 3): no links, no annotations, no actions.
const TAGS: [&str; 26] = [
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "mtext",
    "ms",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "mstyle",
    "merror",
    "mpadded",
    "mphantom",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "mtable",
    "mtr",
    "mtd",
];

/// What may be said about them: neither styles nor addresses nor handlers. Each counts only with a value of
/// [`is_plain_value`].
const ATTRIBUTES: [&str; 26] = [
    "display",
    "displaystyle",
    "scriptlevel",
    "mathvariant",
    "stretchy",
    "symmetric",
    "fence",
    "separator",
    "form",
    "largeop",
    "movablelimits",
    "accent",
    "accentunder",
    "lspace",
    "rspace",
    "minsize",
    "maxsize",
    "linethickness",
    "width",
    "height",
    "depth",
    "voffset",
    "columnspan",
    "rowspan",
    "dir",
    "class",
];

/// Elements may nest so deep.
const MAX_DEPTH: usize = 48;
/// Elements and texts of one formula.
const MAX_NODES: usize = 4_000;

/// Reads one `<math>` element. `None`: it is not well formed, too deep or too large.
#[must_use]
pub fn parse(mathml: &str) -> Option<Element> {
    let mut root = None;
    // What is open, innermost last; `None` in place of what is dropped.
    let mut open: Vec<Option<Element>> = vec![];
    let mut rest = mathml.trim();
    let mut nodes = 0;
    while !rest.is_empty() {
        nodes += 1;
        if nodes > MAX_NODES || root.is_some() {
            return None;
        }
        let Some(markup) = rest.strip_prefix('<') else {
            let end = rest.find('<')?;
            if let Some(parent) = open.last_mut()? {
                parent.children.push(Node::Text(unescaped(&rest[..end])?));
            }
            rest = &rest[end..];
            continue;
        };
        let end = end_of_tag(markup)?;
        let (tag, behind) = (&markup[..end], &markup[end + 1..]);
        rest = behind;
        let closes = tag.starts_with('/');
        if !closes {
            let inside_dropped = matches!(open.last(), Some(None));
            let element = if inside_dropped { None } else { opening(tag.trim_end_matches('/'))? };
            if open.len() == MAX_DEPTH {
                return None;
            }
            open.push(element);
        }
        if closes || tag.ends_with('/') {
            let Some(element) = open.pop()? else { continue };
            if closes && element.tag != tag[1..].trim_end() {
                return None;
            }
            match open.last_mut() {
                Some(Some(parent)) => parent.children.push(element.into()),
                Some(None) => {}
                None => root = Some(element),
            }
        }
    }
    root.filter(|root| root.tag == "math")
}

/// What passes of `mathml`, as text again.
#[must_use]
pub fn cleaned(mathml: &str) -> Option<String> {
    let mut clean = String::with_capacity(mathml.len());
    write_html(&parse(mathml)?, &mut clean);
    Some(clean)
}

/// Where the tag ends: a `>` outside quotes.
fn end_of_tag(markup: &str) -> Option<usize> {
    let mut quoted = false;
    markup.find(|c| {
        quoted ^= c == '"';
        c == '>' && !quoted
    })
}

/// `Some(None)`: an element that is dropped. `None`: not well formed.
#[expect(clippy::option_option, reason = "two ways to be nothing: dropped, or nonsense")]
fn opening(tag: &str) -> Option<Option<Element>> {
    let name_end = tag.find(|c: char| c.is_ascii_whitespace()).unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at(name_end);
    let Some(name) = TAGS.iter().find(|known| **known == name) else { return Some(None) };
    let mut element = Element::new(name, vec![]);
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(Some(element));
        }
        let (attribute, behind) = rest.split_once('=')?;
        let quoted = behind.strip_prefix('"');
        let (value, behind) = match quoted {
            Some(quoted) => quoted.split_once('"')?,
            None => behind.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((behind, "")),
        };
        rest = behind;
        let known = ATTRIBUTES.iter().find(|known| **known == attribute.trim());
        if let Some(known) = known.filter(|known| is_plain_value(known, value)) {
            element = element.with(known, value);
        } else if attribute.trim() == "style" && value.contains("text-align:left") {
            element = element.with("class", "math-left");
        } else if attribute.trim() == "style" && value.contains("text-align:right") {
            element = element.with("class", "math-right");
        }
    }
}

/// Words, numbers and lengths; of classes only our own.
fn is_plain_value(attribute: &str, value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '%');
    let is_ours = attribute != "class" || matches!(value, "math-left" | "math-right");
    is_ours && !value.is_empty() && value.len() <= 32 && value.chars().all(is_plain)
}

fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let (name, behind) = rest[at + 1..].split_once(';')?;
        let hex = name.strip_prefix("#x").map(|digits| u32::from_str_radix(digits, 16).ok());
        let decimal = name.strip_prefix('#').map(|digits| digits.parse().ok());
        plain.push(match (name, hex.or(decimal).flatten().and_then(char::from_u32)) {
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("amp", _) => '&',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            ("nbsp", _) => '\u{A0}',
            (_, Some(c)) => c,
            _ => return None,
        });
        rest = behind;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_known_passes_and_what_is_not_goes() {
        for (given, want) in [
            ("<math><mi>x</mi><mo>&lt;</mo></math>", "<math><mi>x</mi><mo>&lt;</mo></math>"),
            (
                "<math display=\"block\"><mspace width=\"1em\"/></math>",
                "<math display=\"block\"><mspace width=\"1em\"></mspace></math>",
            ),
            ("<math><script>alert(1)</script><mi>x</mi></math>", "<math><mi>x</mi></math>"),
            ("<math><mi href=\"javascript:x\" onclick=\"y\">x</mi></math>", "<math><mi>x</mi></math>"),
            ("<math><maction actiontype=\"x\"><mi>a</mi></maction></math>", "<math></math>"),
            ("<math><mi mathvariant=\"&quot;\">x</mi></math>", "<math><mi>x</mi></math>"),
            (
                "<math><mtd style=\"text-align:right;color:red\"></mtd></math>",
                "<math><mtd class=\"math-right\"></mtd></math>",
            ),
            ("<math><mi class=\"evil\">&#x1d465;</mi></math>", "<math><mi>\u{1d465}</mi></math>"),
        ] {
            assert_eq!(cleaned(given).as_deref(), Some(want), "{given}");
        }
    }

    #[test]
    fn nonsense_is_nothing() {
        let deep = format!("<math>{}{}</math>", "<mrow>".repeat(60), "</mrow>".repeat(60));
        let large = format!("<math>{}</math>", "<mi>x</mi>".repeat(3_000));
        for bad in [
            "",
            "x",
            "<math>",
            "</math>",
            "<math></mi>",
            "<mi>x</mi>",
            "<math></math><math></math>",
            "<math",
            "<math>&zwj;</math>",
            &deep,
            &large,
        ] {
            assert_eq!(cleaned(bad), None, "{}", &bad[..bad.len().min(40)]);
        }
    }

    proptest! {
        #[test]
        fn what_passed_passes_again_unchanged(text in "(<math>)(<m[io]( class=\"x\")?/?>|</m[io]>|&lt;|[a-z<>&\"=/]){0,12}(</math>)") {
            if let Some(clean) = cleaned(&text) {
                let again = cleaned(&clean);
                prop_assert_eq!(again.as_deref(), Some(clean.as_str()));
            }
        }
    }
}
