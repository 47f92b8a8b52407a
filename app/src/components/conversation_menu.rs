//! What can be done with a conversation, in the menu of its row and in the header: one list for both.

use leptos::{ev, prelude::*, server_fn::ServerFn};

use super::{
    header::{ConversationFields, close_menus},
    icon::icon,
};
use crate::{
    api::DeleteConversation,
    chat::{
        browser,
        state::{Chat, Dialog},
    },
    model::{ConversationId, ConversationSummary},
    words::{common, shell},
};

/// Pin, share, export, archive, delete. `row` as it is listed; `None` when it is not loaded.
pub fn menu_actions(chat: Chat, id: ConversationId, row: Option<&ConversationSummary>) -> AnyView {
    let lang = chat.lang;
    let pinned = row.is_some_and(|row| row.pinned);
    // One that is shown need not be listed.
    let archived = row.map_or_else(|| chat.shown.get() == Some(id) && chat.archived.get(), |row| row.archived);
    let on_delete = move |event: ev::SubmitEvent| {
        event.prevent_default();
        close_menus(chat);
        chat.delete(id);
        keep_keyboard();
    };
    let pin = (!archived).then(|| {
        let label = if pinned { shell::unpin(lang) } else { shell::pin(lang) };
        action(chat, "pin", label, move || chat.pin(id, !pinned))
    });
    let archive = if archived { shell::unarchive(lang) } else { shell::archive(lang) };
    view! {
        {pin}
        {action(chat, "share", shell::share(lang), move || chat.dialog.set(Some(Dialog::Share(id))))}
        {export_links(chat, id)}
        {action(chat, "archive", archive, move || {
            chat.archive(vec![id], !archived);
            keep_keyboard();
        })}
        <form method="post" action=DeleteConversation::url() on:submit=on_delete>
            <ConversationFields id/>
            <button type="submit" class="menu-danger">{icon("trash")}{common::delete(lang)}</button>
        </form>
    }
    .into_any()
}

/// The row that had the keyboard may be gone: it begins anew at the top of the sidebar.
fn keep_keyboard() {
    request_animation_frame(|| {
        if document().active_element().is_none_or(|active| active.tag_name() == "BODY") {
            browser::focus("new-chat");
        }
    });
}

/// A line of a menu that needs a script.
pub fn action(chat: Chat, symbol: &'static str, label: &'static str, act: impl Fn() + 'static) -> AnyView {
    let on_click = move |_| {
        close_menus(chat);
        act();
    };
    view! { <button type="button" class="needs-script" on:click=on_click>{icon(symbol)}{label}</button> }.into_any()
}

fn export_links(chat: Chat, id: ConversationId) -> AnyView {
    let lang = chat.lang;
    let link = |format: &str, label: &'static str| {
        let mut href = chat.conversation_url(id);
        href.push_str("/export?format=");
        href.push_str(format);
        let mut name = String::from(shell::export(lang));
        name.push_str(": ");
        name.push_str(label);
        view! { <a href=href rel="external" download aria-label=name>{label}</a> }
    };
    view! {
        <div class="menu-row">
            {icon("download")}
            <span>{shell::export(lang)}</span>
            {link("md", "Markdown")}
            {link("txt", shell::plain_text(lang))}
            {link("json", "JSON")}
        </div>
    }
    .into_any()
}
