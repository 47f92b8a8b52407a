//! ChatGPT's `conversations.json`: a tree of nodes by id (`mapping`), each with its parent and perhaps a message.
//!
//! There is no published description; this follows what its exports contain (2023–2026): `content_type` `text`,
//! `multimodal_text`, `code`, `execution_output`, `thoughts`, `tether_quote` …; hidden and system messages are not for
//! people and left out.

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
    let title = kept_title(text_of(value, "title"));
    let Some(mapping) = value.get("mapping").and_then(Value::as_object) else {
        return Err(unreadable(&title));
    };
    let mut is_cut = false;
    let mut nodes: Vec<Node> = Vec::new();
    for (name, node) in mapping {
        let said = node.get("message").and_then(|message| said(message, &mut is_cut));
        nodes.push(Node { id: name.clone(), parent: word_of(node, "parent"), said });
    }
    // The file has them in no order: as they were written, so that siblings stand in theirs.
    nodes.sort_by_key(|node| node.said.as_ref().and_then(|said| said.created_at).map_or(i64::MIN, |at| at.0));
    let about = About {
        source: "chatgpt",
        id: word_of(value, "conversation_id").or_else(|| word_of(value, "id")),
        title,
        created_at: value.get("create_time").and_then(instant),
        updated_at: value.get("update_time").and_then(instant),
        leaf: word_of(value, "current_node"),
    };
    about.with(nodes, is_cut)
}

fn said(message: &Value, is_cut: &mut bool) -> Option<Said> {
    let metadata = message.get("metadata").unwrap_or(&Value::Null);
    if metadata.get("is_visually_hidden_from_conversation").and_then(Value::as_bool).unwrap_or(false) {
        return None;
    }
    let role = message.get("author").map(|author| text_of(author, "role")).unwrap_or_default();
    let author = match role {
        "user" => MessageAuthor::User,
        "assistant" | "tool" => MessageAuthor::Assistant,
        _ => return None,
    };
    let content = message.get("content")?;
    let mut parts = Vec::new();
    for mut part in content_parts(content, role == "tool") {
        if let Part::Text { text } | Part::Reasoning { text } = &mut part {
            let (kept, was_cut) = kept_text(text);
            *is_cut |= was_cut;
            *text = kept;
            if text.trim().is_empty() {
                continue;
            }
        }
        parts.push(part);
    }
    Some(Said {
        author,
        parts,
        model: word_of(metadata, "model_slug").filter(|_| author == MessageAuthor::Assistant),
        created_at: message.get("create_time").and_then(instant),
    })
}

fn content_parts(content: &Value, of_tool: bool) -> Vec<Part> {
    let text = match text_of(content, "content_type") {
        "thoughts" => return thoughts(content),
        "reasoning_recap" | "user_editable_context" | "model_editable_context" => return Vec::new(),
        "code" => fenced("", text_of(content, "text")),
        "execution_output" => fenced("", text_of(content, "text")),
        "tether_quote" | "tether_browsing_display" => {
            let texts = [text_of(content, "title"), text_of(content, "text"), text_of(content, "result")];
            texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
        }
        _ => spoken(content),
    };
    if text.trim().is_empty() {
        return Vec::new();
    }
    // What a tool gave back is no prose of the assistant's.
    let text = if of_tool && !text.starts_with("```") { fenced("", &text) } else { text };
    vec![Part::Text { text }]
}

/// The strings of `parts`; what is no text is named.
fn spoken(content: &Value) -> String {
    let Some(parts) = content.get("parts").and_then(Value::as_array) else {
        return text_of(content, "text").to_owned();
    };
    let pieces = parts.iter().filter_map(|part| match part {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Object(_) => match text_of(part, "content_type") {
            "image_asset_pointer" => Some("[image]".to_owned()),
            "audio_transcription" => Some(text_of(part, "text").to_owned()),
            kind if kind.contains("audio") || kind.contains("video") => Some("[recording]".to_owned()),
            _ => Some(text_of(part, "text").to_owned()).filter(|text| !text.is_empty()),
        },
        _ => None,
    });
    pieces.collect::<Vec<_>>().join("\n\n")
}

fn thoughts(content: &Value) -> Vec<Part> {
    let thoughts = content.get("thoughts").and_then(Value::as_array).into_iter().flatten();
    let texts = thoughts.map(|thought| {
        let (summary, content) = (text_of(thought, "summary"), text_of(thought, "content"));
        if summary.is_empty() { content.to_owned() } else { format!("**{summary}**\n\n{content}") }
    });
    let text = texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n\n");
    if text.is_empty() { Vec::new() } else { vec![Part::Reasoning { text }] }
}
