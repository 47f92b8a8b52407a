//! Markdown as models write it → typed blocks → view nodes. There is never an HTML string in between: what a message
//! can show is what [`Block`] and [`Inline`] can say, so raw HTML is text, a link is `http`, `https` or `mailto`
//! ([`LinkUrl`]), and an image is never loaded (its address alone could carry data away).
//!
//! The dialect is GFM (tables, task lists, strikethrough, bare links) with footnotes and formulas (`math`). Colours of code
//! and MathML come from the server, with the message or asked for when a block is finished ([`RichStore`]).
//!
//! Nodes hold no state (`node`): the server writes them, the browser takes them over as they stand. Buttons are heard by one
//! listener ([`clicked`]) on what holds the messages.
//! Three rules make the result the same
//! whether a text arrives at once or in pieces ([`Streaming`]): top-level blocks are parsed one by one; a link
//! definition counts from the block it stands in (or right behind) onward, so a use above it stays text; a footnote
//! mark shows its own label and stands where it was written.
//!
//! To show something new: a variant in `blocks`, its event in `builder`, its nodes in `render`, a case in
//! `app/tests/markdown.rs`. What must hold: no panic and no quadratic time on any input, depth at most [`MAX_DEPTH`],
//! the same nodes on server and browser.

mod actions;
mod blocks;
mod builder;
pub mod csv;
mod footnotes;
mod inline;
mod math;
pub mod mathml;
pub mod node;
mod parse;
mod parser;
mod render;
mod rich;
mod store;
mod streaming;
mod visible;

pub use actions::{clicked, html_to_copy, table_actions};
pub use blocks::{Align, Block, Image, Inline, LinkUrl, ListItem, MAX_DEPTH, Table};
pub use parse::blocks;
pub use parser::install_parser;
pub use render::{SHOWN_ROWS, Showing, block_view, view};
pub use rich::sources;
pub use store::RichStore;
pub use streaming::Streaming;
