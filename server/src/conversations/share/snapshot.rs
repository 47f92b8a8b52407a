//! The copy under a link: what is kept of a branch, and what is left out of it.

use app::model::{
    AttachmentId, AttachmentKind, Audience, MessageAuthor, MessageId, MessageStatus, MessageView, Part, Siblings,
    Timestamp, ToolCallStatus,
};
use serde::{Deserialize, Serialize};

use crate::{
    db::message::MessageRecord,
    error::{Error, Result},
};

/// The largest copy, bytes of JSON.
pub const MAX_SHARED_BYTES: usize = 8 * 1024 * 1024;
/// A later shape gets another number.
const VERSION: u32 = 1;

/// A copy of a branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    messages: Vec<KeptMessage>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptMessage {
    id: MessageId,
    author: MessageAuthor,
    created_at: Timestamp,
    model: Option<String>,
    edited: bool,
    /// It ended before it was complete.
    cut_short: bool,
    parts: Vec<Part>,
}

impl Snapshot {
    /// # Errors
    /// [`Error::Conflict`]: an answer is still being written.
    pub fn of(path: Vec<MessageRecord>, audience: Audience) -> Result<Self> {
        let messages = path.into_iter().map(|record| keep(record, audience)).collect::<Result<_>>()?;
        Ok(Self { version: VERSION, messages })
    }

    /// # Errors
    /// [`Error::Conflict`]: larger than [`MAX_SHARED_BYTES`].
    pub fn to_json(&self) -> Result<String> {
        let json = serde_json::to_string(self).map_err(Error::internal)?;
        if json.len() > MAX_SHARED_BYTES {
            let megabytes = MAX_SHARED_BYTES / (1024 * 1024);
            return Err(Error::Conflict(format!("This is too large to share: {megabytes} MB at most.")));
        }
        Ok(json)
    }

    /// # Errors
    /// [`Error::Internal`]: what is stored is not a copy.
    pub fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(Error::internal)
    }

    /// Whether the copy shows this file as a picture.
    #[must_use]
    pub fn shows_image(&self, id: AttachmentId) -> bool {
        self.messages.iter().flat_map(|message| &message.parts).any(|part| match part {
            Part::Attachment { file } => file.id == id && matches!(file.kind, AttachmentKind::Image { .. }),
            _ => false,
        })
    }

    /// The messages as a page shows them.
    #[must_use]
    pub fn into_views(self) -> Vec<MessageView> {
        self.messages.into_iter().map(KeptMessage::view).collect()
    }
}

impl KeptMessage {
    fn view(self) -> MessageView {
        MessageView {
            id: self.id,
            parent: None,
            author: self.author,
            parts: self.parts,
            status: if self.cut_short { MessageStatus::Stopped } else { MessageStatus::Complete },
            created_at: self.created_at,
            turn: None,
            siblings: Siblings::only(),
            usage: None,
            model: self.model,
            feedback: None,
            edited: self.edited,
            rich: vec![],
        }
    }
}

fn keep(record: MessageRecord, audience: Audience) -> Result<KeptMessage> {
    let cut_short = match record.status {
        MessageStatus::Complete => false,
        MessageStatus::Stopped | MessageStatus::Failed(_) => true,
        MessageStatus::Running => {
            return Err(Error::Conflict("The answer is still being written. Wait for it or stop it first.".to_owned()));
        }
    };
    let parts = record.parts.into_iter().filter_map(|part| kept_part(part, audience)).collect();
    Ok(KeptMessage {
        id: record.id,
        author: record.author,
        created_at: record.created_at,
        model: record.model,
        edited: record.edited,
        cut_short,
        parts,
    })
}

fn kept_part(part: Part, audience: Audience) -> Option<Part> {
    match part {
        Part::Reasoning { .. } => None,
        Part::Tool { mut call } => {
            if audience == Audience::Public {
                call.ran_as.clear();
            }
            // What was asked of the person is between them and the tool.
            if matches!(call.status, ToolCallStatus::Waiting(_) | ToolCallStatus::Running) {
                call.status = ToolCallStatus::Failed(String::new());
            }
            Some(Part::Tool { call })
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::model::{AttachmentView, ToolCallView, TurnId};
    use uuid::Uuid;

    fn record(status: MessageStatus, parts: Vec<Part>) -> MessageRecord {
        MessageRecord {
            id: MessageId(Uuid::from_u128(1)),
            parent: None,
            author: MessageAuthor::Assistant,
            parts,
            status,
            turn: TurnId(Uuid::from_u128(2)),
            usage: None,
            model: Some("Claude".into()),
            created_at: Timestamp(3),
            feedback: None,
            edited: false,
        }
    }

    fn call() -> Part {
        let call = ToolCallView {
            call_id: "1".into(),
            name: "peak".into(),
            title: "Peak".into(),
            arguments: "{}".into(),
            summary: String::new(),
            status: ToolCallStatus::Done,
            output: None,
            duration_ms: None,
            ran_as: "PRS · Ana · built-in".into(),
        };
        Part::Tool { call }
    }

    #[test]
    fn thoughts_and_identities_stay_at_home() {
        let parts = vec![Part::Reasoning { text: "SECRET THOUGHT".into() }, call(), Part::Text { text: "hi".into() }];
        let shared = |audience| {
            let record = record(MessageStatus::Complete, parts.clone());
            Snapshot::of(vec![record], audience).and_then(|copy| copy.to_json()).expect("a copy")
        };
        let (inside, public) = (shared(Audience::Tenant), shared(Audience::Public));
        assert!(inside.contains("PRS · Ana") && !public.contains("Ana"), "{public}");
        assert!(!inside.contains("THOUGHT") && !public.contains("THOUGHT"));
        let views = Snapshot::parse(&public).expect("a copy").into_views();
        assert_eq!((views.len(), views[0].parts.len(), views[0].turn), (1, 2, None));
    }

    #[test]
    fn what_is_being_written_is_not_shared() {
        let copy = Snapshot::of(vec![record(MessageStatus::Running, vec![])], Audience::Tenant);
        assert!(matches!(copy, Err(Error::Conflict(_))));
        let large = vec![Part::Text { text: "x".repeat(MAX_SHARED_BYTES) }];
        let copy = Snapshot::of(vec![record(MessageStatus::Stopped, large)], Audience::Tenant).expect("a copy");
        assert!(matches!(copy.to_json(), Err(Error::Conflict(_))));
    }

    #[test]
    fn only_pictures_of_the_copy_are_shown() {
        let id = |n| AttachmentId(Uuid::from_u128(n));
        let file = |n, kind| Part::Attachment {
            file: AttachmentView { id: id(n), name: "x".into(), kind, bytes: 1, max_tokens: 1 },
        };
        let parts = vec![file(1, AttachmentKind::Image { width: 1, height: 1 }), file(2, AttachmentKind::Text)];
        let copy = Snapshot::of(vec![record(MessageStatus::Complete, parts)], Audience::Tenant).expect("a copy");
        assert!(copy.shows_image(id(1)) && !copy.shows_image(id(2)) && !copy.shows_image(id(3)));
    }
}
