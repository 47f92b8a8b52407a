//! Conversations as files: one or all, as Markdown, text, or JSON.
//!
//! [`Export`] gives a file piece by piece. What must hold: no transaction and no memory grows with how much there is (a
//! piece reads for a bounded number of steps, each a bounded number of rows); what was written stays text: nothing is
//! evaluated, and what tools gave back cannot end the block it stands in.
//!
//! Markdown and text hold the branch that was written to last (or the one asked for). JSON holds all branches and is what
//! the import reads back:
//!
//! ```json
//! {"format": "steward", "version": 1, "exported_at": "2026-03-10T01:00:00.000Z", "conversations": [
//!   {"id": "…", "title": "…", "created_at": "…", "updated_at": "…", "pinned": false, "archived": false,
//!    "current_leaf": "…", "messages": [
//!      {"id": "…", "parent": null, "author": "user", "status": "complete", "created_at": "…", "model": null,
//!       "edited": false, "feedback": null, "parts": [{"kind": "text", "text": "…"}]}]}]}
//! ```
//! Instants are RFC 3339 in UTC; `parent` names a message of the same conversation, `null`: a first one; a part is one of
//! [`app::model::Part`]. Attached files are named, not contained.

mod json;
mod text;

use std::collections::VecDeque;

use app::{
    backend::Caller,
    model::{ConversationId, MessageId, TenantCode, Timestamp},
};
use uuid::Uuid;

use crate::{
    db::{
        Db, TenantScope, Tx,
        message::MessageRecord,
        message_change::message_steps,
        message_path::message_path,
        porting::{PortedConversation, conversation_port_find, conversation_port_page, message_port_page},
    },
    error::{Error, Result},
    tenancy,
};

/// Conversations found at once.
const CONVERSATIONS: i64 = 100;
/// Messages read at once.
const MESSAGES: i64 = 20;
/// A longer branch is cut at its beginning, messages.
const MAX_PATH: i64 = 20_000;
/// Steps (one query each) in one transaction, and so in one piece.
const STEPS: usize = 200;
/// A piece of this size is handed on.
const PIECE_BYTES: usize = 128 * 1024;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Markdown,
    Text,
    Json,
}

impl Format {
    /// As in an address.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "md" => Some(Self::Markdown),
            "txt" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Text => "txt",
            Self::Json => "json",
        }
    }

    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// Who takes out, and from where. The membership is asked again for every piece.
#[derive(Clone)]
pub struct Exporter {
    pub db: Db,
    pub caller: Caller,
    pub tenant: TenantCode,
}

/// A file that is being written.
pub struct Export {
    exporter: Exporter,
    format: Format,
    at: Timestamp,
    /// `None`: all conversations were found.
    after: Option<ConversationId>,
    found: VecDeque<PortedConversation>,
    open: Option<Open>,
    /// Conversations begun so far.
    begun: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Head,
    Body,
    Done,
}

/// The conversation that is being written.
#[derive(Debug)]
struct Open {
    id: ConversationId,
    written: usize,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    /// Every branch: the messages after this one.
    After(MessageId),
    /// One branch: its messages, not looked up yet or what is left of them.
    Branch(Option<MessageId>),
    Path(VecDeque<MessageId>),
}

impl Export {
    /// One conversation; `leaf` names the branch for Markdown and text, `None`: the one written to last. Also gives its
    /// title.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such conversation of the caller, or no such message in it.
    pub async fn one(
        exporter: Exporter,
        format: Format,
        id: ConversationId,
        leaf: Option<MessageId>,
        at: Timestamp,
    ) -> Result<(Self, String)> {
        let scope = exporter.enter().await?;
        let mut tx = exporter.db.read(&scope).await?;
        let mut conversation = conversation_port_find(&scope, &mut tx, id).await?.ok_or(Error::NotFound)?;
        if let Some(leaf) = leaf {
            if message_steps(&scope, &mut tx, id, leaf, 1).await?.is_empty() {
                return Err(Error::NotFound);
            }
            if format != Format::Json {
                conversation.current_leaf = Some(leaf);
            }
        }
        drop(tx);
        let title = conversation.title.clone();
        let mut export = Self::new(exporter, format, at);
        export.after = None;
        export.found.push_back(conversation);
        Ok((export, title))
    }

