//! Files of the page, and what is answered when nothing else fits.

use std::{any::Any, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::config::LeptosOptions;
use tower::ServiceBuilder;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};
use tracing::Span;

use app::{error::AppError, model::Theme, plain};

use super::rest::ApiError;

/// The built page: compressed beforehand, and cached for ever where names carry a hash.
pub fn files(options: &LeptosOptions) -> Router {
    let folder = format!("{}/{}", options.site_root, options.site_pkg_dir);
    let caching = if options.hash_files { "public, max-age=31536000, immutable" } else { "no-cache" };
    let layers = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static(caching)));
    let service = layers.service(ServeDir::new(folder).precompressed_br().precompressed_gzip());
    Router::new().fallback_service(service)
}

/// Whether the caller is a program (JSON) or a person (a page).
fn wants_json(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/fn/") || path.starts_with("/.well-known/")
}

/// An error for whoever asked: JSON for programs, a page for people.
pub fn refusal(path: &str, error: AppError, request_id: &str) -> Response {
    if wants_json(path) {
        return ApiError(error).into_response();
    }
    let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = plain::ErrorPage {
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        message: error.to_string(),
        request_id: request_id.to_owned(),
        css_href: css_href().to_owned(),
        theme: Theme::System,
    };
    (status, axum::response::Html(plain::error(&page))).into_response()
}

/// Nothing here.
pub async fn not_found(request: Request) -> Response {
    refusal(request.uri().path(), AppError::NotFound, request_id(&request))
}

/// Something here, but not for this method.
pub async fn method_not_allowed(request: Request) -> Response {
    let message = format!("{} is not possible here.", request.method());
    let mut response = refusal(request.uri().path(), AppError::BadRequest { message }, request_id(&request));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// The id of a request, as `session::name_request` gave it.
pub fn request_id(request: &Request) -> &str {
    request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or("-")
}

/// A panic in a handler: a fault of ours, logged with its message, answered without it.
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(message, "a handler panicked");
    metrics::counter!("steward_panics_total").increment(1);
    ApiError(AppError::Internal { request_id: String::new() }).into_response()
}

/// One span per request, named by the route and never by the full address (which may carry a cursor or a token).
pub fn span(request: &Request) -> Span {
    tracing::info_span!("request", method = %request.method(), route = matched(request), request_id = request_id(request))
}

fn matched(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str)
}

pub fn log_response(response: &Response, latency: Duration, _: &Span) {
    tracing::debug!(status = response.status().as_u16(), latency_ms = latency.as_secs_f64() * 1000.0, "answered");
}

/// Counts and times every request by route and status.
pub async fn measure(request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let route = matched(&request).to_owned();
    let started = std::time::Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("steward_http_requests_total", "method" => method, "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!("steward_http_request_seconds", "route" => route).record(started.elapsed().as_secs_f64());
    response
}

static CSS_HREF: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Where the style sheet is, for pages outside the Leptos router.
pub fn css_href() -> &'static str {
    CSS_HREF.get().map_or("/pkg/steward.css", String::as_str)
}

/// Reads the style sheet's hashed name beside the program, as cargo-leptos writes it; once, at start.
pub fn find_css(options: &LeptosOptions) -> String {
    let hash = options.hash_files.then(|| css_hash(options)).flatten();
    let name = hash.map_or_else(|| options.output_name.to_string(), |hash| format!("{}.{hash}", options.output_name));
    let href = format!("/{}/{name}.css", options.site_pkg_dir);
    CSS_HREF.get_or_init(|| href).clone()
}

fn css_hash(options: &LeptosOptions) -> Option<String> {
    let beside_program = std::env::current_exe().ok()?.parent()?.join(options.hash_file.as_ref());
    let hashes = std::fs::read_to_string(beside_program).ok()?;
    hashes.lines().find_map(|line| line.trim().strip_prefix("css:").map(|hash| hash.trim().to_owned()))
}
