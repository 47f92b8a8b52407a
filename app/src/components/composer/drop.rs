//! Files dragged onto the page, wherever they are dropped.

use leptos::{ev, prelude::*};

use crate::{
    chat::{attachments, state::Chat},
    words::composer as words,
};

#[component]
pub fn DropZone() -> impl IntoView {
    let chat = Chat::get();
    let over = RwSignal::new(false);
    let set_over = move |is_over: bool| {
        if over.get_untracked() != is_over {
            over.set(is_over);
        }
    };
    Effect::new(move |_| {
        let dragged = window_event_listener(ev::dragover, move |event| {
            if has_files(&event) && chat.dialog.with_untracked(Option::is_none) {
                event.prevent_default();
                set_over(true);
            }
        });
        let left = window_event_listener(ev::dragleave, move |event| {
            if event.related_target().is_none() {
                set_over(false);
            }
        });
        let dropped = window_event_listener(ev::drop, move |event| {
            set_over(false);
            // Dropped on a field of a dialog it is that field's.
            if !has_files(&event) || chat.dialog.with_untracked(Option::is_some) {
                return;
            }
            event.prevent_default();
            chat.attach(attachments::files_of(event.data_transfer().and_then(|data| data.files())));
        });
        on_cleanup(move || {
            dragged.remove();
            left.remove();
            dropped.remove();
        });
    });
    let zone = move || {
        over.get().then(|| view! { <div class="drop-zone" role="status"><p>{words::drop_here(chat.lang)}</p></div> })
    };
    view! { {zone} }.into_any()
}

fn has_files(event: &ev::DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0))
}
