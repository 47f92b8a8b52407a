//! Changing an answer where it stands. Saving makes another version; the old one stays.

use leptos::{ev, html, prelude::*};

use crate::{
    chat::{browser, item::Item, state::Chat},
    words::{self, common, thread},
};

#[component]
pub fn EditAnswer(item: Item) -> impl IntoView {
    let chat = Chat::get();
    let lang = words::lang();
    let text = item.body.markdown();
    let rows = (text.lines().count() + 1).clamp(4, 24).to_string();
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            let _gone_if_not = area.focus();
        }
    });
    let stop = {
        let item = item.clone();
        move || {
            item.editing.set(false);
            browser::focus(&item.element_id());
        }
    };
    let on_key = {
        let stop = stop.clone();
        move |event: ev::KeyboardEvent| {
            if event.key() == "Escape" && !event.is_composing() {
                event.prevent_default();
                event.stop_propagation();
                stop();
            }
        }
    };
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some(area) = area.get_untracked() {
            chat.save_answer(&item, area.value());
        }
    };
    view! {
        <form class="answer-edit" on:submit=on_submit>
            <textarea
                class="input"
                aria-label=thread::answer_text(lang)
                rows=rows
                prop:value=text
                node_ref=area
                on:keydown=on_key
            ></textarea>
            <p class="failure-actions">
                <button type="submit" class="button button-primary" disabled=move || chat.sending.get()>{common::save(lang)}</button>
                <button type="button" class="button" on:click=move |_| stop()>{common::cancel(lang)}</button>
            </p>
        </form>
    }
    .into_any()
}
