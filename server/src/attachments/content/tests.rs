use std::io::Cursor;

use image::{DynamicImage, RgbImage, RgbaImage};

use super::*;
use crate::attachments::MAX_PROMPT_BYTES;

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([u8::try_from(x % 256).expect("a byte"), u8::try_from(y % 256).expect("a byte"), 7])
    }))
    .write_to(&mut bytes, ImageFormat::Png)
    .expect("a PNG");
    bytes.into_inner()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("an image");
    bytes.into_inner()
}

fn read_it(bytes: &[u8], name: &str) -> Result<Content, Refusal> {
    read(bytes, name, &Limits::default())
}

fn words(result: Result<Content, Refusal>) -> String {
    result.map(|content| format!("{:?}", content.kind)).expect_err("refused").to_string()
}

fn decoded(content: &Content) -> DynamicImage {
    image::load_from_memory(&content.bytes).expect("what is stored can be read")
}

/// A JPEG whose EXIF says "turn it by 90°" and where it was taken.
fn jpeg_with_exif(width: u32, height: u32) -> Vec<u8> {
    let jpeg = encoded(&RgbImage::new(width, height).into(), ImageFormat::Jpeg);
    // TIFF header, one entry: tag 0x0112 (orientation), SHORT, 1 value, 6; then words that stand for a place.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(b"GPS 6.2088 S 106.8456 E");
    let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

/// A PDF with one page per text, made by the same crate.
pub(super) fn pdf(texts: &[&str], is_packed: bool) -> Vec<u8> {
    use lopdf::{Document, Object, Stream, dictionary};
    let mut document = Document::with_version("1.5");
    let pages = document.new_object_id();
    let font = document.add_object(
        dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding" },
    );
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let mut kids: Vec<Object> = Vec::new();
    for text in texts {
        let content = format!("BT /F1 12 Tf 50 700 Td ({text}) Tj ET");
        let content = document.add_object(Stream::new(dictionary! {}, content.into_bytes()));
        let page = dictionary! { "Type" => "Page", "Parent" => pages, "Contents" => content };
        kids.push(document.add_object(page).into());
    }
    let count = i64::try_from(texts.len()).expect("few");
    let tree = dictionary! {
        "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
    };
    document.objects.insert(pages, Object::Dictionary(tree));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    document.trailer.set("Root", catalog);
    if is_packed {
        document.compress();
    }
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("a PDF");
    bytes
}

#[test]
fn images_are_written_anew_upright_and_small() {
    let content = read_it(&jpeg_with_exif(300, 200), "beach.JPG").expect("taken");
    assert_eq!(content.kind, AttachmentKind::Image { width: 200, height: 300 }, "turned");
    assert_eq!((content.media_type, content.name.as_str()), ("image/jpeg", "beach.JPG"));
    let stored = &content.bytes;
    assert!(!stored.windows(4).any(|piece| piece == b"Exif" || piece == b"GPS "), "where it was taken is gone");
    assert_eq!(content.max_tokens, crate::models::image_tokens(200, 300));

    let content = read_it(&png(2_400, 60), "wide.png").expect("taken");
    assert_eq!(content.kind, AttachmentKind::Image { width: 2_000, height: 50 });
    assert_eq!((decoded(&content).width(), content.media_type), (2_000, "image/png"));

    for (format, name) in [(ImageFormat::Gif, "a.gif"), (ImageFormat::WebP, "a.webp")] {
        let see_through = DynamicImage::from(RgbaImage::from_pixel(5, 4, image::Rgba([1, 2, 3, 0])));
        let content = read_it(&encoded(&see_through, format), name).expect("taken");
        assert_eq!((content.name.as_str(), content.media_type), ("a.png", "image/png"));
        assert!(decoded(&content).color().has_alpha(), "{name} stays transparent");
    }
}

#[test]
fn a_picture_of_noise_is_stored_small_enough() {
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(2_000, 2_000, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [red, green, blue, _] = state.to_be_bytes();
        image::Rgb([red, green, blue])
    });
    let jpeg = encoded(&noise.into(), ImageFormat::Jpeg);
    let content = read_it(&jpeg, "noise.jpg").expect("taken");
    assert!(content.bytes.len() <= 1_500_000, "{}", content.bytes.len());
}

