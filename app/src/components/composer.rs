//! Where the person writes. Without scripts it is a form that posts; with scripts the same form is taken over. The text
//! is never disabled or cleared before the server has it.
//!
//! Parts: `files` (attachments), `prompts` (what `/` offers), `waiting` (queued messages), `status` (the line below),
//! `keys`, `drop` (files dragged onto the page), `follow` (drafts, other tabs, the network).

mod drop;
mod files;
mod follow;
mod keys;
mod prompts;
mod status;
mod waiting;

use leptos::{ev, prelude::*, server_fn::ServerFn};
use wasm_bindgen::JsCast;

use self::{
    drop::DropZone,
    files::Files,
    prompts::{PromptForm, PromptList, option_id},
    status::StatusLine,
    waiting::Waiting,
};
pub use self::{follow::follow_composer, keys::send_key_choice};
use super::{icon::icon, notice::ComposerNotices};
use crate::{
    api::{SendMessage, StopTurn},
    chat::{
        attachments::{self, LONG_PASTE},
        state::Chat,
    },
    words::{common, composer as words},
};

pub const TEXT_ID: &str = "composer-text";

#[component]
pub fn Composer() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let (placeholder, has_prompts) =
        chat.home.with_value(|home| (words::ask(lang, &home.tenant.assistant), !home.tenant.commands.is_empty()));
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        chat.submit();
    };
    let on_input = move |_| {
        chat.composer_changed();
        chat.save_draft();
        chat.with_scroll(crate::chat::scroll::Controller::content_changed);
    };
    let offered = Memo::new(move |_| chat.offered_prompts().map_or(0, |prompts| prompts.len()));
    let is_open = move || offered.get() > 0;
    view! {
        <div class="composer-dock">
            <div class="column">
                <ComposerNotices/>
                <Waiting/>
                <PromptForm/>
                <div class="composer-box">
                    {has_prompts.then(|| view! { <PromptList offered/> })}
                    <form id="composer" class="composer" method="post" action=SendMessage::url() on:submit=on_submit>
                        <SendFields/>
                        <Files/>
                        <label class="visually-hidden" for=TEXT_ID>{words::message(lang)}</label>
                        <textarea
                            id=TEXT_ID
                            name="text"
                            rows="1"
                            required=move || chat.composing.files.with(Vec::is_empty)
                            placeholder=placeholder
                            autocomplete="off"
                            aria-autocomplete=has_prompts.then_some("list")
                            aria-controls=move || is_open().then_some(prompts::LIST_ID)
                            aria-activedescendant=move || is_open().then(|| option_id(chat.composing.active.get()))
                            node_ref=chat.composer
                            on:input=on_input
                            on:paste=move |event| on_paste(chat, &event)
                            on:keydown=move |event| keys::on_keydown(chat, &event)
                            on:blur=move |_| chat.composing.slash.set(None)
                        ></textarea>
                        <div class="composer-bar">
                            <AttachButton/>
                            <ModelPicker/>
                            <SendOrStop/>
                        </div>
                    </form>
                </div>
                <StopForm/>
                <StatusLine/>
            </div>
            <DropZone/>
        </div>
    }
    .into_any()
}

/// What the script-less form sends besides the text.
#[component]
fn SendFields() -> impl IntoView {
    let chat = Chat::get();
    let conversation =
        move || chat.shown.get().map(|id| view! { <input type="hidden" name="conversation" value=id.to_string()/> });
    let parent = move || {
        let last = chat.items.with(|items| items.last().map(|item| item.id));
        last.map(|id| view! { <input type="hidden" name="parent" value=id.to_string()/> })
    };
    view! {
        <input type="hidden" name="tenant" value=chat.tenant().to_string()/>
        <input type="hidden" name="key" value=chat.home.with_value(|home| home.next_key.to_string())/>
        {conversation}
        {parent}
    }
    .into_any()
}

