//! What a phrase means among the names that were found: tolerant of typing mistakes, strict about numbers.

use serde_json::{Value, json};

use super::plan::Target;

/// Of the devices found for a phrase, what is meant: the one of that name or code, the group of that name, or all whose
/// names have the phrase's words. Found devices are only candidates: what merely resembles is not taken.
pub(super) fn choose(phrase: &str, devices: &[Value]) -> Vec<Target> {
    let is_exact = |device: &&Value| {
        ["name", "code"].iter().any(|field| device[*field].as_str().is_some_and(|text| text.to_lowercase() == phrase))
    };
    if let Some(exact) = devices.iter().find(is_exact) {
        return device(exact).into_iter().collect();
    }
    let tags = devices.iter().filter_map(|device| device["tags"].as_array()).flatten().filter_map(Value::as_str);
    if let Some(tag) = tags.into_iter().find(|tag| is_called(phrase, tag)) {
        return vec![scope("tag", tag)];
    }
    let is_named = |device: &&Value| {
        let text = |field: &str| device[field].as_str().unwrap_or_default();
        has_words(phrase, text("name")) || has_words(phrase, text("code"))
    };
    devices.iter().filter(is_named).filter_map(device).collect()
}

fn device(device: &Value) -> Option<Target> {
    let (code, name) = (device["code"].as_str()?, device["name"].as_str()?);
    Some(Target { name: name.to_owned(), arguments: vec![("device", json!(code))] })
}

fn scope(kind: &'static str, name: &str) -> Target {
    Target { name: name.to_owned(), arguments: vec![(kind, json!(name))] }
}

/// The tag of a phrase, in the result of `list_groups`.
pub(super) fn tag(phrase: &str, groups: &Value) -> Option<Target> {
    named(phrase, &groups["tags"]).map(|name| scope("tag", name))
}

/// The tag or the stored aggregation of a phrase.
pub(super) fn group(phrase: &str, groups: &Value) -> Option<Target> {
    tag(phrase, groups).or_else(|| named(phrase, &groups["aggregations"]).map(|name| scope("aggregation", name)))
}

fn named<'a>(phrase: &str, list: &'a Value) -> Option<&'a str> {
    let mut names = list.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
    let all: Vec<&str> = names.by_ref().collect();
    all.iter().find(|name| is_called(phrase, name)).or_else(|| all.iter().find(|name| has_words(phrase, name))).copied()
}

/// The phrase is the name: as many words, each alike.
fn is_called(phrase: &str, name: &str) -> bool {
    name.split_whitespace().count() == phrase.split_whitespace().count() && has_words(phrase, name)
}

/// Every word of the phrase is like some word of the name.
fn has_words(phrase: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | '_')).collect();
    let mut wanted = phrase.split([' ', '-']).filter(|word| !word.is_empty()).peekable();
    wanted.peek().is_some() && wanted.all(|wanted| words.iter().any(|word| alike(wanted, word)))
}

/// The same, a plural, or one typing mistake (two in long words); numbers and short words must be the same.
fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let has_digit = a.bytes().chain(b.bytes()).any(|byte| byte.is_ascii_digit());
    let length = a.chars().count().min(b.chars().count());
    if has_digit || length < 4 {
        return false;
    }
    let stem = |word: &str| word.strip_suffix('s').map(str::to_owned).unwrap_or_else(|| word.to_owned());
    stem(a) == stem(b) || distance(a, b) <= if length < 8 { 1 } else { 2 }
}

/// Edits that turn one word into the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// A phrase that surely names a thing: it has a number, or a word that equipment is called by.
pub(super) fn is_specific(phrase: &str) -> bool {
    const EQUIPMENT: [&str; 16] = [
        "compressor",
        "pump",
        "chiller",
        "boiler",
        "lighting",
        "loom",
        "motor",
        "panel",
        "line",
        "frame",
        "furnace",
        "oven",
        "press",
        "machine",
        "transformer",
        "crane",
    ];
    phrase.bytes().any(|byte| byte.is_ascii_digit()) || EQUIPMENT.iter().any(|word| phrase.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(phrase: &str) -> Vec<String> {
        let device = |code: &str, name: &str, tag: &str| json!({"code": code, "name": name, "tags": [tag, "Hall 1"]});
        let devices = [
            device("PRS-COMP-1", "Compressor 1", "Utilities"),
            device("PRS-COMP-3", "Compressor 3", "Utilities"),
            device("PRS-LOOM-1", "Loom Hall 1", "Weaving"),
            device("IOP-COAT-A", "Coating Chamber A", "Coating"),
        ];
        choose(phrase, &devices).into_iter().map(|target| target.name).collect()
    }

    #[test]
    fn a_phrase_means_what_it_names() {
        assert_eq!(names("compressor 3"), ["Compressor 3"]);
        assert_eq!(names("compresor 3"), ["Compressor 3"]);
        assert_eq!(names("prs-comp-3"), ["Compressor 3"]);
        assert_eq!(names("compressor"), ["Compressor 1", "Compressor 3"]);
        assert_eq!(names("loom 1"), ["Loom Hall 1"]);
        assert_eq!(names("weaving"), ["Weaving"], "a group");
        assert_eq!(names("utilitie"), ["Utilities"]);
        assert_eq!(names("coating chamber a"), ["Coating Chamber A"]);
    }

    #[test]
    fn what_merely_resembles_is_not_taken() {
        for phrase in ["compressor 9", "compressor 33", "wasted", "compressed air", "hall 2", "", "c"] {
            assert_eq!(names(phrase), [""; 0], "{phrase}");
        }
    }

    #[test]
    fn groups_are_tags_or_aggregations() {
        let groups = json!({"tags": [{"name": "Clean Room"}], "aggregations": [{"name": "Compressed air"}]});
        assert_eq!(
            group("clean room", &groups).map(|target| target.arguments),
            Some(vec![("tag", json!("Clean Room"))])
        );
        let air = group("compressed air", &groups).map(|target| target.arguments);
        assert_eq!(air, Some(vec![("aggregation", json!("Compressed air"))]));
        assert_eq!(group("air raid", &groups), None);
    }

    proptest::proptest! {
        #[test]
        fn distance_is_a_distance(a in "[a-cé]{0,6}", b in "[a-cé]{0,6}", c in "[a-cé]{0,6}") {
            proptest::prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            proptest::prop_assert_eq!(distance(&a, &b) == 0, a == b);
            proptest::prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        }
    }
}
