//! The person's name.

use leptos::prelude::*;

use super::feedback::{field_error, field_error_view, form_feedback};
use crate::{
    api::SetName,
    words::{self, settings},
};

#[component]
pub(super) fn NameSection(name: String, email: String, is_done: bool) -> impl IntoView {
    let lang = words::lang();
    let action = ServerAction::<SetName>::new();
    let outcome = Signal::derive(move || action.value().get());
    let error = field_error(outcome, "name", true);
    view! {
        <section class="card section" aria-labelledby="settings-name">
            <h2 id="settings-name">{settings::you(lang)}</h2>
            <ActionForm action=action attr:class="settings-form">
                <div class="field">
                    <label for="name">{settings::name(lang)}</label>
                    <input
                        class="input"
                        id="name"
                        name="name"
                        autocomplete="name"
                        maxlength="80"
                        required=true
                        value=name
                        aria-invalid=move || error.get().map(|_| "true")
                        aria-describedby="name-error"
                    />
                    {field_error_view("name-error", error)}
                </div>
                <p class="meta">{settings::sign_in_as(lang)} {email}</p>
                {form_feedback(lang, outcome, &["name", ""], is_done, settings::name_saved(lang))}
                <button type="submit" class="button" disabled=move || action.pending().get()>
                    {settings::save_name(lang)}
                </button>
            </ActionForm>
        </section>
    }
}
