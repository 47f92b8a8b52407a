//! Conversations from a file: exports of ChatGPT and Claude (`conversations.json`, or the ZIP archive it comes
//! in) and our own JSON.
//!
//! - [`read`] takes the file apart while it arrives, one conversation at a time (an archive, whose list is at its end, is
//!   put into a nameless temporary file first, and [`archive`] opens it); [`chatgpt`], [`claude`] and [`own`] say
//!   what one means ([`about`]); [`tree`] makes a proper tree of whatever its messages claim. This file stores them.
//! - To add a source: a file with a function from its JSON to [`Foreign`], a line in [`foreign`], a story in
//!   `tests/it/porting.rs`.
//!
//! What must hold: never more than a conversation in memory; every conversation in a transaction of its own; what a person
//! brought in before is not brought in again; ids of the file are only ever compared, never used; nothing is asked of a
//! model, so the books do not change; no file, whatever is in it, makes this panic.

mod about;
mod archive;
mod chatgpt;
mod claude;
mod own;
mod read;
mod tree;

use app::model::{ConversationId, ImportReport, MessageAuthor, MessageId, Part, Timestamp, TurnId};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::{
    db::{
        Db, TenantScope,
        conversation::conversation_find,
        porting::{ImportedConversation, ImportedMessage, import_insert, import_is_known, import_message},
    },
    error::{Error, Result},
    world::World,
};
use read::{Ending, Found};

/// The largest file.
pub const MAX_FILE_BYTES: u64 = 200 * 1024 * 1024;
/// The largest conversation in it, bytes of JSON.
pub const MAX_CONVERSATION_BYTES: usize = 24 * 1024 * 1024;
/// Conversations taken from one file.
pub const MAX_CONVERSATIONS: u32 = 5_000;
/// Messages of one conversation.
pub const MAX_MESSAGES: usize = 5_000;
/// The longest text of a message, bytes; what is longer is cut, and says so.
pub const MAX_TEXT_BYTES: usize = 512 * 1024;
/// Problems told in words.
const MAX_PROBLEMS: usize = 20;
/// Earlier instants are no time of a chat: 2000-01-01.
const EARLIEST: Timestamp = Timestamp(946_684_800_000);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const CUT_MARK: &str = "\n\n[…]";

/// Why a file stopped arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// The connection broke, or what was sent makes no sense.
    Broken,
    TooSlow,
}

/// A conversation of another product, in order: parents before their answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The product, and the conversation's id there: two of the same are the same.
    pub source: &'static str,
    pub id: String,
    pub title: String,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub messages: Vec<ForeignMessage>,
    /// The place of the message it was left at.
    pub leaf: usize,
    /// Something of it was left out or cut.
    pub is_cut: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ForeignMessage {
    /// The place of the message it answers, before its own.
    pub parent: Option<usize>,
    pub author: MessageAuthor,
    pub parts: Vec<Part>,
    pub model: Option<String>,
    pub created_at: Option<Timestamp>,
}

/// What a conversation of the file means.
///
/// # Errors
/// Why it means nothing, in words.
pub fn foreign(value: &Value) -> std::result::Result<Foreign, String> {
    let Value::Object(fields) = value else { return Err("It is not a conversation.".to_owned()) };
    if fields.contains_key("mapping") {
        chatgpt::conversation(value)
    } else if fields.contains_key("chat_messages") {
        claude::conversation(value)
    } else if fields.contains_key("messages") {
        own::conversation(value)
    } else {
        Err("It is neither of ChatGPT nor of Claude nor of Steward.".to_owned())
    }
}

/// Brings in what arrives, and says what came of it.
///
/// # Errors
/// [`Error::Invalid`]: it is no export; database errors. What was brought in by then stays.
pub async fn run(
    db: &Db,
    world: &World,
    scope: &TenantScope,
    pieces: impl Stream<Item = std::result::Result<Bytes, Interrupted>> + Unpin,
) -> Result<ImportReport> {
    let (to_reader, arriving) = mpsc::channel(8);
    let (to_store, found) = mpsc::channel(2);
    let reading = tokio::task::spawn_blocking(move || read::read(arriving, &to_store));
    let (fed, stored) = tokio::join!(feed(pieces, to_reader), store(db, world, scope, found));
    let ending = reading.await.map_err(Error::internal)?;
    let (mut report, is_full) = stored?;
    if let Some(problem) = conclusion(fed, &ending, is_full, report.imported + report.known)? {
        report.problems.insert(0, problem);
        report.problems.truncate(MAX_PROBLEMS);
    }
    Ok(report)
}

