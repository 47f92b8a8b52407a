//! Text and CSV.

use std::borrow::Cow;

use app::model::AttachmentKind;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use super::{
    Refusal,
    content::{Content, TAKEN},
    name,
    view::{self, MAX_PROMPT_BYTES},
};
use crate::models;

/// Of a text this share may be control characters (form feeds, escape sequences of logs); more is no text.
const MAX_CONTROL_SHARE: usize = 100;
/// How much of a text is looked at to guess its encoding.
const GUESSED_BYTES: usize = 64 * 1024;

/// Reads a text: UTF-8, UTF-16, or an older encoding as it is most likely meant. Stored as UTF-8 without a mark.
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
    Refusal::UnknownType(format!("This is neither an image nor text nor a PDF. {TAKEN}."))
}

fn decoded(sent: &[u8]) -> Option<String> {
    match sent {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(sent.to_vec()).ok().filter(|text| !text.contains('\0')).or_else(|| guessed(sent)),
    }
}

/// A text that does not say how it is encoded: UTF-16 as Windows programs save it without a mark (of every two bytes one
/// is zero for most letters), else what a browser would take it for, e.g. Windows-1252. `None`: it holds bytes that no
/// text has.
fn guessed(sent: &[u8]) -> Option<String> {
    let start = &sent[..sent.len().min(GUESSED_BYTES)];
    let zeros = |odd: usize| start.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (high, low) = (zeros(0), zeros(1));
    if high + low > 0 {
        let is_mostly = |zeros: usize, others: usize| zeros * 10 > start.len() * 4 && others * 100 <= start.len();
        return match (is_mostly(low, high), is_mostly(high, low)) {
            (true, _) => utf16(sent, u16::from_le_bytes),
            (_, true) => utf16(sent, u16::from_be_bytes),
            _ => None,
        };
    }
    if start.iter().filter(|byte| is_never_text(**byte)).count() > start.len() / MAX_CONTROL_SHARE {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(start, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    encoding.decode_without_bom_handling_and_without_replacement(sent).map(Cow::into_owned)
}

/// Control characters that stand in no text of any encoding.
fn is_never_text(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sent: &[u8]) -> Option<String> {
        read(sent, "a.txt".to_owned()).ok().and_then(|content| String::from_utf8(content.bytes).ok())
    }

    #[test]
    fn older_encodings_are_read() {
        let said = "Änderung: Kühlwasser für Straße 7 – 20 °C, läuft über Nacht größer.";
        let latin: Vec<u8> =
            said.chars().map(|c| if c == '–' { 0x96 } else { u8::try_from(u32::from(c)).unwrap() }).collect();
        assert_eq!(text(&latin).as_deref(), Some(said));
        let units = || said.encode_utf16();
        assert_eq!(text(&units().flat_map(u16::to_le_bytes).collect::<Vec<_>>()).as_deref(), Some(said));
        assert_eq!(text(&units().flat_map(u16::to_be_bytes).collect::<Vec<_>>()).as_deref(), Some(said));
        let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(units().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(text(&marked).as_deref(), Some(said));
    }

    #[test]
    fn what_is_no_text_stays_none() {
        assert_eq!(text(&[0x00, 0x01, 0x02, 0x80, 0xff, 0x00, 0x13, 0x37]), None);
        let noise: Vec<u8> = (0..2_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(text(&noise), None);
        assert_eq!(text(b"GIF or not\0\0\0"), None);
    }
}
