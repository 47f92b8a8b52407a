//! Bounds on what tools give back. A result that is too large loses the tail of its longest list, so that it stays
//! readable JSON; what was left out is said.

use app::model::Table;
use serde_json::Value;

/// At most `max` bytes, cut between characters.
pub fn text(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The first `max` rows; the others are counted.
pub fn table(mut table: Table, max: usize) -> Table {
    let extra = table.rows.len().saturating_sub(max);
    table.rows.truncate(max);
    table.omitted = table.omitted.saturating_add(u32::try_from(extra).unwrap_or(u32::MAX));
    table
}

/// A structured result as JSON of at most `max` bytes, and a note on what was left out.
pub fn json(mut value: Value, max: usize, write: impl Fn(&Value) -> String) -> (String, Option<String>) {
    let mut written = write(&value);
    let mut cuts: Vec<(String, usize, usize)> = Vec::new();
    while written.len() > max {
        let Some((name, list)) = longest_list(&mut value) else {
            let note = "(The result is too large to be shown; ask for less.)";
            return ("{}".to_owned(), Some(note.to_owned()));
        };
        let before = list.len();
        // Items are about equally long: keep what should fit, and at least one less.
        list.truncate((before * max / written.len()).min(before - 1));
        let after = list.len();
        match cuts.iter_mut().find(|(cut, ..)| *cut == name) {
            Some((_, kept, _)) => *kept = after,
            None => cuts.push((name, after, before)),
        }
        written = write(&value);
    }
    if cuts.is_empty() {
        return (written, None);
    }
    let what: Vec<String> =
        cuts.iter().map(|(name, kept, whole)| format!("the first {kept} of {whole} {name}")).collect();
    (written, Some(format!("(Shortened: only {} are given; ask for less to see all.)", what.join(" and "))))
}

/// The field of an object whose list takes most room, if one has elements.
fn longest_list(value: &mut Value) -> Option<(String, &mut Vec<Value>)> {
    let fields = value.as_object_mut()?;
    fields
        .iter_mut()
        .filter_map(|(name, field)| field.as_array_mut().map(|list| (name.clone(), list)))
        .filter(|(_, list)| !list.is_empty())
        .max_by_key(|(_, list)| list.iter().map(|item| item.to_string().len()).sum::<usize>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(text("héllo", 5), "h…");
        assert_eq!(text("hello", 5), "hello");
    }

    #[test]
    fn the_longest_list_is_shortened_and_it_is_said() {
        let value = json!({ "a": [1, 2], "points": vec!["0123456789"; 100] });
        let (written, note) = json(value, 700, Value::to_string);
        let kept: Value = serde_json::from_str(&written).unwrap();
        assert_eq!((kept["a"].as_array().unwrap().len(), kept["points"].as_array().unwrap().len()), (2, 52));
        assert!(note.unwrap().contains("the first 52 of 100 points"));
    }

    #[test]
    fn what_cannot_be_shortened_is_left_out_whole() {
        let (written, note) = json(json!({ "text": "x".repeat(100) }), 50, Value::to_string);
        assert_eq!((written.as_str(), note.is_some()), ("{}", true));
    }

    proptest! {
        #[test]
        fn json_fits_and_stays_json(lists in prop::collection::vec(prop::collection::vec(any::<u32>(), 0..50), 0..5), max in 2usize..500) {
            let fields: serde_json::Map<String, Value> =
                lists.into_iter().enumerate().map(|(at, list)| (format!("f{at}"), json!(list))).collect();
            let (written, _) = json(Value::Object(fields), max, Value::to_string);
            prop_assert!(written.len() <= max);
            prop_assert!(serde_json::from_str::<Value>(&written).is_ok());
        }
    }
}
