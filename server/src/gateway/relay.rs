//! The answer on its way: pieces go to the client as they come, a tap on them counts, and in the end the hold is settled
//! with what was counted, whatever became of the client.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    Incoming, Inner, Refusal, Reply, ReplyBody, attempt::Head, refusal::rate_headers, routing::Stop, watch::Watch,
};
use crate::{
    db::TenantScope,
    egress::EgressResponse,
    models::wire::{
        Stamp, Tap, TapState, Translator, UsageFilter, WholeEvents, WireError, WireErrorKind, WireFormat,
        translate_response,
    },
    usage::{CallOutcome, Ending, Hold},
};

/// Between two pieces of a body.
const SILENCE: Duration = Duration::from_secs(120);
/// A document may take as long as the model thinks.
const DOCUMENT_WITHIN: Duration = Duration::from_secs(600);
/// Longest document.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024 * 1024;
/// Pieces on their way to the client.
const MAX_PIECES: usize = 32;
/// How long a client may take nothing before it counts as gone.
const STALLED: Duration = Duration::from_secs(30);
/// After the client went away the provider's answer is read on for this long, for its usage; then it is broken off.
const DRAIN: Duration = Duration::from_secs(10);
/// How often the lease of a running call is renewed.
pub(super) const CHECKPOINT_EVERY: Duration = Duration::from_secs(20);

/// Passes an answer on and settles. Nothing but what comes back is kept meanwhile.
pub(super) fn answer<'a>(
    inner: &'a Inner,
    incoming: Incoming,
    stop: &Stop,
    hold: Hold,
    response: EgressResponse,
    watch: Watch,
    head: Head,
) -> BoxFuture<'a, ()> {
    let offered = &stop.offered;
    // A proxy in front of a provider that fails answers with a document, whatever was asked for.
    let is_streaming = incoming.request.is_streaming() && !is_document(&response);
    let headers = headers(&incoming, stop, &hold);
    let relay = Box::new(Relay {
        inner,
        from: offered.endpoint.format(),
        may_hide: offered.may_hide_output(&incoming.request),
        tap: Tap::new(offered.endpoint.format(), is_streaming),
        response,
        watch,
        until_checkpoint: Instant::now() + CHECKPOINT_EVERY,
        asked: Asked::of(incoming),
    });
    if is_streaming {
        Box::pin(relay.stream(hold, headers, head))
    } else {
        Box::pin(relay.document(hold, headers, head))
    }
}

/// Whether an answer says that it is no stream.
fn is_document(response: &EgressResponse) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("text/html")
}

fn headers(incoming: &Incoming, stop: &Stop, hold: &Hold) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    let cap = hold.permit().max_output_tokens().div_euclid(incoming.request.choices().max(1));
    let offered = &stop.offered;
    let most = incoming.most_output(&offered.model);
    let wanted = incoming.request.max_output().unwrap_or(most);
    if cap < wanted.min(most)
        && let Ok(value) = HeaderValue::try_from(cap.to_string())
    {
        // The budget allowed less than was asked for.
        headers.push((HeaderName::from_static("x-budget-max-tokens"), value));
    }
    if let Ok(value) = HeaderValue::try_from(offered.model.id.0.as_str()) {
        headers.push((HeaderName::from_static("x-steward-model"), value));
    }
    if hold.is_soft() {
        headers.push((HeaderName::from_static("x-budget-soft"), HeaderValue::from_static("true")));
    }
    if let Some(cheaper) = &stop.cheaper {
        headers.push((HeaderName::from_static("x-steward-rule"), HeaderValue::from_static(cheaper.rule)));
    }
    if let Some(left) = hold.rates_left() {
        headers.extend(rate_headers(&left, incoming.request.format()));
    }
    headers
}

/// What is still to be known of a request once it was sent. The rest goes: a body, and what was read of it, may be
/// megabytes, and an answer takes minutes.
struct Asked {
    scope: TenantScope,
    request_id: String,
    format: WireFormat,
    model: String,
    wants_usage: bool,
    wants_stream: bool,
}

impl Asked {
    fn of(incoming: Incoming) -> Self {
        let Incoming { scope, request_id, request, .. } = incoming;
        Self {
            scope,
            request_id,
            format: request.format(),
            model: request.model().to_owned(),
            wants_usage: request.wants_usage(),
            wants_stream: request.is_streaming(),
        }
    }
}

struct Relay<'a> {
    inner: &'a Inner,
    asked: Asked,
    /// What the provider speaks.
    from: WireFormat,
    /// See [`Offered::may_hide_output`].
    may_hide: bool,
    tap: Tap,
    response: EgressResponse,
    watch: Watch,
    until_checkpoint: Instant,
}

/// How the reading of a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Properly, as far as the connection goes.
    Body,
    /// By us: the client is gone, or the server goes down.
    BrokenOff,
    /// The connection broke, or nothing came for too long.
    Lost,
    TooLarge,
}

