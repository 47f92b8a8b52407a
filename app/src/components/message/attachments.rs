//! Files that went along with a message: pictures as thumbnails, the others as chips. Both open in a new tab.

use leptos::prelude::*;

use super::super::{format, icon::icon};
use crate::{
    chat::state::Chat,
    model::{AttachmentKind, AttachmentView},
    words::{self, Lang, thread},
};

/// The largest thumbnail, pixels.
const WIDTH: u32 = 320;
const HEIGHT: u32 = 240;

#[component]
pub fn Attachments(files: Vec<AttachmentView>) -> impl IntoView {
    let tenant = Chat::get().tenant();
    let lang = words::lang();
    let entries = files.into_iter().map(|file| {
        let href = ["/t/", tenant.as_str(), "/attachments/", &file.id.to_string()].concat();
        let facts = facts(lang, &file);
        let name = file.name.clone();
        let inner = match file.kind {
            AttachmentKind::Image { width, height } => {
                let (width, height) = fitted(width, height);
                view! {
                    <img src=href.clone() alt=name width=width.to_string() height=height.to_string() loading="lazy" decoding="async"/>
                }
                .into_any()
            }
            AttachmentKind::Text | AttachmentKind::Csv | AttachmentKind::Pdf { .. } => {
                view! { {icon("file")}<span class="attachment-name">{name}</span><span class="meta">{facts.clone()}</span> }
                    .into_any()
            }
        };
        let class = match file.kind {
            AttachmentKind::Image { .. } => "attachment picture",
            _ => "attachment chip",
        };
        let title = [&file.name, " · ", &facts, " · ", thread::open_file(lang)].concat();
        view! { <li><a class=class href=href target="_blank" rel="noopener" title=title>{inner}</a></li> }
    });
    view! { <ul class="attachments">{entries.collect_view()}</ul> }.into_any()
}

/// "PDF · 12 pages · 1.2 MB".
fn facts(lang: Lang, file: &AttachmentView) -> String {
    let kind = match file.kind {
        AttachmentKind::Image { .. } => thread::image(lang).to_owned(),
        AttachmentKind::Text => thread::text_file(lang).to_owned(),
        AttachmentKind::Csv => "CSV".to_owned(),
        AttachmentKind::Pdf { pages } => ["PDF · ", &thread::pages(lang, pages)].concat(),
    };
    [&kind, " · ", &format::bytes(file.bytes)].concat()
}

/// The size of a picture inside the thumbnail's box, never enlarged, at least one pixel each way.
fn fitted(width: u32, height: u32) -> (u32, u32) {
    let (width, height) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let (box_width, box_height) = (u64::from(WIDTH), u64::from(HEIGHT));
    let (fit_width, fit_height) = if width <= box_width && height <= box_height {
        (width, height)
    } else if width * box_height > height * box_width {
        (box_width, height * box_width / width)
    } else {
        (width * box_height / height, box_height)
    };
    let pixels = |size: u64| u32::try_from(size).unwrap_or(WIDTH).max(1);
    (pixels(fit_width), pixels(fit_height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_keep_their_shape_inside_the_box() {
        for (given, expected) in [
            ((100, 50), (100, 50)),
            ((640, 480), (320, 240)),
            ((4000, 1000), (320, 80)),
            ((1000, 4000), (60, 240)),
            ((0, 0), (1, 1)),
            ((u32::MAX, 1), (320, 1)),
        ] {
            assert_eq!(fitted(given.0, given.1), expected, "{given:?}");
        }
    }
}
