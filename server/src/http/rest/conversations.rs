//! `GET /api/conversations`, `GET|PATCH|DELETE /api/conversations/{id}`.

use app::{
    error::AppError,
    model::{
        ConversationId, ConversationSummary, ConversationView, Cursor, Folder, MessageAuthor, MessageStatus,
        MessageView, Part, Title, ToolCallStatus,
    },
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ApiCaller, ApiError};
use crate::{conversations, error::Error, http::limits::ApiJson, state::AppState, tenancy};

#[derive(Deserialize, IntoParams)]
pub struct ListQuery {
    /// `next` of the page before.
    after: Option<String>,
    /// `inbox` (the default) or `archive`.
    #[param(value_type = Option<String>)]
    #[serde(default)]
    folder: Folder,
    /// Only for browser sessions; a token names its tenant itself.
    #[expect(dead_code, reason = "read by ApiCaller; named here for the document")]
    tenant: Option<String>,
}

/// A page of conversations, newest first.
#[derive(Serialize, ToSchema)]
pub struct ConversationList {
    items: Vec<ConversationItem>,
    /// Give it as `after` for the next page; absent on the last.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ConversationItem {
    id: String,
    title: String,
    /// RFC 3339, UTC.
    updated_at: String,
    /// An answer is being written.
    running: bool,
    /// The answer waits for an approval or for an answer to a question.
    waiting: bool,
    pinned: bool,
    archived: bool,
}

impl From<ConversationSummary> for ConversationItem {
    fn from(row: ConversationSummary) -> Self {
        Self {
            id: row.id.to_string(),
            title: row.title,
            updated_at: row.updated_at.to_string(),
            running: row.running,
            waiting: row.waiting,
            pinned: row.pinned,
            archived: row.archived,
        }
    }
}

/// What to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationChange {
    /// 1 to 120 characters on one line.
    #[schema(value_type = Option<String>)]
    title: Option<Title>,
    /// Pinning takes it out of the archive.
    pinned: Option<bool>,
    /// Archiving takes a pin off.
    archived: Option<bool>,
}

/// A conversation with the last messages of its newest branch.
#[derive(Serialize, ToSchema)]
pub struct Conversation {
    id: String,
    title: String,
    messages: Vec<Message>,
}

#[derive(Serialize, ToSchema)]
pub struct Message {
    pub id: String,
    pub parent: Option<String>,
    /// The turn that wrote it, or was started by it.
    pub turn: Option<String>,
    /// `user` or `assistant`.
    pub author: &'static str,
    /// `complete`, `running`, `stopped` or `failed`.
    pub status: &'static str,
    /// The text without tool calls, Markdown.
    pub text: String,
    pub tool_calls: Vec<ToolCall>,
    /// Why it failed, in words.
    pub error: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
}

#[derive(Serialize, ToSchema)]
pub struct ToolCall {
    /// Within its turn.
    pub id: String,
    pub name: String,
    /// JSON.
    pub arguments: String,
    /// `running`, `waiting`, `done`, `denied` or `failed`.
    pub status: &'static str,
    pub result: Option<String>,
    pub duration_ms: Option<i64>,
    pub ran_as: String,
}

impl From<MessageView> for Message {
    fn from(view: MessageView) -> Self {
        let (status, error) = match view.status {
            MessageStatus::Complete => ("complete", None),
            MessageStatus::Running => ("running", None),
            MessageStatus::Stopped => ("stopped", None),
            MessageStatus::Failed(error) => ("failed", Some(error.message)),
        };
        let mut texts = Vec::new();
        let mut tool_calls = Vec::new();
        for part in view.parts {
            match part {
                Part::Text { text } => texts.push(text),
                Part::Tool { call } => tool_calls.push(ToolCall {
                    id: call.call_id,
                    name: call.name,
                    arguments: call.arguments,
                    status: match call.status {
                        ToolCallStatus::Running => "running",
                        ToolCallStatus::Done => "done",
                        ToolCallStatus::Failed(_) => "failed",
                        ToolCallStatus::Waiting(_) => "waiting",
                        ToolCallStatus::Denied(_) => "denied",
                    },
                    result: call.output.map(|output| output.text),
                    duration_ms: call.duration_ms,
                    ran_as: call.ran_as,
                }),
                Part::Reasoning { .. } | Part::Attachment { .. } => {}
            }
        }
        Self {
            id: view.id.to_string(),
            parent: view.parent.map(|id| id.to_string()),
            turn: view.turn.map(|id| id.to_string()),
            author: match view.author {
                MessageAuthor::User => "user",
                MessageAuthor::Assistant => "assistant",
            },
            status,
            text: texts.join("\n\n"),
            tool_calls,
            error,
            created_at: view.created_at.to_string(),
        }
    }
}

