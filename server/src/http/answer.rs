//! How errors are answered: JSON for `/fn`, `/api` and other machines' addresses, a page for people.

use app::{
    error::AppError,
    plain::{ErrorPage, PlainFrame},
    words,
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::Value;

/// Whether whoever asks for this path reads JSON.
#[must_use]
pub fn is_for_machines(path: &str) -> bool {
    let is_event_stream = path.starts_with("/t/") && path.ends_with("/events");
    super::attachments::is_attachment(path)
        || super::import::is_import_path(path)
        || is_event_stream
        || ["/fn/", "/api/", "/.well-known/"].iter().any(|prefix| path.starts_with(prefix))
}

/// An error as JSON: the shape of [`AppError`], always with a `message`.
#[must_use]
pub fn json(status: StatusCode, error: &AppError) -> Response {
    let mut body = serde_json::to_value(error).unwrap_or_default();
    if let Value::Object(fields) = &mut body {
        fields.entry("message").or_insert_with(|| Value::String(error.to_string()));
    }
    let mut response = (status, axum::Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        // RFC 6750 §3.
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let AppError::RateLimited { retry_after_s } = error {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    response
}

/// An error in the form its reader understands. `status` may be finer than [`AppError::status_code`], e.g. 408 or 415.
#[must_use]
pub fn error(path: &str, frame: PlainFrame, request_id: &str, status: StatusCode, error: &AppError) -> Response {
    if is_for_machines(path) {
        return json(status, error);
    }
    let lang = frame.lang;
    let mut page = ErrorPage::of_status(frame, status.as_u16(), request_id.to_owned());
    if status.is_client_error() && !matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) {
        page.title = words::plain::refused_title(lang).to_owned();
        page.message = match error {
            AppError::Invalid { message, .. } | AppError::Conflict { message } => {
                words::errors::sentence(&words::refusals::in_words(lang, message))
            }
            error => words::errors::text(lang, error),
        };
    }
    (status, Html(app::plain::error(&page))).into_response()
}

/// The status an error has by itself.
#[must_use]
pub fn status_of(error: &AppError) -> StatusCode {
    StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_reads_is_still_an_app_error() {
        for error in [AppError::SignedOut, AppError::invalid("a", "b"), AppError::RateLimited { retry_after_s: 7 }] {
            let mut body = serde_json::to_value(&error).expect("json");
            body["message"] = Value::String("m".into());
            let back: AppError = serde_json::from_value(body).expect("an AppError");
            assert_eq!(std::mem::discriminant(&back), std::mem::discriminant(&error));
        }
    }
}
