//! Images in a request: checked as the real provider does, and charged by the rule on Anthropic's page "Vision",
//! ⌈width / 28⌉ × ⌈height / 28⌉ visual tokens, in every format: it is this provider's price.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{request::invalid, script::ApiError};

/// Base64 of one image at most (10 MB on the page, less with some partners).
const MAX_BASE64: usize = 5 * 1024 * 1024;
const MAX_SIDE: u32 = 8_000;
const PATCH: u32 = 28;

/// The tokens of an image, given as base64. Without a claimed media type any kind that is known will do.
pub(crate) fn tokens_of(data: &str, media_type: Option<&str>) -> Result<i64, ApiError> {
    if data.is_empty() || data.len() > MAX_BASE64 {
        return Err(invalid("image.source.data: missing or too large"));
    }
    let bytes = STANDARD.decode(data).map_err(|_| invalid("image.source.data: no base64"))?;
    let size = match media_type {
        Some("image/png") => png_size(&bytes),
        Some("image/jpeg") => jpeg_size(&bytes),
        Some(_) => None,
        None => png_size(&bytes).or_else(|| jpeg_size(&bytes)),
    };
    let (width, height) = size.ok_or_else(|| invalid("Could not process image"))?;
    if width.max(height) > MAX_SIDE {
        return Err(invalid("image dimensions exceed max allowed size: 8000 pixels"));
    }
    let patches = u64::from(width.div_ceil(PATCH)) * u64::from(height.div_ceil(PATCH));
    Ok(i64::try_from(patches).unwrap_or(i64::MAX))
}

/// The first chunk says it (PNG specification §11.2.2).
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    bytes.starts_with(b"\x89PNG\r\n\x1a\n").then_some((number(16)?, number(20)?))
}

/// The frame header says it (ITU T.81 §B.2.2).
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let short = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let mut at = 2;
    loop {
        let marker = short(at)?;
        if matches!(marker, 0xffc0..=0xffc2) {
            return Some((u32::from(short(at + 7)?), u32::from(short(at + 5)?)));
        }
        at += 2 + usize::from(short(at + 2)?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_charged_by_its_patches() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x1d\0\0\0\x1c".to_vec();
        png.push(0);
        let data = STANDARD.encode(&png);
        assert_eq!(tokens_of(&data, Some("image/png")).ok(), Some(2), "29 × 28 pixels");
        assert_eq!(tokens_of(&data, None).ok(), Some(2));
        assert!(tokens_of(&data, Some("image/jpeg")).is_err(), "a lie about the type");
    }
}
