//! Which models a key may ask, in the shapes of OpenAI ("List models"), Anthropic ("List Models") and Ollama ("List local
//! models").

use axum::{
    Json,
    extract::{FromRequestParts, RawPathParams, rejection::RawPathParamsRejection},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{answer, auth, profile};
use crate::{
    gateway::Offered,
    http::session,
    models::wire::{WireError, WireErrorKind, WireFormat},
    state::AppState,
};

/// When the models were made is not known; clients want a time.
const SINCE_S: i64 = 1_767_225_600;
const SINCE: &str = "2026-01-01T00:00:00Z";

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

/// A question for models: an extractor.
pub struct Asked {
    state: AppState,
    request_id: String,
    params: RawPathParams,
    headers: HeaderMap,
}

impl FromRequestParts<AppState> for Asked {
    type Rejection = RawPathParamsRejection;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self {
            state: state.clone(),
            request_id: session::id_of(&parts.extensions),
            params: RawPathParams::from_request_parts(parts, state).await?,
            headers: parts.headers.clone(),
        })
    }
}

impl Asked {
    /// Where the address does not say it, Anthropic's clients do.
    fn format(&self) -> WireFormat {
        if self.headers.contains_key("anthropic-version") { WireFormat::Anthropic } else { WireFormat::OpenAi }
    }

    /// All models that the key may ask.
    async fn all(&self, format: WireFormat) -> Result<Vec<Value>, WireError> {
        let Self { state, request_id, params, headers } = self;
        let asking = auth::asking(state, headers, request_id).await?;
        let profile = profile::of(state, &asking.holder, profile::slug_in(params).as_deref(), request_id).await?;
        let offered = state.gateway.offered(&asking.holder, profile.as_deref());
        Ok(offered.map(|offered| shown(format, offered)).collect())
    }
}

/// `GET /v1/models`.
pub async fn list(asked: Asked) -> Response {
    list_as(asked.format(), asked).await
}

/// `GET /v1/openai/{profile}/models`.
pub async fn list_openai(asked: Asked) -> Response {
    list_as(WireFormat::OpenAi, asked).await
}

/// `GET /v1/anthropic/{profile}/models`.
pub async fn list_anthropic(asked: Asked) -> Response {
    list_as(WireFormat::Anthropic, asked).await
}

async fn list_as(format: WireFormat, asked: Asked) -> Response {
    let data = match asked.all(format).await {
        Ok(data) => data,
        Err(error) => return answer::refused(format, &asked.request_id, error),
    };
    if format == WireFormat::OpenAi {
        return Json(json!({"object": "list", "data": data})).into_response();
    }
    let end = |value: Option<&Value>| value.and_then(|value| value.get("id")).cloned().unwrap_or_default();
    let (first, last) = (end(data.first()), end(data.last()));
    Json(json!({"data": data, "has_more": false, "first_id": first, "last_id": last})).into_response()
}

/// `GET /v1/models/{id}`.
pub async fn one(asked: Asked) -> Response {
    one_as(asked.format(), asked).await
}

/// `GET /v1/openai/{profile}/models/{id}`.
pub async fn one_openai(asked: Asked) -> Response {
    one_as(WireFormat::OpenAi, asked).await
}

/// `GET /v1/anthropic/{profile}/models/{id}`.
pub async fn one_anthropic(asked: Asked) -> Response {
    one_as(WireFormat::Anthropic, asked).await
}

async fn one_as(format: WireFormat, asked: Asked) -> Response {
    let wanted = asked.params.iter().find(|(name, _)| *name == "id").map(|(_, wanted)| wanted).unwrap_or_default();
    let found = asked.all(format).await.and_then(|data| {
        let model = data.into_iter().find(|model| model.get("id").and_then(Value::as_str) == Some(wanted));
        model.ok_or_else(|| {
            let wanted: String = wanted.chars().filter(|c| !c.is_control()).take(100).collect();
            WireError::new(WireErrorKind::NotFound, format!("There is no model \"{wanted}\" here."))
        })
    });
    match found {
        Ok(model) => Json(model).into_response(),
        Err(error) => answer::refused(format, &asked.request_id, error),
    }
}

/// `GET /ollama/api/tags`.
pub async fn tags(asked: Asked) -> Response {
    match asked.all(WireFormat::Ollama).await {
        Ok(models) => Json(json!({"models": models})).into_response(),
        Err(error) => answer::refused(WireFormat::Ollama, &asked.request_id, error),
    }
}

/// `GET /ollama/api/version`: clients look whether somebody is there.
pub async fn version(asked: Asked) -> Response {
    match asked.all(WireFormat::Ollama).await {
        Ok(_) => Json(json!({"version": "0.12.0"})).into_response(),
        Err(error) => answer::refused(WireFormat::Ollama, &asked.request_id, error),
    }
}
