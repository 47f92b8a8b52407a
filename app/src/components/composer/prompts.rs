//! What `/` offers, and the words a prompt asks for. The keyboard stays in the text while one is chosen.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    chat::{browser, prompts, state::Chat},
    model::Prompt,
    words::{common, composer as words},
};

pub const LIST_ID: &str = "composer-prompts";

#[must_use]
pub fn option_id(place: usize) -> String {
    ["composer-prompt-", &place.to_string()].concat()
}

/// The list above the text. `offered`: how many fit.
#[component]
pub fn PromptList(offered: Memo<usize>) -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    Effect::new(move |_| {
        let count = offered.get();
        if count > 0 {
            chat.announce(&words::prompts_found(lang, count));
        }
    });
    let on_click = move |event: ev::MouseEvent| {
        let place = place_of(&event);
        let offered = untrack(|| chat.offered_prompts()).unwrap_or_default();
        if let Some(prompt) = place.and_then(|place| offered.into_iter().nth(place)) {
            chat.choose_prompt(prompt);
        }
    };
    let list = move || {
        let offered = chat.offered_prompts().filter(|offered| !offered.is_empty())?;
        let active = chat.composing.active;
        // Takes the active line along where the list scrolls.
        Effect::new(move |_| {
            if let Some(line) = browser::element::<web_sys::Element>(&option_id(active.get())) {
                browser::reveal(&line);
            }
        });
        let options = offered.into_iter().enumerate().map(|(place, prompt)| {
            let name = ["/", &prompt.name].concat();
            view! {
                <li
                    id=option_id(place)
                    role="option"
                    data-place=place.to_string()
                    aria-selected=move || (active.get() == place).to_string()
                >
                    <strong>{name}</strong>
                    <span class="muted">{prompt.title}</span>
                </li>
            }
        });
        let options = options.collect_view();
        Some(view! {
            <ul
                id=LIST_ID
                class="menu prompt-list"
                role="listbox"
                aria-label=words::prompts(lang)
                on:mousedown=|event| event.prevent_default()
                on:click=on_click
            >
                {options}
            </ul>
        })
    };
    view! { {list} }.into_any()
}

fn place_of(event: &ev::MouseEvent) -> Option<usize> {
    let target: web_sys::Element = event.target()?.dyn_into().ok()?;
    target.closest("[data-place]").ok()??.get_attribute("data-place")?.parse().ok()
}

/// The words of the prompt that was chosen.
#[component]
pub fn PromptForm() -> impl IntoView {
    let chat = Chat::get();
    let form = move || chat.composing.asked.get().map(|prompt| prompt_form(chat, prompt));
    view! { {form} }.into_any()
}

fn prompt_form(chat: Chat, prompt: Prompt) -> AnyView {
    let lang = chat.lang;
    let node = NodeRef::<html::Form>::new();
    let Prompt { title, text, .. } = prompt;
    let label = title.clone();
    let names = prompts::variables(&text);
    let count = names.len();
    let fields = names.into_iter().enumerate().map(|(place, name)| {
        let id = field_id(place);
        view! {
            <div class="field">
                <label for=id.clone()>{prompts::label(&name)}</label>
                <input id=id.clone() name=id class="input" required autocomplete="off"/>
            </div>
        }
    });
    let fields = fields.collect_view();
    let cancel = move || {
        chat.composing.asked.set(None);
        chat.focus_composer();
    };
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(data) = node.get_untracked().and_then(|form| web_sys::FormData::new_with_form(&form).ok()) else {
            return;
        };
        let value = |place| data.get(&field_id(place)).as_string().unwrap_or_default();
        let values: Vec<String> = (0..count).map(value).collect();
        chat.insert_prompt(&prompts::filled(&text, &values));
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() {
            event.prevent_default();
            event.stop_propagation();
            cancel();
        }
    };
    Effect::new(move |_| {
        if node.get().is_some() {
            request_animation_frame(|| browser::focus(&field_id(0)));
        }
    });
    view! {
        <form class="prompt-form" aria-label=label node_ref=node on:submit=on_submit on:keydown=on_key>
            <strong>{title}</strong>
            {fields}
            <div class="prompt-buttons">
                <button type="button" class="button" on:click=move |_| cancel()>{common::cancel(lang)}</button>
                <button type="submit" class="button button-primary">{words::insert(lang)}</button>
            </div>
        </form>
    }
    .into_any()
}

fn field_id(place: usize) -> String {
    ["prompt-word-", &place.to_string()].concat()
}
