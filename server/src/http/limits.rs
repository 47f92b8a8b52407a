//! Bounds on what a request may take: bytes, nesting, time. Every refusal is an error with its own status.
//!
//! A message's size is for those who are signed in: before, nobody has anything long to say, and memory is not theirs.

use std::time::Duration;

use app::error::AppError;
use axum::{
    body::Body,
    extract::{FromRequest, Request, State, rejection::JsonRejection},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures::StreamExt as _;
use serde::de::DeserializeOwned;

use super::{answer, attachments, import, session};
use crate::identity::AuthState;

/// Room for a message of the largest size ([`app::model::MAX_MESSAGE_BYTES`]) as a form field, where each byte may take three.
const MESSAGE_BODY_BYTES: usize = 1024 * 1024;
/// Signing in, forms of that size, and whatever strangers send.
const SMALL_BODY_BYTES: usize = 16 * 1024;
/// Of a body that is refused, this much is read and thrown away.
const DISCARD_BYTES: usize = 8 * 1024 * 1024;
const DISCARD_WITHIN: Duration = Duration::from_secs(2);
/// Longer than the longest turn (`turns::TurnsConfig::max_duration`) with its title.
const WHOLE_TURN: Duration = Duration::from_secs(5 * 60 + 30);
/// Deeper JSON is nobody's message; parsers may recurse.
pub const MAX_JSON_DEPTH: usize = 64;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To send the body of a request.
    pub read: Duration,
    /// To answer it, up to the first byte: streams go on for as long as they like.
    pub handle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { read: Duration::from_secs(15), handle: Duration::from_secs(30) }
    }
}

/// Reads the body within its bounds and hands it on whole; then bounds the time of the answer.
pub async fn enforce(State((auth, limits)): State<(AuthState, Limits)>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let request_id = session::id_of(request.extensions());
    let frame = session::frame_of(&auth.config.css_href, request.extensions(), request.headers());
    let refuse =
        |(status, error): (StatusCode, AppError)| answer::error(&path, frame.clone(), &request_id, status, &error);
    let request = match bounded(request, limits.read).await {
        Ok(request) => request,
        Err(refusal) => return refuse(refusal),
    };
    // The whole answer of a turn as JSON takes as long as the turn, which has its own bound.
    let handle = match path.as_str() {
        "/api/chat" => WHOLE_TURN,
        path if attachments::is_upload(request.method(), path) => attachments::UPLOAD_WITHIN,
        path if import::is_import(request.method(), path) => import::IMPORT_WITHIN,
        _ => limits.handle,
    };
    match tokio::time::timeout(handle, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!(request_id, path, "a request was not answered in time");
            refuse((StatusCode::SERVICE_UNAVAILABLE, AppError::Unavailable { request_id: request_id.clone() }))
        }
    }
}

type Refusal = (StatusCode, AppError);

async fn bounded(request: Request, read: Duration) -> Result<Request, Refusal> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(request);
    }
    let is_signed_in = session::caller_of(request.extensions()).is_some();
    // A file is received where it is known who sends it and what it is; the others are refused without reading.
    let (method, path) = (request.method(), request.uri().path());
    if is_signed_in && (attachments::is_upload(method, path) || import::is_import(method, path)) {
        return Ok(request);
    }
    let max_bytes = max_body_bytes(request.uri().path(), is_signed_in);
    let too_large = || {
        let max_bytes = u64::try_from(max_bytes).unwrap_or(u64::MAX);
        (StatusCode::PAYLOAD_TOO_LARGE, AppError::TooLarge { max_bytes })
    };
    if content_length(request.headers()).is_some_and(|length| length > max_bytes) {
        if !request.headers().contains_key(header::EXPECT) {
            discard(request.into_body(), DISCARD_BYTES, read.min(DISCARD_WITHIN)).await;
        }
        return Err(too_large());
    }
    let (parts, body) = request.into_parts();
    let bytes = tokio::time::timeout(read, axum::body::to_bytes(body, max_bytes))
        .await
        .map_err(|_| (StatusCode::REQUEST_TIMEOUT, AppError::invalid("", "The request was not sent in time.")))?
        // What is broken off is indistinguishable here from what is too large; nobody reads the answer to the former.
        .map_err(|_| too_large())?;
    if is_json(&parts.headers) && !is_shallow(&bytes, MAX_JSON_DEPTH) {
        let message = format!("This is nested too deeply: {MAX_JSON_DEPTH} levels at most.");
        return Err((StatusCode::UNPROCESSABLE_ENTITY, AppError::invalid("", message)));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Reads what is refused anyway, up to `max_bytes`, without keeping it: a connection that is closed on unread bytes is reset, and the answer is
/// lost with it. Whoever asked first whether to send (`Expect: 100-continue`) has not sent it.
pub(super) async fn discard(body: Body, max_bytes: usize, within: Duration) {
    let reading = async {
        let mut pieces = body.into_data_stream();
        let mut left = max_bytes;
        while let Some(Ok(piece)) = pieces.next().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                return;
            }
        }
    };
    // Not read in time: then the answer may get lost, and the connection ends all the same.
    let _ = tokio::time::timeout(within, reading).await;
}

