//! The text of a PDF. Only text is read, nothing is run or rendered; memory, pages and time are bounded.

use std::time::{Duration, Instant};

use app::model::AttachmentKind;
use lopdf::{Document, Error, LoadOptions};

use super::{
    Refusal,
    content::Content,
    view::{self, MAX_PROMPT_BYTES},
};

/// What one stream of it may unpack to, bytes.
const MAX_STREAM_BYTES: usize = 16 * 1024 * 1024;
const MAX_PAGES: usize = 2_000;
/// Time for all pages; those that are not reached are cut off.
const MAX_DURATION: Duration = Duration::from_secs(10);

/// Reads a PDF.
///
/// # Errors
/// [`Refusal::Unreadable`]: damaged, encrypted, without text, too many pages.
pub(super) fn read(sent: &[u8], name: String) -> Result<Content, Refusal> {
    let options = LoadOptions { max_decompressed_size: Some(MAX_STREAM_BYTES), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(sent, options).map_err(|error| match error {
        Error::InvalidPassword => encrypted(),
        _ => Refusal::Unreadable("This PDF cannot be read: it is damaged or no PDF.".to_owned()),
    })?;
    if document.is_encrypted() || document.was_encrypted() {
        return Err(encrypted());
    }
    let pages = document.page_iter().take(MAX_PAGES + 1).count();
    if pages > MAX_PAGES {
        return Err(Refusal::Unreadable(format!("This PDF has too many pages: {MAX_PAGES} at most.")));
    }
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    let text = text_of(&document, pages);
    if text.trim().is_empty() {
        return Err(Refusal::Unreadable(
            "There is no text in this PDF (perhaps it is a scan). Attach its pages as images.".to_owned(),
        ));
    }
    let kind = AttachmentKind::Pdf { pages };
    let shown = view::cut(&text, MAX_PROMPT_BYTES).to_owned();
    let max_tokens = view::document_tokens(&name, kind, &shown);
    Ok(Content { name, kind, media_type: "application/pdf", bytes: sent.to_vec(), text: Some(shown), max_tokens })
}

fn encrypted() -> Refusal {
    Refusal::Unreadable("This PDF is protected with a password. Remove the protection first.".to_owned())
}

/// Page after page, a little more than is ever shown.
fn text_of(document: &Document, pages: u32) -> String {
    let begun = Instant::now();
    let mut text = String::new();
    for page in 1..=pages {
        if text.len() > MAX_PROMPT_BYTES {
            break;
        }
        if begun.elapsed() > MAX_DURATION {
            text.push_str("[The rest of this PDF was not read: it took too long.]");
            break;
        }
        let chunks = document.extract_text_chunks_with_limit(&[page], MAX_STREAM_BYTES);
        for chunk in chunks.into_iter().flatten() {
            // Both engines store text without NUL.
            text.extend(chunk.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')));
        }
        text.truncate(text.trim_end().len());
        if !text.is_empty() {
            text.push_str("\n\n");
        }
    }
    text.truncate(text.trim_end().len());
    text
}
