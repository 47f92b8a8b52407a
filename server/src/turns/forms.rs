//! A form's answers, from text as typed to arguments of a tool. Pure.

use std::collections::HashSet;

use app::model::{FieldKind, FormField};
use serde_json::{Map, Value};

/// Longest answer to any field, in characters, whatever the field allows.
const MAX_ANSWER_CHARS: usize = 10_000;

/// Checks the answers, each against its field's kind; what is valid, by name. An answer left blank is none.
///
/// # Errors
/// What is wrong, in words for the person, the field's label first.
pub(super) fn read(fields: &[FormField], answers: &[(String, String)]) -> Result<Map<String, Value>, String> {
    let mut seen = HashSet::new();
    for (name, _) in answers {
        if !fields.iter().any(|field| field.name == *name) {
            return Err("An answer belongs to no question of this form.".to_owned());
        }
        if !seen.insert(name) {
            return Err("A question was answered twice.".to_owned());
        }
    }
    let mut values = Map::new();
    for field in fields {
        let typed = answers.iter().find(|(name, _)| *name == field.name).map_or("", |(_, typed)| typed);
        let is_blank = typed.trim().is_empty();
        let value = match (&field.kind, is_blank) {
            // An unticked box is sent as nothing.
            (FieldKind::Flag, true) => Value::Bool(false),
            (_, true) if field.required => return Err(format!("{}: this must be answered.", field.label)),
            (_, true) => continue,
            (kind, false) => value(kind, typed).map_err(|problem| format!("{}: {problem}", field.label))?,
        };
        values.insert(field.name.clone(), value);
    }
    Ok(values)
}

fn value(kind: &FieldKind, typed: &str) -> Result<Value, String> {
    let length = typed.chars().count();
    if length > MAX_ANSWER_CHARS {
        return Err(format!("at most {MAX_ANSWER_CHARS} characters, {length} given."));
    }
    let word = typed.trim();
    match kind {
        FieldKind::Text { max_chars } => {
            let max = usize::try_from(*max_chars).unwrap_or(MAX_ANSWER_CHARS);
            if length > max {
                return Err(format!("at most {max} characters, {length} given."));
            }
            if typed.contains('\0') {
                return Err("it contains a character that cannot be stored (NUL).".to_owned());
            }
            Ok(Value::String(typed.to_owned()))
        }
        FieldKind::Integer => {
            word.parse::<i64>().map(Value::from).map_err(|_| format!("“{word}” is not a whole number."))
        }
        FieldKind::Number => {
            let number = word.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            number.map(Value::Number).ok_or_else(|| format!("“{word}” is not a number."))
        }
        FieldKind::Flag => match word {
            "true" | "on" | "yes" => Ok(Value::Bool(true)),
            "false" | "off" | "no" => Ok(Value::Bool(false)),
            _ => Err("answer with yes or no.".to_owned()),
        },
        FieldKind::Choice(choices) => {
            let choice = choices.iter().find(|choice| choice.trim() == word);
            choice
                .map(|choice| Value::String(choice.clone()))
                .ok_or_else(|| format!("choose one of: {}.", choices.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn field(name: &str, kind: FieldKind, required: bool) -> FormField {
        FormField { name: name.into(), label: name.to_uppercase(), description: String::new(), kind, required }
    }

    fn fields() -> Vec<FormField> {
        vec![
            field("text", FieldKind::Text { max_chars: 5 }, true),
            field("count", FieldKind::Integer, false),
            field("share", FieldKind::Number, false),
            field("sure", FieldKind::Flag, false),
            field("shift", FieldKind::Choice(vec!["day".into(), "night".into()]), false),
        ]
    }

    fn answer(pairs: &[(&str, &str)]) -> Result<Value, String> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        read(&fields(), &pairs).map(Value::Object)
    }

    #[test]
    fn answers_become_values_of_their_kinds() {
        let all = [("text", "oil"), ("count", " 3 "), ("share", "0.5"), ("sure", "on"), ("shift", "night")];
        assert_eq!(answer(&all), Ok(json!({"text": "oil", "count": 3, "share": 0.5, "sure": true, "shift": "night"})));
        assert_eq!(answer(&[("text", "oil"), ("count", "")]), Ok(json!({"text": "oil", "sure": false})));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_fields_name() {
        for (pairs, word) in [
            (&[][..], "TEXT: this must"),
            (&[("text", " ")][..], "TEXT: this must"),
            (&[("text", "too long")][..], "TEXT: at most 5"),
            (&[("text", "a\0")][..], "TEXT: it contains"),
            (&[("text", "a"), ("count", "1.5")][..], "COUNT: “1.5”"),
            (&[("text", "a"), ("count", "99999999999999999999")][..], "COUNT"),
            (&[("text", "a"), ("share", "NaN")][..], "SHARE"),
            (&[("text", "a"), ("sure", "maybe")][..], "SURE"),
            (&[("text", "a"), ("shift", "noon")][..], "SHIFT: choose one of: day, night"),
            (&[("text", "a"), ("other", "x")][..], "no question"),
            (&[("text", "a"), ("text", "b")][..], "twice"),
        ] {
            let problem = answer(pairs).expect_err("refused");
            assert!(problem.contains(word), "{problem}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_has_only_known_names_and_the_required_ones(
            pairs in prop::collection::vec(("(text|count|share|sure|shift|x)", "\\PC{0,8}"), 0..6)
        ) {
            let Ok(values) = read(&fields(), &pairs) else { return Ok(()) };
            prop_assert!(values["text"].as_str().is_some_and(|text| !text.trim().is_empty()));
            prop_assert!(values.keys().all(|name| fields().iter().any(|field| field.name == *name)));
            prop_assert!(values.get("count").is_none_or(Value::is_i64));
            prop_assert!(values.get("share").is_none_or(Value::is_number));
            prop_assert!(values["sure"].is_boolean());
        }
    }
}
