//! Which models a key may ask, in the shapes of OpenAI ("List models"), Anthropic ("List Models") and Ollama ("List local
//! models").

use axum::{
    Extension, Json,
    extract::{RawPathParams, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{answer, auth, profile};
use crate::{
    gateway::Offered,
    http::session::RequestId,
    models::wire::{WireError, WireErrorKind, WireFormat},
    state::AppState,
};

/// When the models were made is not known; clients want a time.
const SINCE_S: i64 = 1_767_225_600;
const SINCE: &str = "2026-01-01T00:00:00Z";

/// Anthropic's clients say so.
fn format_of(headers: &HeaderMap) -> WireFormat {
    if headers.contains_key("anthropic-version") { WireFormat::Anthropic } else { WireFormat::OpenAi }
}

fn shown(format: WireFormat, offered: &Offered) -> Value {
    let model = &offered.model;
    match format {
        WireFormat::OpenAi => {
            json!({"id": model.id.0, "object": "model", "created": SINCE_S, "owned_by": model.provider.as_str()})
        }
        WireFormat::Anthropic => {
            json!({"type": "model", "id": model.id.0, "display_name": model.name, "created_at": SINCE})
        }
        WireFormat::Ollama => json!({
            "name": model.id.0, "model": model.id.0, "modified_at": SINCE, "size": 0, "digest": "",
            "details": {"format": "", "family": model.provider.as_str(), "families": null, "parameter_size": "",
                "quantization_level": ""},
        }),
    }
}

async fn all(
    state: &AppState,
    format: WireFormat,
    headers: &HeaderMap,
    params: &RawPathParams,
    id: &str,
) -> Result<Vec<Value>, WireError> {
    let asking = auth::asking(state, headers, id).await?;
    let profile = profile::of(state, &asking.holder, profile::slug_in(params).as_deref(), id).await?;
    let offered = state.gateway.offered(&asking.holder, profile.as_deref());
    Ok(offered.map(|offered| shown(format, offered)).collect())
}

/// `GET /v1/models`.
pub async fn list(
    state: State<AppState>,
    id: Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    list_as(format_of(&headers), state, id, params, headers).await
}

/// `GET /v1/openai/{profile}/models`.
pub async fn list_openai(
    state: State<AppState>,
    id: Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    list_as(WireFormat::OpenAi, state, id, params, headers).await
}

/// `GET /v1/anthropic/{profile}/models`.
pub async fn list_anthropic(
    state: State<AppState>,
    id: Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    list_as(WireFormat::Anthropic, state, id, params, headers).await
}

async fn list_as(
    format: WireFormat,
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    let data = match all(&state, format, &headers, &params, &id).await {
        Ok(data) => data,
        Err(error) => return answer::refused(format, &id, error),
    };
    if format == WireFormat::OpenAi {
        return Json(json!({"object": "list", "data": data})).into_response();
    }
    let end = |value: Option<&Value>| value.and_then(|value| value.get("id")).cloned().unwrap_or_default();
    let (first, last) = (end(data.first()), end(data.last()));
    Json(json!({"data": data, "has_more": false, "first_id": first, "last_id": last})).into_response()
}

/// `GET /v1/models/{id}`.
pub async fn one(
    state: State<AppState>,
    id: Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    one_as(format_of(&headers), state, id, params, headers).await
}

/// `GET /v1/openai/{profile}/models/{id}`.
pub async fn one_openai(
    state: State<AppState>,
    id: Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    one_as(WireFormat::OpenAi, state, id, params, headers).await
}

/// `GET /v1/anthropic/{profile}/models/{id}`.
pub async fn one_anthropic(
    state: State<AppState>,
    id: Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    one_as(WireFormat::Anthropic, state, id, params, headers).await
}

async fn one_as(
    format: WireFormat,
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    let wanted = params.iter().find(|(name, _)| *name == "id").map(|(_, wanted)| wanted).unwrap_or_default();
    let found = all(&state, format, &headers, &params, &id).await.and_then(|data| {
        let model = data.into_iter().find(|model| model.get("id").and_then(Value::as_str) == Some(wanted));
        model.ok_or_else(|| {
            let wanted: String = wanted.chars().filter(|c| !c.is_control()).take(100).collect();
            WireError::new(WireErrorKind::NotFound, format!("There is no model \"{wanted}\" here."))
        })
    });
    match found {
        Ok(model) => Json(model).into_response(),
        Err(error) => answer::refused(format, &id, error),
    }
}

/// `GET /ollama/api/tags`.
pub async fn tags(
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    match all(&state, WireFormat::Ollama, &headers, &params, &id).await {
        Ok(models) => Json(json!({"models": models})).into_response(),
        Err(error) => answer::refused(WireFormat::Ollama, &id, error),
    }
}

/// `GET /ollama/api/version`: clients look whether somebody is there.
pub async fn version(
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Response {
    match all(&state, WireFormat::Ollama, &headers, &params, &id).await {
        Ok(_) => Json(json!({"version": "0.12.0"})).into_response(),
        Err(error) => answer::refused(WireFormat::Ollama, &id, error),
    }
}
