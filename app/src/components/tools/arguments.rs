//! A call's arguments as people read them: one line per key. The JSON itself is shown on demand.

use leptos::prelude::*;

use super::result::bounded;
use crate::{
    wire,
    words::{Lang, thread},
};

/// More keys are only in the JSON.
const MAX_KEYS: usize = 40;

/// Arguments, readable, with the JSON behind a fold; the JSON alone when it is no object.
pub fn view(lang: Lang, json: &str) -> AnyView {
    let (shown, _) = bounded(json);
    let raw = shown.to_owned();
    let Some(pairs) = pairs(json) else {
        return view! { <pre tabindex="0">{raw}</pre> }.into_any();
    };
    if pairs.is_empty() {
        return view! { <p class="meta">{thread::no_arguments(lang)}</p> }.into_any();
    }
    let pairs = pairs.into_iter().take(MAX_KEYS).map(|(key, value)| {
        view! { <div><dt>{readable(&key)}</dt><dd dir="auto">{bounded(&value).0.to_owned()}</dd></div> }
    });
    view! {
        <dl class="arguments">{pairs.collect_view()}</dl>
        <details class="tool-raw">
            <summary>{thread::raw_arguments(lang)}</summary>
            <pre tabindex="0">{raw}</pre>
        </details>
    }
    .into_any()
}

/// `from_date` → `From date`.
fn readable(key: &str) -> String {
    let mut words = key.replace(['_', '-'], " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// The keys of a JSON object with their values: strings as text, the rest as it is written on one line. `None` for
/// what is no object. (A reader of its own, because a tree of values would cost the browser more than all of this.)
fn pairs(json: &str) -> Option<Vec<(String, String)>> {
    let mut rest = json.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let mut pairs = vec![];
    while !rest.is_empty() {
        let key_end = value_end(rest)?;
        let key = text_of(&rest[..key_end])?;
        rest = rest[key_end..].trim_start().strip_prefix(':')?.trim_start();
        let end = value_end(rest)?;
        let value = &rest[..end];
        pairs.push((key, text_of(value).unwrap_or_else(|| on_one_line(value))));
        rest = rest[end..].trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(pairs)
}

/// Where the value at the beginning of `json` ends: in front of the comma, colon or end that follows it.
fn value_end(json: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    for (place, byte) in json.bytes().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' | b':' if depth == 0 => return (place > 0).then_some(place),
            _ => {}
        }
    }
    (!in_text && depth == 0 && !json.is_empty()).then_some(json.len())
}

fn text_of(json: &str) -> Option<String> {
    wire::read(json.trim())
}

fn on_one_line(json: &str) -> String {
    json.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_and_values_are_read() {
        let json = "{\n  \"meter\": \"compressor-3\",\n  \"from_date\": \"2026-11-14\",\n  \"days\": 7,\n  \
                    \"tags\": [\n    \"a, b\",\n    {\"c\": 1}\n  ],\n  \"note\": \"he said \\\"no, {never}\\\"\\n\"\n}";
        let pairs = pairs(json).unwrap_or_default();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("meter", "compressor-3"),
                ("from_date", "2026-11-14"),
                ("days", "7"),
                ("tags", "[ \"a, b\", {\"c\": 1} ]"),
                ("note", "he said \"no, {never}\"\n"),
            ]
        );
        assert_eq!(readable("from_date"), "From date");
        assert_eq!(readable("éa"), "éa");
    }

    #[test]
    fn what_is_no_object_is_left_to_the_json() {
        assert_eq!(pairs("{}"), Some(vec![]));
        for wrong in ["", "[1]", "\"x\"", "{\"a\"", "{\"a\": }", "{a: 1}", "{\"a\": \"b}", "{]}", "null"] {
            assert_eq!(pairs(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(json in "[{}\\[\\]\",:a\\\\ é1]{0,40}") {
            let _any = pairs(&json);
            let _any = readable(&json);
        }

        #[test]
        fn every_object_of_texts_is_read(object in prop::collection::btree_map("\\PC{1,8}", "\\PC{0,12}", 0..6)) {
            let json = serde_json::to_string_pretty(&object).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let expected: Vec<(String, String)> = object.into_iter().collect();
            prop_assert_eq!(pairs(&json), Some(expected));
        }
    }
}
