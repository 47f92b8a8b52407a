//! Counting the tokens of a request: what the provider says where it counts (Anthropic), else our upper bound.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::time::timeout;

use super::{
    Gateway, Incoming, Offered, Refusal, Reply, ReplyBody,
    attempt::{headers_for, outgoing},
    refusal::rate_headers,
    routing,
};
use crate::{
    db::Db,
    models::{
        CountPermit,
        wire::{WireError, WireErrorKind, WireFormat, input_bound},
    },
    usage::{RatesLeft, leave_to_count},
};

/// Longest answer: a number and its name.
const MAX_BYTES: usize = 64 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// A provider that is left alone is asked again after this, seconds.
const RESTING_S: &str = "10";

impl Gateway {
    /// How many input tokens this request has, in Anthropic's words. Nothing is held and nothing is billed; the key's rates
    /// count it as a request. A model whose provider does not count is answered with an upper bound of the tokens, under
    /// `x-steward-count: upper-bound`.
    ///
    /// # Errors
    /// In words, with the headers that go with them.
    pub async fn count_tokens(&self, db: &Db, incoming: Incoming) -> Result<Reply, Refusal> {
        if self.0.shutdown.is_cancelled() {
            return Err(Refusal::closing());
        }
        let offered = routing::find(&self.0.offers, &incoming)?;
        let now = self.0.world.now();
        let left = leave_to_count(db, &incoming.scope, &incoming.via(), now).await;
        let (permit, left) = left.map_err(|error| Refusal::of_reserve(error, WireFormat::Anthropic))?;
        if !offered.endpoint.counts() {
            let bound = input_bound(&outgoing(&incoming, offered)?).min(offered.model.context_tokens);
            let body = serde_json::json!({"input_tokens": bound}).to_string();
            return Ok(reply(offered, "upper-bound", body.into(), left));
        }
        if offered.endpoint.is_resting(now) {
            let message = "The model's provider does not answer; it is left alone for a few seconds.";
            let refusal = Refusal::from(WireError::new(WireErrorKind::Overloaded, message));
            return Err(refusal.with("retry-after", RESTING_S));
        }
        let body = self.ask_for_count(&permit, &incoming, offered).await?;
        Ok(reply(offered, "exact", body, left))
    }

    async fn ask_for_count(
        &self,
        permit: &CountPermit,
        incoming: &Incoming,
        offered: &Offered,
    ) -> Result<Bytes, Refusal> {
        let (endpoint, now) = (&offered.endpoint, self.0.world.now());
        let bytes = outgoing(incoming, offered)?.bytes().clone();
        let sent = endpoint.count(permit, bytes, &headers_for(incoming, endpoint)).await;
        let mut response = sent.map_err(|error| {
            endpoint.note_failure(now);
            tracing::warn!(request_id = incoming.request_id, provider = endpoint.name(), %error, "no count");
            WireError::new(WireErrorKind::Upstream, "The model's provider cannot be reached.")
        })?;
        let status = response.status();
        let retry_after = response.header("retry-after").map(str::to_owned);
        let body = timeout(BODY_WITHIN, response.text_up_to(MAX_BYTES)).await.unwrap_or_default();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            endpoint.note_failure(now);
        } else {
            endpoint.note_success();
        }
        let counted: Option<i64> =
            serde_json::from_str::<serde_json::Value>(&body).ok().and_then(|body| body.get("input_tokens")?.as_i64());
        if status == StatusCode::OK && counted.is_some_and(|count| count >= 0) {
            return Ok(body.into());
        }
        let refusal = if status == StatusCode::OK {
            Refusal::from(WireError::new(WireErrorKind::Upstream, "The provider's count cannot be read."))
        } else {
            Refusal::from(WireError::of_upstream(status.as_u16(), &endpoint.redact(&body)))
        };
        Err(match retry_after {
            Some(wait) => refusal.with("retry-after", &wait),
            None => refusal,
        })
    }
}

fn reply(offered: &Offered, how: &'static str, body: Bytes, left: Option<RatesLeft>) -> Reply {
    let mut headers = vec![(HeaderName::from_static("x-steward-count"), HeaderValue::from_static(how))];
    if let Ok(value) = HeaderValue::try_from(offered.model.id.0.as_str()) {
        headers.push((HeaderName::from_static("x-steward-model"), value));
    }
    headers.extend(left.iter().flat_map(|left| rate_headers(left, WireFormat::Anthropic)));
    let content_type = HeaderValue::from_static("application/json");
    Reply { status: StatusCode::OK, content_type, headers, body: ReplyBody::Whole(body) }
}
