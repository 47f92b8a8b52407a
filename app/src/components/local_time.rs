//! An instant, first as the server can write it (UTC), then in the reader's zone and language.

use leptos::prelude::*;

use crate::{chat::browser, model::Timestamp};

#[component]
pub fn LocalTime(at: Timestamp) -> impl IntoView {
    let local = RwSignal::new(None::<String>);
    Effect::new(move |_| local.set(Some(browser::local_time(at))));
    let rfc_3339 = at.to_string();
    let utc = format!("{} {} UTC", at.date_utc(), rfc_3339.get(11..16).unwrap_or_default());
    view! { <time datetime=rfc_3339>{move || local.get().unwrap_or_else(|| utc.clone())}</time> }.into_any()
}
