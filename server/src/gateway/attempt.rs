//! One request, in as many attempts as it takes: each with a hold of its own, at one model after the other.
//!
//! An attempt is made again when nothing was billed and the provider says that it cannot now: connection refused, 429,
//! 5xx. What may have been billed is not made again; the client's own SDK does that, on a hold of its own.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{
    Incoming, Inner, Offered, Refusal, Reply,
    relay::{self, CHECKPOINT_EVERY},
    routing::{Route, Stop},
    watch::{Watch, upstream_failed},
};
use crate::{
    egress::{EgressResponse, retry_after_ms},
    models::{
        Endpoint, NoAnswer, PriceVersion, ReportedUsage,
        wire::{WireError, WireErrorKind, WireFormat, WireRequest, input_bound, translate_request},
    },
    usage::{CallOutcome, Ending, Hold, Wish},
};

/// Attempts at one model.
const ATTEMPTS_PER_MODEL: u32 = 2;
/// Attempts at all.
const MAX_ATTEMPTS: i64 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// A longer wait than this is the client's.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The least output that is of use (accounting.md §3).
const OUTPUT_FLOOR: i64 = 256;
/// Longest error body that is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const ERROR_BODY_WITHIN: Duration = Duration::from_secs(5);

/// Where the answer, or why there is none, is handed over.
pub(super) type Head = oneshot::Sender<Result<Reply, Refusal>>;

/// What an attempt came to, when it did not answer.
struct Failed {
    refusal: Refusal,
    /// Another attempt may help, after this wait.
    again_after: Option<Duration>,
    /// This model cannot be asked so, another one perhaps can.
    is_of_model: bool,
}

impl Failed {
    fn here(refusal: Refusal) -> Self {
        Self { refusal, again_after: None, is_of_model: true }
    }
}

/// Answers through `head`, and works until everything is settled.
pub(super) async fn answer(inner: &Inner, incoming: Incoming, route: Route, head: Head) {
    let mut attempt = 0;
    let mut last = Refusal::internal();
    'models: for (place, stop) in route.iter().enumerate() {
        let offered = &stop.offered;
        let has_other = place + 1 < route.len();
        if has_other && offered.endpoint.is_resting(inner.world.now()) {
            continue;
        }
        let mut wait = FIRST_WAIT;
        for try_of_model in 1..=ATTEMPTS_PER_MODEL {
            attempt += 1;
            // Nothing was sent for it yet, or what was is settled: who went away needs no more.
            if head.is_closed() || attempt > MAX_ATTEMPTS {
                break 'models;
            }
            // Boxed: what it takes to get an answer is not kept while the answer goes to its client.
            let failed = match Box::pin(at(inner, &incoming, stop, attempt)).await {
                Ok((hold, response, watch)) => {
                    return relay::answer(inner, incoming, stop, hold, response, watch, head).await;
                }
                Err(failed) => failed,
            };
            // What the client asked for first says best what is wrong with the request.
            if place == 0 || !failed.is_of_model {
                last = failed.refusal;
            }
            if failed.is_of_model {
                continue 'models;
            }
            let Some(asked) = failed.again_after else { break 'models };
            let pause = asked.max(wait);
            if try_of_model == ATTEMPTS_PER_MODEL || pause > LONGEST_WAIT {
                continue 'models;
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = inner.shutdown.cancelled() => break 'models,
            }
            wait *= 2;
        }
    }
    // Nobody may be there to read it.
    let _ = head.send(Err(last));
}

/// One attempt: reserve, send, look at the head of what comes. A failed one is settled.
async fn at(
    inner: &Inner,
    incoming: &Incoming,
    stop: &Stop,
    attempt: i64,
) -> Result<(Hold, EgressResponse, Watch), Failed> {
    let offered = &stop.offered;
    let final_refusal = |refusal| Failed { refusal, again_after: None, is_of_model: false };
    let outgoing = outgoing(incoming, offered).map_err(|error| Failed::here(error.into()))?;
    let model = &offered.model;
    let choices = outgoing.choices().max(1);
    let most = incoming.most_output(model);
    let wanted = outgoing.max_output().unwrap_or(most).clamp(0, most);
    let price = inner.catalogue.price(&model.id, inner.world.now(), incoming.scope.markup_bp());
    refuse_what_has_no_bound(&outgoing, price.as_ref()).map_err(|error| Failed::here(error.into()))?;
    let wish = Wish {
        scope: incoming.scope.clone(),
        via: incoming.via(stop.cheaper.as_ref()),
        attempt,
        model: model.clone(),
        price,
        input_bound: input_bound(&outgoing).min(model.context_tokens),
        output_wanted: wanted.saturating_mul(choices),
        output_floor: wanted.min(outgoing.least_thinking() + OUTPUT_FLOOR).saturating_mul(choices),
        searches: outgoing.searches().unwrap_or(0),
    };
    let format = incoming.request.format();
    let hold = inner.desk.reserve(wish).await.map_err(|error| final_refusal(Refusal::of_reserve(error, format)))?;
    // Rounded down, so that all choices together stay within the hold.
    let cap = hold.permit().max_output_tokens().div_euclid(choices);
    let outgoing = outgoing.with_max_output(cap, offered.endpoint.cap_field()).with_usage_asked();
    let headers = headers_for(incoming, &offered.endpoint);
    let watch = Watch::begin(&inner.world, incoming, offered, &hold);
    let sending = offered.endpoint.send(hold.permit(), outgoing.bytes().clone(), &headers);
    let sent = keeping_its_lease(inner, incoming, &hold, sending).await;
    match sent {
        Ok(response) if response.status() == StatusCode::OK => {
            offered.endpoint.note_success();
            Ok((hold, response, watch))
        }
        Ok(response) => Err(Box::pin(refused(inner, incoming, offered, hold, response)).await),
        Err(error) => {
            offered.endpoint.note_failure(inner.world.now());
            tracing::warn!(request_id = incoming.request_id, provider = offered.endpoint.name(), %error, "no answer");
            let how = if matches!(error, NoAnswer::NotSent(_)) { "connect" } else { "lost" };
            upstream_failed(offered.endpoint.name(), how);
            let (ending, again_after) = match &error {
                NoAnswer::NotSent(_) => (Ending::NotBilled, Some(Duration::ZERO)),
                NoAnswer::Lost(_) => (Ending::Lost, None),
            };
            Box::pin(settle(inner, incoming, hold, ending)).await;
            let message = match error {
                NoAnswer::NotSent(_) => "The model's provider cannot be reached. Nothing was charged.",
                NoAnswer::Lost(_) => {
                    "The connection to the model's provider was lost. It may have charged; the hold stays until that is known."
                }
            };
            let failed = WireError::new(WireErrorKind::Upstream, message);
            // An SDK that asks again by itself would have it billed twice.
            let is_final = again_after.is_none();
            Err(Failed { refusal: WireError { is_final, ..failed }.into(), again_after, is_of_model: false })
        }
    }
}

