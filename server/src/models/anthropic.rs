//! Claude over the Messages API (docs of the provider: "Create a Message", "Streaming messages", "Errors";
//! `anthropic-version: 2023-06-01`).
//!
//! [`request`] writes the body, [`reader`] turns events into deltas, [`failure`] turns errors into ours, this file does
//! the waiting. What must hold: the permit's cap is always sent; no wait is unbounded; what may have been billed is
//! never called unbilled; the key appears in no message.

mod failure;
mod reader;
mod request;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use tokio::time::timeout;

use super::{
    Billed, DeltaStream, ModelRequest, Permit, Provider, ProviderError, ProviderErrorKind,
    sse::{SseError, SseParser},
};
use crate::egress::{BaseUrl, Credential, Egress, EgressError, EgressResponse, UnusableSecret};
use reader::Reader;
pub(super) use reader::WireUsage;

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until the response's head.
    pub first_byte: Duration,
    /// Between two pieces of the body; the provider sends pings.
    pub silence: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { first_byte: Duration::from_secs(60), silence: Duration::from_secs(60) }
    }
}

/// Longest error body that is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// How long to wait for the rest of an error body.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The provider client.
#[derive(Clone, Debug)]
pub struct Anthropic {
    egress: Egress,
    messages: BaseUrl,
    credential: Credential,
    timeouts: Timeouts,
}

impl Anthropic {
    /// `base_url` is e.g. `https://api.anthropic.com`: the part before `/v1/messages`.
    ///
    /// # Errors
    /// A key that cannot be sent in a header.
    pub fn new(egress: Egress, base_url: &BaseUrl, api_key: &str) -> Result<Self, UnusableSecret> {
        let credential = Credential::new(base_url.origin(), HeaderName::from_static("x-api-key"), api_key.trim())?;
        Ok(Self { egress, messages: base_url.join("v1/messages"), credential, timeouts: Timeouts::default() })
    }

    /// With other waits.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// A failed connection as our error; before the head nothing is known of the bill, unless nothing was sent.
    fn not_answered(&self, error: &EgressError) -> ProviderError {
        let (kind, billed) = match error {
            EgressError::NotSent(_) => (ProviderErrorKind::Unavailable, Billed::No),
            EgressError::Lost(_) => (ProviderErrorKind::Unavailable, Billed::Unknown),
            EgressError::ForeignOrigin(_) => (ProviderErrorKind::Rejected, Billed::No),
        };
        let message = self.credential.redact(&error.to_string());
        ProviderError { kind, message, billed, retry_after_ms: None }
    }
}

#[async_trait]
impl Provider for Anthropic {
    async fn stream(&self, permit: &Permit, request: &ModelRequest) -> Result<DeltaStream, ProviderError> {
        let body = request::body(request, permit.max_output_tokens());
        let headers = [
            (HeaderName::from_static("anthropic-version"), HeaderValue::from_static("2023-06-01")),
            (http::header::ACCEPT, HeaderValue::from_static("text/event-stream")),
        ];
        let sending = self.egress.post_json(&self.messages, &self.credential, &headers, &body);
        let mut response = match timeout(self.timeouts.first_byte, sending).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.not_answered(&error)),
            Err(_) => return Err(failure::silent(self.timeouts.first_byte, Billed::Unknown)),
        };
        if response.status() != http::StatusCode::OK || !is_event_stream(&response) {
            let reading = response.text_up_to(MAX_ERROR_BYTES);
            let body = timeout(ERROR_BODY_TIMEOUT, reading).await.unwrap_or_default();
            let error = failure::of_response(response.status(), response.headers(), &body);
            return Err(ProviderError { message: self.credential.redact(&error.message), ..error });
        }
        let id = response.header("request-id").unwrap_or("none").chars().take(100).collect();
        Ok(Box::pin(deltas(response, Reader::new(id), self.timeouts.silence, self.credential.clone())))
    }
}

fn is_event_stream(response: &EgressResponse) -> bool {
    response.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// Reads the body to the end of the message.
fn deltas(
    mut response: EgressResponse,
    mut reader: Reader,
    silence: Duration,
    credential: Credential,
) -> impl futures::Stream<Item = Result<super::Delta, ProviderError>> + Send {
    async_stream::stream! {
        let mut parser = SseParser::default();
        loop {
            let piece = match timeout(silence, response.chunk()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) => {
                    match reader.end_of_body() {
                        Ok(stop) => yield Ok(stop),
                        Err(error) => yield Err(error),
                    }
                    return;
                }
                Ok(Err(error)) => {
                    yield Err(reader.broken(ProviderErrorKind::Unavailable, credential.redact(&error.to_string())));
                    return;
                }
                Err(_) => {
                    yield Err(failure::silent(silence, reader.billed()));
                    return;
                }
            };
            let events = match parser.push(&piece) {
                Ok(events) => events,
                Err(error @ (SseError::LineTooLong | SseError::EventTooLong)) => {
                    yield Err(reader.broken(ProviderErrorKind::Protocol, error.to_string()));
                    return;
                }
            };
            for event in events {
                match reader.event(&event) {
                    Ok(deltas) => for delta in deltas {
                        let ends = matches!(delta, super::Delta::Stop(_));
                        yield Ok(delta);
                        if ends {
                            return;
                        }
                    },
                    Err(error) => {
                        yield Err(ProviderError { message: credential.redact(&error.message), ..error });
                        return;
                    }
                }
            }
        }
    }
}
