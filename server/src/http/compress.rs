//! Pages are compressed as they are sent; the files of the page were compressed beforehand ([`super::site::files`]).
//!
//! Compression tells an eavesdropper by its length whether what an attacker made the victim ask for stands in the page
//! besides what the victim's page says anyway (BREACH). So only pages are compressed whose address asks for nothing but
//! the page: a `GET` without `?`, of which nothing is repeated in the answer. Pages hold no CSRF token to begin with
//! (`super::csrf` goes by the browser's own headers).

use axum::{
    extract::Request,
    http::{Method, header},
    middleware::Next,
    response::Response,
};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate, predicate::SizeAbove},
};

/// Smaller pages fit into one packet anyway, bytes.
const SMALLEST: u64 = 1024;
/// About as dear as gzip and a fifth smaller.
const LEVEL: i32 = 4;

/// Compresses pages for who takes them so; nothing else: streams must not wait for a full block.
pub fn pages() -> CompressionLayer<impl Predicate> {
    let is_page = |_: http::StatusCode, _: http::Version, headers: &http::HeaderMap, _: &http::Extensions| {
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        media_type.is_some_and(|media_type| media_type.starts_with("text/html"))
    };
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(LEVEL))
        .compress_when(SizeAbove::new(SMALLEST).and(is_page))
}

/// What may repeat something of the request goes out as it is.
pub async fn only_what_is_safe(mut request: Request, next: Next) -> Response {
    let may_repeat = request.method() != Method::GET || request.uri().query().is_some();
    if may_repeat {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::Body,
        http::{Request, header},
        middleware::from_fn,
        response::Html,
        routing::get,
    };
    use tower::ServiceExt;

    use super::*;

    async fn encoding(method: &str, address: &str) -> Option<String> {
        let page = || async { Html("word ".repeat(1_000)) };
        let router = Router::new()
            .route("/page", get(page).post(page))
            .route("/small", get(|| async { Html("short") }))
            .route(
                "/events",
                get(|| async { ([(header::CONTENT_TYPE, "text/event-stream")], "data: x\n".repeat(1_000)) }),
            )
            .layer(pages())
            .layer(from_fn(only_what_is_safe));
        let request = Request::builder().method(method).uri(address).header(header::ACCEPT_ENCODING, "gzip, br");
        let answer = router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        answer.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().expect("text").to_owned())
    }

    #[tokio::test]
    async fn only_pages_that_repeat_nothing_are_compressed() {
        assert_eq!(encoding("GET", "/page").await.as_deref(), Some("br"));
        for (method, address) in [("GET", "/page?q=guess"), ("POST", "/page"), ("GET", "/small"), ("GET", "/events")] {
            assert_eq!(encoding(method, address).await, None, "{method} {address}");
        }
    }
}
