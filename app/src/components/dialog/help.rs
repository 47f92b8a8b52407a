//! The keyboard shortcuts. What they do is in `components/shortcuts.rs`, the composer and the list; keep them together.

use leptos::prelude::*;

use super::dialog_head;
use crate::{
    chat::{browser, state::Chat},
    components::composer,
    words::shell,
};

pub fn help(chat: Chat) -> AnyView {
    let lang = chat.lang;
    let command = if browser::on_apple() { "⌘" } else { "Ctrl" };
    let with_command = |keys: &str| {
        let mut all = String::from(command);
        all.push_str(" + ");
        all.push_str(keys);
        all
    };
    let rows = [
        (String::from("Enter"), shell::key_send(lang)),
        (String::from("Shift + Enter"), shell::key_new_line(lang)),
        (String::from(shell::key_up(lang)), shell::key_edit_last(lang)),
        (String::from("Esc"), shell::key_stop(lang)),
        (String::from("Shift + Esc"), shell::key_composer(lang)),
        (String::from("Alt + ↑ / ↓"), shell::key_messages(lang)),
        (with_command("K"), shell::key_search(lang)),
        (with_command("Shift + O"), shell::new_chat(lang)),
        (with_command("Shift + S"), shell::key_sidebar(lang)),
        (with_command("Shift + C"), shell::key_copy(lang)),
        (String::from("↑ ↓ · F2 · Del"), shell::key_rows(lang)),
        (with_command("/"), shell::key_help(lang)),
    ];
    let rows = rows.map(|(keys, what)| view! { <tr><th scope="row"><kbd>{keys}</kbd></th><td>{what}</td></tr> });
    view! {
        {dialog_head(chat, shell::shortcuts(lang))}
        <table class="table"><tbody>{rows.into_iter().collect_view()}</tbody></table>
        {composer::send_key_choice(lang)}
    }
    .into_any()
}
