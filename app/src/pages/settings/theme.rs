//! Light, dark, or what the device says.

use leptos::prelude::*;

use super::feedback::form_feedback;
use crate::{
    api::SetTheme,
    model::Theme,
    words::{self, settings},
};

#[component]
pub(super) fn ThemeSection(theme: Theme, is_done: bool) -> impl IntoView {
    let lang = words::lang();
    let action = ServerAction::<SetTheme>::new();
    let outcome = Signal::derive(move || action.value().get());
    let themes = [
        (Theme::System, settings::theme_system(lang)),
        (Theme::Light, settings::theme_light(lang)),
        (Theme::Dark, settings::theme_dark(lang)),
    ];
    let choices = themes.map(|(choice, label)| {
        view! {
            <label>
                <input type="radio" name="theme" value=choice.as_str() checked={choice == theme}/>
                {label}
            </label>
        }
    });
    view! {
        <section class="card section" aria-labelledby="settings-theme">
            <h2 id="settings-theme">{settings::appearance(lang)}</h2>
            <ActionForm action=action attr:class="settings-form">
                <fieldset>
                    <legend>{settings::theme(lang)}</legend>
                    <div class="choices">{choices.into_iter().collect_view()}</div>
                </fieldset>
                {form_feedback(lang, outcome, &[], is_done, settings::theme_saved(lang))}
                <button type="submit" class="button" disabled=move || action.pending().get()>
                    {settings::save_theme(lang)}
                </button>
            </ActionForm>
        </section>
    }
}
