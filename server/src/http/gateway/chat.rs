//! Asking a model: one handler for all formats, which differ in their addresses alone.

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;

use super::{MAX_BODY_BYTES, answer, auth, profile};
use crate::{
    gateway::{Incoming, Refusal, Reply, profile::under},
    http::session::RequestId,
    models::wire::{WireError, WireErrorKind, WireFormat, WireRequest},
    state::AppState,
};

/// To send a body.
const READ_WITHIN: Duration = Duration::from_secs(60);

/// `POST /v1/chat/completions`, and under a profile.
pub async fn openai(state: State<AppState>, id: Extension<RequestId>, request: Request) -> Response {
    chat(WireFormat::OpenAi, state, id, request).await
}

/// `POST /v1/messages`, and under a profile.
pub async fn anthropic(state: State<AppState>, id: Extension<RequestId>, request: Request) -> Response {
    chat(WireFormat::Anthropic, state, id, request).await
}

/// `POST /ollama/api/chat`, and under a profile.
pub async fn ollama(state: State<AppState>, id: Extension<RequestId>, request: Request) -> Response {
    chat(WireFormat::Ollama, state, id, request).await
}

async fn chat(
    format: WireFormat,
    State(state): State<AppState>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response {
    match asked(format, &state, &id.0, request).await {
        Ok(reply) => answer::reply(format, &id.0, reply),
        Err(refusal) => answer::refused(format, &id.0, refusal),
    }
}

async fn asked(format: WireFormat, state: &AppState, request_id: &str, request: Request) -> Result<Reply, Refusal> {
    state.gateway.chat(incoming(format, state, request_id, request).await?).await
}

/// A request, once it is known who asks what, and under which profile.
pub(super) async fn incoming(
    format: WireFormat,
    state: &AppState,
    request_id: &str,
    request: Request,
) -> Result<Incoming, Refusal> {
    let (mut parts, body) = request.into_parts();
    // Before anything is read: strangers have nothing to say.
    let asking = auth::asking(state, &parts.headers, request_id).await?;
    let slug = profile::slug(&mut parts).await;
    let profile = Box::pin(profile::of(state, &asking.holder, slug.as_deref(), request_id)).await?;
    let bytes = read(&parts.headers, body).await?;
    let request = WireRequest::parse(format, bytes).map_err(WireError::from)?;
    let request = match &profile {
        Some(profile) => under(profile, request)?,
        None => request,
    };
    Ok(Incoming {
        profile,
        holder: asking.holder,
        scope: asking.scope,
        request,
        request_id: request_id.to_owned(),
        headers: passed_on(format, &parts.headers),
    })
}

/// Headers that mean something to the provider: nothing else of the client's goes there.
fn passed_on(format: WireFormat, headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    if format != WireFormat::Anthropic {
        return Vec::new();
    }
    let names = ["anthropic-version", "anthropic-beta"].map(HeaderName::from_static);
    let all = names.iter().flat_map(|name| headers.get_all(name).iter().map(|value| (name.clone(), value.clone())));
    all.collect()
}

pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, WireError> {
    let too_large = || {
        let message = format!("The request is larger than {} MB.", MAX_BODY_BYTES / 1024 / 1024);
        WireError::new(WireErrorKind::TooLarge, message)
    };
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY_BYTES) {
        Box::pin(crate::http::limits::discard_refused(body)).await;
        return Err(too_large());
    }
    let reading = axum::body::to_bytes(body, MAX_BODY_BYTES);
    let read = tokio::time::timeout(READ_WITHIN, reading).await;
    let read = read.map_err(|_| WireError::new(WireErrorKind::Timeout, "The request was not sent in time."))?;
    read.map_err(|_| too_large())
}
