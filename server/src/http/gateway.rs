//! The gateway over HTTP: OpenAI's and Anthropic's addresses under `/v1`, Ollama's under `/ollama`. The same again with
//! the format and a profile before them (`/v1/openai/{profile}`, `/v1/anthropic/{profile}`, `/ollama/{profile}`): what a
//! client is given as its base URL. Anthropic's SDK adds `/v1` to that by itself, so it may be there or not.
//!
//! Beside them LiteLLM's administration ([`litellm`]).
//!
//! These routes know no cookie and no page: who asks is who holds the key ([`auth`]). Every error, also of what comes
//! before a handler, is in the client's own format ([`answer`]).

mod answer;
mod auth;
mod chat;
mod count_tokens;
mod elsewhere;
mod litellm;
mod models;
mod profile;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    routing::{any, get, post},
};

pub use elsewhere::{format_of, no_such_address};

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
        .route("/v1/openai/{profile}/chat/completions", post(chat::openai))
        .route("/v1/openai/{profile}/models", get(models::list_openai))
        .route("/v1/openai/{profile}/models/{id}", get(models::one_openai))
        .route("/v1/openai/{profile}/{*other}", any(profile::no_openai))
        .route("/v1/anthropic/{profile}/messages", post(chat::anthropic))
        .route("/v1/anthropic/{profile}/v1/messages", post(chat::anthropic))
        .route("/v1/anthropic/{profile}/messages/count_tokens", post(count_tokens::count))
        .route("/v1/anthropic/{profile}/v1/messages/count_tokens", post(count_tokens::count))
        .route("/v1/anthropic/{profile}/models", get(models::list_anthropic))
        .route("/v1/anthropic/{profile}/v1/models", get(models::list_anthropic))
        .route("/v1/anthropic/{profile}/models/{id}", get(models::one_anthropic))
        .route("/v1/anthropic/{profile}/v1/models/{id}", get(models::one_anthropic))
        .route("/v1/anthropic/{profile}/{*other}", any(profile::no_anthropic))
        .route("/ollama/{profile}/api/chat", post(chat::ollama))
        .route("/ollama/{profile}/api/tags", get(models::tags))
        .route("/ollama/{profile}/api/version", get(models::version))
        .route("/ollama/{profile}/{*other}", any(profile::no_ollama))
        .route("/v1/ollama/{profile}/api/chat", post(chat::ollama))
        .route("/v1/ollama/{profile}/api/tags", get(models::tags))
        .route("/v1/ollama/{profile}/api/version", get(models::version))
        .route("/v1/ollama/{profile}/{*other}", any(profile::no_ollama))
        .merge(litellm::routes())
        .method_not_allowed_fallback(elsewhere::wrong_method)
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
        row(Method::POST, "/v1/openai/{profile}/chat/completions"),
        row(Method::GET, "/v1/openai/{profile}/models"),
        row(Method::GET, "/v1/openai/{profile}/models/{id}"),
        row(Method::POST, "/v1/openai/{profile}/{*other}"),
        row(Method::POST, "/v1/anthropic/{profile}/messages"),
        row(Method::POST, "/v1/anthropic/{profile}/v1/messages"),
        row(Method::POST, "/v1/anthropic/{profile}/messages/count_tokens"),
        row(Method::POST, "/v1/anthropic/{profile}/v1/messages/count_tokens"),
        row(Method::GET, "/v1/anthropic/{profile}/models"),
        row(Method::GET, "/v1/anthropic/{profile}/v1/models"),
        row(Method::GET, "/v1/anthropic/{profile}/models/{id}"),
        row(Method::GET, "/v1/anthropic/{profile}/v1/models/{id}"),
        row(Method::POST, "/v1/anthropic/{profile}/{*other}"),
        row(Method::POST, "/ollama/{profile}/api/chat"),
        row(Method::GET, "/ollama/{profile}/api/tags"),
        row(Method::GET, "/ollama/{profile}/api/version"),
        row(Method::POST, "/ollama/{profile}/{*other}"),
        row(Method::POST, "/v1/ollama/{profile}/api/chat"),
        row(Method::GET, "/v1/ollama/{profile}/api/tags"),
        row(Method::GET, "/v1/ollama/{profile}/api/version"),
        row(Method::POST, "/v1/ollama/{profile}/{*other}"),
    ];
    rows.extend(litellm::listed());
    rows
}
