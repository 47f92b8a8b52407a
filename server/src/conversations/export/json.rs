//! Our own format, written piece by piece; see [`super`].

use app::model::{Feedback, MessageAuthor, MessageStatus, Part, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::{
    db::{message::MessageRecord, porting::PortedConversation},
    error::{Error, Result},
};

#[derive(Serialize)]
struct Message<'a> {
    id: String,
    parent: Option<String>,
    author: MessageAuthor,
    status: &'static str,
    created_at: String,
    model: Option<&'a str>,
    edited: bool,
    feedback: Option<Feedback>,
    parts: &'a [Part],
}

pub(super) fn begin_file(piece: &mut String, at: Timestamp) {
    piece.push_str(&format!("{{\"format\":\"steward\",\"version\":1,\"exported_at\":\"{at}\",\"conversations\":["));
}

pub(super) fn end_file(piece: &mut String) {
    piece.push_str("\n]}\n");
}

pub(super) fn begin_conversation(piece: &mut String, conversation: &PortedConversation, is_first: bool) -> Result<()> {
    let head = json!({
        "id": conversation.id.to_string(),
        "title": conversation.title,
        "created_at": conversation.created_at.to_string(),
        "updated_at": conversation.updated_at.to_string(),
        "pinned": conversation.pinned,
        "archived": conversation.archived,
        "current_leaf": conversation.current_leaf.map(|leaf| leaf.to_string()),
    });
    let head = serde_json::to_string(&head).map_err(Error::internal)?;
    piece.push_str(if is_first { "\n" } else { ",\n" });
    // Its messages stand in the same object, behind what is known already.
    piece.push_str(head.strip_suffix('}').unwrap_or(&head));
    piece.push_str(",\"messages\":[");
    Ok(())
}

pub(super) fn end_conversation(piece: &mut String) {
    piece.push_str("]}");
}

pub(super) fn message(piece: &mut String, record: &MessageRecord, is_first: bool) -> Result<()> {
    let status = match record.status {
        MessageStatus::Complete => "complete",
        MessageStatus::Running => "running",
        MessageStatus::Stopped => "stopped",
        MessageStatus::Failed(_) => "failed",
    };
    let message = Message {
        id: record.id.to_string(),
        parent: record.parent.map(|parent| parent.to_string()),
        author: record.author,
        status,
        created_at: record.created_at.to_string(),
        model: record.model.as_deref(),
        edited: record.edited,
        feedback: record.feedback,
        parts: &record.parts,
    };
    piece.push_str(if is_first { "\n" } else { ",\n" });
    piece.push_str(&serde_json::to_string(&message).map_err(Error::internal)?);
    Ok(())
}
