//! A new password. The server decides (blocklist, estimated strength); here is only advice.

use leptos::prelude::*;

use super::feedback::{field_error, field_error_view, form_feedback};
use crate::{
    api::ChangePassword,
    words::{self, settings},
};

/// The shortest password the server accepts, in characters; `settings::password_advice` names it, too.
const MIN_CHARS: &str = "12";

#[component]
pub(super) fn PasswordSection(email: String, is_done: bool) -> impl IntoView {
    let lang = words::lang();
    let action = ServerAction::<ChangePassword>::new();
    let outcome = Signal::derive(move || action.value().get());
    let current_error = field_error(outcome, "current", false);
    let new_error = field_error(outcome, "new", false);
    view! {
        <section class="card section" aria-labelledby="settings-password">
            <h2 id="settings-password">{settings::password(lang)}</h2>
            <ActionForm action=action attr:class="settings-form">
                // For password managers, so they know whose password changes.
                <input type="text" name="username" autocomplete="username" value=email hidden=true/>
                <div class="field">
                    <label for="current">{settings::current_password(lang)}</label>
                    <input
                        class="input"
                        id="current"
                        name="current"
                        type="password"
                        autocomplete="current-password"
                        maxlength="256"
                        required=true
                        aria-invalid=move || current_error.get().map(|_| "true")
                        aria-describedby="current-error"
                    />
                    {field_error_view("current-error", current_error)}
                </div>
                <div class="field">
                    <label for="new">{settings::new_password(lang)}</label>
                    <input
                        class="input"
                        id="new"
                        name="new"
                        type="password"
                        autocomplete="new-password"
                        minlength=MIN_CHARS
                        maxlength="256"
                        required=true
                        aria-invalid=move || new_error.get().map(|_| "true")
                        aria-describedby="new-advice new-error"
                    />
                    <p class="hint" id="new-advice">{settings::password_advice(lang)}</p>
                    {field_error_view("new-error", new_error)}
                </div>
                {form_feedback(lang, outcome, &["current", "new"], is_done, settings::password_changed(lang))}
                <button type="submit" class="button" disabled=move || action.pending().get()>
                    {settings::change_password(lang)}
                </button>
            </ActionForm>
        </section>
    }
}
