//! The headers every response carries, and the content security policy.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::identity::AuthConfig;

/// Nothing is loaded from anywhere but here, nothing inline runs, nobody frames us.
const WITHOUT_SCRIPTS: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

/// The rest of the policy of a page with scripts. `blob:`: pictures that are being attached, before they are uploaded.
const AROUND_SCRIPTS: &str = "'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

const FIXED: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: it would turn the `Origin` of our own forms into `null`.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
         midi=(), payment=(), usb=()",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// The policy of a page. `nonce`: of the response's scripts (`leptos::nonce::use_nonce`); `None`: no script runs at all.
#[must_use]
pub fn csp(nonce: Option<&str>) -> HeaderValue {
    // A nonce that is not plain base64 could end the directive: then rather no scripts.
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_' | b'=');
    let nonce = nonce.filter(|nonce| !nonce.is_empty() && nonce.bytes().all(is_base64));
    let policy = nonce.map(|nonce| format!("default-src 'none'; script-src 'nonce-{nonce}' {AROUND_SCRIPTS}"));
    let header = policy.and_then(|policy| HeaderValue::try_from(policy).ok());
    header.unwrap_or(HeaderValue::from_static(WITHOUT_SCRIPTS))
}

/// Adds what a response does not have yet: the policy without scripts, and the fixed headers.
pub async fn secure(State(config): State<Arc<AuthConfig>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| csp(None));
    for (name, value) in FIXED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if headers.contains_key(header::SET_COOKIE) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if config.secure_cookies {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_run_only_with_this_responses_nonce() {
        assert_eq!(
            csp(Some("aB3-_/+=")),
            "default-src 'none'; script-src 'nonce-aB3-_/+=' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
             img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'; manifest-src 'self'"
        );
        for not_a_nonce in [None, Some(""), Some("a'; script-src *"), Some("a b"), Some("ä")] {
            let policy = csp(not_a_nonce);
            assert!(!policy.to_str().expect("ascii").contains("script-src"), "{not_a_nonce:?}");
            assert!(policy.to_str().expect("ascii").starts_with("default-src 'none'"));
        }
    }
}
