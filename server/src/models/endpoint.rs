//! An endpoint: where models are asked in a wire format, by requests that are bytes already. The gateway's way to a
//! provider; nothing is sent without a [`Permit`], and nothing but a count of tokens with a [`CountPermit`].

use std::{
    sync::atomic::{AtomicI64, AtomicU32, Ordering},
    time::Duration,
};

use app::model::Timestamp;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use tokio::time::timeout;

use super::{
    CountPermit, Permit,
    wire::{CapField, WireFormat},
};
use crate::egress::{BaseUrl, Credential, Egress, EgressError, EgressResponse, UnusableSecret};

/// Until the response's head: a model may think for long before an answer that is no stream.
const HEAD_WITHIN: Duration = Duration::from_secs(300);
/// Counting is quick.
const COUNT_WITHIN: Duration = Duration::from_secs(30);
/// Failures in a row after which it is left alone for a while.
const FAILURES_TO_REST: u32 = 5;
/// For so long.
const REST_MS: i64 = 10_000;

/// Where models are asked.
#[derive(Debug)]
pub struct Endpoint {
    name: &'static str,
    format: WireFormat,
    url: BaseUrl,
    /// Where tokens are counted, free of charge; Anthropic's alone.
    count_url: Option<BaseUrl>,
    credential: Option<Credential>,
    cap_field: CapField,
    egress: Egress,
    failures: AtomicU32,
    resting_until: AtomicI64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing was sent.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It was sent, and nothing is known of it.
    #[error("{0}")]
    Lost(String),
}

impl Endpoint {
    /// `base_url`: what comes before `/v1/messages` (Anthropic), `/chat/completions` (OpenAI), `/api/chat` (Ollama).
    ///
    /// # Errors
    /// A key that cannot be sent in a header.
    pub fn new(
        name: &'static str,
        format: WireFormat,
        egress: Egress,
        base_url: &BaseUrl,
        key: Option<&str>,
    ) -> Result<Self, UnusableSecret> {
        let path = match format {
            WireFormat::OpenAi => "chat/completions",
            WireFormat::Anthropic => "v1/messages",
            WireFormat::Ollama => "api/chat",
        };
        let credential = key.map(|key| {
            let (header, secret) = match format {
                WireFormat::Anthropic => (HeaderName::from_static("x-api-key"), key.trim().to_owned()),
                WireFormat::OpenAi | WireFormat::Ollama => {
                    (http::header::AUTHORIZATION, format!("Bearer {}", key.trim()))
                }
            };
            Credential::new(base_url.origin(), header, &secret)
        });
        // Servers that only call themselves compatible know the older field.
        let is_openai = base_url.to_string().contains("api.openai.com");
        Ok(Self {
            name,
            format,
            url: base_url.join(path),
            count_url: (format == WireFormat::Anthropic).then(|| base_url.join("v1/messages/count_tokens")),
            credential: credential.transpose()?,
            cap_field: if is_openai { CapField::MaxCompletionTokens } else { CapField::MaxTokens },
            egress,
            failures: AtomicU32::new(0),
            resting_until: AtomicI64::new(0),
        })
    }

    /// For logs and books: `openai`, `anthropic`, `ollama`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
    #[must_use]
    pub fn format(&self) -> WireFormat {
        self.format
    }
    /// Where it reads the cap of the output.
    #[must_use]
    pub fn cap_field(&self) -> CapField {
        self.cap_field
    }

    /// Sends a request; the answer is as soon as its head is there, whatever its status.
    ///
    /// # Errors
    /// See [`NoAnswer`]; no credential is in them.
    pub async fn send(
        &self,
        _permit: &Permit,
        body: Bytes,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<EgressResponse, NoAnswer> {
        self.post(&self.url, body, headers, HEAD_WITHIN).await
    }

    /// Whether it counts tokens.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.count_url.is_some()
    }

    /// Asks how many tokens a request has; the answer is as soon as its head is there, whatever its status.
    ///
    /// # Errors
    /// See [`NoAnswer`]; no credential is in them.
    pub async fn count(
        &self,
        _permit: &CountPermit,
        body: Bytes,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<EgressResponse, NoAnswer> {
        let Some(url) = &self.count_url else {
            return Err(NoAnswer::NotSent(format!("{} does not count tokens", self.name)));
        };
        self.post(url, body, headers, COUNT_WITHIN).await
    }

    async fn post(
        &self,
        url: &BaseUrl,
        body: Bytes,
        headers: &[(HeaderName, HeaderValue)],
        within: Duration,
    ) -> Result<EgressResponse, NoAnswer> {
        let sending = self.egress.post_bytes(url, self.credential.as_ref(), headers, body);
        match timeout(within, sending).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error @ (EgressError::NotSent(_) | EgressError::ForeignOrigin(_)))) => {
                Err(NoAnswer::NotSent(self.redact(&error.to_string())))
            }
            Ok(Err(error @ EgressError::Lost(_))) => Err(NoAnswer::Lost(self.redact(&error.to_string()))),
            Err(_) => Err(NoAnswer::Lost(format!("no answer within {} seconds", within.as_secs()))),
        }
    }

    /// A text of the provider's without our key, should it quote it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.credential.as_ref().map_or_else(|| text.to_owned(), |credential| credential.redact(text))
    }

    /// Whether it is left alone after failures in a row; then a request is refused or sent elsewhere at once.
    #[must_use]
    pub fn is_resting(&self, now: Timestamp) -> bool {
        now.0 < self.resting_until.load(Ordering::Relaxed)
    }

    /// It answered, if only with a refusal of the request.
    pub fn note_success(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// It did not answer, or said that it cannot.
    pub fn note_failure(&self, now: Timestamp) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures >= FAILURES_TO_REST {
            self.resting_until.store(now.0.saturating_add(REST_MS), Ordering::Relaxed);
            // The first request after the rest decides anew.
            self.failures.store(FAILURES_TO_REST.saturating_sub(1), Ordering::Relaxed);
            tracing::warn!(provider = self.name, "left alone for a while after failures in a row");
        }
    }
}