/// As [`discard`], with its usual bounds.
pub(super) async fn discard_refused(body: Body) {
    discard(body, DISCARD_BYTES, DISCARD_WITHIN).await;
}

fn max_body_bytes(path: &str, is_signed_in: bool) -> usize {
    let is_message = (path.starts_with("/fn/") || path.starts_with("/api/")) && !path.starts_with("/api/auth/");
    if is_message && is_signed_in { MESSAGE_BODY_BYTES } else { SMALL_BODY_BYTES }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"))
}

/// Whether JSON nests at most `max_depth` arrays and objects. Looks at brackets only; whether it is JSON is for the parser.
#[must_use]
pub fn is_shallow(json: &[u8], max_depth: usize) -> bool {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max_depth {
            return false;
        }
    }
    true
}

/// A JSON body of the REST interface; what does not parse is answered 400, 413, 415 or 422 in our own words.
#[derive(Clone, Copy, Debug)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = Response;
    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(json_refused(&rejection)),
        }
    }
}

fn json_refused(rejection: &JsonRejection) -> Response {
    let (status, message) = match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send this as application/json.".to_owned())
        }
        JsonRejection::JsonSyntaxError(error) => (StatusCode::BAD_REQUEST, error.body_text()),
        JsonRejection::JsonDataError(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.body_text()),
        other => (other.status(), "This request could not be read.".to_owned()),
    };
    answer::json(status, &AppError::invalid("", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        assert!(is_shallow(br#"{"a":[1,{"b":"]]]}}}[[[["}]}"#, 3));
        assert!(!is_shallow(br#"{"a":[1,{"b":"[["}]}"#, 2));
        assert!(is_shallow(br#"["\"[[[[","\\"]"#, 1), "escapes do not end a string");
        assert!(!is_shallow(&b"[".repeat(100_000), MAX_JSON_DEPTH));
        assert!(is_shallow("[]".repeat(100_000).as_bytes(), 1));
    }

    #[test]
    fn a_message_fits_and_a_login_is_small() {
        assert!(max_body_bytes("/fn/turns/start", true) >= 3 * app::model::MAX_MESSAGE_BYTES);
        assert_eq!(max_body_bytes("/login", true), SMALL_BODY_BYTES);
        assert_eq!(max_body_bytes("/api/auth/login", true), SMALL_BODY_BYTES);
        assert_eq!(max_body_bytes("/api/chat", true), MESSAGE_BODY_BYTES);
        assert_eq!(max_body_bytes("/api/chat", false), SMALL_BODY_BYTES, "strangers");
        assert_eq!(max_body_bytes("/fn/turns/start", false), SMALL_BODY_BYTES, "strangers");
    }

    proptest::proptest! {
        #[test]
        fn real_json_is_measured_right(depth in 0usize..100, max in 1usize..80) {
            let json = format!("{}1{}", "[{\"x[\":".repeat(depth), "}]".repeat(depth));
            proptest::prop_assert_eq!(is_shallow(json.as_bytes(), max), depth * 2 <= max);
        }
    }
}
