//! The keyboard, page-wide. The list people see is in `feedback`; keep the two together.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::header::{close_drawer, close_menus, close_menus_except, toggle_sidebar};
use crate::chat::{browser, state::Chat};

/// Listens as long as the page is there.
pub fn install_shortcuts(chat: Chat) {
    Effect::new(move |_| {
        let keys = window_event_listener(ev::keydown, move |event| {
            if chat.is_alive() {
                on_key(chat, &event);
            }
        });
        on_cleanup(move || keys.remove());
        let clicks = window_event_listener(ev::click, |event| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            close_menus_except(target.as_ref());
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
    let handled = match (command, event.shift_key(), event.alt_key(), key.as_str()) {
        (true, true, false, "O" | "o") => act(|| chat.go_to(chat.new_url())),
        (true, true, false, "S" | "s") => act(|| toggle_sidebar(chat)),
        (true, true, false, "C" | "c") => act(|| chat.copy_last_answer()),
        (true, _, false, "/") => act(|| chat.help_open.update(|open| *open = !*open)),
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

/// Closes what is open, else stops the answer.
fn escape(chat: Chat) -> bool {
    let menu = document().query_selector("details.menu-box[open] > summary").ok().flatten();
    if let Some(summary) = menu {
        close_menus();
        if let Ok(summary) = summary.dyn_into::<web_sys::HtmlElement>() {
            let _gone_if_not = summary.focus();
        }
        return true;
    }
    if chat.drawer_open.get_untracked() {
        close_drawer(chat);
        return true;
    }
    // An open dialog closes itself.
    if chat.help_open.get_untracked() || chat.following.with_untracked(Option::is_none) {
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
    if printable && focus_is_free && !browser::typing() && !chat.help_open.get_untracked() {
        chat.focus_composer();
    }
    false
}
