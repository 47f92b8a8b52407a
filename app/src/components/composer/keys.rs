//! The keys of the composer; those of the page are in `components/shortcuts.rs`, what people read of both in
//! `dialog/help.rs`.

use leptos::{ev, prelude::*};

use crate::{
    chat::{browser, state::Chat},
    model::Lang,
    words::composer as words,
};

/// Where this device keeps that Enter makes a new line.
const CTRL_ENTER: &str = "ctrl-enter";

pub fn on_keydown(chat: Chat, event: &ev::KeyboardEvent) {
    // 229: browsers that end a composition with the same key press report this code instead of the flag.
    let composing = event.is_composing() || event.key_code() == 229;
    let command = event.ctrl_key() || event.meta_key();
    let key = event.key();
    if composing || in_prompts(chat, &key, command || event.shift_key() || event.alt_key()) {
        if !composing {
            event.prevent_default();
            event.stop_propagation();
        }
        return;
    }
    match key.as_str() {
        "Enter" if event.shift_key() || event.alt_key() => {}
        "Enter" if !command && (browser::touch() || browser::stored(CTRL_ENTER).is_some()) => {}
        "Enter" => {
            event.prevent_default();
            chat.submit();
        }
        "ArrowUp" if chat.empty.get_untracked() && chat.typed().is_empty() => {
            event.prevent_default();
            chat.edit_last();
        }
        "Escape" if !event.shift_key() && chat.editing.with_untracked(Option::is_some) => {
            event.prevent_default();
            event.stop_propagation();
            chat.stop_editing();
        }
        _ => {}
    }
}

/// The keys of the open list of prompts; says whether it was one.
fn in_prompts(chat: Chat, key: &str, is_modified: bool) -> bool {
    let Some(offered) = untrack(|| chat.offered_prompts()) else { return false };
    let count = offered.len();
    if count == 0 || is_modified {
        return false;
    }
    let active = chat.composing.active.get_untracked().min(count - 1);
    match key {
        "ArrowDown" => chat.composing.active.set((active + 1) % count),
        "ArrowUp" => chat.composing.active.set((active + count - 1) % count),
        "Enter" | "Tab" => {
            if let Some(prompt) = offered.into_iter().nth(active) {
                // A prompt whose text is its own name is all there already.
                if key == "Enter" && prompt.text.trim() == chat.typed().trim() {
                    chat.composing.slash.set(None);
                    return false;
                }
                chat.choose_prompt(prompt);
            }
        }
        "Escape" => chat.composing.slash.set(None),
        _ => return false,
    }
    true
}

/// Which key sends, for the help.
pub fn send_key_choice(lang: Lang) -> AnyView {
    let on_change = move |event: ev::Event| {
        browser::store(CTRL_ENTER, if event_target_checked(&event) { "1" } else { "" });
    };
    // Dialogs are only drawn in the browser, after a click.
    let is_on = browser::stored(CTRL_ENTER).is_some();
    view! {
        <label class="choice">
            <input type="checkbox" prop:checked=is_on on:change=on_change/>
            {words::ctrl_enter(lang)}
        </label>
    }
    .into_any()
}
