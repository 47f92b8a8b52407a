//! Logos: decoded for real within bounds and written anew as a small PNG, so that what is served is a picture and nothing
//! that only looks like one. No SVG: it can carry scripts and foreign requests.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};

use crate::db::tenant_logo::TenantLogo;

/// What may be sent, bytes.
pub const MAX_BYTES: usize = 200 * 1000;
/// Width or height of what is decoded at all.
const MAX_SIDE: u32 = 4_096;
/// Memory the decoder may take, bytes.
const MAX_ALLOC: u64 = 96 * 1024 * 1024;
/// The longer side of what is stored, pixels: shown at 26 and 48, on screens with up to four times as many.
const STORED_SIDE: u32 = 256;

/// Why a file is no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    #[error("a logo has at most 200 KB")]
    TooLarge,
    #[error("a logo is a PNG, JPEG or WebP picture of at most 4096 pixels a side")]
    NoPicture,
}

/// Reads a picture and writes it anew.
///
/// # Errors
/// See [`LogoError`].
pub fn read(sent: &[u8]) -> Result<TenantLogo, LogoError> {
    if sent.len() > MAX_BYTES {
        return Err(LogoError::TooLarge);
    }
    let format = image::guess_format(sent).map_err(|_| LogoError::NoPicture)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return Err(LogoError::NoPicture);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| LogoError::NoPicture)?;
    let picture = match picture.width().max(picture.height()) {
        0..=STORED_SIDE => picture,
        _ => picture.thumbnail(STORED_SIDE, STORED_SIDE),
    };
    let mut content = Cursor::new(Vec::new());
    let picture = DynamicImage::from(picture.to_rgba8());
    picture.write_to(&mut content, ImageFormat::Png).map_err(|_| LogoError::NoPicture)?;
    let content = content.into_inner();
    Ok(TenantLogo { media_type: "image/png".to_owned(), hash: hash(&content), content })
}

/// The beginning of the SHA-256 in hexadecimal: enough for an address that changes with the content.
#[must_use]
pub fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, ImageFormat::Png).expect("a picture");
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_written_anew_and_small() {
        let logo = read(&png(800, 400)).expect("a logo");
        let back = image::load_from_memory(&logo.content).expect("a picture");
        assert_eq!((back.width(), back.height(), logo.media_type.as_str()), (256, 128, "image/png"));
        assert_eq!(logo, read(&png(800, 400)).expect("the same"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let mut lies = b"\x89PNG\r\n\x1a\n".to_vec();
        lies.extend(b"<script>alert(1)</script>");
        for wrong in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"", b"GIF89a", &lies, &png(5_000, 1)] {
            assert_eq!(read(wrong), Err(LogoError::NoPicture));
        }
        assert_eq!(read(&vec![0; MAX_BYTES + 1]), Err(LogoError::TooLarge));
    }
}
