//! `POST /api/chat`: ask, and get the whole answer as JSON, or its events as they happen (`Accept: text/event-stream`).

use app::model::{ConversationId, MessageId, MessageText, StartTurn, TurnKey, TurnUsage};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiCaller, ApiError,
    conversations::Message,
    usage::{TokenCounts, quality_word},
};
use crate::{
    conversations,
    error::Error,
    http::{limits::ApiJson, turn_events},
    state::AppState,
    tenancy,
};

/// A question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatRequest {
    /// Goes on in this conversation; absent: a new one.
    #[schema(value_type = Option<String>)]
    conversation: Option<ConversationId>,
    /// The message this follows; absent: the newest of the conversation.
    #[schema(value_type = Option<String>)]
    parent: Option<MessageId>,
    /// 1 byte to 256 KiB.
    #[schema(value_type = String)]
    message: MessageText,
    /// Idempotency key (a UUID): the same key never asks twice.
    #[schema(value_type = Option<String>)]
    key: Option<TurnKey>,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub struct ChatResponse {
    pub conversation: String,
    pub turn: String,
    pub message: Message,
    pub usage: Option<ChatUsage>,
}

/// What the answer used, tool steps and title included.
#[derive(Serialize, ToSchema)]
pub struct ChatUsage {
    pub tokens: TokenCounts,
    pub cost_pico_usd: i64,
    pub quality: &'static str,
    pub model_calls: i64,
    pub duration_ms: i64,
}

impl From<TurnUsage> for ChatUsage {
    fn from(usage: TurnUsage) -> Self {
        Self {
            tokens: usage.tokens.into(),
            cost_pico_usd: usage.cost.0,
            quality: quality_word(usage.quality),
            model_calls: usage.calls,
            duration_ms: usage.duration_ms,
        }
    }
}

/// Asks the assistant.
#[utoipa::path(post, path = "/api/chat", request_body = ChatRequest, tag = "chat", security(("bearer" = [])),
    responses(
        (status = 200, body = ChatResponse, description = "The whole answer; with `Accept: text/event-stream` its events"),
        (status = 402, description = "The budget is used up; nothing was sent"),
        (status = 404, description = "No such conversation of yours"),
        (status = 422, description = "The message or another field does not pass"),
        (status = 429, description = "Too much at once; see `Retry-After`")))]
pub async fn chat(
    State(state): State<AppState>,
    api: ApiCaller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<ChatRequest>,
) -> Result<Response, ApiError> {
    let wants_events =
        headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/event-stream"));
    let followers = state.events();
    // Before anything is asked: what cannot be followed would be paid for in vain.
    let counted = if wants_events { followers.open.open(api.caller.user) } else { None };
    if wants_events && counted.is_none() {
        return Ok(turn_events::too_many());
    }
    let parent = match (body.conversation, body.parent) {
        (Some(conversation), None) => {
            let newest = newest_message(&state, &api, conversation).await;
            newest.map_err(|error| error.into_app(&api.caller.request_id))?
        }
        (_, parent) => parent,
    };
    let start = StartTurn {
        conversation: body.conversation,
        parent,
        text: Some(body.message),
        attachments: vec![],
        model: None,
        key: body.key.unwrap_or_else(|| state.world.id()),
    };
    let started = state.backend.start_turn(&api.caller, &api.tenant, start).await?;

    if let Some(counted) = counted {
        let response = turn_events::stream(&followers, &api.caller, &api.tenant, started.turn, 0, counted).await;
        return response.map_err(|error| error.into_app(&api.caller.request_id).into());
    }

    let request_id = &api.caller.request_id;
    let scope = tenancy::enter(&state.db, &api.caller, &api.tenant).await.map_err(|e| e.into_app(request_id))?;
    let events = state.turns.follow(&scope, started.turn, 0).await.map_err(|e| e.into_app(request_id))?;
    let mut events = std::pin::pin!(events);
    while let Some(envelope) = events.next().await {
        if envelope.event.is_terminal() {
            break;
        }
    }
    let view = state
        .backend
        .open_conversation(&api.caller, &api.tenant, started.conversation, Some(started.assistant_message))
        .await?;
    let message =
        view.messages.into_iter().find(|m| m.id == started.assistant_message).ok_or(app::error::AppError::NotFound)?;
    let usage = message.usage.map(ChatUsage::from);
    Ok(Json(ChatResponse {
        conversation: started.conversation.to_string(),
        turn: started.turn.to_string(),
        message: message.into(),
        usage,
    })
    .into_response())
}

/// The message written last: by its id alone, nothing of the conversation is read for it.
async fn newest_message(
    state: &AppState,
    api: &ApiCaller,
    conversation: ConversationId,
) -> Result<Option<MessageId>, Error> {
    let scope = tenancy::enter(&state.db, &api.caller, &api.tenant).await?;
    let mut tx = state.db.read(&scope).await?;
    conversations::newest_message(&scope, &mut tx, conversation).await
}
