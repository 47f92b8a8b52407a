//! What the page says back: toasts with their undo, words for screen readers.

use leptos::prelude::*;

use super::{each::each, icon::icon};
use crate::{
    chat::state::{Chat, Toast},
    words::{common, shell},
};

/// What was just done, at the edge of the page, over whatever is open there.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let chat = Chat::get();
    view! {
        <div class="toast-region" role="status" aria-live="polite">
            {each(move || chat.toasts.get(), |toast| toast.serial.into(), move |toast| toast_view(chat, toast))}
        </div>
    }
    .into_any()
}

fn toast_view(chat: Chat, toast: Toast) -> AnyView {
    let lang = chat.lang;
    let serial = toast.serial;
    let undo = toast.undo.map(|undo| {
        let on_click = move |_| {
            chat.dismiss(serial);
            chat.undo(undo.clone());
        };
        view! { <button type="button" class="button" on:click=on_click>{common::undo(lang)}</button> }
    });
    view! {
        <div class="toast">
            <span>{toast.text}</span>
            {undo}
            <button
                type="button"
                class="button button-quiet button-icon"
                aria-label=shell::dismiss(lang)
                on:click=move |_| chat.dismiss(serial)
            >
                {icon("x")}
            </button>
        </div>
    }
    .into_any()
}

/// What happens, for those who do not see it.
#[component]
pub fn Announcer() -> impl IntoView {
    let chat = Chat::get();
    view! { <p class="visually-hidden" aria-live="polite" aria-atomic="true">{move || chat.announcement.get()}</p> }
        .into_any()
}
