//! LiteLLM's administration, the part that its clients use most: teams, keys, people, spending, health; in its shapes, of
//! the tenant of an administrator's key alone.
//!
//! What differs, and is said where it matters: a team is a group of the tenant; `30d` is a calendar month of the tenant's,
//! `7d` a calendar week, `1d` a day; rates of a team are those of each key made for it; money is exact ([`money`]); what
//! cannot be kept is refused in words and never ignored ([`body::Body::refuse`]).

mod administrator;
mod body;
mod keys;
mod money;
mod shapes;
mod spend;
mod teams;

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::answer;
use crate::{
    error::Error,
    gateway::Refusal,
    http::routes::{Listed, Policy},
    models::wire::{WireError, WireErrorKind},
    state::AppState,
};

/// The routes; their rows in the table are [`listed`].
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/team/new", post(teams::make))
        .route("/team/update", post(teams::update))
        .route("/team/member_add", post(teams::member_add))
        .route("/team/list", get(teams::list))
        .route("/team/info", get(teams::info))
        .route("/key/generate", post(keys::generate))
        .route("/key/info", get(keys::info))
        .route("/user/info", get(keys::user))
        .route("/spend/logs", get(spend::logs))
        .route("/health/liveliness", get(alive))
        .route("/health/readiness", get(ready))
}

/// The rows of [`routes`].
#[must_use]
pub fn listed() -> Vec<Listed> {
    let row = |method: Method, path: &str, policy: Policy| Listed { method, path: path.to_owned(), policy };
    let posts = ["/team/new", "/team/update", "/team/member_add", "/key/generate"];
    let gets = ["/team/list", "/team/info", "/key/info", "/user/info", "/spend/logs"];
    let mut rows: Vec<Listed> = posts.iter().map(|path| row(Method::POST, path, Policy::Key)).collect();
    rows.extend(gets.iter().map(|path| row(Method::GET, path, Policy::Key)));
    rows.extend(["/health/liveliness", "/health/readiness"].map(|path| row(Method::GET, path, Policy::Public)));
    rows
}

/// `GET /health/liveliness`.
async fn alive() -> Response {
    json("\"I'm alive!\"".to_owned())
}

/// `GET /health/readiness`.
async fn ready(State(state): State<AppState>) -> Response {
    if crate::http::health::readyz(State(state)).await.status() == StatusCode::OK {
        return json(r#"{"status":"healthy","db":"connected"}"#.to_owned());
    }
    let body = r#"{"status":"unhealthy","db":"Not connected"}"#.to_owned();
    (StatusCode::SERVICE_UNAVAILABLE, json(body)).into_response()
}

/// What a handler comes to: a JSON text, or why not.
type Answer = Result<String, Refusal>;

fn json(text: String) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error of ours in OpenAI's words, as LiteLLM's are.
fn worded(error: Error) -> Refusal {
    match error {
        Error::Conflict(message) => WireError::new(WireErrorKind::InvalidRequest, message).into(),
        other => answer::worded(other, "").into(),
    }
}
