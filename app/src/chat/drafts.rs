//! Unsent things are never lost: text, files and waiting messages are kept on this device per person, tenant and
//! conversation, and forgotten only when the server has acknowledged them.
//!
//! A draft is JSON of [`wire`]; what an older Steward kept was the bare text, and is still read. Where the device's
//! storage is full, the tab's own takes over ([`save`]).

use super::browser;
use crate::{
    model::{AttachmentView, ConversationId, MessageId, TenantCode, TurnKey, UserId},
    wire::{self, Json, Object, Read, Write},
};

/// The most messages that wait for their turn in one conversation.
pub const MAX_QUEUED: usize = 10;

/// A message on its way to the server. The key stays with it until it is acknowledged: trying again after a lost
/// answer does not send it twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub text: String,
    pub files: Vec<AttachmentView>,
    /// The id of the model it is for; `None`: the tenant's usual one.
    pub model: Option<String>,
    /// What it follows; counts only for a `branch` and for one that was tried: others follow what is last by then.
    pub parent: Option<MessageId>,
    /// It takes the place of an earlier message.
    pub branch: bool,
    /// It was sent before, so the server may have it.
    pub tried: bool,
    pub key: TurnKey,
}

/// What is kept of a conversation's composer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub text: String,
    pub files: Vec<AttachmentView>,
    /// The model chosen for the next message.
    pub model: Option<String>,
    /// Messages that wait, the next one first.
    pub queue: Vec<Outgoing>,
}

impl Draft {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.files.is_empty() && self.queue.is_empty()
    }

    /// As it is stored; nothing when there is nothing to keep.
    #[must_use]
    pub fn to_stored(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let object = Object::default().with("text", &self.text).with("files", &self.files);
        object.with("model", &self.model).with("queue", &self.queue).end()
    }

    /// Reads what was stored; a text that is no draft is the text of one.
    #[must_use]
    pub fn of_stored(stored: &str) -> Self {
        wire::read(stored).unwrap_or_else(|| Self { text: stored.to_owned(), ..Self::default() })
    }

    /// The message with `key` is no longer waiting.
    pub fn forget(&mut self, key: TurnKey) {
        self.queue.retain(|out| out.key != key);
    }
}

impl Read for Draft {
    fn read(json: Json<'_>) -> Option<Self> {
        let Json::Map(mut map) = json else { return None };
        let mut queue: Vec<Outgoing> = map.take("queue")?;
        queue.truncate(MAX_QUEUED);
        Some(Self { text: map.take("text")?, files: map.take("files")?, model: map.take("model")?, queue })
    }
}

impl Read for Outgoing {
    fn read(json: Json<'_>) -> Option<Self> {
        let Json::Map(mut map) = json else { return None };
        Some(Self {
            text: map.take("text")?,
            files: map.take("files")?,
            model: map.take("model")?,
            parent: map.take("parent")?,
            branch: map.take("branch")?,
            tried: map.take("tried")?,
            key: map.take("key")?,
        })
    }
}

impl Write for Outgoing {
    fn write(&self, out: &mut String) {
        let object = Object::default().with("text", &self.text).with("files", &self.files).with("model", &self.model);
        let object = object.with("parent", &self.parent).with("branch", &self.branch).with("tried", &self.tried);
        out.push_str(&object.with("key", &self.key).end());
    }
}

/// Where a draft is kept. The person is part of it: people share machines.
#[must_use]
pub fn key(user: UserId, tenant: &TenantCode, conversation: Option<ConversationId>) -> String {
    let place = conversation.map_or_else(|| String::from("new"), |id| id.to_string());
    ["draft:", &user.to_string(), ":", tenant.as_str(), ":", &place].concat()
}

/// What is stored under `key`: in this tab when the device had no room, else on the device.
#[must_use]
pub fn stored(key: &str) -> String {
    browser::session_stored(key).or_else(|| browser::stored(key)).unwrap_or_default()
}

/// Keeps a draft as stored: on the device, where that is full in this tab. `false`: nowhere.
#[must_use]
pub fn save(key: &str, stored: &str) -> bool {
    if browser::store(key, stored) {
        browser::session_store(key, "");
        return true;
    }
    browser::session_store(key, stored)
}

