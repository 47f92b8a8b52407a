//! Conversations: always the caller's own.

use async_trait::async_trait;

use super::Caller;
use crate::{
    error::AppError,
    model::{
        ConversationId, ConversationSummary, ConversationView, Cursor, Feedback, Folder, MessageId, MessageText, Page,
        Rich, RichSource, SearchHit, TenantCode, Title,
    },
};

#[async_trait]
pub trait ConversationPort: Send + Sync + 'static {
    async fn list_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        folder: Folder,
        after: Option<Cursor>,
    ) -> Result<Page<ConversationSummary>, AppError>;
    /// Opens at `leaf`'s branch, or at the branch written to last. Any message may be named: the newest leaf below it is
    /// shown.
    async fn open_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        leaf: Option<MessageId>,
    ) -> Result<ConversationView, AppError>;
    /// The part of the path before `before`, in a view whose `messages` are only that part.
    async fn earlier_messages(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        before: Cursor,
    ) -> Result<ConversationView, AppError>;
    async fn rename_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        title: Title,
    ) -> Result<(), AppError>;
    /// Hides it at once; it is removed for good after the time to undo has passed.
    async fn delete_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
    ) -> Result<(), AppError>;
    async fn restore_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
    ) -> Result<(), AppError>;
    async fn pin_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        pinned: bool,
    ) -> Result<(), AppError>;
    /// All of them or none; at most 200.
    async fn archive_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        ids: Vec<ConversationId>,
        archived: bool,
    ) -> Result<(), AppError>;
    /// All of them or none; at most 200. Each can be restored like a single one.
    async fn delete_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        ids: Vec<ConversationId>,
    ) -> Result<(), AppError>;
    /// The best hits first, one per conversation; titles and messages, also archived ones.
    async fn search_conversations(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        query: String,
        after: Option<Cursor>,
    ) -> Result<Page<SearchHit>, AppError>;
    /// A new conversation with the path up to `message`.
    async fn fork_conversation(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        message: MessageId,
    ) -> Result<ConversationId, AppError>;
    /// A sibling of an answer with the person's own words; the old one stays.
    async fn edit_answer(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        message: MessageId,
        text: MessageText,
    ) -> Result<MessageId, AppError>;
    async fn rate_answer(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        id: ConversationId,
        message: MessageId,
        feedback: Option<Feedback>,
    ) -> Result<(), AppError>;
    /// Colours and formulas of text that has just been streamed: at most 50 sources, 256 KB together. What cannot be
    /// worked out is missing in the answer.
    async fn enrich(&self, caller: &Caller, sources: Vec<RichSource>) -> Result<Vec<Rich>, AppError>;
}