impl Relay<'_> {
    /// Reads one document and hands it over whole.
    async fn document(mut self: Box<Self>, hold: Hold, headers: Vec<(HeaderName, HeaderValue)>, head: Head) {
        let content_type = self.content_type("application/json");
        let until = Instant::now() + DOCUMENT_WITHIN;
        let mut body = Vec::new();
        let end = loop {
            let piece = tokio::select! {
                piece = timeout_at(until, self.response.chunk()) => piece,
                () = sleep_until(self.until_checkpoint) => {
                    self.checkpoint(&hold).await;
                    continue;
                }
                () = self.inner.break_off.cancelled() => break End::BrokenOff,
            };
            match piece {
                Ok(Ok(Some(piece))) => {
                    self.watch.piece();
                    self.tap.push(&piece);
                    if body.len() + piece.len() > MAX_DOCUMENT_BYTES {
                        break End::TooLarge;
                    }
                    body.extend_from_slice(&piece);
                }
                Ok(Ok(None)) => break End::Body,
                Ok(Err(_)) | Err(_) => break End::Lost,
            }
        };
        self.tap.finish();
        let outcome = self.outcome(&hold, end);
        self.watch.end(&outcome);
        let reply = match end {
            End::Body => self.translated(body).map(|body| self.reply(content_type, headers, ReplyBody::Whole(body))),
            End::BrokenOff => Err(Refusal::closing()),
            // It may be billed: an SDK that asks again by itself would have it billed twice.
            End::Lost | End::TooLarge => {
                let error = broken(end).with_request_id(&self.asked.request_id);
                Err(WireError { is_final: true, ..error }.into())
            }
        };
        // Who went away is charged all the same: the answer was made.
        let _ = head.send(reply);
        self.inner.desk.settle(self.asked.scope.clone(), hold, outcome).await;
    }

    /// Passes a stream on, piece by piece.
    async fn stream(mut self: Box<Self>, hold: Hold, headers: Vec<(HeaderName, HeaderValue)>, head: Head) {
        let format = self.asked.format;
        let default = if format.streams_events() { "text/event-stream" } else { "application/x-ndjson" };
        let content_type = self.content_type(default);
        let (pieces, body) = mpsc::channel(MAX_PIECES);
        let mut client = Client { pieces, gone_at: None };
        if head.send(Ok(self.reply(content_type, headers, ReplyBody::Pieces(body)))).is_err() {
            client.is_gone();
        }
        let mut passing = self.passing();
        let mut silent_at = Instant::now() + SILENCE;
        let end = loop {
            let piece = tokio::select! {
                biased;
                piece = self.response.chunk() => piece,
                () = client.left() => {
                    client.is_gone();
                    continue;
                }
                () = sleep_until(self.until_checkpoint) => {
                    self.checkpoint(&hold).await;
                    continue;
                }
                () = sleep_until(client.drained_at(silent_at)) => {
                    break if client.gone_at.is_some() { End::BrokenOff } else { End::Lost };
                }
                () = self.inner.break_off.cancelled() => break End::BrokenOff,
            };
            silent_at = Instant::now() + SILENCE;
            match piece {
                Ok(Some(piece)) => {
                    self.watch.piece();
                    self.tap.push(&piece);
                    client.give(passing.push(piece)).await;
                }
                Ok(None) => break End::Body,
                Err(_) => break End::Lost,
            }
        };
        self.tap.finish();
        // A stream that broke off says so in its own format, unless it said so itself.
        let has_end = matches!(self.tap.state(), TapState::Finished | TapState::Failed { .. });
        let error = (!has_end).then(|| broken(end).with_request_id(&self.asked.request_id));
        client.give(passing.finish(error, format)).await;
        let outcome = self.outcome(&hold, end);
        self.watch.end(&outcome);
        drop(client);
        self.inner.desk.settle(self.asked.scope.clone(), hold, outcome).await;
    }

    /// How pieces of a stream go on.
    fn passing(&self) -> Passing {
        let Asked { format, wants_usage, .. } = self.asked;
        if self.from != format {
            return Passing::Translated(Box::new(Translator::new(self.from, format, self.stamp(), wants_usage)));
        }
        if self.from == WireFormat::OpenAi && !wants_usage {
            return Passing::Filtered(UsageFilter::default());
        }
        Passing::AsItCame(WholeEvents::new(format))
    }

    /// A document in the client's format: as it came, where that is the provider's and it is an answer at all.
    fn translated(&self, body: Vec<u8>) -> Result<Bytes, Refusal> {
        let Asked { format: to, wants_stream, .. } = self.asked;
        let is_whole = self.tap.state() == TapState::Finished;
        if self.from == to && is_whole && !wants_stream {
            return Ok(body.into());
        }
        let error = match translate_response(self.from, to, &body, &self.stamp()) {
            Ok(_) if wants_stream => {
                WireError::new(WireErrorKind::Upstream, "The provider answered with a document, not with a stream.")
            }
            Ok(_) if self.from == to => return Ok(body.into()),
            Ok(value) => return Ok(value.to_string().into()),
            Err(error) => error,
        };
        // What was billed is not to be billed again by an SDK that tries by itself.
        let is_final = error.is_final || matches!(self.tap.state(), TapState::Begun | TapState::Finished);
        Err(WireError { is_final, ..error.with_request_id(&self.asked.request_id) }.into())
    }

    fn stamp(&self) -> Stamp {
        let now = self.inner.world.now();
        let id: String = self.asked.request_id.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
        Stamp { id, created: now.0.div_euclid(1_000), model: self.asked.model.clone() }
    }

    fn reply(&self, content_type: HeaderValue, headers: Vec<(HeaderName, HeaderValue)>, body: ReplyBody) -> Reply {
        Reply { status: StatusCode::OK, content_type, headers, body }
    }

    fn content_type(&self, default: &'static str) -> HeaderValue {
        let same = self.from == self.asked.format;
        let given = self.response.headers().get(header::CONTENT_TYPE).filter(|_| same);
        given.cloned().unwrap_or(HeaderValue::from_static(default))
    }

    /// Renews the lease. It is read only when this process does not come back, and then some time later: what came (and was
    /// billed) meanwhile is bounded by the cap alone, until the provider's last word is there.
    async fn checkpoint(&mut self, hold: &Hold) {
        self.until_checkpoint = Instant::now() + CHECKPOINT_EVERY;
        let reported = self.tap.reported();
        let is_known = reported.is_final || self.tap.state() == TapState::Nothing;
        let received = if is_known { self.received_bytes(hold) } else { i64::MAX };
        self.inner.desk.checkpoint(&self.asked.scope, hold, reported, received).await;
    }

    /// What is settled.
    fn outcome(&self, hold: &Hold, end: End) -> CallOutcome {
        let ending = match (self.tap.state(), end) {
            (TapState::Finished, _) => Ending::Completed,
            (TapState::Failed { had_begun: false }, _) => Ending::NotBilled,
            (TapState::Nothing, _) => Ending::Lost,
            (TapState::Begun | TapState::Failed { had_begun: true }, _) => Ending::Aborted,
        };
        tracing::debug!(request_id = self.asked.request_id, ?end, ?ending, "an answer ended");
        CallOutcome { ending, reported: self.tap.reported(), received_bytes: self.received_bytes(hold) }
    }

    /// A bound of the output in bytes; what may be hidden is bounded by the cap alone.
    fn received_bytes(&self, hold: &Hold) -> i64 {
        let received = self.tap.received_bytes();
        let has_begun = !matches!(self.tap.state(), TapState::Nothing | TapState::Failed { had_begun: false });
        let hidden = if self.may_hide && has_begun { hold.permit().max_output_tokens() } else { 0 };
        received.saturating_add(hidden)
    }
}

