//! A page that cannot be shown, and why.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    error::AppError,
    words::{self, common, errors, shell},
};

/// Sets the HTTP status of the page that is being rendered. Provided by the server; absent in the browser.
#[derive(Clone)]
pub struct SetStatus(pub Arc<dyn Fn(u16) + Send + Sync>);

/// The error in place of the content, with what can be done about it.
#[component]
pub fn ErrorView(error: AppError) -> impl IntoView {
    if let Some(SetStatus(set)) = use_context::<SetStatus>() {
        set(error.status_code());
    }
    let lang = words::lang();
    let title = match error {
        AppError::SignedOut => shell::title_signed_out(lang),
        AppError::NotFound => shell::title_not_found(lang),
        AppError::Forbidden => shell::title_forbidden(lang),
        AppError::Offline => shell::title_offline(lang),
        _ => shell::title_failed(lang),
    };
    let way_out = match error {
        AppError::SignedOut => {
            view! { <a class="button button-primary" href="/login" rel="external">{common::sign_in(lang)}</a> }
        }
        _ => view! { <a class="button" href="/" rel="external">{shell::to_start(lang)}</a> },
    };
    view! {
        <section class="error-view" role="alert">
            <h2>{title}</h2>
            <p>{errors::text(lang, &error)}</p>
            <p>{way_out}</p>
        </section>
    }
    .into_any()
}