/// Waits for the head of an answer, which may take longer than a lease: a model thinks before it writes a document.
async fn keeping_its_lease<T>(inner: &Inner, incoming: &Incoming, hold: &Hold, sending: impl Future<Output = T>) -> T {
    let mut sending = std::pin::pin!(sending);
    loop {
        match timeout(CHECKPOINT_EVERY, &mut sending).await {
            Ok(sent) => return sent,
            Err(_) => inner.desk.checkpoint(&incoming.scope, hold, ReportedUsage::default(), 0).await,
        }
    }
}

/// A request without a bound must not meet a budget in money.
fn refuse_what_has_no_bound(request: &WireRequest, price: Option<&PriceVersion>) -> Result<(), WireError> {
    let Some(price) = price else { return Ok(()) };
    let refuse = |message: String| Err(WireError::new(WireErrorKind::InvalidRequest, message));
    match (request.server_tool(), request.searches()) {
        (Some(tool), None) if price.dearest_input() > 0 => {
            return refuse(format!(
                "The tool \"{tool}\" is run by the provider, and what it reads is billed beyond any bound, so it cannot be \
                 asked for here. What can be is Anthropic's web search with `max_uses`."
            ));
        }
        (_, Some(_)) if price.per_search.is_none() => {
            return refuse("What a search on the web costs with this model is not known here.".to_owned());
        }
        _ => {}
    }
    match request.dearer_by() {
        Some(field) if price.output > 0 => {
            let message =
                format!("\"{field}\" makes a call dearer than its listed price, so it cannot be asked for here.");
            let mut error = WireError::new(WireErrorKind::InvalidRequest, message);
            error.param = Some(field.to_owned());
            Err(error)
        }
        _ => Ok(()),
    }
}

/// The request as the provider is asked.
pub(super) fn outgoing(incoming: &Incoming, offered: &Offered) -> Result<WireRequest, WireError> {
    Ok(translate_request(&incoming.request, offered.endpoint.format())?.with_model(&offered.model.id.0))
}

pub(super) fn headers_for(incoming: &Incoming, endpoint: &Endpoint) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    if incoming.request.format() == endpoint.format() {
        headers.extend(incoming.headers.iter().cloned());
    }
    let version = HeaderName::from_static("anthropic-version");
    if endpoint.format() == WireFormat::Anthropic && !headers.iter().any(|(name, _)| *name == version) {
        headers.push((version, HeaderValue::from_static("2023-06-01")));
    }
    headers
}

/// The provider answered with an error: nothing was billed.
async fn refused(
    inner: &Inner,
    incoming: &Incoming,
    offered: &Offered,
    hold: Hold,
    mut response: EgressResponse,
) -> Failed {
    let status = response.status();
    let retry_after = retry_after_ms(response.headers()).map(|ms| ms.div_ceil(1_000));
    let should_retry = response.header("x-should-retry").map(str::to_owned);
    let reading = response.text_up_to(MAX_ERROR_BYTES);
    let body = timeout(ERROR_BODY_WITHIN, reading).await.unwrap_or_default();
    settle(inner, incoming, hold, Ending::NotBilled).await;
    let body = offered.endpoint.redact(&body);
    let mut error = WireError::of_upstream(status.as_u16(), &body);
    error.request_id = Some(incoming.request_id.clone());
    tracing::warn!(
        request_id = incoming.request_id,
        provider = offered.endpoint.name(),
        status = status.as_u16(),
        kind = ?error.kind,
        "the provider refused"
    );
    upstream_failed(offered.endpoint.name(), status.as_str());
    let is_its_fault = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    if is_its_fault {
        offered.endpoint.note_failure(inner.world.now());
    } else {
        offered.endpoint.note_success();
    }
    let may_help = !error.is_final
        && should_retry.as_deref() != Some("false")
        && (is_its_fault || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT));
    let mut refusal = Refusal::from(error);
    if let Some(seconds) = retry_after {
        refusal = refusal.with("retry-after", &seconds.to_string());
    }
    let again_after = may_help.then(|| Duration::from_secs(retry_after.unwrap_or(0)));
    Failed { refusal, again_after, is_of_model: false }
}

async fn settle(inner: &Inner, incoming: &Incoming, hold: Hold, ending: Ending) {
    let outcome = CallOutcome { ending, reported: ReportedUsage::default(), received_bytes: 0 };
    inner.desk.settle(incoming.scope.clone(), hold, outcome).await;
}