/// What is left in the composer when `sent` was acknowledged: what was typed meanwhile.
#[must_use]
pub fn rest_after<'a>(typed: &'a str, sent: &str) -> &'a str {
    typed.strip_prefix(sent).map_or(typed, str::trim_start)
}

/// A message that comes back and the text below it.
#[must_use]
pub fn joined(back: &str, typed: &str) -> String {
    if typed.trim().is_empty() || typed == back {
        return back.to_owned();
    }
    if back.trim().is_empty() {
        return typed.to_owned();
    }
    [back, "\n\n", typed].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::model::{AttachmentId, AttachmentKind};

    fn file(number: u128, kind: AttachmentKind) -> AttachmentView {
        let id = AttachmentId(Uuid::from_u128(number));
        AttachmentView { id, name: "peaks \"May\".csv".into(), kind, bytes: 1_234, max_tokens: 400 }
    }

    fn outgoing(number: u128, text: &str) -> Outgoing {
        Outgoing {
            text: text.into(),
            files: vec![file(number, AttachmentKind::Pdf { pages: 3 })],
            model: Some("small".into()),
            parent: Some(MessageId(Uuid::from_u128(number))),
            branch: true,
            tried: number.is_multiple_of(2),
            key: TurnKey(Uuid::from_u128(number)),
        }
    }

    #[test]
    fn people_tenants_and_conversations_have_their_own_drafts() -> Result<(), &'static str> {
        let (ana, budi) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let (prs, mill): (TenantCode, TenantCode) = ("prs".parse()?, "mill".parse()?);
        let conversation = Some(ConversationId(Uuid::from_u128(3)));
        let keys = [key(ana, &prs, None), key(budi, &prs, None), key(ana, &mill, None), key(ana, &prs, conversation)];
        for (place, one) in keys.iter().enumerate() {
            assert!(!keys[place + 1..].contains(one), "{one}");
        }
        Ok(())
    }

    #[test]
    fn a_draft_comes_back_whole() {
        let files = vec![
            file(1, AttachmentKind::Image { width: 640, height: 480 }),
            file(2, AttachmentKind::Text),
            file(3, AttachmentKind::Csv),
        ];
        let queue = vec![outgoing(4, "first"), outgoing(5, "second")];
        let draft = Draft { text: "half a\nthought".into(), files, model: None, queue };
        assert_eq!(Draft::of_stored(&draft.to_stored()), draft);
    }

    #[test]
    fn nothing_is_kept_of_an_empty_draft_and_old_drafts_are_texts() {
        let chosen = Draft { text: " \n".into(), model: Some("small".into()), ..Draft::default() };
        assert_eq!(chosen.to_stored(), "");
        assert_eq!(Draft::of_stored(""), Draft::default());
        for old in ["hello", "{not json", "[1]", "{\"a\":1}"] {
            assert_eq!(Draft::of_stored(old).text, old);
        }
    }

    #[test]
    fn an_acknowledged_message_leaves_the_others() {
        let mut draft = Draft { queue: vec![outgoing(1, "a"), outgoing(2, "b")], ..Draft::default() };
        draft.forget(TurnKey(Uuid::from_u128(1)));
        assert_eq!(draft.queue, [outgoing(2, "b")]);
        draft.forget(TurnKey(Uuid::from_u128(9)));
        assert_eq!(draft.queue.len(), 1);
    }

    #[test]
    fn what_was_typed_after_sending_stays() {
        assert_eq!(rest_after("hello", "hello"), "");
        assert_eq!(rest_after("hello\nand", "hello"), "and");
        assert_eq!(rest_after("something else", "hello"), "something else");
    }

    #[test]
    fn a_message_that_comes_back_stands_above_what_was_typed() {
        assert_eq!(joined("first", " "), "first");
        assert_eq!(joined("first", "first"), "first");
        assert_eq!(joined("first", "second"), "first\n\nsecond");
        assert_eq!(joined("", "second"), "second");
    }

    proptest! {
        #[test]
        fn any_text_is_kept_as_typed(text in ".*[^\\s].*") {
            let draft = Draft { text, ..Draft::default() };
            prop_assert_eq!(Draft::of_stored(&draft.to_stored()), draft);
        }

        #[test]
        fn whatever_is_stored_is_read_without_harm(stored in ".*") {
            let _read_somehow = Draft::of_stored(&stored);
        }
    }
}
