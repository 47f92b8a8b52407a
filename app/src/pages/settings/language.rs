//! The language of the interface, or what the browser asks for.

use leptos::prelude::*;

use super::feedback::form_feedback;
use crate::{
    api::SetLanguage,
    model::Lang,
    words::{self, settings},
};

#[component]
pub(super) fn LanguageSection(chosen: Option<Lang>, is_done: bool) -> impl IntoView {
    let lang = words::lang();
    let action = ServerAction::<SetLanguage>::new();
    let outcome = Signal::derive(move || action.value().get());
    let own = |lang| (Some(lang), settings::own_name(lang));
    let languages = [(None, settings::language_system(lang)), own(Lang::English), own(Lang::Indonesian)];
    let choices = languages.map(|(choice, label)| {
        view! {
            <label>
                <input type="radio" name="lang" value=choice.map_or("", Lang::code) checked={choice == chosen}/>
                <span lang=choice.map(Lang::code)>{label}</span>
            </label>
        }
    });
    view! {
        <section class="card section" aria-labelledby="settings-language">
            <h2 id="settings-language">{settings::language(lang)}</h2>
            <ActionForm action=action attr:class="settings-form">
                <fieldset aria-describedby="language-hint">
                    <legend>{settings::language_of(lang)}</legend>
                    <div class="choices">{choices.into_iter().collect_view()}</div>
                </fieldset>
                <p class="hint" id="language-hint">{settings::language_hint(lang)}</p>
                {form_feedback(lang, outcome, &[], is_done, settings::language_saved(lang))}
                <button type="submit" class="button" disabled=move || action.pending().get()>
                    {settings::save_language(lang)}
                </button>
            </ActionForm>
        </section>
    }
}