#[test]
fn bombs_are_refused_before_they_unpack() {
    // IHDR says 60000 × 60000; its checksum is right.
    let mut bomb = png(1, 1);
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let crc = crc32(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&crc);
    assert!(words(read_it(&bomb, "bomb.png")).contains("too many pixels"));
    let pdf_bomb = pdf(&[&"bomb ".repeat(4_000_000)], true);
    assert!(pdf_bomb.len() < 200_000, "packed: {}", pdf_bomb.len());
    assert!(read_it(&pdf_bomb, "bomb.pdf").is_err());
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn content_decides_and_lies_are_named() {
    let image = png(4, 4);
    assert!(matches!(read_it(&image, "photo.jpg").expect("still an image").kind, AttachmentKind::Image { .. }));
    assert!(words(read_it(&image, "report.pdf")).contains("says that this is a PDF, but its content is an image"));
    assert!(words(read_it(b"just text", "photo.png")).contains("says that this is an image"));
    assert!(words(read_it(&pdf(&["x"], false), "data.csv")).contains("a PDF"));
    assert!(matches!(read_it(&image, "no extension").expect("taken").name.as_str(), "no extension.png"));
}

#[test]
fn what_is_not_taken_is_said() {
    let cases: [(&[u8], &str); 11] = [
        (b"PK\x03\x04rest", "archive"),
        (b"MZ\x90\0\x03", "program"),
        (b"\x7fELF\x02", "program"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG"),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?><svg/>", "SVG"),
        (b"<!DOCTYPE html><p>", "web page"),
        (b"  <ScRiPt>alert(1)</script>", "web page"),
        (b"\xff\xfe<\0s\0v\0g\0>\0", "SVG"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\x1f\x8b\x08", "archive"),
        (b"\x00\x01\x02\x03", "neither an image nor text"),
    ];
    for (bytes, expected) in cases {
        let refusal = read_it(bytes, "file").expect_err("refused");
        assert!(matches!(refusal, Refusal::UnknownType(_)), "{refusal:?}");
        assert!(refusal.to_string().contains(expected), "{refusal}");
    }
    for empty in [&b""[..], b" \n ", b"\xef\xbb\xbf"] {
        assert!(matches!(read_it(empty, "file"), Err(Refusal::Unreadable(_))), "{empty:?}");
    }
    assert!(read_it(b"MZ is how this text begins", "a.txt").is_ok());
    assert!(read_it(b"caf\xe9 in Latin-1", "a.txt").is_ok_and(|content| content.bytes == "café in Latin-1".as_bytes()));
    assert!(read_it(b"<5 kWh> is not a page", "a.txt").is_ok());
}

#[test]
fn what_is_cut_short_is_refused() {
    let whole = png(64, 64);
    for length in [8, 20, 33, whole.len() / 2] {
        assert!(matches!(read_it(&whole[..length], "a.png"), Err(Refusal::Unreadable(_))), "{length} bytes");
    }
    let whole = pdf(&["hello"], false);
    assert!(read_it(&whole[..20], "a.pdf").is_err());
}

#[test]
fn a_polyglot_loses_what_it_hid() {
    let mut both = png(8, 8);
    both.extend_from_slice(b"PK\x03\x04 evil.exe <script>alert(1)</script>");
    let content = read_it(&both, "a.png").expect("it is an image");
    assert!(!content.bytes.windows(8).any(|piece| piece == b"evil.exe"));
}

#[test]
fn texts_and_tables_are_told_apart() {
    let kind = |bytes: &[u8], name: &str| read_it(bytes, name).expect("taken").kind;
    assert_eq!(kind(b"a,b\n1,2\n3,4\n", "x.csv"), AttachmentKind::Csv);
    assert_eq!(kind(b"a;b\n1;2\n3;4;5\n", "x.csv"), AttachmentKind::Text, "rows of different lengths are no table");
    assert_eq!(kind("Größe\n".as_bytes(), "x.txt"), AttachmentKind::Text);
    let utf16: Vec<u8> = "\u{feff}é\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let content = read_it(&utf16, "x.txt").expect("taken");
    assert_eq!((content.bytes.as_slice(), content.text.as_deref()), ("é\n".as_bytes(), Some("é\n")));
    let long = "ä".repeat(MAX_PROMPT_BYTES);
    let content = read_it(long.as_bytes(), "long.txt").expect("taken");
    assert_eq!(content.bytes.len(), long.len(), "stored whole");
    assert_eq!(content.text.map(|text| text.len()), Some(MAX_PROMPT_BYTES), "shown in part");
    assert!(usize::try_from(content.max_tokens).is_ok_and(|tokens| tokens > MAX_PROMPT_BYTES));
}

#[test]
fn the_text_of_a_pdf_is_read_page_after_page() {
    let content = read_it(&pdf(&["Meter reading", "1234 kWh"], true), "bill.pdf").expect("taken");
    assert_eq!(content.kind, AttachmentKind::Pdf { pages: 2 });
    assert_eq!(content.text.as_deref(), Some("Meter reading\n\n1234 kWh"));
    assert!(words(read_it(&pdf(&[""], false), "scan.pdf")).contains("no text in this PDF"));
    assert!(words(read_it(b"%PDF-1.7\nnothing", "a.pdf")).contains("damaged"));
}

#[test]
fn every_kind_has_its_size() {
    let limits = Limits { image_bytes: 100, text_bytes: 10, pdf_bytes: 50, ..Limits::default() };
    assert_eq!(read(b"eleven bytes", "a.txt", &limits), Err(Refusal::TooLarge { max_bytes: 10 }));
    assert_eq!(read(&png(64, 64), "a.png", &limits), Err(Refusal::TooLarge { max_bytes: 100 }));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        start in proptest::sample::select(vec![
            &b""[..], b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8L",
            b"%PDF-1.4\n1 0 obj\n<<", b"\xff\xfe", b"<", b"a,b\n",
        ]),
        rest in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        name in "\\PC{0,20}",
    ) {
        let bytes = [start, rest.as_slice()].concat();
        if let Ok(content) = read_it(&bytes, &name) {
            proptest::prop_assert!(!content.bytes.is_empty() && content.max_tokens > 0);
            proptest::prop_assert!(content.text.is_none_or(|text| !text.contains('\0')));
        }
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(at in 0usize..400, byte in proptest::num::u8::ANY, which in 0usize..3) {
        let mut bytes = match which {
            0 => png(9, 9),
            1 => encoded(&RgbImage::new(9, 9).into(), ImageFormat::Jpeg),
            _ => pdf(&["text"], true),
        };
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read_it(&bytes, "file");
    }
}
