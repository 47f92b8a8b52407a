//! Requests that change something must come from our own pages.
//!
//! `Sec-Fetch-Site` decides where the browser sends it, `Origin` against `Host` where it does not (plain http away from
//! loopback, old browsers). A client that sends neither is not a browser; it passes when it brings no session cookie,
//! because only a cookie is sent without its owner's will, or a token where tokens count (`/api/`). Event streams are checked like changes: they are long-lived
//! and carry a person's answers.

use app::error::AppError;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};

use super::{answer, session};
use crate::identity::AuthState;

/// Refuses what another site sent: 403.
pub async fn guard(State(auth): State<AuthState>, request: Request, next: Next) -> Response {
    let has_cookie = session::cookie(request.headers(), session::cookie_name(&auth.config)).is_some();
    if is_ours(request.method(), request.uri(), request.headers(), has_cookie) {
        return next.run(request).await;
    }
    let request_id = session::id_of(request.extensions());
    let path = request.uri().path();
    tracing::warn!(request_id, path, "refused a request from another site");
    let frame = session::frame_of(&auth.config.css_href, request.extensions(), request.headers());
    answer::error(path, frame, &request_id, StatusCode::FORBIDDEN, &AppError::Forbidden)
}

fn is_ours(method: &Method, uri: &Uri, headers: &HeaderMap, has_cookie: bool) -> bool {
    let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if is_read && !wants_events(headers) {
        return true;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        return origin.to_str().is_ok_and(|origin| is_same_host(origin, uri, headers));
    }
    is_read || !has_cookie || session::api_bearer(uri.path(), headers).is_some()
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

/// `Origin: https://steward.example` against `Host: steward.example`. The scheme is not compared: behind a proxy that
/// ends TLS we do not know our own.
fn is_same_host(origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has the host in the URI.
    let host = uri.authority().map(|authority| authority.as_str()).or(host);
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    matches!((origin_host, host), (Some(origin), Some(host)) if !host.is_empty() && origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn judge(method: Method, pairs: &[(&'static str, &'static str)], has_cookie: bool) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        is_ours(&method, &Uri::from_static("/api/x"), &headers, has_cookie)
    }

    #[test]
    fn fetch_metadata_decides_first() {
        for (site, passes) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false), ("", false)]
        {
            assert_eq!(judge(Method::POST, &[("sec-fetch-site", site)], true), passes, "{site}");
            assert_eq!(judge(Method::DELETE, &[("sec-fetch-site", site)], false), passes, "{site}");
        }
        let forged = [("sec-fetch-site", "cross-site"), ("origin", "http://a.example"), ("host", "a.example")];
        assert!(!judge(Method::POST, &forged, true));
    }

    #[test]
    fn without_it_the_origin_must_be_the_host() {
        for (origin, host, passes) in [
            ("https://a.example", "a.example", true),
            ("http://A.example:3000", "a.example:3000", true),
            ("https://a.example", "b.example", false),
            ("https://a.example:3000", "a.example", false),
            ("https://evil.a.example", "a.example", false),
            ("null", "a.example", false),
            ("null", "null", false),
            ("https://", "", false),
            ("", "", false),
        ] {
            assert_eq!(judge(Method::POST, &[("origin", origin), ("host", host)], true), passes, "{origin} {host}");
        }
    }

    #[test]
    fn programs_pass_without_a_cookie_or_with_a_token() {
        assert!(judge(Method::POST, &[], false));
        assert!(!judge(Method::POST, &[], true));
        assert!(judge(Method::POST, &[("authorization", "Bearer x")], true));
        assert!(!judge(Method::POST, &[("authorization", "Basic x")], true));
        let mut token = HeaderMap::new();
        token.insert("authorization", HeaderValue::from_static("Bearer x"));
        let page = Uri::from_static("/fn/account/name");
        assert!(!is_ours(&Method::POST, &page, &token, true), "there the token counts for nothing and the cookie does");
    }

    #[test]
    fn reading_is_free_except_for_event_streams() {
        assert!(judge(Method::GET, &[("sec-fetch-site", "cross-site")], true), "a link from elsewhere");
        let stream = |site| [("accept", "text/event-stream"), ("sec-fetch-site", site)];
        assert!(!judge(Method::GET, &stream("cross-site"), true));
        assert!(!judge(Method::GET, &stream("same-site"), true));
        assert!(judge(Method::GET, &stream("same-origin"), true));
        assert!(judge(Method::GET, &[("accept", "text/event-stream")], true), "plain http: browsers send neither");
    }
}
