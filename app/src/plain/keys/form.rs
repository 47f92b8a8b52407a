//! The form that makes a key.

use leptos::prelude::*;

use crate::{model::Lang, words::keys as words};

/// The form, as it was filled in.
#[derive(Clone, Debug, Default)]
pub struct KeyForm {
    /// The id of the key it makes: sent twice, it makes one.
    pub id: String,
    pub name: String,
    /// Days, or `never`.
    pub days: String,
    pub requests: String,
    pub tokens: String,
    pub is_service: bool,
    /// What is wrong, in words.
    pub error: Option<(KeyField, String)>,
}

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyField {
    Name,
    Days,
    Requests,
    Tokens,
    Password,
}

pub(super) fn view(lang: Lang, tenant: &str, form: &KeyForm, is_admin: bool, asks_password: bool) -> AnyView {
    let error = |field: KeyField| form.error.as_ref().filter(|(at, _)| *at == field).map(|(_, text)| text.clone());
    let days = [
        ("30", words::days_30(lang)),
        ("90", words::days_90(lang)),
        ("365", words::days_365(lang)),
        ("never", words::days_never(lang)),
    ];
    let chosen = if form.days.is_empty() { "90" } else { &form.days };
    let days: Vec<AnyView> = days
        .into_iter()
        .map(|(value, word)| view! { <option value=value selected={value == chosen}>{word}</option> }.into_any())
        .collect();
    let whose = is_admin.then(|| {
        let choice = |value: &'static str, word: &'static str, is_chosen: bool| {
            view! { <label><input type="radio" name="whose" value=value checked=is_chosen/>{word}</label> }
        };
        view! {
            <fieldset>
                <legend class="label">{words::whose(lang)}</legend>
                <div class="choices">
                    {choice("mine", words::mine(lang), !form.is_service)}
                    {choice("service", words::of_service(lang), form.is_service)}
                </div>
            </fieldset>
        }
    });
    let password = asks_password.then(|| self::password(lang, "password".to_owned(), error(KeyField::Password)));
    view! {
        <section class="card section" aria-labelledby="keys-make">
            <h2 id="keys-make">{words::make(lang)}</h2>
            <form class="settings-form" method="post" action=["/t/", tenant, "/keys"].concat()>
                <input type="hidden" name="key" value=form.id.clone()/>
                {text(Text {
                    id: "name",
                    label: words::name(lang),
                    hint: words::name_hint(lang),
                    value: form.name.clone(),
                    error: error(KeyField::Name),
                    is_number: false,
                })}
                {whose}
                <div class="field">
                    <label for="days">{words::expiry(lang)}</label>
                    <select class="input" id="days" name="days">{days}</select>
                    {error(KeyField::Days).map(|text| view! { <p class="error">{text}</p> })}
                </div>
                {text(Text {
                    id: "requests",
                    label: words::requests(lang),
                    hint: words::optional(lang),
                    value: form.requests.clone(),
                    error: error(KeyField::Requests),
                    is_number: true,
                })}
                {text(Text {
                    id: "tokens",
                    label: words::tokens(lang),
                    hint: words::optional(lang),
                    value: form.tokens.clone(),
                    error: error(KeyField::Tokens),
                    is_number: true,
                })}
                {password}
                <button type="submit" class="button button-primary">{words::make(lang)}</button>
            </form>
        </section>
    }
    .into_any()
}

struct Text {
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    error: Option<String>,
    is_number: bool,
}

fn text(field: Text) -> AnyView {
    let Text { id, label, hint, value, error, is_number } = field;
    let (hint_id, error_id) = ([id, "-hint"].concat(), [id, "-error"].concat());
    let described_by = if error.is_some() { [&hint_id, " ", &error_id].concat() } else { hint_id.clone() };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                class="input"
                id=id
                name=id
                value=value
                maxlength="80"
                autocomplete="off"
                inputmode=is_number.then_some("numeric")
                required=!is_number
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described_by
            />
            <p class="hint" id=hint_id>{hint}</p>
            {error.map(|text| view! { <p class="error" id=error_id>{text}</p> })}
        </div>
    }
    .into_any()
}

/// The password once more.
pub(super) fn password(lang: Lang, id: String, error: Option<String>) -> AnyView {
    let hint_id = [&id, "-hint"].concat();
    view! {
        <div class="field">
            <label for=id.clone()>{words::password(lang)}</label>
            <input
                class="input"
                id=id
                name="password"
                type="password"
                autocomplete="current-password"
                maxlength="256"
                required=true
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=hint_id.clone()
            />
            <p class="hint" id=hint_id>{words::password_why(lang)}</p>
            {error.map(|text| view! { <p class="error" role="alert">{text}</p> })}
        </div>
    }
    .into_any()
}