/// The form behind the stop button when there are no scripts.
#[component]
fn StopForm() -> impl IntoView {
    let chat = Chat::get();
    move || {
        let turn = chat.following.with(|following| following.as_ref().map(|following| following.turn))?;
        Some(view! {
            <form id="stop" hidden=true method="post" action=StopTurn::url()>
                <input type="hidden" name="tenant" value=chat.tenant().to_string()/>
                <input type="hidden" name="turn" value=turn.to_string()/>
            </form>
        })
    }
}

/// Takes files from the device. The field itself has the keyboard; what is seen is the paper clip around it.
#[component]
fn AttachButton() -> impl IntoView {
    let chat = Chat::get();
    let label = words::attach(chat.lang);
    let on_change = move |event: ev::Event| {
        let Some(field) = event.target().and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok()) else {
            return;
        };
        let files = attachments::files_of(field.files());
        // So that the same file can be chosen again.
        field.set_value("");
        chat.attach(files);
    };
    view! {
        <label class="button button-quiet button-icon attach needs-script" title=label>
            {icon("clip")}
            <input type="file" multiple aria-label=label on:change=on_change/>
        </label>
    }
    .into_any()
}

/// Which model answers, where there is a choice. A native list: it is itself on every device, and posts without scripts.
#[component]
fn ModelPicker() -> impl IntoView {
    let chat = Chat::get();
    let models = chat.home.with_value(|home| home.models.clone());
    if models.len() < 2 {
        return ().into_any();
    }
    let chosen = Memo::new(move |_| chat.model().id);
    let first = chosen.get_untracked();
    let options = models.into_iter().map(|model| {
        let is_first = model.id == first;
        view! { <option value=model.id selected=is_first>{model.name}</option> }
    });
    view! {
        <select
            class="model-picker"
            name="model"
            autocomplete="off"
            aria-label=words::model(chat.lang)
            prop:value=move || chosen.get()
            on:change=move |event| chat.choose_model(event_target_value(&event))
        >
            {options.collect_view()}
        </select>
    }
    .into_any()
}

/// One button in one place: sends, or stops while there is nothing to send.
#[component]
fn SendOrStop() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let running = Memo::new(move |_| chat.following.with(Option::is_some));
    let stops = Memo::new(move |_| {
        running.get() && chat.empty.get() && chat.composing.files.with(Vec::is_empty) && !chat.sending.get()
    });
    let name = move || match (stops.get(), running.get()) {
        (true, _) => words::stop(lang),
        (false, true) => words::send_later(lang),
        (false, false) => common::send(lang),
    };
    let title = move || if stops.get() { words::stop_hint(lang) } else { name() };
    let class = move || match stops.get() {
        true => "button button-icon round stop",
        false => "button button-primary button-icon round send",
    };
    let symbol = move || match (chat.sending.get(), stops.get()) {
        (true, _) => view! { <span class="spinner"></span> }.into_any(),
        (false, true) => icon("stop").into_any(),
        (false, false) => icon("up").into_any(),
    };
    let on_click = move |event: ev::MouseEvent| {
        if !stops.get_untracked() {
            return;
        }
        event.prevent_default();
        // The second half of a double click on "Send" is no wish to stop.
        if event.detail() < 2 {
            chat.stop();
            chat.focus_composer();
        }
    };
    view! {
        <button
            type="submit"
            form=move || stops.get().then_some("stop")
            class=class
            aria-label=name
            title=title
            aria-busy=move || chat.sending.get().to_string()
            on:click=on_click
        >
            {symbol}
        </button>
    }
    .into_any()
}

/// Pasted pictures and files are attached, a long text becomes a file; everything else is typed by the browser.
fn on_paste(chat: Chat, event: &ev::ClipboardEvent) {
    let Some(pasted) = event.clipboard_data() else { return };
    let text = pasted.get_data("text/plain").unwrap_or_default();
    if text.is_empty() {
        // Office programs put a picture beside the text: then the text is meant.
        let files = attachments::files_of(pasted.files());
        if !files.is_empty() {
            event.prevent_default();
            chat.attach(files);
        }
        return;
    }
    let is_long = text.len() >= LONG_PASTE && text.chars().count() >= LONG_PASTE;
    if is_long && chat.attach_text(text) {
        event.prevent_default();
    }
}
