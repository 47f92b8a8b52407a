//! No page has this address.

use leptos::prelude::*;

/// What the router shows when no route matches. The status is the server's to set.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <main class="page page-narrow">
            <h1>"Not found"</h1>
            <p>"This page does not exist, or you have no access to it."</p>
            <p><a class="button" href="/" rel="external">"Go to the start page"</a></p>
        </main>
    }
}
