//! Above the composer: messages that wait, or that an old one is being changed.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    chat::{drafts::Outgoing, state::Chat},
    components::icon::icon,
    model::TurnKey,
    words::{common, composer as words},
};

#[component]
pub fn Waiting() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let on_click = move |event: ev::MouseEvent| {
        if let Some((key, act)) = pressed(&event) {
            match act.as_str() {
                "send" => chat.send_again(),
                "edit" => chat.unqueue(key),
                _ => chat.discard_queued(key),
            }
        }
    };
    let rows = move || {
        let queue = chat.composing.queue.get();
        (!queue.is_empty()).then(|| {
            let rows = queue.into_iter().enumerate().map(|(place, out)| row(chat, place, out)).collect_view();
            view! { <ul class="waiting-list" aria-label=words::waiting(lang) on:click=on_click>{rows}</ul> }
        })
    };
    let editing = move || {
        chat.editing.with(Option::is_some).then(|| {
            view! {
                <div class="waiting">
                    <span class="waiting-text">{words::editing(lang)}</span>
                    <button type="button" class="button button-quiet" on:click=move |_| chat.stop_editing()>
                        {common::cancel(lang)}
                    </button>
                </div>
            }
        })
    };
    view! {
        {rows}
        {editing}
    }
    .into_any()
}

/// Drawn again with the whole list when anything about it changes.
fn row(chat: Chat, place: usize, out: Outgoing) -> AnyView {
    let lang = chat.lang;
    let is_first = place == 0;
    let runs = chat.following.with(Option::is_some);
    let (label, can_send) = match () {
        () if is_first && chat.sending.get() => (words::sending(lang), false),
        () if is_first && chat.composing.awaits_network.get() => (words::waiting_for_network(lang), true),
        () if runs || !is_first => (words::queued(lang), false),
        () if out.tried => (words::not_sent(lang), true),
        () => (words::not_sent_yet(lang), true),
    };
    let send = can_send.then(|| {
        let label = if out.tried { words::send_again(lang) } else { common::send(lang) };
        view! { <button type="button" class="button button-quiet" data-act="send">{label}</button> }
    });
    let files = (!out.files.is_empty()).then(|| {
        let mut count = out.files.len().to_string();
        count.insert(0, ' ');
        view! { <span class="meta">{icon("clip")}<span class="visually-hidden">{words::attached(lang)}</span>{count}</span> }
    });
    let name = out.files.first().filter(|_| out.text.trim().is_empty()).map(|file| file.name.clone());
    let remove = words::remove(lang);
    view! {
        <li class="waiting" data-key=out.key.to_string()>
            <span class="waiting-text"><strong>{label}</strong>" "{name.unwrap_or(out.text)}</span>
            {files}
            {send}
            <button type="button" class="button button-quiet" data-act="edit">{common::edit(lang)}</button>
            <button type="button" class="button button-quiet button-icon" data-act="remove" aria-label=remove title=remove>
                {icon("x")}
            </button>
        </li>
    }
    .into_any()
}

/// Which button of which message was pressed.
fn pressed(event: &ev::MouseEvent) -> Option<(TurnKey, String)> {
    let target: web_sys::Element = event.target()?.dyn_into().ok()?;
    let act = target.closest("[data-act]").ok()??.get_attribute("data-act")?;
    let key = target.closest("[data-key]").ok()??.get_attribute("data-key")?;
    Some((key.parse().ok()?, act))
}
