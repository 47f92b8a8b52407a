//! The bar above the transcript: what this conversation is called, which model answers, whose data it is about.

use leptos::{ev, prelude::*, server_fn::ServerFn};
use wasm_bindgen::JsCast;

use super::{conversation_menu::menu_actions, icon::icon, rename::RenameInput};
use crate::{
    api::RenameConversation,
    chat::{browser, state::Chat},
    model::{ConversationId, ModelBadge, TenantChoice},
    words::shell,
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
    let model = Memo::new(move |_| chat.shown_model());
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
                aria-label=shell::show_sidebar(chat.lang)
                aria-expanded=move || chat.drawer_open.get().to_string()
                on:click=on_open
            >
                {icon("menu")}
            </a>
            <ChatTitle/>
            {move || chat.shown.get().map(|id| view! { <ConversationMenu id/> })}
            <span class="header-chips">
                {move || model_chip(chat, model.get())}
                {tenant_chip(chat)}
            </span>
        </header>
    }
    .into_any()
}

fn model_chip(chat: Chat, model: ModelBadge) -> AnyView {
    if model.demo {
        let label = shell::demo_model(chat.lang);
        let hint = [&model.name, ": ", shell::demo_model_hint(chat.lang)].concat();
        return view! { <span class="chip chip-demo" title=hint>{label}</span> }.into_any();
    }
    view! { <span class="chip" title=model.id>{model.name}</span> }.into_any()
}

/// The tenant this page is about; for people with several, the way to the others.
fn tenant_chip(chat: Chat) -> AnyView {
    let (here, name) = chat.home.with_value(|home| (home.tenant.code.clone(), home.tenant.name.clone()));
    let tenants = chat.me.with_value(|me| me.tenants.clone());
    if tenants.len() < 2 {
        return view! { <span class="chip tenant-chip">{name}</span> }.into_any();
    }
    let label = {
        let mut label = name.clone();
        label.push_str(": ");
        label.push_str(shell::change_tenant(chat.lang));
        label
    };
    // A full load: nothing of one tenant's page may remain in another's.
    let link = |tenant: TenantChoice| {
        let mut href = String::from("/t/");
        href.push_str(tenant.code.as_str());
        let current = (tenant.code == here).then_some("page");
        view! { <a href=href rel="external" aria-current=current>{tenant.name}</a> }
    };
    view! {
        <details class="menu-box tenant-switch">
            <summary class="chip tenant-chip" aria-label=label title=shell::change_tenant(chat.lang)>
                <span class="tenant-chip-name">{name}</span>
                {icon("swap")}
            </summary>
            <div class="menu">{tenants.into_iter().map(link).collect_view()}</div>
        </details>
    }
    .into_any()
}

#[component]
fn ChatTitle() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
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
            return view! { <span>{shell::new_chat(lang)}</span> }.into_any();
        }
        if editing.get() {
            return view! { <RenameInput title=chat.title.get_untracked() on_done/> }.into_any();
        }
        view! {
            <button id="chat-title" type="button" class="title-button" title=shell::rename(lang) on:click=move |_| editing.set(true)>
                {move || chat.title.get()}
            </button>
        }
        .into_any()
    };
    view! { <h1 class="chat-title">{title}</h1> }.into_any()
}

/// What can be done with the conversation; renaming and deleting are forms that work without scripts.
#[component]
fn ConversationMenu(id: ConversationId) -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let on_rename = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some(field) = browser::element::<web_sys::HtmlInputElement>("menu-title") {
            chat.rename(id, &field.value());
        }
        close_menus(chat);
    };
    // Only what the menu shows: the list changes far more often.
    let row = Memo::new(move |_| {
        chat.row(id).map(|row| crate::model::ConversationSummary {
            title: String::new(),
            updated_at: crate::model::Timestamp(0),
            running: false,
            waiting: false,
            ..row
        })
    });
    view! {
        <details class="menu-box conversation-menu">
            <summary class="button button-quiet button-icon" aria-label=shell::conversation_menu(lang) title=shell::conversation_menu(lang)>
                {icon("dots")}
            </summary>
            <div class="menu">
                <form class="menu-form" method="post" action=RenameConversation::url() on:submit=on_rename>
                    <ConversationFields id/>
                    <label class="visually-hidden" for="menu-title">{shell::title(lang)}</label>
                    <input id="menu-title" class="input" name="title" maxlength="120" required value=move || chat.title.get()/>
                    <button type="submit" class="button">{shell::rename(lang)}</button>
                </form>
                {move || menu_actions(chat, id, row.get().as_ref())}
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

/// Closes every open menu and gives the keyboard back to the button that opened it.
pub fn close_menus(chat: Chat) {
    if let Some(id) = chat.row_menu.get_untracked() {
        chat.row_menu.set(None);
        let mut button = String::from("more-");
        button.push_str(&id.to_string());
        browser::focus(&button);
    }
    let open = document().query_selector("details.menu-box[open] > summary").ok().flatten();
    close_menus_except(chat, None);
    if let Some(summary) = open.and_then(|summary| summary.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _gone_if_not = summary.focus();
    }
}

/// Whether a menu is open.
pub fn menu_is_open(chat: Chat) -> bool {
    let details = document().query_selector("details.menu-box[open]").ok().flatten();
    details.is_some() || chat.row_menu.get_untracked().is_some()
}

/// Closes every open menu that does not contain `target`.
pub fn close_menus_except(chat: Chat, target: Option<&web_sys::Element>) {
    let in_row_menu =
        target.is_some_and(|target| target.closest(".row-menu, .row-more").is_ok_and(|found| found.is_some()));
    if !in_row_menu && chat.row_menu.get_untracked().is_some() {
        chat.row_menu.set(None);
    }
    let Ok(open) = document().query_selector_all("details.menu-box[open]") else { return };
    for place in 0..open.length() {
        let Some(menu) = open.get(place) else { continue };
        if !target.is_some_and(|target| menu.contains(Some(target))) {
            let menu: web_sys::Element = menu.unchecked_into();
            let _was_open = menu.remove_attribute("open");
        }
    }
}
