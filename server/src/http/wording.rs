//! The errors of what a page calls, in the language of whoever reads the page: the sentence in the answer is looked up in
//! `app::words::refusals`. What programs call (`/api/`) stays in English, as its document says.

use app::{model::Lang, words};
use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{answer, session};

/// No error is larger; what is, is passed on unread.
const MAX_ERROR_BYTES: u64 = 64 * 1024;

/// The layer.
pub async fn worded(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_of_a_page = answer::is_for_machines(path) && (path.starts_with("/fn/") || path.starts_with("/t/"));
    let lang = session::lang_of(request.extensions(), request.headers()).unwrap_or_default();
    let response = next.run(request).await;
    if !is_of_a_page || lang == Lang::English || !is_error_in_json(&response) {
        return response;
    }
    in_words(lang, response).await
}

fn is_error_in_json(response: &Response) -> bool {
    let is_json = |value: &HeaderValue| value.as_bytes().starts_with(b"application/json");
    let is_small = HttpBody::size_hint(response.body()).upper().is_some_and(|size| size <= MAX_ERROR_BYTES);
    let status = response.status();
    is_small
        && (status.is_client_error() || status.is_server_error())
        && response.headers().get(header::CONTENT_TYPE).is_some_and(is_json)
}

async fn in_words(lang: Lang, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // Small and whole already (see above), so this neither waits nor fails.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return parts.into_response() };
    let Ok(mut error) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    for field in ["message", "budget", "limit"] {
        if let Some(Value::String(text)) = error.get_mut(field) {
            *text = words::refusals::in_words(lang, text);
        }
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(error.to_string()))
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, middleware::from_fn, routing::get};
    use tower::ServiceExt as _;

    use super::*;

    async fn answered(path: &str, languages: &str) -> String {
        let fails = || async {
            (
                StatusCode::CONFLICT,
                axum::Json(
                    serde_json::json!({ "error": "conflict", "message": "There are 20 links already. Revoke one first." }),
                ),
            )
        };
        let router =
            Router::new().route("/fn/share", get(fails)).route("/api/share", get(fails)).layer(from_fn(worded));
        let request = Request::builder().uri(path).header(header::ACCEPT_LANGUAGE, languages);
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::CONFLICT);
        String::from_utf8(to_bytes(response.into_body(), 4096).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_page_reads_its_language_and_a_program_english() {
        assert!(answered("/fn/share", "id").await.contains("Sudah ada 20 tautan."));
        assert!(answered("/fn/share", "en").await.contains("There are 20 links"));
        assert!(answered("/api/share", "id").await.contains("There are 20 links"));
    }
}
