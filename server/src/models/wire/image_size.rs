//! Pixels of an image that came as base64, from the beginning of its file.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// As much of the text as is decoded: the size stands near the beginning, after what a camera wrote.
const MAX_HEAD: usize = 256 * 1024;

/// Width and height, if the beginning tells them.
pub(super) fn of_base64(text: &str) -> Option<(u32, u32)> {
    let head = text.as_bytes().get(..MAX_HEAD).unwrap_or(text.as_bytes());
    let bytes = STANDARD.decode(head).ok()?;
    let reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.into_dimensions().ok()
}

/// The data of a `data:` URL in base64, with its media type.
pub(super) fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) =
        url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).and(url.get(5..))?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    Some((media_type.split(';').next().unwrap_or(media_type), data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A PNG of 1 × 1 pixels.
    const PNG: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    #[test]
    fn the_size_is_read_from_the_head() {
        assert_eq!(of_base64(PNG), Some((1, 1)));
        assert_eq!(of_base64("AAAA"), None);
        assert_eq!(of_base64("no base64 €"), None);
    }

    #[test]
    fn data_urls_are_taken_apart() {
        assert_eq!(data_url("data:image/png;base64,QQ=="), Some(("image/png", "QQ==")));
        assert_eq!(data_url("DATA:image/png;x=y;base64,QQ"), Some(("image/png", "QQ")));
        assert_eq!(data_url("data:text/plain,hello"), None);
        assert_eq!(data_url("https://a.example/b.png"), None);
        assert_eq!(data_url("dat€"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = of_base64(&text);
            let _ = data_url(&text);
            let png = STANDARD.decode(PNG).expect("base64");
            let cut = png.len().min(bytes.len());
            let _ = of_base64(&STANDARD.encode([&png[..cut], &bytes].concat()));
        }
    }
}
