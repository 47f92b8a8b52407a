//! An instant in words. Around a chat it is in the tenant's zone and way of writing, which server and browser both know, so
//! nothing changes when the page wakes up; elsewhere it is in UTC and says so.

use leptos::prelude::*;

use super::format::date_time;
use crate::{
    chat::state::Chat,
    model::{Lang, Timestamp},
    words::{self, budget},
};

#[component]
pub fn LocalTime(at: Timestamp) -> impl IntoView {
    let text = match use_context::<Chat>() {
        Some(chat) => chat.home.with_value(|home| {
            let tenant = &home.tenant;
            date_time(at, tenant.utc_offset_minutes, tenant.locale)
        }),
        None => [&date_time(at, 0, words::lang()), " UTC"].concat(),
    };
    view! { <time datetime=at.to_string()>{text}</time> }.into_any()
}

/// ` It resets on 1 April 2026, 00:00.`; nothing for a budget that never does.
pub fn budget_resets(lang: Lang, at: Option<Timestamp>) -> Option<AnyView> {
    // Answers stored before this was an option.
    let at = at.filter(|at| at.0 > 0)?;
    Some(view! { {budget::resets_on(lang)} <LocalTime at=at/> "." }.into_any())
}
