//! The parser as a part of the program of its own: it is a seventh of the whole, and the server has written what a page
//! shows before the browser needs it. Natively it is simply there.
//!
//! What must hold: text is never lost. What comes before the parser waits for it ([`when_ready`]), and when it cannot be
//! fetched, the text is shown as it was written.

use std::{
    cell::{Cell, RefCell},
    sync::OnceLock,
    time::Duration,
};

use leptos::{
    prelude::set_timeout,
    wasm_split::{SplitLoaderError, wasm_split},
};
use wasm_bindgen_futures::spawn_local;

use super::{
    blocks::{Block, Inline},
    parse::{self, Definitions},
};

/// How often the parser is asked for in vain.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Parser {
    /// Where a text may be cut; see [`parse::cuts`].
    pub cuts: fn(&str) -> Vec<usize>,
    /// A piece as blocks; see [`parse::parse_piece`].
    pub piece: fn(&str, &mut Definitions, Option<&Definitions>) -> Vec<Block>,
}

static WHOLE: Parser = Parser { cuts: parse::cuts, piece: parse::parse_piece };
static PLAIN: Parser = Parser { cuts: |_| vec![], piece: |text, _, _| plain(text) };
static FETCHED: OnceLock<&'static Parser> = OnceLock::new();

thread_local! {
    static WAITING: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(vec![]) };
    static FETCHING: Cell<bool> = const { Cell::new(false) };
}

/// The parser; before it has come, one that leaves everything as it was written.
pub(super) fn parser() -> &'static Parser {
    if cfg!(feature = "ssr") { &WHOLE } else { FETCHED.get().copied().unwrap_or(&PLAIN) }
}

/// Whether text can be parsed. If not, see [`when_ready`].
#[must_use]
pub fn is_ready() -> bool {
    cfg!(feature = "ssr") || FETCHED.get().is_some()
}

/// Fetches the parser, if that is not done yet, and calls `then` when it is there or cannot be had.
pub fn when_ready(then: impl FnOnce() + 'static) {
    if is_ready() {
        return then();
    }
    WAITING.with_borrow_mut(|waiting| waiting.push(Box::new(then)));
    if !FETCHING.replace(true) {
        attempt(1);
    }
}

fn attempt(number: u32) {
    spawn_local(async move {
        match fetch().await {
            Ok(parser) => arrived(parser),
            Err(_) if number < ATTEMPTS => set_timeout(move || attempt(number + 1), PAUSE),
            Err(_) => arrived(&PLAIN),
        }
    });
}

fn arrived(parser: &'static Parser) {
    let _first = FETCHED.set(parser);
    for waiting in WAITING.take() {
        waiting();
    }
}

#[wasm_split(markdown, fallible, wasm_split_path = leptos::wasm_split)]
fn fetch() -> Result<&'static Parser, SplitLoaderError> {
    Ok(&WHOLE)
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
