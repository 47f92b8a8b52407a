//! What a model is told of a file.

use app::model::{AttachmentKind, AttachmentView};

use crate::models::Document;

/// What a model reads of one file at most, bytes.
pub const MAX_PROMPT_BYTES: usize = 200 * 1024;

/// The beginning of a text, at most `max_bytes`, between characters.
#[must_use]
pub fn cut(text: &str, max_bytes: usize) -> &str {
    let mut end = max_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// A document of a prompt.
#[must_use]
pub fn document(name: &str, kind: AttachmentKind, text: String, is_cut: bool) -> Document {
    let label = match kind {
        AttachmentKind::Pdf { pages: 1 } => "text of a PDF, 1 page".to_owned(),
        AttachmentKind::Pdf { pages } => format!("text of a PDF, {pages} pages"),
        AttachmentKind::Csv => "CSV".to_owned(),
        AttachmentKind::Text | AttachmentKind::Image { .. } => "text".to_owned(),
    };
    Document { name: name.to_owned(), label, text, is_cut }
}

/// An upper bound of the tokens of a document: its bytes with everything around it.
#[must_use]
pub fn document_tokens(name: &str, kind: AttachmentKind, text: &str) -> i64 {
    let document = document(name, kind, text.to_owned(), true);
    i64::try_from(document.shown_bytes()).unwrap_or(i64::MAX)
}

/// Whether a file has more than the text that is kept for models.
#[must_use]
pub fn has_more(file: &AttachmentView, text: &str) -> bool {
    match file.kind {
        AttachmentKind::Text | AttachmentKind::Csv => usize::try_from(file.bytes).is_ok_and(|bytes| bytes > text.len()),
        // A cut may fall before a character of four bytes.
        AttachmentKind::Pdf { .. } => text.len() + 4 > MAX_PROMPT_BYTES,
        AttachmentKind::Image { .. } => false,
    }
}
