//! Files of the page, and what is answered when nothing else fits.

use std::{any::Any, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use leptos::config::LeptosOptions;
use tower::ServiceBuilder;
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};
use tracing::Span;

use app::error::AppError;

use super::{answer, gateway, session};

/// The built page: compressed beforehand, and cached for ever where names carry a hash.
pub fn files(options: &LeptosOptions) -> Router {
    let folder = format!("{}/{}", options.site_root, options.site_pkg_dir);
    let caching = if options.hash_files { "public, max-age=31536000, immutable" } else { "no-cache" };
    let layers = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static(caching)));
    let service = layers.service(ServeDir::new(folder).precompressed_br().precompressed_gzip());
    Router::new().fallback_service(service)
}

/// Files whose addresses are fixed by custom or by the manifest.
const CUSTOMARY: [&str; 8] = [
    "copy.js",
    "favicon.svg",
    "robots.txt",
    "manifest.webmanifest",
    "icon-192.png",
    "icon-512.png",
    "icon-maskable-512.png",
    "apple-touch-icon.png",
];

/// Files whose addresses are fixed: kept for a day, since a new one has the same address.
pub fn customary_files(options: &LeptosOptions) -> Router {
    let day = HeaderValue::from_static("public, max-age=86400");
    let file = |name: &str| ServeFile::new(format!("{}/{name}", options.site_root));
    let files = CUSTOMARY.iter().fold(Router::new(), |router, name| {
        let path = format!("/{name}");
        if name.ends_with(".webmanifest") {
            // Not known to every table of types.
            let mime = HeaderValue::from_static("application/manifest+json");
            let typed = SetResponseHeaderLayer::overriding(header::CONTENT_TYPE, mime);
            return router.route_service(&path, ServiceBuilder::new().layer(typed).service(file(name)));
        }
        router.route_service(&path, file(name))
    });
    files.layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, day))
}

/// Nothing here.
pub async fn not_found(request: Request) -> Response {
    if let Some(format) = gateway::format_of(&request) {
        return gateway::no_such_address(format, &request);
    }
    refusal(&request, StatusCode::NOT_FOUND, &AppError::NotFound)
}

/// Something here, but not for this method.
pub async fn method_not_allowed(request: Request) -> Response {
    let error = AppError::invalid("", format!("{} is not possible here.", request.method()));
    refusal(&request, StatusCode::METHOD_NOT_ALLOWED, &error)
}

/// An error in the form its reader understands.
pub fn refusal(request: &Request, status: StatusCode, error: &AppError) -> Response {
    let request_id = session::id_of(request.extensions());
    let frame = session::frame_of(css_href(), request.extensions(), request.headers());
    answer::error(request.uri().path(), frame, &request_id, status, error)
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
    answer::json(StatusCode::INTERNAL_SERVER_ERROR, &AppError::Internal { request_id: String::new() })
}

/// One span per request, named by the route and never by the full address (which may carry a cursor or a token).
pub fn span(request: &Request) -> Span {
    tracing::info_span!("request", method = %request.method(), route = matched(request), request_id = session::id_of(request.extensions()))
}

fn matched(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str)
}

pub fn log_response(response: &Response, latency: Duration, _: &Span) {
    tracing::debug!(status = response.status().as_u16(), latency_ms = latency.as_secs_f64() * 1000.0, "answered");
}

/// Counts and times every request by route and status.
pub async fn measure(request: Request, next: Next) -> Response {
    // Any word may be a method: as labels those would be series without end.
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let route = matched(&request).to_owned();
    let started = std::time::Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("steward_http_requests_total", "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
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
