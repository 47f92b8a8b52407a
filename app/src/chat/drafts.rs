//! Unsent text is never lost: it is kept on this device per person, tenant and conversation, and forgotten only when
//! the server has acknowledged it.

use super::browser;
use crate::model::{ConversationId, TenantCode, UserId};

/// Where a draft is kept. The person is part of it: people share machines.
#[must_use]
pub fn key(user: UserId, tenant: &TenantCode, conversation: Option<ConversationId>) -> String {
    match conversation {
        Some(id) => format!("draft:{user}:{tenant}:{id}"),
        None => format!("draft:{user}:{tenant}:new"),
    }
}

#[must_use]
pub fn load(key: &str) -> String {
    browser::stored(key).unwrap_or_default()
}

pub fn save(key: &str, text: &str) {
    browser::store(key, if text.trim().is_empty() { "" } else { text });
}

/// What is left in the composer when `sent` was acknowledged: what was typed meanwhile.
#[must_use]
pub fn rest_after<'a>(typed: &'a str, sent: &str) -> &'a str {
    typed.strip_prefix(sent).map_or(typed, str::trim_start)
}

/// A queued message and the text below it as one draft, so that a reload loses neither.
#[must_use]
pub fn joined(queued: Option<&str>, typed: &str) -> String {
    match queued {
        Some(queued) if typed.trim().is_empty() => queued.to_owned(),
        Some(queued) => format!("{queued}\n\n{typed}"),
        None => typed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

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
    fn what_was_typed_after_sending_stays() {
        assert_eq!(rest_after("hello", "hello"), "");
        assert_eq!(rest_after("hello\nand", "hello"), "and");
        assert_eq!(rest_after("something else", "hello"), "something else");
    }

    #[test]
    fn a_queued_message_is_part_of_the_draft() {
        assert_eq!(joined(Some("first"), " "), "first");
        assert_eq!(joined(Some("first"), "second"), "first\n\nsecond");
        assert_eq!(joined(None, "second"), "second");
    }
}
