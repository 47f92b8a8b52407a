//! What came of a form, said where the form is.

use leptos::prelude::*;

use crate::{error::AppError, model::Lang, words::errors};

/// The last outcome of a form's action, if any.
pub(super) type Outcome = Signal<Option<Result<(), AppError>>>;

/// What is wrong with the field of this name. Errors that name no field belong to `field` when it is the only one.
pub(super) fn field_error(outcome: Outcome, field: &'static str, is_only_field: bool) -> Signal<Option<String>> {
    Signal::derive(move || match outcome.get() {
        Some(Err(AppError::Invalid { field: at, message })) if at == field || (is_only_field && at.is_empty()) => {
            Some(errors::sentence(&message))
        }
        _ => None,
    })
}

/// The error under a field; the field names `id` in its `aria-describedby`.
pub(super) fn field_error_view(id: &'static str, error: Signal<Option<String>>) -> impl IntoView {
    view! {
        <p class="error" id=id role="alert" hidden=move || error.get().is_none()>
            {move || error.get()}
        </p>
    }
}

/// Success, or an error that belongs to none of `fields`, in the page's language. `is_done`: the page was loaded after a success without scripts.
pub(super) fn form_feedback(
    lang: Lang,
    outcome: Outcome,
    fields: &'static [&'static str],
    is_done: bool,
    success: &'static str,
) -> impl IntoView {
    let content = move || match outcome.get() {
        Some(Err(AppError::Invalid { field, .. })) if fields.contains(&field.as_str()) => ().into_any(),
        Some(Err(error)) => {
            view! { <p class="notice notice-danger" role="alert">{errors::text(lang, &error)}</p> }.into_any()
        }
        Some(Ok(())) => view! { <p class="notice notice-ok">{success}</p> }.into_any(),
        None if is_done => view! { <p class="notice notice-ok">{success}</p> }.into_any(),
        None => ().into_any(),
    };
    view! { <div class="feedback" aria-live="polite">{content}</div> }
}
