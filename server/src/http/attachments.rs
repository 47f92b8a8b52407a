//! Files of messages: `POST /t/{tenant}/attachments?name=…` with the file as the body, `GET` and `DELETE
//! /t/{tenant}/attachments/{id}`.
//!
//! A file is received piece by piece up to what its kind may have, which its first bytes tell. What is given out can do
//! nothing in a browser: images were written by us, everything else is saved and not opened.

use std::time::Duration;

use app::{
    backend::Caller,
    error::AppError,
    model::{AttachmentId, TenantCode},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::{answer, limits};
use crate::{
    attachments::{
        Refusal, UploadError,
        content::{SNIFF_BYTES, sniff},
    },
    db::TenantScope,
    error::Error,
    state::AppState,
    tenancy,
};

/// An upload from its first byte to its answer.
pub const UPLOAD_WITHIN: Duration = Duration::from_secs(180);
/// To receive it: a phone with a slow line needs a while.
const RECEIVE_WITHIN: Duration = Duration::from_secs(120);
/// The longest silence in between.
const SILENCE: Duration = Duration::from_secs(15);
/// Of a file that is refused, this much is read and thrown away: people attach films by mistake, and should hear why not.
const DISCARD_BYTES: usize = 128 * 1024 * 1024;
const DISCARD_WITHIN: Duration = Duration::from_secs(5);
/// A week; what an id stands for never changes.
const CACHE: &str = "private, max-age=604800, immutable";

/// Whether a path is one of a file.
#[must_use]
pub fn is_attachment(path: &str) -> bool {
    let Some((tenant, rest)) = path.strip_prefix("/t/").and_then(|rest| rest.split_once('/')) else { return false };
    !tenant.is_empty() && (rest == "attachments" || rest.starts_with("attachments/"))
}

/// Whether this request sends a file.
#[must_use]
pub fn is_upload(method: &Method, path: &str) -> bool {
    *method == Method::POST && is_attachment(path) && path.ends_with("/attachments")
}

#[derive(Deserialize)]
pub struct UploadQuery {
    /// What the person calls it.
    #[serde(default)]
    name: String,
}

/// Why nothing was stored, with its status.
type Refused = (StatusCode, AppError);

pub async fn upload(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(tenant): Path<String>,
    query: Result<Query<UploadQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let refused = |(status, error): Refused| answer::json(status, &error);
    let scope = match enter(&state, &caller, &tenant).await {
        Ok(scope) => scope,
        Err(error) => {
            discard(&headers, body).await;
            return refused(error);
        }
    };
    let Ok(Query(query)) = query else {
        discard(&headers, body).await;
        return refused(invalid("name", "The name of the file cannot be read."));
    };
    let turn = match state.attachments.turn(scope.user()).await {
        Ok(turn) => turn,
        Err(error) => {
            discard(&headers, body).await;
            return refused(failed(error, &caller));
        }
    };
    let sent = match receive(&state, body).await {
        Ok(sent) => sent,
        Err(refusal) => return refused(refusal),
    };
    // In a task of its own: what is received is stored, even if nobody waits for the answer.
    let attachments = state.attachments.clone();
    let storing = state.tasks.spawn(async move {
        let stored = attachments.upload(&scope, &query.name, sent).await;
        drop(turn);
        stored
    });
    match storing.await {
        Ok(Ok(view)) => (StatusCode::CREATED, Json(view)).into_response(),
        Ok(Err(UploadError::Refused(refusal))) => refused(in_words(refusal)),
        Ok(Err(UploadError::Failed(error))) => refused(failed(error, &caller)),
        Err(error) => refused(failed(Error::internal(error), &caller)),
    }
}

/// Receives a file whole, but not more than its kind may have.
async fn receive(state: &AppState, body: Body) -> Result<Vec<u8>, Refused> {
    let deadline = Instant::now() + RECEIVE_WITHIN;
    let too_slow = || (StatusCode::REQUEST_TIMEOUT, AppError::invalid("", "The file was not sent in time."));
    let limits = state.attachments.limits();
    let mut max_bytes = limits.largest();
    let mut is_known = false;
    let mut sent: Vec<u8> = Vec::new();
    let mut pieces = body.into_data_stream();
    loop {
        let piece = timeout_at(deadline, timeout(SILENCE, pieces.next())).await;
        let piece = match piece {
            Ok(Ok(Some(Ok(piece)))) => piece,
            Ok(Ok(None)) => return Ok(sent),
            Ok(Ok(Some(Err(_)))) => {
                return Err((StatusCode::BAD_REQUEST, AppError::invalid("", "The file was not sent to its end.")));
            }
            Ok(Err(_)) | Err(_) => return Err(too_slow()),
        };
        sent.extend_from_slice(&piece);
        let refusal = if !is_known && sent.len() >= SNIFF_BYTES {
            is_known = true;
            match sniff(sent.get(..SNIFF_BYTES).unwrap_or(&sent)) {
                Ok(sniffed) => {
                    max_bytes = sniffed.max_bytes(limits);
                    None
                }
                Err(refusal) => Some(refusal),
            }
        } else {
            None
        };
        let too_large = (sent.len() > max_bytes)
            .then(|| Refusal::TooLarge { max_bytes: u64::try_from(max_bytes).unwrap_or(u64::MAX) });
        if let Some(refusal) = refusal.or(too_large) {
            drop(sent);
            limits::discard(Body::from_stream(pieces), DISCARD_BYTES, DISCARD_WITHIN).await;
            return Err(in_words(refusal));
        }
    }
}

/// Reads what is refused anyway, so that the answer is not lost with the connection.
async fn discard(headers: &HeaderMap, body: Body) {
    // Whoever asked first whether to send has not sent it.
    if !headers.contains_key(header::EXPECT) {
        limits::discard(body, DISCARD_BYTES, DISCARD_WITHIN).await;
    }
}

fn in_words(refusal: Refusal) -> Refused {
    match refusal {
        Refusal::TooLarge { max_bytes } => (StatusCode::PAYLOAD_TOO_LARGE, AppError::TooLarge { max_bytes }),
        Refusal::UnknownType(message) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, AppError::invalid("file", message)),
        Refusal::Unreadable(message) => invalid("file", &message),
        Refusal::Quota(message) => (StatusCode::TOO_MANY_REQUESTS, AppError::Conflict { message }),
    }
}

