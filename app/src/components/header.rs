//! The bar above the transcript: what this conversation is called, which model answers, whose data it is about.

use leptos::{ev, prelude::*, server_fn::ServerFn};

use super::{icon::icon, rename::RenameInput};
use crate::{
    api::{DeleteConversation, RenameConversation},
    chat::{browser, state::Chat},
    model::ConversationId,
};

/// The cookie by which the server knows that the sidebar is collapsed: `collapsed`, anything else is not.
pub const SIDEBAR_COOKIE: &str = "sidebar";

/// Collapses or shows the sidebar; as a drawer on narrow pages.
pub fn toggle_sidebar(chat: Chat) {
    if browser::narrow() {
        chat.drawer_open.update(|open| *open = !*open);
        if chat.drawer_open.get_untracked() {
            request_animation_frame(|| browser::focus("sidebar-close"));
        }
        return;
    }
    let collapsed = !chat.collapsed.get_untracked();
    chat.collapsed.set(collapsed);
    browser::set_cookie(SIDEBAR_COOKIE, if collapsed { "collapsed" } else { "shown" });
}

/// Closes the drawer and gives the keyboard back to the button that opened it.
pub fn close_drawer(chat: Chat) {
    if chat.drawer_open.get_untracked() {
        chat.drawer_open.set(false);
        request_animation_frame(|| browser::focus("sidebar-open"));
    }
}

#[component]
pub fn ChatHeader() -> impl IntoView {
    let chat = Chat::get();
    let (tenant, model) = chat.home.with_value(|home| (home.tenant.name.clone(), home.model.clone()));
    let model_chip = if model.demo {
        view! { <span class="chip chip-demo" title="Built in and scripted: not an AI">"Demo model"</span> }.into_any()
    } else {
        view! { <span class="chip" title=model.id>{model.name}</span> }.into_any()
    };
    // Without scripts the drawer opens by its fragment.
    let on_open = move |event: ev::MouseEvent| {
        event.prevent_default();
        toggle_sidebar(chat);
    };
    view! {
        <header class="chat-header">
            <a
                id="sidebar-open"
                class="button button-quiet button-icon sidebar-open"
                href="#sidebar"
                role="button"
                aria-label="Show the sidebar"
                aria-expanded=move || chat.drawer_open.get().to_string()
                on:click=on_open
            >
                {icon("menu")}
            </a>
            <ChatTitle/>
            {move || chat.shown.get().map(|id| view! { <ConversationMenu id/> })}
            <span class="header-chips">
                {model_chip}
                <span class="chip tenant-chip">{tenant}</span>
            </span>
        </header>
    }
    .into_any()
}

#[component]
fn ChatTitle() -> impl IntoView {
    let chat = Chat::get();
    let editing = RwSignal::new(false);
    let on_done = Callback::new(move |typed: Option<String>| {
        editing.set(false);
        if let (Some(id), Some(typed)) = (chat.shown.get_untracked(), typed) {
            chat.rename(id, &typed);
        }
        request_animation_frame(|| browser::focus("chat-title"));
    });
    let title = move || {
        if chat.shown.get().is_none() {
            return view! { <span>"New chat"</span> }.into_any();
        }
        if editing.get() {
            return view! { <RenameInput title=chat.title.get_untracked() on_done/> }.into_any();
        }
        view! {
            <button id="chat-title" type="button" class="title-button" title="Rename" on:click=move |_| editing.set(true)>
                {move || chat.title.get()}
            </button>
        }
        .into_any()
    };
    view! { <h1 class="chat-title">{title}</h1> }.into_any()
}

/// Rename and delete, as forms that work without scripts.
#[component]
fn ConversationMenu(id: ConversationId) -> impl IntoView {
    let chat = Chat::get();
    let on_rename = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some(field) = browser::element::<web_sys::HtmlInputElement>("menu-title") {
            chat.rename(id, &field.value());
        }
        close_menus();
    };
    let on_delete = move |event: ev::SubmitEvent| {
        event.prevent_default();
        close_menus();
        chat.delete(id);
    };
    view! {
        <details class="menu-box">
            <summary class="button button-quiet button-icon" aria-label="Conversation menu" title="Conversation menu">{icon("dots")}</summary>
            <div class="menu">
                <form class="menu-form" method="post" action=RenameConversation::url() on:submit=on_rename>
                    <ConversationFields id/>
                    <label class="visually-hidden" for="menu-title">"Title"</label>
                    <input id="menu-title" class="input" name="title" maxlength="120" required value=move || chat.title.get()/>
                    <button type="submit" class="button">"Rename"</button>
                </form>
                <form method="post" action=DeleteConversation::url() on:submit=on_delete>
                    <ConversationFields id/>
                    <button type="submit" class="menu-danger">{icon("trash")}"Delete"</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

/// Which conversation a form is about.
#[component]
pub fn ConversationFields(id: ConversationId) -> impl IntoView {
    let chat = Chat::get();
    view! {
        <input type="hidden" name="tenant" value=chat.tenant().to_string()/>
        <input type="hidden" name="id" value=id.to_string()/>
    }
    .into_any()
}

/// Closes every open menu.
pub fn close_menus() {
    close_menus_except(None);
}

/// Closes every open menu that does not contain `target`.
pub fn close_menus_except(target: Option<&web_sys::Node>) {
    let Ok(open) = document().query_selector_all("details.menu-box[open]") else { return };
    for place in 0..open.length() {
        let Some(menu) = open.get(place) else { continue };
        if !target.is_some_and(|target| menu.contains(Some(target))) {
            let menu: web_sys::Element = wasm_bindgen::JsCast::unchecked_into(menu);
            let _was_open = menu.remove_attribute("open");
        }
    }
}
