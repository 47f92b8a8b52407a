//! Addresses with a profile in them: a client that knows one base URL comes under it.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{FromRequestParts as _, RawPathParams, State},
    http::{HeaderMap, request::Parts},
    response::Response,
};

use super::{answer, auth};
use crate::{
    db::profile::Profile,
    error::Error,
    http::session::RequestId,
    identity::api_keys::KeyHolder,
    models::wire::{WireError, WireErrorKind, WireFormat},
    state::AppState,
};

/// The profile an address names; `None`: it names none.
pub(super) async fn slug(parts: &mut Parts) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    slug_in(&params)
}

/// As [`slug`], where the parts of the address are known.
pub(super) fn slug_in(params: &RawPathParams) -> Option<String> {
    params.iter().find(|(name, _)| *name == "profile").map(|(_, slug)| slug.to_owned())
}

/// The profile a request comes under.
pub(super) async fn of(
    state: &AppState,
    holder: &KeyHolder,
    slug: Option<&str>,
    request_id: &str,
) -> Result<Option<Arc<Profile>>, WireError> {
    state.gateway.profile(holder, slug).await.map_err(|error| match (error, slug) {
        (Error::NotFound, Some(slug)) => {
            let slug: String = slug.chars().filter(|c| !c.is_control()).take(100).collect();
            WireError::new(WireErrorKind::NotFound, format!("There is no profile \"{slug}\" here."))
        }
        (Error::NotFound, None) => {
            WireError::new(WireErrorKind::NotFound, "The profile this key is bound to is not there any more.")
        }
        (other, _) => answer::worded(other, request_id),
    })
}

/// What is not offered under a profile in OpenAI's format.
pub async fn no_openai(state: State<AppState>, id: Extension<RequestId>, headers: HeaderMap) -> Response {
    nothing(WireFormat::OpenAi, state, id, headers).await
}

/// As [`no_openai`], in Anthropic's.
pub async fn no_anthropic(state: State<AppState>, id: Extension<RequestId>, headers: HeaderMap) -> Response {
    nothing(WireFormat::Anthropic, state, id, headers).await
}

/// As [`no_openai`], in Ollama's.
pub async fn no_ollama(state: State<AppState>, id: Extension<RequestId>, headers: HeaderMap) -> Response {
    nothing(WireFormat::Ollama, state, id, headers).await
}

async fn nothing(
    format: WireFormat,
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    let error = match auth::asking(&state, &headers, &id).await {
        Ok(_) => {
            let message = format!("There is no such address in {}'s format under a profile.", format.name());
            WireError::new(WireErrorKind::NotFound, message)
        }
        Err(error) => error,
    };
    answer::refused(format, &id, error)
}
