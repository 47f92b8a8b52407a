//! The tenant's prompts behind `/`: which ones a person means while typing, and the words they ask for.

use crate::{model::Prompt, words::case};

/// The most words a prompt asks for; further ones stay as they are written.
pub const MAX_VARIABLES: usize = 12;

/// What is typed of a prompt's name, lower case: the whole text is a slash and part of a name. `None`: something else is
/// being written.
#[must_use]
pub fn query(text: &str) -> Option<String> {
    let name = text.strip_prefix('/')?;
    let is_name = name.len() <= 64 && !name.contains(|c: char| c.is_whitespace() || c == '/');
    is_name.then(|| case::lower(name))
}

/// The prompts that fit what is typed: those whose name begins so, then those that have it anywhere in name or title.
#[must_use]
pub fn matching(commands: &[Prompt], query: &str) -> Vec<Prompt> {
    let begins = |prompt: &&Prompt| prompt.name.starts_with(query);
    let contains = |prompt: &&Prompt| prompt.name.contains(query) || case::lower(&prompt.title).contains(query);
    let first = commands.iter().filter(begins);
    let then = commands.iter().filter(|prompt| !begins(prompt) && contains(prompt));
    first.chain(then).cloned().collect()
}

/// The prompt a text names: `/daily-digest`, anything behind the name aside.
#[must_use]
pub fn named<'a>(commands: &'a [Prompt], text: &str) -> Option<&'a Prompt> {
    let name = text.strip_prefix('/')?.split_whitespace().next()?;
    commands.iter().find(|prompt| prompt.name == name)
}

/// A piece of a prompt's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// The text up to and with its first variable, and what follows.
fn split(text: &str) -> Option<(Piece<'_>, Piece<'_>, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find("{{")?;
        let inner = text.get(open + 2..)?;
        let end = inner.find("}}")?;
        let name = inner.get(..end)?.trim();
        let is_name = !name.is_empty() && name.len() <= 64 && !name.contains(['{', '}', '\n']);
        if is_name {
            return Some((Piece::Text(&text[..open]), Piece::Variable(name), &inner[end + 2..]));
        }
        from = open + 1;
    }
}

fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut pieces = vec![];
    let mut known: Vec<&str> = vec![];
    while let Some((before, Piece::Variable(name), rest)) = split(text) {
        let is_new = !known.contains(&name);
        if is_new && known.len() == MAX_VARIABLES {
            break;
        }
        if is_new {
            known.push(name);
        }
        pieces.extend([before, Piece::Variable(name)]);
        text = rest;
    }
    pieces.push(Piece::Text(text));
    pieces
}

/// The words a prompt asks for, each once, in the order of its text.
#[must_use]
pub fn variables(text: &str) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    for piece in pieces(text) {
        if let Piece::Variable(name) = piece
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// The prompt's text with `values` in the places of its [`variables`]. What a value says is not looked at again.
#[must_use]
pub fn filled(text: &str, values: &[String]) -> String {
    let names = variables(text);
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable(name) => {
                let place = names.iter().position(|known| known == name);
                out.push_str(place.and_then(|place| values.get(place)).map_or("", |value| value.trim()));
            }
        }
    }
    out
}

/// A variable's name for people: `cost_center` → `Cost center`.
#[must_use]
pub fn label(name: &str) -> String {
    case::capitalized(&name.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prompt(name: &str, title: &str) -> Prompt {
        Prompt { name: name.into(), title: title.into(), text: String::new() }
    }

    #[test]
    fn only_a_slash_and_part_of_a_name_ask_for_prompts() {
        assert_eq!(query("/"), Some(String::new()));
        assert_eq!(query("/Dai"), Some("dai".into()));
        for other in ["", "a/b", "/daily digest", "/daily\n", "//", "/usr/bin", " /daily"] {
            assert_eq!(query(other), None, "{other}");
        }
    }

    #[test]
    fn names_that_begin_so_come_first() {
        let all = [prompt("weekly-summary", "The week"), prompt("daily-digest", "Day"), prompt("peaks", "Daily peaks")];
        let names = |query| matching(&all, query).into_iter().map(|prompt| prompt.name).collect::<Vec<_>>();
        assert_eq!(names(""), ["weekly-summary", "daily-digest", "peaks"]);
        assert_eq!(names("da"), ["daily-digest", "peaks"]);
        assert_eq!(names("xyz"), Vec::<String>::new());
        assert_eq!(named(&all, "/peaks of May").map(|prompt| &*prompt.name), Some("peaks"));
        assert_eq!(named(&all, "peaks"), None);
    }

    #[test]
    fn each_word_is_asked_for_once_and_put_everywhere() {
        let text = "Compare {{ machine }} in {{month}} with {{machine}} a year before.";
        assert_eq!(variables(text), ["machine", "month"]);
        let values = ["Compressor {{month}} ".to_owned(), "May".to_owned()];
        assert_eq!(
            filled(text, &values),
            "Compare Compressor {{month}} in May with Compressor {{month}} a year before."
        );
    }

    #[test]
    fn what_is_no_variable_stays() {
        for text in ["", "{{", "{{}}", "a {{ }} b", "{{a\nb}}", "}} {{", "{ {a} }"] {
            assert_eq!(variables(text), Vec::<String>::new(), "{text}");
            assert_eq!(filled(text, &[]), text);
        }
        assert_eq!(variables("{{{a}}}"), ["a"]);
        assert_eq!(filled("ä{{{a}}}", &["1".into()]), "ä{1}");
    }

    #[test]
    fn names_become_labels() {
        assert_eq!(label("cost_center"), "Cost center");
        assert_eq!(label("élan"), "Élan");
    }

    proptest! {
        #[test]
        fn any_text_is_filled_without_panic(text in "[a{}äö \n]{0,40}") {
            let names = variables(&text);
            prop_assert!(names.len() <= MAX_VARIABLES);
            let filled = filled(&text, &names);
            if names.is_empty() {
                prop_assert_eq!(filled, text);
            }
        }
    }
}
