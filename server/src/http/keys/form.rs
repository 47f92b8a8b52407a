//! The form that makes a key.

use app::{
    model::{ApiKeyId, DisplayName},
    plain::{KeyField, KeyForm},
};
use serde::Deserialize;

use crate::identity::own_keys::KeyWish;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct MakeForm {
    /// The id of the key it makes.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) days: String,
    pub(super) requests: String,
    pub(super) tokens: String,
    pub(super) whose: String,
    pub(super) password: String,
}

impl MakeForm {
    /// The form again, as it was filled in, but for the password.
    pub(super) fn shown(&self, id: ApiKeyId, error: Option<(KeyField, String)>) -> KeyForm {
        KeyForm {
            id: id.to_string(),
            name: shown_text(&self.name),
            days: shown_text(&self.days),
            requests: shown_text(&self.requests),
            tokens: shown_text(&self.tokens),
            is_service: self.whose == "service",
            error,
        }
    }
}

/// What was typed, as far as a page can show it again.
fn shown_text(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What a form asks for.
pub(super) fn wish(form: &MakeForm) -> std::result::Result<KeyWish, (&'static str, String)> {
    let limit = |field: &'static str, text: &str| {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().ok().filter(|number: &i64| *number >= 1 && text.bytes().all(|b| b.is_ascii_digit()));
        number.map(Some).ok_or((field, "Write a whole number from 1, or nothing.".to_owned()))
    };
    let days = match form.days.as_str() {
        "30" => Some(30),
        "90" => Some(90),
        "365" => Some(365),
        "never" => None,
        _ => return Err(("days", "Choose how long it lasts.".to_owned())),
    };
    Ok(KeyWish {
        id: form.key.parse().map_err(|_| ("", "This form cannot be read.".to_owned()))?,
        name: DisplayName::parse(&form.name).map_err(|problem| ("name", problem.to_string()))?,
        is_service: form.whose == "service",
        requests_per_minute: limit("requests", &form.requests)?,
        tokens_per_minute: limit("tokens", &form.tokens)?,
        days,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(change: impl FnOnce(&mut MakeForm)) -> MakeForm {
        let id = "0190aaaa-0000-7000-8000-000000000001".to_owned();
        let mut form = MakeForm { key: id, name: "Laptop".into(), days: "90".into(), ..MakeForm::default() };
        change(&mut form);
        form
    }

    #[test]
    fn a_form_is_read_as_it_is_meant() {
        let plain = wish(&form(|_| {})).expect("a wish");
        assert_eq!((plain.days, plain.requests_per_minute, plain.is_service), (Some(90), None, false));
        let limited = wish(&form(|form| (form.requests, form.days) = (" 60 ".into(), "never".into()))).expect("a wish");
        assert_eq!((limited.days, limited.requests_per_minute), (None, Some(60)));
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        let field = |change: fn(&mut MakeForm)| wish(&form(change)).map(|_| ()).map_err(|(field, _)| field);
        assert_eq!(field(|form| form.name = "  ".into()), Err("name"));
        assert_eq!(field(|form| form.days = "91".into()), Err("days"));
        assert_eq!(field(|form| form.key = "x".into()), Err(""));
        for wrong in ["0", "-1", "1.5", "+3", "9999999999999999999999"] {
            let form = form(|form| form.tokens = wrong.into());
            assert_eq!(wish(&form).map(|_| ()).map_err(|(field, _)| field), Err("tokens"), "{wrong}");
        }
    }
}