    /// All conversations of the caller in the tenant.
    ///
    /// # Errors
    /// [`Error::NotFound`]: not a tenant of the caller.
    pub async fn all(exporter: Exporter, format: Format, at: Timestamp) -> Result<Self> {
        exporter.enter().await?;
        Ok(Self::new(exporter, format, at))
    }

    fn new(exporter: Exporter, format: Format, at: Timestamp) -> Self {
        Self {
            exporter,
            format,
            at,
            after: Some(ConversationId(Uuid::nil())),
            found: VecDeque::new(),
            open: None,
            begun: 0,
            stage: Stage::Head,
        }
    }

    /// The next piece; it may be empty. `None`: that was all.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the membership ended meanwhile; database errors. The file is incomplete then.
    pub async fn piece(&mut self) -> Result<Option<String>> {
        if self.stage == Stage::Done {
            return Ok(None);
        }
        let mut piece = String::new();
        if self.stage == Stage::Head {
            self.stage = Stage::Body;
            if self.format == Format::Json {
                json::begin_file(&mut piece, self.at);
            }
        }
        let scope = self.exporter.enter().await?;
        let mut tx = self.exporter.db.read(&scope).await?;
        for _ in 0..STEPS {
            let has_more = self.step(&scope, &mut tx, &mut piece).await?;
            if !has_more {
                self.stage = Stage::Done;
                if self.format == Format::Json {
                    json::end_file(&mut piece);
                }
                break;
            }
            if piece.len() >= PIECE_BYTES {
                break;
            }
        }
        drop(tx);
        Ok(Some(piece))
    }

    /// One query and what it gives. `false`: there is nothing left.
    async fn step(&mut self, scope: &TenantScope, tx: &mut Tx, piece: &mut String) -> Result<bool> {
        if let Some(mut open) = self.open.take() {
            let messages = open.read(scope, tx).await?;
            if messages.is_empty() {
                if self.format == Format::Json {
                    json::end_conversation(piece);
                }
                return Ok(true);
            }
            for message in &messages {
                match self.format {
                    Format::Json => json::message(piece, message, open.written == 0)?,
                    Format::Markdown => text::markdown(piece, message),
                    Format::Text => text::plain(piece, message),
                }
                open.written += 1;
            }
            self.open = Some(open);
            return Ok(true);
        }
        if let Some(conversation) = self.found.pop_front() {
            let is_first = self.begun == 0;
            self.begun += 1;
            match self.format {
                Format::Json => json::begin_conversation(piece, &conversation, is_first)?,
                Format::Markdown => text::markdown_title(piece, &conversation, is_first),
                Format::Text => text::plain_title(piece, &conversation, is_first),
            }
            let rest = match self.format {
                Format::Json => Rest::After(MessageId(Uuid::nil())),
                Format::Markdown | Format::Text => Rest::Branch(conversation.current_leaf),
            };
            self.open = Some(Open { id: conversation.id, written: 0, rest });
            return Ok(true);
        }
        let Some(after) = self.after else { return Ok(false) };
        self.found = conversation_port_page(scope, tx, after, CONVERSATIONS).await?.into();
        self.after = self.found.back().map(|last| last.id);
        Ok(self.after.is_some())
    }
}

impl Exporter {
    async fn enter(&self) -> Result<TenantScope> {
        tenancy::enter(&self.db, &self.caller, &self.tenant).await
    }
}

impl Open {
    /// The next messages; none: that was all.
    async fn read(&mut self, scope: &TenantScope, tx: &mut Tx) -> Result<Vec<MessageRecord>> {
        if let Rest::Branch(leaf) = self.rest {
            let Some(leaf) = leaf else { return Ok(Vec::new()) };
            let steps = message_steps(scope, tx, self.id, leaf, MAX_PATH).await?;
            self.rest = Rest::Path(steps.into_iter().map(|step| step.id).collect());
        }
        match &mut self.rest {
            Rest::After(after) => {
                let messages = message_port_page(scope, tx, self.id, *after, MESSAGES).await?;
                if let Some(last) = messages.last() {
                    *after = last.id;
                }
                Ok(messages)
            }
            Rest::Path(path) => {
                let count = path.len().min(usize::try_from(MESSAGES).unwrap_or(usize::MAX));
                let Some(last) = path.drain(..count).next_back() else { return Ok(Vec::new()) };
                Ok(message_path(scope, tx, self.id, last, i64::try_from(count).unwrap_or(i64::MAX)).await?)
            }
            Rest::Branch(_) => Ok(Vec::new()),
        }
    }
}
