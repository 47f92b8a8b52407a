//! A turn: one user request and all it causes, as a numbered stream of events.
//!
//! Events of a turn carry consecutive sequence numbers from 1. A client that has seen `n` asks for what follows `n`
//! (`Last-Event-ID`); exactly one terminal event ends the stream.

use serde::{Deserialize, Serialize};

use super::{
    AttachmentId, BudgetRefusal, ConversationId, MessageId, MessageText, Part, Timestamp, ToolCallView, TurnId,
    TurnKey, TurnUsage,
};

/// What a person sends to start a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartTurn {
    /// `None` starts a new conversation.
    pub conversation: Option<ConversationId>,
    /// The message this answers or follows; `None` for the first one. A parent that already has children makes a branch.
    pub parent: Option<MessageId>,
    /// `None`: the files say it all; there is one at least.
    pub text: Option<MessageText>,
    /// Files uploaded before, in order; at most [`super::MAX_ATTACHMENTS`].
    pub attachments: Vec<AttachmentId>,
    /// The id of a model of [`super::TenantHome::models`]; `None`: the tenant's.
    pub model: Option<String>,
    /// Idempotency: sending the same key again returns the same turn.
    pub key: TurnKey,
}

/// Asks for (more of) an answer to a message that was sent before. [`TurnStarted::user_message`] is that message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// Another answer to this message of the person: a sibling of the answers it has.
    Answer(MessageId),
    /// Goes on where this answer stopped (length, stop, interruption): the text is added to it.
    Continue(MessageId),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnStarted {
    pub conversation: ConversationId,
    pub turn: TurnId,
    pub user_message: MessageId,
    pub assistant_message: MessageId,
}

/// An event on the wire (SSE `data`, with `id: <seq>`). It names its turn, so one stream can carry several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnEnvelope {
    pub turn: TurnId,
    pub seq: u64,
    pub event: TurnEvent,
}

/// What happened in a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum TurnEvent {
    /// The whole message so far: replaces what the client has. Sent when the log is shorter than the client's memory
    /// (after a crash) or was already folded into the message.
    Snapshot { parts: Vec<Part> },
    /// Text to append to the last text part, or a new one if the last part is a tool call.
    Text { text: String },
    /// Reasoning to append to the last reasoning part, or a new one if the last part is something else.
    Reasoning { text: String },
    /// A tool call began; append it.
    ToolStarted { call: ToolCallView },
    /// A tool call ended; replaces the part with the same `call_id`.
    ToolFinished { call: ToolCallView },
    /// A tool call waits, runs on, or shows progress; replaces the part with the same `call_id`.
    ToolChanged { call: ToolCallView },
    /// The conversation got its automatic title.
    Titled { title: String },
    /// Terminal: the answer is complete.
    Finished { usage: TurnUsage },
    /// Terminal: somebody stopped it.
    Stopped { usage: TurnUsage },
    /// Terminal: it failed; the text so far stays.
    Failed { error: TurnError },
}

impl TurnEvent {
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Finished { .. } | Self::Stopped { .. } | Self::Failed { .. })
    }
}

/// Why a turn failed, in words for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnError {
    pub code: TurnErrorCode,
    /// What happened and what to do, one or two sentences.
    pub message: String,
    /// To quote when asking for help.
    pub request_id: String,
    /// Present for [`TurnErrorCode::OverBudget`].
    pub refusal: Option<BudgetRefusal>,
    /// When trying again may help: [`TurnErrorCode::RateLimited`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// What a page can react to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnErrorCode {
    /// The server stopped while the answer was being written.
    Interrupted,
    /// The model provider could not be reached or did not answer.
    ModelUnavailable,
    /// The provider limits how often it may be asked.
    RateLimited,
    /// The conversation no longer fits the model.
    ContextTooLong,
    /// The provider refused the request.
    ModelRefused,
    /// The provider does not know the model, or not this server's key: only an administrator can help.
    ModelMisconfigured,
    OverBudget,
    /// The turn used up its steps or its time.
    LimitReached,
    /// The answer reached its greatest length, or what the budget allowed of it; more can be asked for.
    CutOff,
    /// A fault of ours.
    Internal,
}
