//! Images: decoded for real within bounds and written anew, upright, at most 2,000 pixels wide or high, without
//! anything that is not a pixel (EXIF tells where a photo was taken; appended archives and scripts go, too).

use std::io::Cursor;

use app::model::AttachmentKind;
use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder, metadata::Orientation,
};

use super::{Refusal, content::Content, name};
use crate::models;

/// Pixels of an image that is decoded at all.
const MAX_PIXELS: u64 = 50_000_000;
/// Its width or height.
const MAX_SIDE: u32 = 30_000;
/// Memory the decoder may take, bytes: 50 megapixels at four bytes, and as much again to work with.
const MAX_ALLOC: u64 = 400 * 1024 * 1024;
/// The longer side of what is stored, pixels. Requests with many images may have no larger ones (the provider's page
/// "Vision": 2000 × 2000 with more than 20 images).
const STORED_SIDE: u32 = 2_000;
/// Size of what is stored: ten of them in base64 stay below the provider's 32 MB per request.
const STORED_BYTES: usize = 1_500_000;
/// How well a photo is kept: as well as fits.
const QUALITIES: [u8; 3] = [85, 70, 50];

/// Reads an image and writes it anew.
///
/// # Errors
/// [`Refusal::Unreadable`]: too many pixels, or not what it pretends to be.
pub(super) fn read(sent: &[u8], name: String, format: ImageFormat) -> Result<Content, Refusal> {
    let image = upright(sent, format)?;
    let (media_type, bytes, image) = stored(smaller(image, STORED_SIDE), format)?;
    let name = match media_type {
        "image/png" => name::with_extension(&name, "png", &[]),
        _ => name::with_extension(&name, "jpg", &["jpeg"]),
    };
    let (width, height) = (image.width(), image.height());
    let max_tokens = models::image_tokens(width, height);
    Ok(Content { name, kind: AttachmentKind::Image { width, height }, media_type, bytes, text: None, max_tokens })
}

fn broken() -> Refusal {
    Refusal::Unreadable("This image cannot be read: it is damaged or not what its beginning says.".to_owned())
}

/// Decodes; of an animation the first picture.
fn upright(sent: &[u8], format: ImageFormat) -> Result<DynamicImage, Refusal> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| match error {
        image::ImageError::Limits(_) => too_many_pixels(),
        _ => broken(),
    })?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_ALLOC {
        return Err(too_many_pixels());
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| broken())?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn too_many_pixels() -> Refusal {
    Refusal::Unreadable(format!(
        "This image has too many pixels: {} million at most, {MAX_SIDE} on a side.",
        MAX_PIXELS / 1_000_000
    ))
}

fn smaller(image: DynamicImage, side: u32) -> DynamicImage {
    if image.width() <= side && image.height() <= side { image } else { image.thumbnail(side, side) }
}

/// A drawing stays exact (PNG) while it is small enough, a photo becomes JPEG; with what is left in the end.
fn stored(image: DynamicImage, format: ImageFormat) -> Result<(&'static str, Vec<u8>, DynamicImage), Refusal> {
    if format != ImageFormat::Jpeg {
        let exact = if is_see_through(&image) { image.to_rgba8().into() } else { DynamicImage::from(image.to_rgb8()) };
        let mut bytes = Cursor::new(Vec::new());
        exact.write_to(&mut bytes, ImageFormat::Png).map_err(|_| broken())?;
        if bytes.get_ref().len() <= STORED_BYTES {
            return Ok(("image/png", bytes.into_inner(), exact));
        }
    }
    let mut image = on_white(&image);
    loop {
        for quality in QUALITIES {
            let mut bytes = Vec::new();
            JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&image).map_err(|_| broken())?;
            if bytes.len() <= STORED_BYTES {
                return Ok(("image/jpeg", bytes, image));
            }
        }
        // Noise: only fewer pixels help.
        let side = image.width().max(image.height()) * 3 / 4;
        image = smaller(image, side);
    }
}

fn is_see_through(image: &DynamicImage) -> bool {
    image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel.0[3] < u8::MAX)
}

/// Without transparency, which JPEG does not have.
fn on_white(image: &DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return image.to_rgb8().into();
    }
    let mut flat = image::RgbImage::new(image.width(), image.height());
    for (below, above) in flat.pixels_mut().zip(image.to_rgba8().pixels()) {
        let [red, green, blue, alpha] = above.0;
        let over_white = |channel: u8| {
            let mixed = u32::from(channel) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        below.0 = [over_white(red), over_white(green), over_white(blue)];
    }
    flat.into()
}
