//! The foot of the sidebar: how much of the month is used, and the person's own menu.

use leptos::prelude::*;

use super::icon::icon;
use crate::{
    chat::state::{Chat, Dialog},
    model::{Quality, Role},
    words::{budget, dates, shell},
};

/// How much of the tenant's month is used; for administrators a link to the details.
#[component]
pub fn UsageBar() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let (admin, tenant) = chat.home.with_value(|home| (home.role == Role::Admin, home.tenant.clone()));
    let mut details = chat.new_url();
    details.push_str("/usage");
    let bar = move || {
        let meter = chat.meter.get();
        let percent = meter.percent?;
        let resets = dates::day(lang, meter.resets_at.date_at(i64::from(tenant.utc_offset_minutes)));
        let spent = tenant.shows_cost.then(|| meter.cost.to_string());
        let text = if percent >= 100 {
            [shell::used_up(lang, &resets), budget::whom_to_ask(lang, &tenant.contact)].concat()
        } else {
            let about = if meter.quality == Quality::Exact { "" } else { shell::about(lang) };
            let mut text = String::from(about);
            text.push_str(&shell::used(lang, percent, spent, &resets));
            text
        };
        Some(view! {
            <meter
                class="meter"
                min="0"
                max="100"
                low="80"
                high="95"
                optimum="0"
                value=percent.min(100).to_string()
                aria-label=shell::used_label(lang)
            ></meter>
            <span class="meta">{text}</span>
        })
    };
    if admin {
        view! { <a class="usage-bar" href=details rel="external">{bar}</a> }.into_any()
    } else {
        view! { <div class="usage-bar">{bar}</div> }.into_any()
    }
}

#[component]
pub fn UserMenu() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let (name, email) = chat.me.with_value(|me| (me.name.clone(), me.email.clone()));
    let label = shell::menu_of(lang, &name);
    let initial = name.chars().next().map(String::from);
    let admin = chat.home.with_value(|home| home.role == Role::Admin);
    let below = |page: &str| {
        let mut href = chat.new_url();
        href.push_str(page);
        href
    };
    let usage = admin.then(|| view! { <a href=below("/usage") rel="external">{icon("chart")}{shell::usage(lang)}</a> });
    let open = |symbol, label, dialog| {
        super::conversation_menu::action(chat, symbol, label, move || chat.dialog.set(Some(dialog)))
    };
    view! {
        <details class="menu-box user-menu">
            // The initial is drawn by the style: as text it would be part of the button's visible name.
            <summary class="button button-quiet" aria-label=label>
                <span class="avatar" aria-hidden="true" data-initial=initial></span>
                <span class="user-name">{name}</span>
            </summary>
            <div class="menu">
                <p class="menu-note meta">{email}</p>
                <a href="/settings" rel="external">{icon("gear")}{shell::settings(lang)}</a>
                {usage}
                <a href=below("/export") rel="external" download>{icon("download")}{shell::export_all(lang)}</a>
                <form class="plain-only menu-form" method="post" enctype="multipart/form-data" action=below("/import")>
                    <input class="input" type="file" name="file" required accept=".json,.zip,application/json" aria-label=shell::import_title(lang)/>
                    <button type="submit" class="button">{shell::import_start(lang)}</button>
                </form>
                {open("upload", shell::import(lang), Dialog::Import)}
                {open("help", shell::shortcuts(lang), Dialog::Help)}
                <form method="post" action="/logout">
                    <button type="submit">{icon("out")}{shell::sign_out(lang)}</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}
