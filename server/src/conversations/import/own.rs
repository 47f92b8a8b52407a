//! Our own JSON; see [`crate::conversations::export`].

use app::model::{MessageAuthor, Part};
use serde_json::Value;

use super::{
    Foreign,
    about::{About, unreadable},
    instant, kept_text, kept_title, text_of,
    tree::{Node, Said},
    word_of,
};

/// What it comes from.
pub(super) const SOURCE: &str = "steward";

pub(super) fn conversation(value: &Value) -> Result<Foreign, String> {
    let title = kept_title(text_of(value, "title"));
    let Some(messages) = value.get("messages").and_then(Value::as_array) else {
        return Err(unreadable(&title));
    };
    let mut is_cut = false;
    let node = |(place, message): (usize, &Value)| Node {
        id: word_of(message, "id").unwrap_or_else(|| place.to_string()),
        parent: word_of(message, "parent"),
        said: said(message, &mut is_cut),
    };
    let nodes = messages.iter().enumerate().map(node).collect();
    let about = About {
        source: SOURCE,
        id: word_of(value, "id"),
        title,
        created_at: value.get("created_at").and_then(instant),
        updated_at: value.get("updated_at").and_then(instant),
        leaf: word_of(value, "current_leaf"),
    };
    about.with(nodes, is_cut)
}

fn said(message: &Value, is_cut: &mut bool) -> Option<Said> {
    let author = match text_of(message, "author") {
        "user" => MessageAuthor::User,
        "assistant" => MessageAuthor::Assistant,
        _ => return None,
    };
    let parts = message.get("parts").and_then(Value::as_array).into_iter().flatten();
    let parts = parts.filter_map(|part| kept_part(part, is_cut)).collect();
    Some(Said {
        author,
        parts,
        model: word_of(message, "model"),
        created_at: message.get("created_at").and_then(instant),
    })
}

fn kept_part(part: &Value, is_cut: &mut bool) -> Option<Part> {
    let text = |is_cut: &mut bool| {
        let (text, was_cut) = kept_text(text_of(part, "text"));
        *is_cut |= was_cut;
        (!text.trim().is_empty()).then_some(text)
    };
    match text_of(part, "kind") {
        "text" => text(is_cut).map(|text| Part::Text { text }),
        "reasoning" => text(is_cut).map(|text| Part::Reasoning { text }),
        // The card of a tool says as whom it ran, which a file may claim but nobody can vouch for: it is told as text.
        "tool" => told(part.get("call")?, is_cut),
        "attachment" => {
            let name = text_of(part.get("file")?, "name").replace(['\n', '`', '\0'], " ");
            (!name.is_empty()).then(|| Part::Text { text: format!("[{name}]") })
        }
        _ => None,
    }
}

fn told(call: &Value, is_cut: &mut bool) -> Option<Part> {
    let title = text_of(call, "title").replace(['*', '_', '`', '\n'], " ");
    let output = call.get("output").map(|output| text_of(output, "text")).unwrap_or_default();
    let (output, was_cut) = kept_text(output);
    *is_cut |= was_cut;
    let (arguments, _) = kept_text(text_of(call, "arguments"));
    let mut text = format!("*{}*", if title.trim().is_empty() { "Tool" } else { title.trim() });
    for block in [arguments, output].iter().filter(|block| !block.trim().is_empty()) {
        text.push_str("\n\n");
        text.push_str(&super::fenced("", block));
    }
    Some(Part::Text { text })
}