fn broken(end: End) -> WireError {
    match end {
        End::TooLarge => {
            WireError::new(WireErrorKind::Upstream, "The provider's answer is larger than can be passed on.")
        }
        End::BrokenOff => WireError::new(WireErrorKind::Unavailable, "The server is restarting; the answer ends here."),
        End::Lost | End::Body => WireError::new(
            WireErrorKind::Upstream,
            "The connection to the model's provider was lost; the answer ends here.",
        ),
    }
}

/// What happens to the pieces of a stream.
enum Passing {
    AsItCame(WholeEvents),
    /// Without the usage nobody asked for.
    Filtered(UsageFilter),
    Translated(Box<Translator>),
}

impl Passing {
    fn push(&mut self, piece: Bytes) -> Bytes {
        match self {
            Self::AsItCame(events) => events.push(piece),
            Self::Filtered(filter) => filter.push(&piece).into(),
            Self::Translated(translator) => translator.push(&piece).into(),
        }
    }

    /// What is left; or the error a stream ends with that did not end properly, in the place of half an event.
    fn finish(&mut self, error: Option<WireError>, format: WireFormat) -> Bytes {
        match (self, error) {
            (Self::AsItCame(events), None) => events.finish(),
            (Self::Filtered(filter), None) => filter.finish().into(),
            (Self::AsItCame(_) | Self::Filtered(_), Some(error)) => error.event(format).into(),
            (Self::Translated(translator), None) => translator.finish().into(),
            (Self::Translated(translator), Some(error)) => translator.abort(error).into(),
        }
    }
}

/// Who reads the stream.
struct Client {
    pieces: mpsc::Sender<Bytes>,
    gone_at: Option<Instant>,
}

impl Client {
    fn is_gone(&mut self) {
        self.gone_at.get_or_insert_with(Instant::now);
    }

    /// Resolves when the client leaves; never again once that is known.
    async fn left(&self) {
        if self.gone_at.is_some() {
            return std::future::pending().await;
        }
        self.pieces.closed().await;
    }

    /// When reading ends for want of anything: silence, or the drain's end.
    fn drained_at(&self, silent_at: Instant) -> Instant {
        self.gone_at.map_or(silent_at, |gone| silent_at.min(gone + DRAIN))
    }

    /// Hands a piece on; waits for a slow reader, but not for ever.
    async fn give(&mut self, piece: Bytes) {
        if self.gone_at.is_some() || piece.is_empty() {
            return;
        }
        match tokio::time::timeout(STALLED, self.pieces.send(piece)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => self.is_gone(),
        }
    }
}
