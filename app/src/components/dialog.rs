//! What stands over the page: one native `<dialog>`, filled with what [`Dialog`] names. The browser keeps the keyboard
//! inside and gives it back where it was.
//!
//! To add one: a variant of [`Dialog`], a file here, a line in [`Dialogs`]. What has `autofocus` gets the keyboard.

mod help;
mod import;
mod search;
mod share;
mod sign_in;

use std::sync::OnceLock;

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

pub use self::search::hit_rows;
use super::icon::icon;
use crate::{
    chat::state::{Chat, Dialog},
    error::AppError,
    later::{Part, when_ready},
    words::common,
};

#[component]
pub fn Dialogs() -> impl IntoView {
    let chat = Chat::get();
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        match (chat.dialog.get(), dialog.open()) {
            (Some(_), false) => {
                let _already_open_if_not = dialog.show_modal();
            }
            (None, true) => dialog.close(),
            _ => {}
        }
    });
    // Whoever finds the session gone says so in the notice; signing in again is offered at once.
    Effect::new(move |_| {
        if chat.notice.get() == Some(AppError::SignedOut) {
            chat.dialog.set(Some(Dialog::SignIn));
        }
    });
    let on_backdrop = move |event: ev::MouseEvent| {
        let on_the_dialog_itself = event.target() == event.current_target();
        if on_the_dialog_itself && chat.dialog.get_untracked() != Some(Dialog::SignIn) {
            chat.dialog.set(None);
        }
    };
    // The event comes late: by then the dialog may be open again with something else in it.
    let on_close = move |_| {
        if node.get_untracked().is_none_or(|dialog| !dialog.open()) {
            chat.dialog.set(None);
        }
    };
    let class = move || match chat.dialog.get() {
        Some(Dialog::Search) => "dialog search-dialog",
        _ => "dialog",
    };
    let ready = RwSignal::new(false);
    Effect::new(move |_| {
        if chat.dialog.get().is_some() && !ready.get_untracked() {
            let arrived = move || {
                let _gone_if_not = ready.try_set(true);
            };
            when_ready(Part::Rest, Box::new(arrived));
        }
    });
    // Asked for again while it stands there (several things find the session gone), it stays as it is: with what was typed.
    let shown = Memo::new(move |_| chat.dialog.get());
    // When it is open and filled, which may take a moment the first time.
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        if shown.get().is_some() && ready.get() {
            request_animation_frame(move || focus_first(&dialog));
        }
    });
    let content = move || {
        let (dialog, _ready) = (shown.get()?, ready.get());
        FILLING.get().map(|fill| fill(chat, dialog))
    };
    view! {
        <dialog
            class=class
            aria-labelledby="dialog-title"
            node_ref=node
            on:close=on_close
            on:click=on_backdrop
        >
            {content}
        </dialog>
    }
    .into_any()
}

/// What fills the dialog.
type Filling = fn(Chat, Dialog) -> AnyView;

static FILLING: OnceLock<Filling> = OnceLock::new();

/// Called by the part of the program the dialogs are in.
pub fn install_dialogs() {
    let _first = FILLING.set(fill);
}

fn fill(chat: Chat, dialog: Dialog) -> AnyView {
    match dialog {
        Dialog::Help => help::help(chat),
        Dialog::Search => search::search(chat),
        Dialog::Share(id) => share::share(chat, id),
        Dialog::Import => import::import(chat),
        Dialog::SignIn => sign_in::sign_in(chat),
    }
}

fn focus_first(dialog: &web_sys::HtmlDialogElement) {
    let first = dialog.query_selector("[autofocus]").ok().flatten();
    if let Some(first) = first.and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _gone_if_not = first.focus();
    }
}

/// The title of a dialog and the button that closes it.
fn dialog_head(chat: Chat, title: &'static str) -> AnyView {
    view! {
        <div class="dialog-head">
            <h2 id="dialog-title">{title}</h2>
            <button
                type="button"
                class="button button-quiet button-icon"
                aria-label=common::close(chat.lang)
                on:click=move |_| chat.dialog.set(None)
            >
                {icon("x")}
            </button>
        </div>
    }
    .into_any()
}
