//! The person's own settings: name, theme, password, sessions.

use leptos::prelude::*;

/// `/settings`.
#[component]
pub fn SettingsPage() -> impl IntoView {
    view! {
        <main class="page page-narrow">
            <h1>"Settings"</h1>
        </main>
    }
}
