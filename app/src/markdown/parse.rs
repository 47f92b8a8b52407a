//! Text → [`Block`]s, piece by piece.
//!
//! A text is cut where a top-level block begins behind a blank line ([`cuts`]): everything in front of such a place is
//! closed for good, whatever follows. Each piece is parsed alone, with the link definitions of the pieces above it.

use std::collections::HashMap;

use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser};

use super::{blocks::Block, builder::Builder, footnotes::Footnotes, math};

/// Link definitions with longer addresses are not remembered for later pieces.
const MAX_REMEMBERED_URL_BYTES: usize = 2048;

/// How many bytes of addresses the remembered definitions may add to a document: a short `[a]` used a million times
/// must not become gigabytes.
const MAX_EXPANSION_BYTES: usize = 1 << 20;

/// Old-style footnotes: a mark is recognised without its definition, which may come later or not at all.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_OLD_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
}

/// A whole text as blocks.
#[must_use]
pub fn blocks(source: &str) -> Vec<Block> {
    let mut definitions = Definitions::default();
    let mut all = Vec::new();
    for piece in pieces(source, &cuts(source)) {
        all.append(&mut parse_piece(piece, &mut definitions, None));
    }
    all
}

/// Link definitions met so far, by folded label; the first one of a label counts. And which footnotes there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Definitions {
    by_label: HashMap<String, String>,
    expanded_bytes: usize,
    footnotes: Footnotes,
}

impl Definitions {
    /// What a fresh overlay over `self` starts with: nothing of its own, the same budget used.
    pub(super) fn overlay(&self) -> Self {
        Self { expanded_bytes: self.expanded_bytes, ..Self::default() }
    }
}

/// Labels match without regard to case and to the kind of white space (CommonMark 0.31, "matches").
fn fold_label(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The places where `text` may be cut, in order, without 0 and without the end.
pub(super) fn cuts(text: &str) -> Vec<usize> {
    let masked = math::mask(text);
    let text = masked.for_parser();
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        let begins = depth == 0;
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            _ => {}
        }
        if !begins {
            continue;
        }
        let line_start = text[..range.start].rfind('\n').map_or(0, |newline| newline + 1);
        let is_new = line_start > found.last().copied().unwrap_or(0);
        if is_new && follows_blank_line(text, line_start) {
            found.push(line_start);
        }
    }
    found
}

/// Whether the line in front of the line that starts at `line_start` is blank.
pub(super) fn follows_blank_line(text: &str, line_start: usize) -> bool {
    let Some(before) = text[..line_start].strip_suffix('\n') else { return false };
    let previous = before.rsplit('\n').next().unwrap_or("");
    previous.trim().is_empty()
}

/// `text` cut at `cuts`.
pub(super) fn pieces<'a>(text: &'a str, cuts: &[usize]) -> impl Iterator<Item = &'a str> {
    let starts = std::iter::once(0).chain(cuts.iter().copied()).collect::<Vec<_>>();
    let ends = cuts.iter().copied().chain(std::iter::once(text.len())).collect::<Vec<_>>();
    starts.into_iter().zip(ends).map(|(start, end)| &text[start..end])
}

/// One piece as blocks. Its definitions are added to `definitions`; `earlier` are read besides and win.
pub(super) fn parse_piece(piece: &str, definitions: &mut Definitions, earlier: Option<&Definitions>) -> Vec<Block> {
    let known = &definitions.by_label;
    let budget = &mut definitions.expanded_bytes;
    let mut look_up = |link: BrokenLink<'_>| {
        let label = fold_label(&link.reference);
        let url = earlier.and_then(|earlier| earlier.by_label.get(&label)).or_else(|| known.get(&label))?;
        if *budget + url.len() > MAX_EXPANSION_BYTES {
            return None;
        }
        *budget += url.len();
        Some((CowStr::from(url.clone()), CowStr::Borrowed("")))
    };
    let masked = math::mask(piece);
    let parser = Parser::new_with_broken_link_callback(masked.for_parser(), options(), Some(&mut look_up));
    let found = parser
        .reference_definitions()
        .iter()
        .filter(|(_, definition)| definition.dest.len() <= MAX_REMEMBERED_URL_BYTES)
        .map(|(label, definition)| (fold_label(label), definition.dest.to_string()))
        .collect::<Vec<_>>();

    let earlier_footnotes = earlier.map(|earlier| &earlier.footnotes);
    let mut builder = Builder::new(&masked, &mut definitions.footnotes, earlier_footnotes);
    for (event, range) in parser.into_offset_iter() {
        builder.take(event, range);
    }
    let blocks = builder.finish();
    for (label, url) in found {
        definitions.by_label.entry(label).or_insert(url);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Cutting is invisible: without references, piece by piece is what the parser makes of the whole.
        #[test]
        fn cutting_changes_nothing(lines in prop::collection::vec(
            prop::sample::select(vec![
                "", "", "text", "# h", "- a", "  b", "1. x", "   y", "    code", "> q", "```", "~~~", "---", "===", "| a |",
                "|---|", "| 1 |", "<div>", "<!--", "-->", "[^1]: n", "\tt", "*e", "  - z", "- ```", "> ```",
            ]),
            0..16,
        )) {
            let source = lines.join("\n");
            let whole = parse_piece(&source, &mut Definitions::default(), None);
            prop_assert_eq!(blocks(&source), whole);
        }
    }
}