impl From<ConversationView> for Conversation {
    fn from(view: ConversationView) -> Self {
        Self {
            id: view.id.to_string(),
            title: view.title,
            messages: view.messages.into_iter().map(Message::from).collect(),
        }
    }
}

/// One's own conversations, newest first, 30 a page; pinned ones come before, all on the first page.
#[utoipa::path(get, path = "/api/conversations", params(ListQuery), tag = "conversations", security(("bearer" = [])),
    responses((status = 200, body = ConversationList), (status = 401, description = "Not signed in")))]
pub async fn list(
    State(state): State<AppState>,
    api: ApiCaller,
    Query(query): Query<ListQuery>,
) -> Result<Json<ConversationList>, ApiError> {
    let page =
        state.backend.list_conversations(&api.caller, &api.tenant, query.folder, query.after.map(Cursor)).await?;
    let items = page.items.into_iter().map(ConversationItem::from);
    Ok(Json(ConversationList { items: items.collect(), next: page.next.map(|cursor| cursor.0) }))
}

/// The id in the path; one that is none is answered like one that does not exist.
fn conversation_id(raw: &str) -> Result<ConversationId, ApiError> {
    raw.parse().map_err(|_| AppError::NotFound.into())
}

/// One conversation: the last messages of its newest branch.
#[utoipa::path(get, path = "/api/conversations/{id}", params(("id" = String, Path)), tag = "conversations", security(("bearer" = [])),
    responses((status = 200, body = Conversation), (status = 404, description = "No such conversation of yours")))]
pub async fn get(
    State(state): State<AppState>,
    api: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Conversation>, ApiError> {
    let id = conversation_id(&id)?;
    let view = state.backend.open_conversation(&api.caller, &api.tenant, id, None).await?;
    Ok(Json(view.into()))
}

/// Renames, pins or archives a conversation: all of it or nothing.
#[utoipa::path(patch, path = "/api/conversations/{id}", params(("id" = String, Path)), request_body = ConversationChange,
    tag = "conversations", security(("bearer" = [])),
    responses(
        (status = 200, body = ConversationItem),
        (status = 404, description = "No such conversation of yours"),
        (status = 409, description = "Too many are pinned already"),
        (status = 422, description = "A field does not pass")))]
pub async fn change(
    State(state): State<AppState>,
    api: ApiCaller,
    Path(id): Path<String>,
    ApiJson(change): ApiJson<ConversationChange>,
) -> Result<Json<ConversationItem>, ApiError> {
    let id = conversation_id(&id)?;
    let changed = apply(&state, &api, id, change).await;
    let row = changed.map_err(|error| error.into_app(&api.caller.request_id))?;
    Ok(Json(row.into()))
}

async fn apply(
    state: &AppState,
    api: &ApiCaller,
    id: ConversationId,
    change: ConversationChange,
) -> Result<ConversationSummary, Error> {
    if change.pinned == Some(true) && change.archived == Some(true) {
        return Err(Error::invalid("pinned", "what is archived cannot be pinned"));
    }
    let scope = tenancy::enter(&state.db, &api.caller, &api.tenant).await?;
    let mut tx = state.db.begin(&scope).await?;
    if let Some(title) = &change.title {
        conversations::rename(&scope, &mut tx, id, title).await?;
    }
    if let Some(archived) = change.archived {
        conversations::archive(&scope, &mut tx, &[id], archived).await?;
    }
    if let Some(pinned) = change.pinned {
        conversations::pin(&scope, &mut tx, id, pinned).await?;
    }
    let row = conversations::summary(&scope, &mut tx, id).await?;
    tx.commit().await?;
    Ok(row)
}

/// Deletes a conversation. What it cost stays in the books.
#[utoipa::path(delete, path = "/api/conversations/{id}", params(("id" = String, Path)), tag = "conversations", security(("bearer" = [])),
    responses((status = 204), (status = 404, description = "No such conversation of yours")))]
pub async fn delete(
    State(state): State<AppState>,
    api: ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = conversation_id(&id)?;
    state.backend.delete_conversation(&api.caller, &api.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
