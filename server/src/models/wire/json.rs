//! JSON as a gateway must read it: a field given twice is refused (we and the provider might not read the same one), and
//! what is changed is changed without touching the bytes of all the rest.

use std::{cell::Cell, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, value::RawValue};

/// Most values, small and large, in a body: each takes far more memory than its text, so that a few megabytes of brackets
/// would take gigabytes. The largest requests of coding agents have some ten thousand.
const MAX_VALUES: usize = 200_000;

/// Deepest nesting that is read (the limit of the JSON reader itself).
pub(super) const MAX_DEPTH: usize = 128;

/// Reads a value in which no object names a field twice, and of which there are so many more at most.
#[derive(Clone, Copy)]
struct Strict<'a> {
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(D::Error::custom(format_args!("it holds more than {MAX_VALUES} values")));
        };
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                let key: String = key.chars().take(60).collect();
                return Err(A::Error::custom(format_args!("the field {key:?} is given twice")));
            }
            map.insert(key, access.next_value_seed(self)?);
        }
        Ok(Value::Object(map))
    }
}

/// Reads a body that must be an object.
///
/// # Errors
/// In words for the client.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match (Strict { left: &left }).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value)) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("the body must be a JSON object".to_owned()),
        Err(error) if error.to_string().contains("recursion limit") => {
            Err(format!("the body is nested more than {MAX_DEPTH} levels deep"))
        }
        Err(error) => Err(format!("the body is not valid JSON: {error}")),
    }
}

/// The members of an object in their order, their values as they were written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = access.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The object with `field` set to `value`, or without it for `None`: the order of the others and the bytes of their
/// values stay. What is no object becomes one.
pub(super) fn with_field(object: &[u8], field: &str, value: Option<&str>) -> Vec<u8> {
    let members = serde_json::from_slice::<Members<'_>>(object).map(|members| members.0).unwrap_or_default();
    let mut text = String::with_capacity(object.len() + field.len() + value.map_or(0, str::len) + 8);
    let mut is_set = false;
    text.push('{');
    for (key, raw) in &members {
        let is_field = key == field;
        is_set |= is_field;
        match (is_field, value) {
            (true, None) => {}
            (true, Some(value)) => push_member(&mut text, key, value),
            (false, _) => push_member(&mut text, key, raw.get()),
        }
    }
    if let (false, Some(value)) = (is_set, value) {
        push_member(&mut text, field, value);
    }
    text.push('}');
    text.into_bytes()
}

fn push_member(text: &mut String, key: &str, value: &str) {
    if text.len() > 1 {
        text.push(',');
    }
    text.push_str(&Value::from(key).to_string());
    text.push(':');
    text.push_str(value);
}

/// A member of the object as it was written.
pub(super) fn raw_field<'a>(object: &'a [u8], field: &str) -> Option<&'a str> {
    let members = serde_json::from_slice::<Members<'a>>(object).ok()?;
    members.0.iter().find(|(key, _)| key == field).map(|(_, raw)| raw.get())
}

/// Bytes of the value as compact JSON, without writing it; never fewer than the bytes of the strings in it.
pub(super) fn length(value: &Value) -> usize {
    match value {
        Value::Null => 4,
        Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.len() + 2,
        Value::Array(values) => values.iter().fold(2, |sum, value| sum + length(value) + 1),
        Value::Object(map) => map.iter().fold(2, |sum, (key, value)| sum + key.len() + length(value) + 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_given_twice_is_refused_at_any_depth() {
        let told = object(br#"{"a":[{"b":1,"b":2}]}"#);
        assert_eq!(told.unwrap_err(), "the body is not valid JSON: the field \"b\" is given twice at line 1 column 16");
        assert!(object(br#"{"model":"a","model":"b"}"#).is_err());
    }

    #[test]
    fn what_is_no_object_is_refused_in_words() {
        assert_eq!(object(b"[1]").unwrap_err(), "the body must be a JSON object");
        assert!(object(b"").unwrap_err().starts_with("the body is not valid JSON"));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(object(deep.as_bytes()).unwrap_err(), "the body is nested more than 128 levels deep");
        let shallow = format!("{{\"a\":{}{}}}", "[".repeat(120), "]".repeat(120));
        assert!(object(shallow.as_bytes()).is_ok());
    }

    #[test]
    fn only_the_field_is_changed() {
        let body = br#"{ "z": {"b":1.50, "a" : "\u00e9"}, "model":"a" }"#;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        assert_eq!(text(with_field(body, "model", Some("\"b\""))), r#"{"z":{"b":1.50, "a" : "\u00e9"},"model":"b"}"#);
        assert_eq!(text(with_field(body, "z", None)), r#"{"model":"a"}"#);
        assert_eq!(text(with_field(b"{}", "n", Some("1"))), r#"{"n":1}"#);
        assert_eq!(raw_field(body, "z"), Some(r#"{"b":1.50, "a" : "\u00e9"}"#));
        assert_eq!(text(with_field(b"null", "a", Some("1"))), r#"{"a":1}"#);
    }

    proptest! {
        #[test]
        fn a_set_field_is_read_back_and_the_others_stay(
            fields in prop::collection::btree_map("[a-c\"é]{1,3}", any::<i32>(), 0..5), field in "[a-c]{1,3}"
        ) {
            let body: Map<String, Value> = fields.into_iter().map(|(key, value)| (key, value.into())).collect();
            let bytes = with_field(Value::Object(body.clone()).to_string().as_bytes(), &field, Some("[true]"));
            let mut expected = body;
            expected.insert(field, serde_json::json!([true]));
            prop_assert_eq!(object(&bytes).expect("an object"), expected);
        }

        #[test]
        fn the_length_bounds_the_strings(text in "\\PC{0,30}") {
            let value = serde_json::json!({"a": [text.clone()], "b": 1.5});
            prop_assert!(length(&value) >= text.len() + 3);
        }
    }
}
