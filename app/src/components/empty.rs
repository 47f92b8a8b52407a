//! A new chat: a greeting and examples to begin with.

use leptos::{ev, prelude::*, server_fn::ServerFn};

use super::format::first_name;
use crate::{api::SendMessage, chat::state::Chat};

#[component]
pub fn EmptyState() -> impl IntoView {
    let chat = Chat::get();
    let name = chat.me.with_value(|me| first_name(&me.name).to_owned());
    let (tenant, prompts) = chat.home.with_value(|home| (home.tenant.name.clone(), home.tenant.prompts.clone()));
    view! {
        <section class="empty">
            <h2>{format!("Hello {name}")}</h2>
            <p class="muted">{format!("What would you like to know about {tenant}?")}</p>
            <ul class="prompts" aria-label="Examples">
                {prompts.into_iter().map(|prompt| view! { <li><Example prompt/></li> }).collect_view()}
            </ul>
        </section>
    }
    .into_any()
}

/// An example question; a form of its own, so that it works without scripts.
#[component]
fn Example(prompt: String) -> impl IntoView {
    let chat = Chat::get();
    let text = prompt.clone();
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        chat.send_example(text.clone());
    };
    view! {
        <form method="post" action=SendMessage::url() on:submit=on_submit>
            <input type="hidden" name="tenant" value=chat.tenant().to_string()/>
            <input type="hidden" name="key" value=chat.home.with_value(|home| home.next_key.to_string())/>
            <input type="hidden" name="text" value=prompt.clone()/>
            <button type="submit" class="chip prompt">{prompt}</button>
        </form>
    }
    .into_any()
}
