//! No page has this address.

use leptos::prelude::*;

use crate::words::{self, plain};

/// What the router shows when no route matches. The status is the server's to set.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let lang = words::lang();
    view! {
        <main class="page page-narrow" id="main">
            <h1>{plain::not_found_title(lang)}</h1>
            <p>{plain::not_found(lang)}</p>
            <p><a class="button" href="/" rel="external">{plain::to_start(lang)}</a></p>
        </main>
    }
}
