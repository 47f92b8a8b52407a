//! Lists of models. `/v1/models` is Anthropic's when the request says so by its version header, and `OpenAI`'s otherwise.

use axum::{
    Json,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Recorded, Shared,
    calls::{Caller, refusal},
    choice::queued_or_nothing,
};
use crate::{
    formats::Format,
    request::{Kind, Request, invalid},
    script::ApiError,
    socket::Knife,
};

/// Anthropic's page of a list.
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    after_id: Option<String>,
}

fn format_of(headers: &HeaderMap) -> Format {
    if headers.contains_key("anthropic-version") { Format::Anthropic } else { Format::OpenAi }
}

/// `GET /v1/models`
pub(super) async fn list(
    State(shared): State<Shared>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Query(page): Query<Page>,
) -> Response {
    let format = format_of(&headers);
    let caller = Caller { shared: &shared, knife: &knife, method: &method, uri: &uri, headers: &headers, body: b"" };
    let checked = format.check_key(&headers).map(|()| Request::other(format, Kind::List));
    if let Err(response) = caller.admit(format, checked, queued_or_nothing(&shared)).await {
        return response;
    }
    let names = shared.models(format);
    if format == Format::OpenAi {
        let data: Vec<Value> = names.iter().map(|name| format.model(name)).collect();
        return Json(json!({"object": "list", "data": data})).into_response();
    }
    match anthropic_page(&names, &page) {
        Ok(list) => Json(list).into_response(),
        Err(error) => refusal(&error, format),
    }
}

fn anthropic_page(names: &[String], page: &Page) -> Result<Value, ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(invalid("limit: Input should be between 1 and 1000"));
    }
    let from = match &page.after_id {
        None => 0,
        Some(after) => names.iter().position(|name| name == after).ok_or_else(|| invalid("after_id: not found"))? + 1,
    };
    let rest = &names[from..];
    let shown = &rest[..rest.len().min(limit)];
    let data: Vec<Value> = shown.iter().map(|name| Format::Anthropic.model(name)).collect();
    Ok(json!({"data": data, "has_more": shown.len() < rest.len(), "first_id": shown.first(), "last_id": shown.last()}))
}

/// `GET /v1/models/{id}`
pub(super) async fn one(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let format = format_of(&headers);
    let found = format.check_key(&headers).and_then(|()| {
        let is_known = shared.models(format).contains(&id);
        let missing = || ApiError::new(404, "not_found_error", &format!("model: {id}")).code("model_not_found");
        if is_known { Ok(format.model(&id)) } else { Err(missing()) }
    });
    let status = found.as_ref().err().map_or(200, |error| error.status);
    shared.lock().records.push(Recorded::new(&method, &uri, &headers, b"", status));
    found.map_or_else(|error| refusal(&error, format), |model| Json(model).into_response())
}

/// `GET /api/tags`
pub(super) async fn tags(
    State(shared): State<Shared>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let caller = Caller { shared: &shared, knife: &knife, method: &method, uri: &uri, headers: &headers, body: b"" };
    let request = Request::other(Format::Ollama, Kind::List);
    if let Err(response) = caller.admit(Format::Ollama, Ok(request), queued_or_nothing(&shared)).await {
        return response;
    }
    let models: Vec<Value> = shared.models(Format::Ollama).iter().map(|name| Format::Ollama.model(name)).collect();
    Json(json!({"models": models})).into_response()
}

/// `GET /api/version`
pub(super) async fn version(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let status = StatusCode::OK;
    shared.lock().records.push(Recorded::new(&method, &uri, &headers, b"", status.as_u16()));
    Json(json!({"version": "0.13.0"})).into_response()
}
