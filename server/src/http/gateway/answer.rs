//! Answers of the gateway as HTTP.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures::StreamExt as _;

use crate::{
    error::Error,
    gateway::{Refusal, Reply, ReplyBody},
    models::wire::{WireError, WireErrorKind, WireFormat},
};

/// An error in the client's format.
pub(super) fn refused(format: WireFormat, request_id: &str, refusal: impl Into<Refusal>) -> Response {
    let Refusal { mut error, headers } = refusal.into();
    error.request_id.get_or_insert_with(|| request_id.to_owned());
    let body = error.body(format).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(error.status(format)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let into = response.headers_mut();
    into.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    into.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(should_retry) = error.should_retry() {
        let value = HeaderValue::from_static(if should_retry { "true" } else { "false" });
        into.insert(HeaderName::from_static("x-should-retry"), value);
    }
    if error.kind == WireErrorKind::Authentication {
        into.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    name_request(format, into, request_id);
    into.extend(headers);
    response
}

/// One of our errors in the client's words.
pub(super) fn worded(error: Error, request_id: &str) -> WireError {
    match error {
        Error::SignedOut => WireError::new(
            WireErrorKind::Authentication,
            "This key is not known, or it has ended. Keys start with stw_ and are made in the settings or by the administrator.",
        ),
        Error::Forbidden => WireError::new(WireErrorKind::Permission, "This key may not do that."),
        Error::NotFound => WireError::new(WireErrorKind::NotFound, "There is no such thing here."),
        Error::Invalid { field, message } => {
            let mut error = WireError::new(WireErrorKind::InvalidRequest, message);
            error.param = Some(field.to_owned());
            error
        }
        other => match other.into_app(request_id) {
            app::error::AppError::Unavailable { .. } => {
                WireError::new(WireErrorKind::Unavailable, "The database is not available. Try again in a moment.")
            }
            _ => WireError::new(
                WireErrorKind::Internal,
                "Something went wrong here. It is noted; the request id names it.",
            ),
        },
    }
}

/// An answer.
pub(super) fn reply(format: WireFormat, request_id: &str, reply: Reply) -> Response {
    let Reply { status, content_type, headers, body } = reply;
    let body = match body {
        ReplyBody::Whole(bytes) => Body::from(bytes),
        ReplyBody::Pieces(pieces) => {
            let stream = futures::stream::unfold(pieces, async |mut pieces| Some((pieces.recv().await?, pieces)));
            Body::from_stream(stream.map(Ok::<Bytes, std::convert::Infallible>))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let into = response.headers_mut();
    into.insert(header::CONTENT_TYPE, content_type);
    into.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx buffers responses otherwise (ngx_http_proxy_module, `proxy_buffering`).
    into.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    name_request(format, into, request_id);
    into.extend(headers);
    response
}

/// Anthropic's clients read `request-id`; `x-request-id` is on every response.
fn name_request(format: WireFormat, headers: &mut HeaderMap, request_id: &str) {
    if format == WireFormat::Anthropic
        && let Ok(value) = HeaderValue::try_from(request_id)
    {
        headers.insert(HeaderName::from_static("request-id"), value);
    }
}
