//! The sidebar: whose page this is, a new chat, the conversations, the month's usage and the person.

mod list;
mod row;
mod selection;

use leptos::{ev, prelude::*};

use self::{list::conversation_list, selection::SelectionBar};
use super::{
    dialog::hit_rows,
    header::{close_drawer, toggle_sidebar},
    icon::icon,
    user_menu::{UsageBar, UserMenu},
};
use crate::{
    chat::state::{Chat, Dialog, Found},
    model::{ConversationId, MAX_SEARCH_CHARS, TenantView},
    wire::Form,
    words::{case, shell},
};

/// What the parts of the list share.
#[derive(Clone, Copy)]
struct Rows {
    chat: Chat,
    /// The row whose title is being changed.
    renaming: RwSignal<Option<ConversationId>>,
    /// The first line that is drawn; lines far from what is seen are not.
    first: RwSignal<usize>,
    /// Rows are being chosen, to do something with all of them.
    selecting: RwSignal<bool>,
    chosen: RwSignal<Vec<ConversationId>>,
    /// Where a range begins.
    anchor: StoredValue<Option<ConversationId>>,
}

impl Rows {
    fn new(chat: Chat) -> Self {
        Self {
            chat,
            renaming: RwSignal::new(None),
            first: RwSignal::new(0),
            selecting: RwSignal::new(false),
            chosen: RwSignal::new(vec![]),
            anchor: StoredValue::new(None),
        }
    }
}

#[component]
pub fn Sidebar() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let rows = Rows::new(chat);
    let tenant = chat.home.with_value(|home| home.tenant.clone());
    let on_close = move |event: ev::MouseEvent| {
        event.prevent_default();
        if chat.drawer_open.get_untracked() { close_drawer(chat) } else { toggle_sidebar(chat) }
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && rows.selecting.get_untracked() {
            event.prevent_default();
            event.stop_propagation();
            rows.leave_selection();
        }
    };
    let content = move || match chat.found.get() {
        Some(found) => found_list(chat, found),
        None => conversation_list(rows),
    };
    view! {
        <aside id="sidebar" class="sidebar" aria-label=shell::conversations(lang) on:keydown=on_keydown>
            <div class="sidebar-head">
                {tenant_mark(&tenant)}
                <span class="tenant-name">{tenant.name}</span>
                <a
                    id="sidebar-close"
                    class="button button-quiet button-icon"
                    href="#main"
                    role="button"
                    aria-label=shell::hide_sidebar(lang)
                    on:click=on_close
                >
                    {icon("panel")}
                </a>
            </div>
            <div class="sidebar-actions">
                <a id="new-chat" class="button new-chat" href=chat.new_url()>{icon("plus")}{shell::new_chat(lang)}</a>
                <button
                    type="button"
                    class="button button-icon needs-script"
                    aria-label=shell::search(lang)
                    title=shell::search(lang)
                    aria-keyshortcuts="Control+K Meta+K"
                    on:click=move |_| chat.dialog.set(Some(Dialog::Search))
                >
                    {icon("search")}
                </button>
            </div>
            <form class="plain-only plain-search" method="get" action=chat.new_url() role="search">
                <input class="input" type="search" name="q" maxlength=MAX_SEARCH_CHARS.to_string() aria-label=shell::search(lang)/>
                <button type="submit" class="button">{shell::search(lang)}</button>
            </form>
            <SelectionBar rows/>
            {content}
            <div class="sidebar-foot">
                <UsageBar/>
                <UserMenu/>
            </div>
        </aside>
    }
    .into_any()
}

/// The tenant's logo, or its initial. The name stands beside it.
pub fn tenant_mark(tenant: &TenantView) -> AnyView {
    match &tenant.logo {
        Some(logo) => view! { <img class="tenant-logo" src=logo.clone() alt="" width="26" height="26"/> }.into_any(),
        None => view! { <span class="tenant-mark" aria-hidden="true">{initial(&tenant.name)}</span> }.into_any(),
    }
}

fn initial(name: &str) -> String {
    name.chars().next().map(|first| case::upper(first.encode_utf8(&mut [0; 4]))).unwrap_or_default()
}

/// What a search without scripts found, in the place of the list.
fn found_list(chat: Chat, found: Found) -> AnyView {
    let lang = chat.lang;
    let nothing = found.hits.items.is_empty();
    let more = found.hits.next.map(|next| {
        let mut href = chat.new_url();
        href.push('?');
        href.push_str(&Form::default().with("q", &found.query).with("older", &next.0).text);
        view! { <a class="button button-quiet older" href=href>{crate::words::search::more(lang)}</a> }
    });
    view! {
        <nav class="conversations" id="conversations" aria-label=crate::words::search::results(lang)>
            <a class="button button-quiet older" href=chat.new_url() on:click=move |_| chat.found.set(None)>
                {icon("left")}
                {shell::all_conversations(lang)}
            </a>
            <h2 class="heading">{crate::words::search::results(lang)}": "{found.query}</h2>
            <ul>{hit_rows(chat, found.hits.items)}</ul>
            {nothing.then(|| view! { <p class="meta none">{crate::words::search::nothing(lang)}</p> })}
            {more}
        </nav>
    }
    .into_any()
}
