//! Light, dark, or what the device says.

use leptos::prelude::*;

use super::feedback::form_feedback;
use crate::{api::SetTheme, model::Theme};

const THEMES: [(Theme, &str); 3] =
    [(Theme::System, "As on this device"), (Theme::Light, "Light"), (Theme::Dark, "Dark")];

#[component]
pub(super) fn ThemeSection(theme: Theme, is_done: bool) -> impl IntoView {
    let action = ServerAction::<SetTheme>::new();
    let outcome = Signal::derive(move || action.value().get());
    // The page changes its looks as soon as the choice is sent; the answer only confirms it.
    Effect::new(move |_| {
        if let Some(SetTheme { theme }) = action.input().get() {
            show_theme(theme);
        }
    });
    let choices = THEMES.map(|(choice, label)| {
        view! {
            <label>
                <input type="radio" name="theme" value=choice.as_str() checked={choice == theme}/>
                {label}
            </label>
        }
    });
    view! {
        <section class="card section" aria-labelledby="settings-theme">
            <h2 id="settings-theme">"Appearance"</h2>
            <ActionForm action=action attr:class="settings-form">
                <fieldset>
                    <legend>"Theme"</legend>
                    <div class="choices">{choices.into_iter().collect_view()}</div>
                </fieldset>
                {form_feedback(outcome, &[], is_done, "Your theme is saved.")}
                <button type="submit" class="button" disabled=move || action.pending().get()>
                    "Save theme"
                </button>
            </ActionForm>
        </section>
    }
}

/// The theme is a class of `<html>`; the other classes there are not ours.
fn show_theme(theme: Theme) {
    let Some(root) = document().document_element() else { return };
    let classes = root.class_list();
    for (other, _) in THEMES {
        // Fails only for names with spaces; these have none.
        let _ = classes.toggle_with_force(other.as_str(), other == theme);
    }
}
