//! `POST /v1/messages/count_tokens`: how many input tokens a message has (Anthropic, "Count tokens in a Message").

use axum::{
    Extension,
    extract::{Request, State},
    response::Response,
};

use super::{answer, chat};
use crate::{
    gateway::{Refusal, Reply},
    http::session::RequestId,
    models::wire::WireFormat,
    state::AppState,
};

/// Asks Anthropic for its models; for other providers' it answers an upper bound.
pub async fn count(State(state): State<AppState>, Extension(id): Extension<RequestId>, request: Request) -> Response {
    match counted(&state, &id.0, request).await {
        Ok(reply) => answer::reply(WireFormat::Anthropic, &id.0, reply),
        Err(refusal) => answer::refused(WireFormat::Anthropic, &id.0, refusal),
    }
}

async fn counted(state: &AppState, request_id: &str, request: Request) -> Result<Reply, Refusal> {
    let incoming = chat::incoming(WireFormat::Anthropic, state, request_id, request).await?;
    state.gateway.count_tokens(&state.db, incoming).await
}
