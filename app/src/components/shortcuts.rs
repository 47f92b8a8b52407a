//! The keyboard, page-wide. The list people see is in `dialog/help`; keep the two together.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::header::{close_drawer, close_menus, close_menus_except, menu_is_open, toggle_sidebar};
use crate::chat::{
    browser,
    state::{Chat, Dialog},
};

/// Listens as long as the page is there.
pub fn install_shortcuts(chat: Chat) {
    Effect::new(move |_| {
        let keys = window_event_listener(ev::keydown, move |event| {
            if chat.is_alive() {
                on_key(chat, &event);
            }
        });
        on_cleanup(move || keys.remove());
        let clicks = window_event_listener(ev::click, move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            if chat.is_alive() {
                close_menus_except(chat, target.as_ref());
            }
        });
        on_cleanup(move || clicks.remove());
    });
}

fn on_key(chat: Chat, event: &ev::KeyboardEvent) {
    if event.default_prevented() || event.is_composing() {
        return;
    }
    let command = event.ctrl_key() || event.meta_key();
    let key = event.key();
    if chat.dialog.get_untracked() == Some(Dialog::SignIn) {
        return;
    }
    let handled = match (command, event.shift_key(), event.alt_key(), key.as_str()) {
        (true, true, false, "O" | "o") => act(|| {
            chat.dialog.set(None);
            chat.go_to(chat.new_url());
        }),
        (true, true, false, "S" | "s") => act(|| toggle_sidebar(chat)),
        (true, true, false, "C" | "c") => act(|| chat.copy_last_answer()),
        (true, false, false, "K" | "k") => act(|| toggle_dialog(chat, Dialog::Search)),
        (true, _, false, "/") => act(|| toggle_dialog(chat, Dialog::Help)),
        (false, true, false, "Escape") => act(|| chat.focus_composer()),
        (false, false, false, "Escape") => escape(chat),
        (false, false, true, "ArrowUp") => act(|| chat.focus_message(-1)),
        (false, false, true, "ArrowDown") => act(|| chat.focus_message(1)),
        (false, _, false, key) => begins_typing(chat, key),
        _ => false,
    };
    if handled {
        event.prevent_default();
    }
}

fn act(what: impl FnOnce()) -> bool {
    what();
    true
}

/// Opens a dialog, or closes it when it is open.
fn toggle_dialog(chat: Chat, dialog: Dialog) {
    chat.dialog.update(|open| *open = if *open == Some(dialog) { None } else { Some(dialog) });
}

/// Closes what is open, else stops the answer.
fn escape(chat: Chat) -> bool {
    // An open dialog closes itself.
    if chat.dialog.get_untracked().is_some() {
        return false;
    }
    if menu_is_open(chat) {
        close_menus(chat);
        return true;
    }
    if chat.drawer_open.get_untracked() {
        close_drawer(chat);
        return true;
    }
    if chat.following.with_untracked(Option::is_none) {
        return false;
    }
    chat.stop();
    true
}

/// A printable key outside of any control goes into the composer: the browser types it where the focus is by then.
fn begins_typing(chat: Chat, key: &str) -> bool {
    let printable = key.chars().count() == 1 && key != " ";
    let focus_is_free =
        document().active_element().is_none_or(|active| active.tag_name() == "BODY" || active.id().starts_with("m-"));
    if printable && focus_is_free && !browser::typing() && chat.dialog.get_untracked().is_none() {
        chat.focus_composer();
    }
    false
}
