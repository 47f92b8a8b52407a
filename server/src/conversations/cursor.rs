//! Opaque cursors: base64url of a kind byte and the position. Somebody else's bytes are [`Error::Invalid`].

use app::model::{ConversationId, Cursor, MessageId, Timestamp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::error::{Error, Result};

const LIST: u8 = b'l';
const PATH: u8 = b'p';
const SEARCH: u8 = b's';

/// A place in the list of conversations: what comes after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListCursor {
    pub(super) updated_at: Timestamp,
    pub(super) id: ConversationId,
}

/// Where the older part of a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PathCursor(pub(super) MessageId);

/// A place in the hits of a search: what is ranked below this one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SearchCursor {
    /// The moment all pages are ranked as of.
    pub(super) as_of: Timestamp,
    pub(super) score: f64,
    pub(super) conversation: ConversationId,
}

impl ListCursor {
    /// Above everything.
    pub(super) const START: Self = Self { updated_at: Timestamp(i64::MAX), id: ConversationId(Uuid::max()) };

    pub(super) fn parse(cursor: &Cursor) -> Result<Self> {
        let bytes = decode::<24>(LIST, cursor)?;
        let (at, id) = bytes.split_at(8);
        Ok(Self {
            updated_at: Timestamp(i64::from_be_bytes(array(at)?)),
            id: ConversationId(Uuid::from_bytes(array(id)?)),
        })
    }

    pub(super) fn into_cursor(self) -> Cursor {
        let mut bytes = self.updated_at.0.to_be_bytes().to_vec();
        bytes.extend_from_slice(self.id.0.as_bytes());
        encode(LIST, &bytes)
    }
}

impl PathCursor {
    pub(super) fn parse(cursor: &Cursor) -> Result<Self> {
        Ok(Self(MessageId(Uuid::from_bytes(decode::<16>(PATH, cursor)?))))
    }

    pub(super) fn into_cursor(self) -> Cursor {
        encode(PATH, self.0.0.as_bytes())
    }
}

impl SearchCursor {
    pub(super) fn parse(cursor: &Cursor) -> Result<Self> {
        let bytes = decode::<32>(SEARCH, cursor)?;
        let (at, rest) = bytes.split_at(8);
        let (score, id) = rest.split_at(8);
        Ok(Self {
            as_of: Timestamp(i64::from_be_bytes(array(at)?)),
            score: f64::from_be_bytes(array(score)?),
            conversation: ConversationId(Uuid::from_bytes(array(id)?)),
        })
    }

    pub(super) fn into_cursor(self) -> Cursor {
        let mut bytes = self.as_of.0.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.score.to_be_bytes());
        bytes.extend_from_slice(self.conversation.0.as_bytes());
        encode(SEARCH, &bytes)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(Error::internal)
}

fn encode(kind: u8, position: &[u8]) -> Cursor {
    let bytes: Vec<u8> = std::iter::once(kind).chain(position.iter().copied()).collect();
    Cursor(URL_SAFE_NO_PAD.encode(bytes))
}

fn decode<const N: usize>(kind: u8, cursor: &Cursor) -> Result<[u8; N]> {
    let wrong = || Error::invalid("cursor", "this place in the list is not known; start from the beginning");
    // Longer than any of ours: not worth decoding.
    if cursor.0.len() > 64 {
        return Err(wrong());
    }
    let bytes = URL_SAFE_NO_PAD.decode(&cursor.0).map_err(|_| wrong())?;
    match bytes.split_first() {
        Some((&first, position)) if first == kind => position.try_into().map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_cursor_is_read_back(at: i64, id: u128) {
            let cursor = ListCursor { updated_at: Timestamp(at), id: ConversationId(Uuid::from_u128(id)) };
            proptest::prop_assert_eq!(ListCursor::parse(&cursor.into_cursor()).ok(), Some(cursor));
            let path = PathCursor(MessageId(Uuid::from_u128(id)));
            proptest::prop_assert_eq!(PathCursor::parse(&path.into_cursor()).ok(), Some(path));
            let (as_of, conversation) = (cursor.updated_at, cursor.id);
            let search = SearchCursor { as_of, score: at as f64, conversation };
            proptest::prop_assert_eq!(SearchCursor::parse(&search.into_cursor()).ok(), Some(search));
        }

        #[test]
        fn nothing_else_is_taken_for_one(text in "\\PC{0,80}") {
            let is_ours = |bytes: Vec<u8>| bytes.len() == 25 && bytes.first() == Some(&LIST);
            let decodes = URL_SAFE_NO_PAD.decode(&text).is_ok_and(is_ours);
            proptest::prop_assert_eq!(ListCursor::parse(&Cursor(text)).is_ok(), decodes);
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let path = PathCursor(MessageId(Uuid::nil())).into_cursor();
        assert!(matches!(ListCursor::parse(&path), Err(Error::Invalid { field: "cursor", .. })));
    }
}
