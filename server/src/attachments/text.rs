//! Text and CSV.

use app::model::AttachmentKind;

use super::{
    Refusal,
    content::Content,
    name,
    view::{self, MAX_PROMPT_BYTES},
};
use crate::models;

/// Of a text this share may be control characters (form feeds, escape sequences of logs); more is no text.
const MAX_CONTROL_SHARE: usize = 100;

/// Reads a text: UTF-8, or UTF-16 with its byte order mark. Stored as UTF-8 without a mark.
///
/// # Errors
/// [`Refusal::UnknownType`] when it is no text.
pub(super) fn read(sent: &[u8], name: String) -> Result<Content, Refusal> {
    let text = decoded(sent).ok_or_else(not_text)?;
    let controls = text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')).count();
    if text.contains('\0') || controls > text.len() / MAX_CONTROL_SHARE {
        return Err(not_text());
    }
    if text.trim().is_empty() {
        return Err(Refusal::Unreadable("There is nothing in this file.".to_owned()));
    }
    let is_table = !matches!(name::extension(&name).as_str(), "md" | "log" | "json") && is_table(&text);
    let (kind, media_type) = if is_table {
        (AttachmentKind::Csv, "text/csv; charset=utf-8")
    } else {
        (AttachmentKind::Text, "text/plain; charset=utf-8")
    };
    let shown = view::cut(&text, MAX_PROMPT_BYTES).to_owned();
    let max_tokens = view::document_tokens(&name, kind, &shown);
    Ok(Content { name, kind, media_type, bytes: text.into_bytes(), text: Some(shown), max_tokens })
}

fn not_text() -> Refusal {
    Refusal::UnknownType(
        "This is neither an image nor text nor a PDF. Attach images (PNG, JPEG, GIF, WebP), text in UTF-8, CSV or PDF."
            .to_owned(),
    )
}

fn decoded(sent: &[u8]) -> Option<String> {
    match sent {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(sent.to_vec()).ok(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<_, _>>().ok()
}

/// Whether every row has the same number of columns.
fn is_table(text: &str) -> bool {
    let Some(delimiter) = models::delimiter(text) else { return false };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return true,
            Err(_) => return false,
        }
    }
}
