//! Runs of text: joining them, reading them, and finding bare web addresses in them.

use super::blocks::{Inline, LinkUrl};

/// Appends text so that two texts never stand beside each other: the browser would merge them into one node and
/// hydration would not find its way.
pub(super) fn push_text(inlines: &mut Vec<Inline>, text: &str) {
    match inlines.last_mut() {
        Some(Inline::Text(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => inlines.push(Inline::Text(text.to_owned())),
    }
}

/// What the inlines say without their looks.
pub(super) fn plain_text(inlines: &[Inline]) -> String {
    let mut text = String::new();
    for inline in inlines {
        match inline {
            Inline::Text(piece) | Inline::Code(piece) | Inline::Math { tex: piece, .. } => text.push_str(piece),
            Inline::Emphasis(content)
            | Inline::Strong(content)
            | Inline::Strikethrough(content)
            | Inline::Link { content, .. } => text.push_str(&plain_text(content)),
            Inline::Image(image) => text.push_str(&image.alt),
            Inline::FootnoteMark { label, .. } => text.push_str(label),
            Inline::Break => text.push('\n'),
        }
    }
    text
}

/// Turns `https://…` and `http://…` in running text into links (GFM "extended autolinks", without `www.`).
pub(super) fn link_bare_addresses(inlines: Vec<Inline>) -> Vec<Inline> {
    let has_address = |inline: &Inline| matches!(inline, Inline::Text(text) if text.contains("://"));
    if !inlines.iter().any(has_address) {
        return inlines;
    }
    let mut linked = Vec::with_capacity(inlines.len() + 2);
    for inline in inlines {
        match inline {
            Inline::Text(text) => link_in_text(&mut linked, &text),
            other => linked.push(other),
        }
    }
    linked
}

fn link_in_text(linked: &mut Vec<Inline>, text: &str) {
    let mut told = 0;
    let mut from = 0;
    while let Some(found) = text[from..].find("http") {
        let start = from + found;
        let candidate = address_at(text, start);
        from = start + candidate.map_or("http".len(), str::len);
        let Some(address) = candidate else { continue };
        let Some(to) = LinkUrl::parse(address) else { continue };
        push_text(linked, &text[told..start]);
        linked.push(Inline::Link { to, content: vec![Inline::Text(address.to_owned())] });
        told = from;
    }
    push_text(linked, &text[told..]);
}

/// The address that begins at `start`, without the punctuation of the sentence around it.
fn address_at(text: &str, start: usize) -> Option<&str> {
    let begins_word = text[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    let rest = &text[start..];
    if !begins_word || !(rest.starts_with("https://") || rest.starts_with("http://")) {
        return None;
    }
    let is_end = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '|' | '”' | '»');
    let mut address = &rest[..rest.find(is_end).unwrap_or(rest.len())];
    let mut unmatched =
        address.bytes().filter(|b| *b == b')').count().saturating_sub(address.bytes().filter(|b| *b == b'(').count());
    while let Some(last) = address.chars().next_back() {
        let is_punctuation =
            matches!(last, '?' | '!' | '.' | ',' | ':' | ';' | '*' | '_' | '~' | '\'' | ']' | '}' | '’');
        let closes_outside = last == ')' && unmatched > 0;
        if !is_punctuation && !closes_outside {
            break;
        }
        unmatched -= usize::from(closes_outside);
        address = &address[..address.len() - last.len_utf8()];
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(text: &str) -> Vec<String> {
        link_bare_addresses(vec![Inline::Text(text.to_owned())])
            .iter()
            .map(|inline| match inline {
                Inline::Link { to, .. } => format!("[{}]", to.as_str()),
                Inline::Text(text) => text.clone(),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn an_address_ends_before_the_punctuation_of_its_sentence() {
        for (text, want) in [
            ("see https://a.example/x.", &["see ", "[https://a.example/x]", "."][..]),
            ("(https://a.example/y)", &["(", "[https://a.example/y]", ")"]),
            ("https://a.example/z_(q)", &["[https://a.example/z_(q)]"]),
            ("https://a.example, http://b.example!", &["[https://a.example]", ", ", "[http://b.example]", "!"]),
            ("nohttps://a.example", &["nohttps://a.example"]),
            ("https:// and https://)", &["https:// and https://)"]),
            ("httphttp://a.example", &["httphttp://a.example"]),
        ] {
            assert_eq!(linked(text), want, "{text}");
        }
    }
}
