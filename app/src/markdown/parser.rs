//! The parser belongs to a later part of the program ([`crate::later`]): it is a seventh of the whole, and the server has
//! written what a page shows before the browser needs it. Natively it is simply there.
//!
//! What must hold: text is never lost. Who has text before the parser is there keeps it until it is.

use std::sync::OnceLock;

use super::{
    blocks::{Block, Inline},
    parse::{self, Definitions},
};

pub(super) struct Parser {
    /// Where a text may be cut; see [`parse::cuts`].
    pub cuts: fn(&str) -> Vec<usize>,
    /// A piece as blocks; see [`parse::parse_piece`].
    pub piece: fn(&str, &mut Definitions, Option<&Definitions>) -> Vec<Block>,
}

static WHOLE: Parser = Parser { cuts: parse::cuts, piece: parse::parse_piece };
static PLAIN: Parser = Parser { cuts: |_| vec![], piece: |text, _, _| plain(text) };
static ARRIVED: OnceLock<&'static Parser> = OnceLock::new();

/// Called by the part the parser is in.
pub fn install_parser() {
    let _first = ARRIVED.set(&WHOLE);
}

/// The parser; before it has come, one that leaves everything as it was written.
pub(super) fn parser() -> &'static Parser {
    if cfg!(feature = "ssr") { &WHOLE } else { ARRIVED.get().copied().unwrap_or(&PLAIN) }
}

fn plain(text: &str) -> Vec<Block> {
    match text.trim() {
        "" => vec![],
        text => vec![Block::Paragraph(vec![Inline::Text(text.to_owned())])],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_parser_text_stays_as_it_was_written() {
        let mut definitions = Definitions::default();
        let blocks = (PLAIN.piece)("*a*\n\n<b>\n", &mut definitions, None);
        assert_eq!(blocks, [Block::Paragraph(vec![Inline::Text("*a*\n\n<b>".into())])]);
        assert_eq!((PLAIN.piece)(" \n", &mut definitions, None), []);
    }
}
