//! A tenant's usage, for its administrators.

use leptos::prelude::*;

/// `/t/:tenant/usage`, `?month=YYYY-MM-01` for another month than the current one.
#[component]
pub fn UsagePage() -> impl IntoView {
    view! {
        <main class="page">
            <h1>"Usage"</h1>
        </main>
    }
}
