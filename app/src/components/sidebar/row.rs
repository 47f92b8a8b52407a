//! A conversation in the sidebar: open, rename (menu or double click), delete.

use leptos::{ev, prelude::*, server_fn::ServerFn};

use super::super::{
    header::{ConversationFields, close_menus},
    icon::icon,
    rename::RenameInput,
};
use crate::{api::DeleteConversation, chat::state::Chat, model::ConversationSummary};

#[component]
pub fn ConversationRow(row: ConversationSummary) -> impl IntoView {
    let chat = Chat::get();
    let id = row.id;
    let renaming = RwSignal::new(false);
    let current = Memo::new(move |_| chat.place.get().conversation() == Some(id));
    let title = StoredValue::new(row.title);
    let on_done = Callback::new(move |typed: Option<String>| {
        renaming.set(false);
        if let Some(typed) = typed {
            chat.rename(id, &typed);
        }
    });
    let dot = move || match (row.running, chat.unread.with(|unread| unread.contains(&id))) {
        (true, _) => {
            Some(view! { <span class="dot running" role="img" aria-label="An answer is being written"></span> })
        }
        (false, true) => Some(view! { <span class="dot" role="img" aria-label="New answer"></span> }),
        (false, false) => None,
    };
    let on_double_click = move |event: ev::MouseEvent| {
        event.prevent_default();
        renaming.set(true);
    };
    let link = move || {
        view! {
            <a
                class="row-link"
                href=chat.conversation_url(id)
                aria-current=move || current.get().then_some("page")
                title=title.get_value()
                on:dblclick=on_double_click
            >
                {dot}
                <span class="row-title">{title.get_value()}</span>
            </a>
            <RowMenu row_id=id title renaming/>
        }
    };
    view! {
        <li class="row" class:current=move || current.get()>
            {move || if renaming.get() {
                view! { <RenameInput title=title.get_value() on_done/> }.into_any()
            } else {
                link().into_any()
            }}
        </li>
    }
    .into_any()
}

#[component]
fn RowMenu(
    row_id: crate::model::ConversationId,
    title: StoredValue<String>,
    renaming: RwSignal<bool>,
) -> impl IntoView {
    let chat = Chat::get();
    let on_delete = move |event: ev::SubmitEvent| {
        event.prevent_default();
        close_menus();
        chat.delete(row_id);
    };
    let on_rename = move |_| {
        close_menus();
        renaming.set(true);
    };
    view! {
        <details class="menu-box row-menu">
            <summary class="button button-quiet button-icon" aria-label=format!("Menu for {}", title.get_value())>{icon("dots")}</summary>
            <div class="menu">
                <button type="button" class="needs-script" on:click=on_rename>{icon("pencil")}"Rename"</button>
                <form method="post" action=DeleteConversation::url() on:submit=on_delete>
                    <ConversationFields id=row_id/>
                    <button type="submit" class="menu-danger">{icon("trash")}"Delete"</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}