fn invalid(field: &str, message: &str) -> Refused {
    (StatusCode::UNPROCESSABLE_ENTITY, AppError::invalid(field, message))
}

fn failed(error: Error, caller: &Caller) -> Refused {
    let error = error.into_app(&caller.request_id);
    (answer::status_of(&error), error)
}

async fn enter(state: &AppState, caller: &Caller, tenant: &str) -> Result<TenantScope, Refused> {
    // A code that is none is a tenant that does not exist.
    let code: TenantCode = tenant.parse().map_err(|_| failed(Error::NotFound, caller))?;
    tenancy::enter(&state.db, caller, &code).await.map_err(|error| failed(error, caller))
}

pub async fn download(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((tenant, id)): Path<(String, String)>,
) -> Response {
    match found(&state, &caller, &tenant, &id).await {
        Ok(response) => response,
        Err((status, error)) => answer::json(status, &error),
    }
}

async fn found(state: &AppState, caller: &Caller, tenant: &str, id: &str) -> Result<Response, Refused> {
    let scope = enter(state, caller, tenant).await?;
    let id: AttachmentId = id.parse().map_err(|_| failed(Error::NotFound, caller))?;
    let file = state.attachments.download(&scope, id).await.map_err(|error| failed(error, caller))?;
    let disposition = disposition(&file.name, file.is_image);
    let value = |text: &str| HeaderValue::try_from(text).map_err(|error| failed(Error::internal(error), caller));
    let mut response = file.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, value(&file.media_type)?);
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition)?);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// `Content-Disposition` (RFC 6266) with the name in ASCII for old readers and in UTF-8 (RFC 8187, which replaces 5987).
pub(super) fn disposition(name: &str, is_image: bool) -> String {
    let kind = if is_image { "inline" } else { "attachment" };
    let plain = |c: char| if c.is_ascii_alphanumeric() || " .-_()+,".contains(c) { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    let mut text = format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

pub async fn remove(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((tenant, id)): Path<(String, String)>,
) -> Response {
    let removed = async {
        let scope = enter(&state, &caller, &tenant).await?;
        let id: AttachmentId = id.parse().map_err(|_| failed(Error::NotFound, &caller))?;
        state.attachments.remove(&scope, id).await.map_err(|error| failed(error, &caller))
    };
    match removed.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err((status, error)) => answer::json(status, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_for_every_reader() {
        assert_eq!(disposition("a b.png", true), "inline; filename=\"a b.png\"; filename*=UTF-8''a%20b.png");
        assert_eq!(
            disposition("Überß\"\r\n.pdf", false),
            "attachment; filename=\"_ber____.pdf\"; filename*=UTF-8''%C3%9Cber%C3%9F%22%0D%0A.pdf"
        );
    }

    #[test]
    fn the_paths_of_files_are_known() {
        assert!(is_upload(&Method::POST, "/t/prs/attachments"));
        for other in
            ["/t/prs/attachments/", "/t/prs/attachments/1", "/t//attachments", "/fn/attachments", "/t/attachments"]
        {
            assert!(!is_upload(&Method::POST, other), "{other}");
        }
        assert!(!is_upload(&Method::GET, "/t/prs/attachments"));
        assert!(is_attachment("/t/prs/attachments/1") && !is_attachment("/t/prs/c/attachments"));
    }
}
