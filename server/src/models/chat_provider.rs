//! Models of other formats for the chat: OpenAI's (and of whatever is compatible) and Ollama's, asked through an
//! [`Endpoint`] in the words of `wire`.
//!
//! [`request`] says our request in common words, [`reader`] turns what comes back into deltas, this file does the waiting.
//! What must hold: the permit's cap is always sent; no wait is unbounded; the usage that counts is the tap's, the same as
//! at the gateway; what may have been billed is never called unbilled.

mod reader;
mod request;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::time::timeout;

use super::{
    Billed, Delta, DeltaStream, Endpoint, ModelId, ModelRequest, NoAnswer, Permit, Provider, ProviderError,
    ProviderErrorKind,
    wire::{WireError, WireErrorKind, WireFormat, write_request},
};
use crate::egress::{EgressResponse, retry_after_ms};
use reader::Reader;

/// Between two pieces of the body; a model on one's own machine may be loaded before its first word.
const SILENCE: Duration = Duration::from_secs(120);
/// After the answer's end the body is read on for so long, as usage may follow.
const AFTER_END: Duration = Duration::from_secs(5);
/// Longest error body that is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const ERROR_BODY_WITHIN: Duration = Duration::from_secs(5);

/// OpenAI's models that do not think before they answer.
const NEVER_THINKS: [&str; 1] = ["gpt-4o-mini"];

/// Whether a model of this format may think without showing it, which is billed as output: what was received of an answer
/// that broke off then bounds nothing. (Ollama's models think in the open; Claude only where it is asked to.)
#[must_use]
pub fn hides_thinking(format: WireFormat, model: &ModelId) -> bool {
    format == WireFormat::OpenAi && !NEVER_THINKS.contains(&model.0.as_str())
}

/// A provider of the chat.
#[derive(Clone, Debug)]
pub struct ChatProvider {
    endpoint: Arc<Endpoint>,
    silence: Duration,
}

impl ChatProvider {
    #[must_use]
    pub fn new(endpoint: Arc<Endpoint>) -> Self {
        Self { endpoint, silence: SILENCE }
    }
}

#[async_trait]
impl Provider for ChatProvider {
    async fn stream(&self, permit: &Permit, request: &ModelRequest) -> Result<DeltaStream, ProviderError> {
        let format = self.endpoint.format();
        let written = write_request(&request::chat(request), format).map_err(|problem| ProviderError {
            kind: ProviderErrorKind::Rejected,
            message: problem.to_string(),
            billed: Billed::No,
            retry_after_ms: None,
        })?;
        let written = written.with_max_output(permit.max_output_tokens(), self.endpoint.cap_field()).with_usage_asked();
        let headers = [(HeaderName::from_static("accept"), HeaderValue::from_static("*/*"))];
        let response = self.endpoint.send(permit, written.bytes().clone(), &headers).await.map_err(not_answered)?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response).await);
        }
        let reader = Reader::new(format, hides_thinking(format, &request.model), &permit.call().to_string());
        Ok(Box::pin(deltas(self.endpoint.clone(), response, reader, self.silence)))
    }
}

impl ChatProvider {
    /// An error before anything was made.
    async fn refused(&self, mut response: EgressResponse) -> ProviderError {
        let status = response.status().as_u16();
        let retry_after_ms = retry_after_ms(response.headers());
        let reading = response.text_up_to(MAX_ERROR_BYTES);
        let body = timeout(ERROR_BODY_WITHIN, reading).await.unwrap_or_default();
        let error = WireError::of_upstream(status, &self.endpoint.redact(&body));
        ProviderError { retry_after_ms, ..failure(&error, Billed::No, Some(status)) }
    }
}

fn not_answered(error: NoAnswer) -> ProviderError {
    let billed = match error {
        NoAnswer::NotSent(_) => Billed::No,
        NoAnswer::Lost(_) => Billed::Unknown,
    };
    let message = error.to_string();
    ProviderError { kind: ProviderErrorKind::Unavailable, message, billed, retry_after_ms: None }
}

/// A provider's error as ours. `status`: of the response it came as.
fn failure(error: &WireError, billed: Billed, status: Option<u16>) -> ProviderError {
    let kind = match (error.kind, status) {
        (_, Some(401 | 403)) => ProviderErrorKind::Unauthorized,
        (_, Some(402)) => ProviderErrorKind::Rejected,
        (WireErrorKind::Authentication | WireErrorKind::Permission, _) => ProviderErrorKind::Unauthorized,
        (WireErrorKind::RateLimited, _) if !error.is_final => ProviderErrorKind::RateLimited,
        (WireErrorKind::NotFound, _) => ProviderErrorKind::NoSuchModel,
        (WireErrorKind::TooLarge, _) => ProviderErrorKind::ContextTooLong,
        (WireErrorKind::InvalidRequest, _) if says_too_long(error) => ProviderErrorKind::ContextTooLong,
        (WireErrorKind::Timeout | WireErrorKind::Overloaded | WireErrorKind::Unavailable, _) => {
            ProviderErrorKind::Unavailable
        }
        (WireErrorKind::Upstream | WireErrorKind::Internal, Some(500..) | None) if !error.is_final => {
            ProviderErrorKind::Unavailable
        }
        _ => ProviderErrorKind::Rejected,
    };
    ProviderError { kind, message: error.message.clone(), billed, retry_after_ms: None }
}

/// OpenAI's code ("Error codes"), and the words of servers without one.
fn says_too_long(error: &WireError) -> bool {
    error.code.as_deref() == Some("context_length_exceeded") || error.message.contains("context length")
}

/// Reads the body to its end.
fn deltas(
    endpoint: Arc<Endpoint>,
    mut response: EgressResponse,
    mut reader: Reader,
    silence: Duration,
) -> impl futures::Stream<Item = Result<Delta, ProviderError>> + Send {
    async_stream::stream! {
        loop {
            let wait = if reader.has_stopped() { AFTER_END } else { silence };
            let piece = match timeout(wait, response.chunk()).await {
                Ok(Ok(Some(piece))) => piece,
                // What is missing after the end is missed by nobody.
                Ok(Ok(None)) | Ok(Err(_)) | Err(_) if reader.has_stopped() => break,
                Ok(Ok(None)) => break,
                Ok(Err(error)) => {
                    yield Err(reader.broken(endpoint.redact(&error.to_string())));
                    return;
                }
                Err(_) => {
                    yield Err(reader.broken(format!("nothing came for {} seconds", wait.as_secs())));
                    return;
                }
            };
            for delta in reader.push(&piece) {
                let failed = delta.is_err();
                yield delta.map_err(|error| ProviderError { message: endpoint.redact(&error.message), ..error });
                if failed {
                    return;
                }
            }
        }
        for delta in reader.finish() {
            yield delta.map_err(|error| ProviderError { message: endpoint.redact(&error.message), ..error });
        }
    }
}
