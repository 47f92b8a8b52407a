//! Where the person writes. Without scripts it is a form that posts; with scripts the same form is taken over. The text
//! is never disabled or cleared before the server has it.

use leptos::{ev, prelude::*, server_fn::ServerFn};

use super::{icon::icon, notice::ComposerNotices};
use crate::{
    api::{SendMessage, StopTurn},
    chat::{body::Activity, browser, state::Chat},
    words::thread,
};

pub const TEXT_ID: &str = "composer-text";

#[component]
pub fn Composer() -> impl IntoView {
    let chat = Chat::get();
    let running = Memo::new(move |_| chat.following.with(Option::is_some));
    let assistant = chat.home.with_value(|home| home.tenant.assistant.clone());
    let placeholder = format!("Ask {assistant}…");
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        chat.submit();
    };
    let on_input = move |_| {
        chat.composer_changed();
        chat.save_draft();
        chat.with_scroll(crate::chat::scroll::Controller::content_changed);
    };
    view! {
        <div class="composer-dock">
            <div class="column">
                <ComposerNotices/>
                <Waiting/>
                <form id="composer" class="composer" method="post" action=SendMessage::url() on:submit=on_submit>
                    <SendFields/>
                    <label class="visually-hidden" for=TEXT_ID>"Message"</label>
                    <textarea
                        id=TEXT_ID
                        name="text"
                        rows="1"
                        required
                        placeholder=placeholder
                        autocomplete="off"
                        node_ref=chat.composer
                        on:input=on_input
                        on:keydown=move |event| on_keydown(chat, &event)
                    ></textarea>
                    <div class="composer-buttons">
                        {move || (!running.get() || !chat.empty.get()).then(|| send_button(chat, running))}
                        {move || running.get().then(|| stop_button(chat))}
                    </div>
                </form>
                <StopForm/>
                <StatusLine/>
            </div>
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

fn send_button(chat: Chat, running: Memo<bool>) -> impl IntoView {
    let label = move || if running.get() { "Send when the answer is done" } else { "Send" };
    view! {
        <button
            type="submit"
            class="button button-primary button-icon round"
            aria-label=label
            title=label
            aria-busy=move || chat.sending.get().to_string()
        >
            {move || if chat.sending.get() { view! { <span class="spinner"></span> }.into_any() } else { icon("up").into_any() }}
        </button>
    }
}

fn stop_button(chat: Chat) -> impl IntoView {
    let on_click = move |event: ev::MouseEvent| {
        event.prevent_default();
        chat.stop();
        chat.focus_composer();
    };
    view! {
        <button type="submit" form="stop" class="button button-icon round stop" aria-label="Stop" title="Stop (Esc)" on:click=on_click>
            {icon("stop")}
        </button>
    }
}

fn on_keydown(chat: Chat, event: &ev::KeyboardEvent) {
    // 229: browsers that end a composition with the same key press report this code instead of the flag.
    let composing = event.is_composing() || event.key_code() == 229;
    match event.key().as_str() {
        "Enter" if composing || event.shift_key() || event.alt_key() => {}
        "Enter" if browser::touch() && !event.ctrl_key() && !event.meta_key() => {}
        "Enter" => {
            event.prevent_default();
            chat.submit();
        }
        "ArrowUp" if chat.empty.get_untracked() && chat.typed().is_empty() => {
            event.prevent_default();
            chat.edit_last();
        }
        "Escape" if chat.editing.with_untracked(Option::is_some) => {
            event.prevent_default();
            event.stop_propagation();
            chat.stop_editing();
        }
        _ => {}
    }
}

/// The queued message, or that an old one is being changed.
#[component]
fn Waiting() -> impl IntoView {
    let chat = Chat::get();
    let queued = move || {
        chat.queued.get().map(|text| {
            view! {
                <div class="waiting">
                    <span class="waiting-text"><strong>"Queued: "</strong>{text}</span>
                    <button type="button" class="button button-quiet" on:click=move |_| chat.unqueue()>"Edit"</button>
                </div>
            }
        })
    };
    let editing = move || {
        chat.editing.get().map(|_| {
            view! {
                <div class="waiting">
                    <span class="waiting-text">"Editing a message. Sending it makes a new version; the old one stays."</span>
                    <button type="button" class="button button-quiet" on:click=move |_| chat.stop_editing()>"Cancel"</button>
                </div>
            }
        })
    };
    view! {
        {queued}
        {editing}
    }
    .into_any()
}

/// What is going on, else who answers.
#[component]
fn StatusLine() -> impl IntoView {
    let chat = Chat::get();
    let model = chat.home.with_value(|home| home.model.clone());
    let who = if model.demo {
        String::from("Demo model: scripted answers from your data, not an AI.")
    } else {
        format!("{} can make mistakes. Check important figures.", model.name)
    };
    let status = move || {
        if chat.sending.get() {
            return String::from("Sending…");
        }
        let Some(following) = chat.following.get() else { return who.clone() };
        match following.item.body.activity() {
            Activity::Waiting => thread::waiting_for_you(chat.lang).to_owned(),
            Activity::Tool(tool) => tool + "…",
            Activity::Writing => String::from("Answering…"),
        }
    };
    view! { <p class="status-line meta">{status}</p> }.into_any()
}