/// How the arriving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fed {
    Whole,
    Interrupted(Interrupted),
    TooLarge,
    /// The reader wanted no more.
    Stopped,
}

async fn feed(
    mut pieces: impl Stream<Item = std::result::Result<Bytes, Interrupted>> + Unpin,
    to_reader: mpsc::Sender<Bytes>,
) -> Fed {
    let mut received: u64 = 0;
    while let Some(piece) = pieces.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(why) => return Fed::Interrupted(why),
        };
        received = received.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if received > MAX_FILE_BYTES {
            return Fed::TooLarge;
        }
        if to_reader.send(piece).await.is_err() {
            return Fed::Stopped;
        }
    }
    Fed::Whole
}

/// What is to be said of the file as a whole.
fn conclusion(fed: Fed, ending: &Ending, is_full: bool, taken: u32) -> Result<Option<String>> {
    let so_far = |why: String| {
        if taken == 0 {
            return Err(Error::invalid("file", why));
        }
        Ok(Some(format!("{why} What was complete before was taken.")))
    };
    if is_full {
        return Ok(Some(format!(
            "{MAX_CONVERSATIONS} conversations were looked at, more are not taken at once. Import the rest in a file of its own."
        )));
    }
    match (fed, ending) {
        (Fed::TooLarge, _) => so_far(format!("The file is too large: {} MB at most.", MAX_FILE_BYTES / (1024 * 1024))),
        (Fed::Interrupted(Interrupted::TooSlow), _) => so_far("The file was not sent in time.".to_owned()),
        (Fed::Interrupted(Interrupted::Broken), _) => so_far("The file was not sent to its end.".to_owned()),
        (_, Ending::Refused(why)) => so_far(why.clone()),
        (_, Ending::Whole) => Ok(None),
    }
}

/// Stores what is found until nothing comes any more; `true`: it had to stop at [`MAX_CONVERSATIONS`].
async fn store(
    db: &Db,
    world: &World,
    scope: &TenantScope,
    mut found: mpsc::Receiver<Found>,
) -> Result<(ImportReport, bool)> {
    let mut report = ImportReport::default();
    let (mut count, mut untold) = (0, 0);
    let mut tell = |report: &mut ImportReport, problem: String| {
        if report.problems.len() < MAX_PROBLEMS - 1 {
            report.problems.push(problem);
        } else {
            untold += 1;
        }
    };
    let mut is_full = false;
    while let Some(found) = found.recv().await {
        if count == MAX_CONVERSATIONS {
            is_full = true;
            break;
        }
        count += 1;
        let conversation = match found {
            Ok(conversation) => conversation,
            Err(problem) => {
                tell(&mut report, format!("Conversation {count}: {problem}"));
                continue;
            }
        };
        if !take(db, world, scope, &conversation).await? {
            report.known += 1;
            continue;
        }
        report.imported += 1;
        if conversation.is_cut {
            tell(
                &mut report,
                format!("“{}” was taken in part: something in it was too large or damaged.", conversation.title),
            );
        }
    }
    if untold > 0 {
        report.problems.push(format!("And {untold} more like these."));
    }
    Ok((report, is_full))
}

