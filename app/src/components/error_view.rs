//! A page that cannot be shown, and why.

use std::sync::Arc;

use leptos::prelude::*;

use crate::error::AppError;

/// Sets the HTTP status of the page that is being rendered. Provided by the server; absent in the browser.
#[derive(Clone)]
pub struct SetStatus(pub Arc<dyn Fn(u16) + Send + Sync>);

/// The error in place of the content, with what can be done about it.
#[component]
pub fn ErrorView(error: AppError) -> impl IntoView {
    if let Some(SetStatus(set)) = use_context::<SetStatus>() {
        set(error.status_code());
    }
    let title = match error {
        AppError::SignedOut => "Signed out",
        AppError::NotFound => "Nothing here",
        AppError::Forbidden => "Not allowed",
        AppError::Offline => "No connection",
        _ => "This did not work",
    };
    let way_out = match error {
        AppError::SignedOut => view! { <a class="button button-primary" href="/login" rel="external">"Sign in"</a> },
        _ => view! { <a class="button" href="/" rel="external">"Go to the start"</a> },
    };
    view! {
        <section class="error-view" role="alert">
            <h2>{title}</h2>
            <p>{error.to_string()}</p>
            <p>{way_out}</p>
        </section>
    }
    .into_any()
}
