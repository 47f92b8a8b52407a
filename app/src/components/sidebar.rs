//! The sidebar: whose page this is, a new chat, the conversations, the month's usage and the person.

mod row;

use leptos::{ev, prelude::*};

use super::{
    header::{close_drawer, toggle_sidebar},
    icon::icon,
    user_menu::{UsageBar, UserMenu},
};
use crate::{
    chat::{browser, list::ConversationList, state::Chat},
    model::ConversationSummary,
};
use row::ConversationRow;

/// A heading or a conversation, so that one keyed list holds both.
#[derive(Clone)]
enum Entry {
    Heading(String),
    Row(ConversationSummary),
}

impl Entry {
    /// A row is drawn anew when what it shows changed.
    fn key(&self) -> String {
        match self {
            Self::Heading(label) => format!("# {label}"),
            Self::Row(row) => format!("{} {} {}", row.id, row.running, row.title),
        }
    }
}

#[component]
pub fn Sidebar() -> impl IntoView {
    let chat = Chat::get();
    let tenant = chat.home.with_value(|home| home.tenant.name.clone());
    let on_close = move |event: ev::MouseEvent| {
        event.prevent_default();
        if chat.drawer_open.get_untracked() { close_drawer(chat) } else { toggle_sidebar(chat) }
    };
    view! {
        <aside id="sidebar" class="sidebar" aria-label="Conversations">
            <div class="sidebar-head">
                <span class="tenant-mark" aria-hidden="true">{initial(&tenant)}</span>
                <span class="tenant-name">{tenant}</span>
                <a
                    id="sidebar-close"
                    class="button button-quiet button-icon"
                    href="#main"
                    role="button"
                    aria-label="Hide the sidebar"
                    on:click=on_close
                >
                    {icon("panel")}
                </a>
            </div>
            <a class="button new-chat" href=chat.new_url()>{icon("plus")}"New chat"</a>
            <nav class="conversations" id="conversations" aria-label="Your conversations" on:scroll=move |_| load_when_near_the_end(chat)>
                <ul>
                    <For each=move || entries(chat) key=Entry::key let:entry>
                        {match entry {
                            Entry::Heading(label) => view! { <li class="heading"><h2>{label}</h2></li> }.into_any(),
                            Entry::Row(row) => view! { <ConversationRow row/> }.into_any(),
                        }}
                    </For>
                </ul>
                {move || chat.list.with(ConversationList::is_empty).then(|| view! { <p class="meta none">"No conversations yet."</p> })}
                {move || older_link(chat)}
            </nav>
            <div class="sidebar-foot">
                <UsageBar/>
                <UserMenu/>
            </div>
        </aside>
    }
    .into_any()
}

fn initial(name: &str) -> String {
    name.chars().next().map(|first| first.to_uppercase().to_string()).unwrap_or_default()
}

fn entries(chat: Chat) -> Vec<Entry> {
    let offset = chat.home.with_value(|home| home.tenant.utc_offset_minutes);
    let groups = chat.list.with(|list| list.groups(chat.today.get(), offset));
    let entries = groups
        .into_iter()
        .flat_map(|group| std::iter::once(Entry::Heading(group.label)).chain(group.items.into_iter().map(Entry::Row)));
    entries.collect()
}

/// A link to the next page of the list; with scripts the page is added in place.
fn older_link(chat: Chat) -> Option<impl IntoView> {
    let next = chat.list.with(ConversationList::next)?;
    let on_click = move |event: ev::MouseEvent| {
        event.prevent_default();
        chat.load_older();
    };
    let href = format!("?older={}", leptos_router::location::Url::escape(&next.0));
    let label = move || if chat.loading_older.get() { "Loading…" } else { "Older" };
    Some(view! { <a class="button button-quiet older" href=href role="button" on:click=on_click>{label}</a> })
}

fn load_when_near_the_end(chat: Chat) {
    let Some(list) = browser::element::<web_sys::HtmlElement>("conversations") else { return };
    if list.scroll_height() - list.client_height() - list.scroll_top() < 200 {
        chat.load_older();
    }
}
