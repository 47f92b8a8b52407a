//! Claude's `conversations.json`: a list of messages (`chat_messages`), newer ones with the id of their parent.
//!
//! There is no published description; this follows what its exports contain (2024–2026): `sender` `human` or `assistant`,
//! the text as `text` and as `content` blocks, files with their `extracted_content`.

use app::model::{MessageAuthor, Part};
use serde_json::Value;

use super::{
    Foreign,
    about::{About, unreadable},
    fenced, instant, kept_text, kept_title, text_of,
    tree::{Node, Said},
    word_of,
};

pub(super) fn conversation(value: &Value) -> Result<Foreign, String> {
    let title = kept_title(text_of(value, "name"));
    let Some(messages) = value.get("chat_messages").and_then(Value::as_array) else {
        return Err(unreadable(&title));
    };
    let mut is_cut = false;
    let mut nodes: Vec<Node> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let id = word_of(message, "uuid").unwrap_or_else(|| place.to_string());
        // Older exports name no parents: each answers the one before.
        let before = nodes.last().map(|node| node.id.clone());
        let parent = word_of(message, "parent_message_uuid").or(before);
        nodes.push(Node { id, parent, said: said(message, &mut is_cut) });
    }
    let about = About {
        source: "claude",
        id: word_of(value, "uuid"),
        title,
        created_at: value.get("created_at").and_then(instant),
        updated_at: value.get("updated_at").and_then(instant),
        leaf: word_of(value, "current_leaf_message_uuid"),
    };
    about.with(nodes, is_cut)
}

fn said(message: &Value, is_cut: &mut bool) -> Option<Said> {
    let author = match text_of(message, "sender") {
        "human" => MessageAuthor::User,
        "assistant" => MessageAuthor::Assistant,
        _ => return None,
    };
    let mut parts = files(message);
    let blocks = message.get("content").and_then(Value::as_array);
    let from_blocks: Vec<Part> = blocks.into_iter().flatten().filter_map(block).collect();
    if from_blocks.is_empty() {
        parts.push(Part::Text { text: text_of(message, "text").to_owned() });
    } else {
        parts.extend(from_blocks);
    }
    let mut kept_parts = Vec::new();
    for part in parts {
        let (text, is_thought) = match part {
            Part::Text { text } => (text, false),
            Part::Reasoning { text } => (text, true),
            Part::Tool { .. } | Part::Attachment { .. } => continue,
        };
        let (text, was_cut) = kept_text(&text);
        *is_cut |= was_cut;
        if !text.trim().is_empty() {
            kept_parts.push(if is_thought { Part::Reasoning { text } } else { Part::Text { text } });
        }
    }
    Some(Said { author, parts: kept_parts, model: None, created_at: message.get("created_at").and_then(instant) })
}

fn block(block: &Value) -> Option<Part> {
    let text = match text_of(block, "type") {
        "text" => text_of(block, "text").to_owned(),
        "thinking" => return Some(Part::Reasoning { text: text_of(block, "thinking").to_owned() }),
        "tool_use" => {
            let input = block.get("input").map(Value::to_string).unwrap_or_default();
            format!("*{}*\n\n{}", text_of(block, "name").replace(['*', '_', '`', '\n'], " "), fenced("json", &input))
        }
        "tool_result" => {
            let content = block.get("content").unwrap_or(&Value::Null);
            let texts = content.as_array().into_iter().flatten().map(|piece| text_of(piece, "text"));
            let text = texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n");
            let text = if text.is_empty() { content.as_str().unwrap_or_default().to_owned() } else { text };
            if text.is_empty() {
                return None;
            }
            fenced("", &text)
        }
        _ => return None,
    };
    Some(Part::Text { text })
}

/// What was attached: its text where the export has it, else its name.
fn files(message: &Value) -> Vec<Part> {
    let of = |field: &str| message.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let with_text = of("attachments").into_iter().map(|file| {
        let name = text_of(&file, "file_name").replace(['\n', '`'], " ");
        let content = text_of(&file, "extracted_content");
        if content.is_empty() { format!("[{name}]") } else { format!("[{name}]\n\n{}", fenced("", content)) }
    });
    let names =
        of("files").into_iter().map(|file| format!("[{}]", text_of(&file, "file_name").replace(['\n', '`'], " ")));
    with_text.chain(names).filter(|text| text != "[]").map(|text| Part::Text { text }).collect()
}
