//! The foot of the sidebar: how much of the month is used, and the person's own menu.

use leptos::prelude::*;

use super::icon::icon;
use crate::{
    chat::state::Chat,
    model::{Quality, Role, TenantChoice},
};

/// How much of the tenant's month is used; for administrators a link to the details.
#[component]
pub fn UsageBar() -> impl IntoView {
    let chat = Chat::get();
    let (admin, code, offset) = chat.home.with_value(|home| {
        (home.role == Role::Admin, home.tenant.code.to_string(), i64::from(home.tenant.utc_offset_minutes))
    });
    let bar = move || {
        let meter = chat.meter.get();
        let percent = meter.percent?;
        let about = if meter.quality == Quality::Exact { "" } else { "about " };
        let resets = meter.resets_at.date_at(offset);
        Some(view! {
            <meter
                class="meter"
                min="0"
                max="100"
                low="80"
                high="95"
                optimum="0"
                value=percent.min(100).to_string()
                aria-label="Used of this month's budget"
            ></meter>
            <span class="meta">{format!("{about}{percent} % of this month used · resets {resets}")}</span>
        })
    };
    if admin {
        view! { <a class="usage-bar" href=format!("/t/{code}/usage") rel="external">{bar}</a> }.into_any()
    } else {
        view! { <div class="usage-bar">{bar}</div> }.into_any()
    }
}

#[component]
pub fn UserMenu() -> impl IntoView {
    let chat = Chat::get();
    let me = chat.me.get_value();
    let (admin, here) = chat.home.with_value(|home| (home.role == Role::Admin, home.tenant.code.clone()));
    let usage = admin.then(|| view! { <a href=format!("/t/{here}/usage") rel="external">{icon("chart")}"Usage"</a> });
    let others: Vec<TenantChoice> = me.tenants.into_iter().filter(|tenant| tenant.code != here).collect();
    // A full load: nothing of one tenant's page may remain in another's.
    let others = others.into_iter().map(|tenant| {
        view! { <a href=format!("/t/{}", tenant.code) rel="external">{icon("swap")}{tenant.name}</a> }
    });
    view! {
        <details class="menu-box user-menu">
            // The initial is drawn by the style: as text it would be part of the button's visible name.
            <summary class="button button-quiet" aria-label=format!("Menu of {}", me.name)>
                <span class="avatar" aria-hidden="true" data-initial=me.name.chars().next().map(String::from)></span>
                <span class="user-name">{me.name.clone()}</span>
            </summary>
            <div class="menu">
                <p class="menu-note meta">{me.email}</p>
                <a href="/settings" rel="external">{icon("gear")}"Settings"</a>
                {usage}
                {others.collect_view()}
                <button type="button" class="needs-script" on:click=move |_| chat.help_open.set(true)>{icon("help")}"Keyboard shortcuts"</button>
                <form method="post" action="/logout">
                    <button type="submit">{icon("out")}"Sign out"</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}
