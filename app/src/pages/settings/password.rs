//! A new password. The server decides (blocklist, estimated strength); here is only advice while typing.

use leptos::{html, prelude::*};

use super::feedback::{field_error, field_error_view, form_feedback};
use crate::api::ChangePassword;

/// The shortest password the server accepts, in characters.
const MIN_CHARS: usize = 12;

#[component]
pub(super) fn PasswordSection(email: String, is_done: bool) -> impl IntoView {
    let action = ServerAction::<ChangePassword>::new();
    let outcome = Signal::derive(move || action.value().get());
    let current_error = field_error(outcome, "current", false);
    let new_error = field_error(outcome, "new", false);
    let typed = RwSignal::new(String::new());
    let form = NodeRef::<html::Form>::new();
    Effect::new(move |_| {
        if let (Some(Ok(())), Some(form)) = (outcome.get(), form.get_untracked()) {
            form.reset();
            typed.set(String::new());
        }
    });
    view! {
        <section class="card section" aria-labelledby="settings-password">
            <h2 id="settings-password">"Password"</h2>
            <ActionForm action=action node_ref=form attr:class="settings-form">
                // For password managers, so they know whose password changes.
                <input type="text" name="username" autocomplete="username" value=email hidden=true/>
                <div class="field">
                    <label for="current">"Current password"</label>
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
                    <label for="new">"New password"</label>
                    <input
                        class="input"
                        id="new"
                        name="new"
                        type="password"
                        autocomplete="new-password"
                        minlength=MIN_CHARS.to_string()
                        maxlength="256"
                        required=true
                        on:input:target=move |event| typed.set(event.target().value())
                        aria-invalid=move || new_error.get().map(|_| "true")
                        aria-describedby="new-advice new-error"
                    />
                    <p class="hint" id="new-advice" aria-live="polite">{move || typed.with(|typed| advice(typed))}</p>
                    {field_error_view("new-error", new_error)}
                </div>
                {form_feedback(
                    outcome,
                    &["current", "new"],
                    is_done,
                    "Your password is changed. Every other session has ended.",
                )}
                <button type="submit" class="button" disabled=move || action.pending().get()>
                    "Change password"
                </button>
            </ActionForm>
        </section>
    }
}

/// What to say about a password while it is typed.
fn advice(password: &str) -> String {
    let chars = password.chars().count();
    if chars == 0 {
        return format!(
            "At least {MIN_CHARS} characters. A few words nobody else would put together are easy to remember."
        );
    }
    if chars < MIN_CHARS {
        let missing = MIN_CHARS - chars;
        return format!("{missing} more {}.", if missing == 1 { "character" } else { "characters" });
    }
    let mut different = password.chars().collect::<Vec<_>>();
    different.sort_unstable();
    different.dedup();
    match (different.len(), chars) {
        (0..=5, _) => "Weak: it repeats the same few characters.".to_owned(),
        (_, 0..=15) => "Long enough. Longer is stronger.".to_owned(),
        _ => "Strong, unless it is a known phrase.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn advice_follows_the_typing() {
        for (password, start) in [
            ("", "At least 12"),
            ("abc", "9 more characters"),
            ("abcdefghijk", "1 more character."),
            ("aaaaaaaaaaaaaaaaaaaa", "Weak"),
            ("abcdefghijkl", "Long enough"),
            ("kopi tubruk di teras", "Strong"),
            ("éééééééééé", "2 more"),
        ] {
            assert!(advice(password).starts_with(start), "{password}: {}", advice(password));
        }
    }
}
