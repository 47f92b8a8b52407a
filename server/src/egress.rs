//! The one HTTP client: nothing else in the server may talk to the outside, so that proxies, redirects, time-outs and
//! credentials are decided here.
//!
//! What must hold: no ambient proxy, no redirect, no automatic retry (an attempt is an accounting unit), every wait
//! bounded, and a [`Credential`] only ever travels to the origin it was made for.
//!
//! Addresses: whatever an operator configures is allowed, loopback and private networks included. Addresses that come
//! from tenants (none yet) will need a policy here first.

mod credential;
mod retry_after;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::Url;
use serde::Serialize;

pub use credential::{Credential, ForeignOrigin, UnusableSecret};
pub use retry_after::retry_after_ms;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE: Duration = Duration::from_secs(30);
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
const MAX_IDLE_PER_HOST: usize = 64;

/// The client. Cheap to clone; all clones share one connection pool.
#[derive(Clone, Debug)]
pub struct Egress {
    client: reqwest::Client,
}

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// Where a provider is found: an http(s) URL without query, fragment or user name; ends without a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// A base URL that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a usable base URL: {reason}")]
pub struct InvalidBaseUrl {
    text: String,
    reason: String,
}

/// A request that brought no response.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// Nothing was sent: no such host, refused, connect time-out, or the request could not be built.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It was sent, at least in part, and no (complete) response came.
    #[error("connection lost: {0}")]
    Lost(String),
    #[error(transparent)]
    ForeignOrigin(#[from] ForeignOrigin),
}

/// A response whose body is read piece by piece. Dropping it closes the connection.
#[derive(Debug)]
pub struct EgressResponse(reqwest::Response);

/// The client could not be made, e.g. because the system has no root certificates.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made (are CA certificates installed?): {0}")]
pub struct EgressUnavailable(String);

impl Egress {
    /// # Errors
    /// No TLS: usually a system without root certificates.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes an HTTP client")]
    pub fn new() -> Result<Self, EgressUnavailable> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("steward/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(KEEPALIVE)
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .build()
            .map_err(|error| EgressUnavailable(with_sources(&error)))?;
        Ok(Self { client })
    }

    /// Posts JSON and returns as soon as the response's head is there. The caller bounds the wait.
    ///
    /// # Errors
    /// See [`EgressError`]; an HTTP error status is a response.
    pub async fn post_json(
        &self,
        url: &BaseUrl,
        credential: &Credential,
        headers: &[(HeaderName, HeaderValue)],
        body: &impl Serialize,
    ) -> Result<EgressResponse, EgressError> {
        let (name, secret) = credential.for_origin(&url.origin())?;
        let mut request = self.client.post(url.0.clone()).header(name, secret).json(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        sent(request).await
    }

    /// As [`Egress::post_json`], of JSON that is written already; without a credential where none is needed.
    ///
    /// # Errors
    /// See [`EgressError`]; an HTTP error status is a response.
    pub async fn post_bytes(
        &self,
        url: &BaseUrl,
        credential: Option<&Credential>,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> Result<EgressResponse, EgressError> {
        let mut request =
            self.client.post(url.0.clone()).header(http::header::CONTENT_TYPE, "application/json").body(body);
        if let Some(credential) = credential {
            let (name, secret) = credential.for_origin(&url.origin())?;
            request = request.header(name, secret);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        sent(request).await
    }
}

async fn sent(request: reqwest::RequestBuilder) -> Result<EgressResponse, EgressError> {
    match request.send().await {
        Ok(response) => Ok(EgressResponse(response)),
        Err(error) if error.is_connect() || error.is_builder() => Err(EgressError::NotSent(with_sources(&error))),
        Err(error) => Err(EgressError::Lost(with_sources(&error))),
    }
}

impl EgressResponse {
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// A header as text, when it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// The next piece of the body; `None` at its proper end. The caller bounds the wait.
    ///
    /// # Errors
    /// [`EgressError::Lost`] when the connection broke.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, EgressError> {
        self.0.chunk().await.map_err(|error| EgressError::Lost(with_sources(&error)))
    }

    /// The body up to `max_bytes`; what follows is not read.
    pub async fn text_up_to(&mut self, max_bytes: usize) -> String {
        let mut body = Vec::new();
        while body.len() < max_bytes {
            // What came before an error is still worth reading.
            let Ok(Some(piece)) = self.chunk().await else { break };
            body.extend_from_slice(&piece);
        }
        body.truncate(max_bytes);
        String::from_utf8_lossy(&body).into_owned()
    }
}

impl BaseUrl {
    /// # Errors
    /// Not an http(s) URL, or one with a user name, query or fragment.
    pub fn parse(text: &str) -> Result<Self, InvalidBaseUrl> {
        let refuse = |reason: &str| InvalidBaseUrl { text: text.to_owned(), reason: reason.to_owned() };
        let url = Url::parse(text.trim().trim_end_matches('/')).map_err(|error| refuse(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("it must start with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // Not quoted back: it may hold a password.
            return Err(InvalidBaseUrl {
                text: "…".into(),
                reason: "it must not contain a user name or password".into(),
            });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it must have neither a query nor a fragment"));
        }
        Ok(Self(url))
    }

    /// A path below this one, e.g. `v1/messages`.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        let below = format!("{}/{}", url.path().trim_end_matches('/'), path.trim_start_matches('/'));
        url.set_path(&below);
        Self(url)
    }

    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin(self.0.origin().ascii_serialization())
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error with what caused it: reqwest's own text says little.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_checked_and_extended() {
        let base = BaseUrl::parse("https://api.anthropic.com/").expect("valid");
        assert_eq!(base.join("v1/messages").to_string(), "https://api.anthropic.com/v1/messages");
        assert_eq!(base.origin().to_string(), "https://api.anthropic.com");
        let base = BaseUrl::parse("http://127.0.0.1:8080/proxy").expect("valid");
        assert_eq!(base.join("/v1/messages").to_string(), "http://127.0.0.1:8080/proxy/v1/messages");
        for wrong in ["", "api.anthropic.com", "ftp://x", "file:///etc", "https://x/?a=b", "https://x/#a", "https://"] {
            assert!(BaseUrl::parse(wrong).is_err(), "{wrong}");
        }
        let secret = BaseUrl::parse("https://ana:secret@x/").expect_err("has a password").to_string();
        assert!(!secret.contains("secret"), "{secret}");
    }
}
