//! The gateway over HTTP: OpenAI's and Anthropic's addresses under `/v1`, Ollama's under `/ollama`.
//!
//! Beside them LiteLLM's administration ([`litellm`]).
//!
//! These routes know no cookie and no page: who asks is who holds the key ([`auth`]). Every error, also of what comes
//! before a handler, is in the client's own format ([`answer`]).

mod answer;
mod auth;
mod chat;
mod count_tokens;
mod litellm;
mod models;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    routing::{get, post},
};

use super::routes::{Listed, Policy};
use crate::state::AppState;

/// Most bytes of a request: pictures in base64 are large.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The routes; their rows in the table are [`listed`].
pub fn routes(state: &AppState) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::openai))
        .route("/v1/messages", post(chat::anthropic))
        .route("/v1/messages/count_tokens", post(count_tokens::count))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{id}", get(models::one))
        .route("/ollama/api/chat", post(chat::ollama))
        .route("/ollama/api/tags", get(models::tags))
        .route("/ollama/api/version", get(models::version))
        .merge(litellm::routes())
        // Read by hand, so that what is too large is refused in the client's format.
        .layer(DefaultBodyLimit::disable())
        .with_state(state.clone())
}

/// The rows of [`routes`].
#[must_use]
pub fn listed() -> Vec<Listed> {
    let row = |method: Method, path: &str| Listed { method, path: path.to_owned(), policy: Policy::Key };
    let mut rows = vec![
        row(Method::POST, "/v1/chat/completions"),
        row(Method::POST, "/v1/messages"),
        row(Method::POST, "/v1/messages/count_tokens"),
        row(Method::GET, "/v1/models"),
        row(Method::GET, "/v1/models/{id}"),
        row(Method::POST, "/ollama/api/chat"),
        row(Method::GET, "/ollama/api/tags"),
        row(Method::GET, "/ollama/api/version"),
    ];
    rows.extend(litellm::listed());
    rows
}