/// Stores one. `false`: it is there already.
async fn take(db: &Db, world: &World, scope: &TenantScope, foreign: &Foreign) -> Result<bool> {
    let origin_sha256 = origin(foreign);
    let mut tx = db.begin(scope).await?;
    if import_is_known(scope, &mut tx, origin_sha256).await? || is_own(scope, &mut tx, foreign).await? {
        return Ok(false);
    }
    let now = world.now();
    let believable = |at: Option<Timestamp>| at.filter(|at| *at >= EARLIEST && at.0 <= now.0.saturating_add(DAY_MS));
    let written = foreign.messages.iter().filter_map(|message| believable(message.created_at));
    let created_at = believable(foreign.created_at).or_else(|| written.clone().min()).unwrap_or(now);
    let updated_at = believable(foreign.updated_at).or_else(|| written.max()).unwrap_or(created_at).max(created_at);
    let mut ids: Vec<MessageId> = foreign.messages.iter().map(|_| world.id()).collect();
    // In the order of their messages, also within a millisecond.
    ids.sort_unstable();
    let id_at = |place: usize| ids.get(place).copied();
    let leaf = id_at(foreign.leaf).ok_or_else(|| Error::Unavailable("an import without its leaf".to_owned()))?;
    let place: (ConversationId, TurnId) = (world.id(), world.id());
    let new = ImportedConversation { id: place.0, origin_sha256, title: &foreign.title, leaf, created_at, updated_at };
    import_insert(scope, &mut tx, new).await?;
    for (message, id) in foreign.messages.iter().zip(&ids) {
        let text_bytes: usize = message.parts.iter().map(text_bytes).sum();
        let new = ImportedMessage {
            id: *id,
            parent: message.parent.and_then(id_at),
            author: message.author,
            parts: &message.parts,
            model_bytes: i64::try_from(text_bytes).unwrap_or(i64::MAX),
            model: message.model.as_deref(),
            created_at: believable(message.created_at).unwrap_or(created_at),
        };
        import_message(scope, &mut tx, place, new).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Whether it was taken out of here, and is still here.
async fn is_own(scope: &TenantScope, tx: &mut crate::db::Tx, foreign: &Foreign) -> Result<bool> {
    if foreign.source != own::SOURCE {
        return Ok(false);
    }
    let Ok(id) = foreign.id.parse::<ConversationId>() else { return Ok(false) };
    Ok(conversation_find(scope, tx, id).await?.is_some())
}

/// Under which it is known.
fn origin(foreign: &Foreign) -> [u8; 32] {
    Sha256::new().chain_update(foreign.source).chain_update(b"\0").chain_update(&foreign.id).finalize().into()
}

fn text_bytes(part: &Part) -> usize {
    match part {
        Part::Text { text } => text.len(),
        Part::Reasoning { .. } | Part::Tool { .. } | Part::Attachment { .. } => 0,
    }
}

/// A text as it is kept: without NUL (which PostgreSQL cannot hold), at most [`MAX_TEXT_BYTES`]; `true`: it was cut.
fn kept_text(text: &str) -> (String, bool) {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    let mut kept = text.get(..end).unwrap_or_default().replace('\0', "");
    let is_cut = end < text.len();
    if is_cut {
        kept.push_str(CUT_MARK);
    }
    (kept, is_cut)
}

/// A title as it is kept: one line, not empty, as long as a title may be.
fn kept_title(title: &str) -> String {
    const MAX_CHARS: usize = 120;
    let line: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = line.chars().take(MAX_CHARS).collect();
    let title = title.trim();
    if title.is_empty() { "Imported conversation".to_owned() } else { title.to_owned() }
}

/// An instant: seconds since 1970 as a number, or RFC 3339. `None`: neither.
fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(seconds) => {
            let ms = seconds.as_f64()? * 1000.0;
            // Far from the ends of i64; what is no time of a chat is refused later.
            (ms.is_finite() && ms.abs() < 1e15).then_some(Timestamp(ms as i64))
        }
        Value::String(text) => {
            let parsed = chrono::DateTime::parse_from_rfc3339(text).ok()?;
            Some(Timestamp(parsed.timestamp_millis()))
        }
        _ => None,
    }
}

/// A string field; empty when it is none.
fn text_of<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A string field of at most 200 bytes; `None` when it is none or longer.
fn word_of(value: &Value, field: &str) -> Option<String> {
    let word = value.get(field).and_then(Value::as_str)?;
    (!word.is_empty() && word.len() <= 200).then(|| word.replace('\0', ""))
}

/// A block of code that its content cannot end.
fn fenced(kind: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{kind}\n{}\n{fence}", text.trim_end())
}

#[cfg(test)]
mod tests;
