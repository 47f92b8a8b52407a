//! What a file is, by its content: magic bytes first, then reading it for real. Its name may only be wrong, never decide;
//! what the browser says is not asked.
//!
//! To add a kind: its signature in [`sniff`], a reader beside [`super::picture`], its arm in [`read`].

use app::model::AttachmentKind;
use image::ImageFormat;

use super::{Limits, Refusal, name, pdf, picture, text};

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    Image(ImageFormat),
    Pdf,
    /// Perhaps: whether it is text is seen when it is read.
    Text,
}

/// Bytes that are enough for [`sniff`].
pub const SNIFF_BYTES: usize = 512;

/// A file ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Cleaned; its extension fits.
    pub name: String,
    pub kind: AttachmentKind,
    /// Of `bytes`.
    pub media_type: &'static str,
    /// What is stored: images anew, text as UTF-8, PDF as it came.
    pub bytes: Vec<u8>,
    /// What a model reads; `None` for images.
    pub text: Option<String>,
    /// The most tokens it adds to a prompt.
    pub max_tokens: i64,
}

impl Sniffed {
    /// How large such a file may be.
    #[must_use]
    pub fn max_bytes(self, limits: &Limits) -> usize {
        match self {
            Self::Image(_) => limits.image_bytes,
            Self::Pdf => limits.pdf_bytes,
            Self::Text => limits.text_bytes,
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Image(_) => "an image",
            Self::Pdf => "a PDF",
            Self::Text => "text",
        }
    }
}

pub(super) const TAKEN: &str = "Attach images (PNG, JPEG, GIF, WebP), text, CSV or PDF";

/// What can be told from the beginning of a file.
///
/// # Errors
/// [`Refusal::UnknownType`] for what is known and not taken.
pub fn sniff(start: &[u8]) -> Result<Sniffed, Refusal> {
    let is_webp = start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP");
    let sniffed = match start {
        [] => return Err(Refusal::Unreadable("This file is empty.".to_owned())),
        _ if start.starts_with(b"\x89PNG\r\n\x1a\n") => Sniffed::Image(ImageFormat::Png),
        _ if start.starts_with(b"\xff\xd8\xff") => Sniffed::Image(ImageFormat::Jpeg),
        _ if start.starts_with(b"GIF87a") || start.starts_with(b"GIF89a") => Sniffed::Image(ImageFormat::Gif),
        _ if is_webp => Sniffed::Image(ImageFormat::WebP),
        _ if start.starts_with(b"%PDF-") => Sniffed::Pdf,
        _ => match not_taken(start) {
            Some(what) => {
                return Err(Refusal::UnknownType(format!("This is {what}, which cannot be attached. {TAKEN}.")));
            }
            None => Sniffed::Text,
        },
    };
    Ok(sniffed)
}

/// The name of a known format that is refused.
fn not_taken(start: &[u8]) -> Option<&'static str> {
    const SIGNATURES: [(&[u8], &str); 13] = [
        (b"PK\x03\x04", "an archive or an Office document"),
        (b"PK\x05\x06", "an archive"),
        (b"7z\xbc\xaf\x27\x1c", "an archive"),
        (b"Rar!\x1a\x07", "an archive"),
        (b"\x1f\x8b", "an archive"),
        (b"BZh", "an archive"),
        (b"\xfd7zXZ\0", "an archive"),
        (b"\x28\xb5\x2f\xfd", "an archive"),
        (b"MZ", "a program"),
        (b"\x7fELF", "a program"),
        (b"\xca\xfe\xba\xbe", "a program"),
        (b"\0asm", "a program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    ];
    let by_signature = SIGNATURES.iter().find(|(signature, _)| start.starts_with(signature)).map(|(_, what)| *what);
    let is_mac_program = [0xfeed_face_u32, 0xfeed_facf]
        .iter()
        .any(|magic| start.starts_with(&magic.to_be_bytes()) || start.starts_with(&magic.to_le_bytes()));
    if is_mac_program {
        return Some("a program");
    }
    if start.get(4..8) == Some(b"ftyp") {
        return Some("a film or a HEIC photo (save it as JPEG)");
    }
    // `MZ` alone may begin a text.
    let by_signature =
        by_signature.filter(|what| *what != "a program" || !start.starts_with(b"MZ") || start.contains(&0));
    by_signature.or_else(|| is_markup(start).then_some("a web page or an SVG drawing"))
}

/// What a browser could take for a page or a drawing with scripts (WHATWG "MIME Sniffing", the HTML patterns, and SVG).
fn is_markup(start: &[u8]) -> bool {
    const TAGS: [&str; 19] = [
        "<!doctype html",
        "<html",
        "<head",
        "<script",
        "<iframe",
        "<h1",
        "<div",
        "<font",
        "<table",
        "<a",
        "<style",
        "<title",
        "<b",
        "<body",
        "<br",
        "<p",
        "<!--",
        "<svg",
        "<!doctype svg",
    ];
    // Also when it is written in UTF-16.
    let text: String = start.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let text = text.trim_start_matches(['\u{ef}', '\u{bb}', '\u{bf}', '\u{fe}', '\u{ff}']);
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b').to_ascii_lowercase();
    if text.starts_with("<?xml") {
        return ["<svg", "<!doctype", "<html", "<?xml-stylesheet"].iter().any(|word| text.contains(word));
    }
    let ends_tag = |rest: &str| rest.starts_with([' ', '>', '\t', '\n', '\r', '/', '\x0c']);
    TAGS.iter().any(|tag| text.strip_prefix(tag).is_some_and(|rest| *tag == "<!--" || ends_tag(rest)))
}

/// Reads a whole file: decodes, checks, and makes what is stored. Takes time and memory (bounded by `limits`); not for the
/// runtime's threads.
///
/// # Errors
/// [`Refusal`] in words for the person.
pub fn read(sent: &[u8], sent_name: &str, limits: &Limits) -> Result<Content, Refusal> {
    let sniffed = sniff(sent.get(..SNIFF_BYTES).unwrap_or(sent))?;
    let max_bytes = sniffed.max_bytes(limits);
    if sent.len() > max_bytes {
        return Err(Refusal::TooLarge { max_bytes: u64::try_from(max_bytes).unwrap_or(u64::MAX) });
    }
    let name = name::clean(sent_name);
    check_name(&name, sniffed)?;
    match sniffed {
        Sniffed::Image(format) => picture::read(sent, name, format),
        Sniffed::Pdf => pdf::read(sent, name),
        Sniffed::Text => text::read(sent, name),
    }
}

/// A name that promises something else is a lie or a mistake; both are said.
fn check_name(name: &str, sniffed: Sniffed) -> Result<(), Refusal> {
    let promised = match name::extension(name).as_str() {
        "png" | "jpg" | "jpeg" | "jpe" | "jfif" | "gif" | "webp" => "an image",
        "pdf" => "a PDF",
        "txt" | "md" | "csv" | "tsv" | "log" | "json" => "text",
        _ => return Ok(()),
    };
    let is = sniffed.in_words();
    if promised == is {
        return Ok(());
    }
    Err(Refusal::Unreadable(format!(
        "The name says that this is {promised}, but its content is {}. Check the file.",
        if sniffed == Sniffed::Text { "not" } else { is }
    )))
}

#[cfg(test)]
mod tests;
