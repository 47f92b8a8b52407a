//! `GET /t/{tenant}/turns/{turn}/events?after=N`: a turn's events as server-sent events, from any sequence number on.
//!
//! `id` is the sequence number, `data` a [`app::model::TurnEnvelope`] as JSON. A browser that lost its connection comes
//! back with `Last-Event-ID`; the stream ends after the terminal event. The connection is only a way to look: closing it
//! stops nothing.

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::{
    backend::Caller,
    error::AppError,
    model::{TenantCode, TurnEnvelope, TurnId, UserId},
};
use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{
    db::{Db, TenantScope},
    error::{Error, Result},
    http::answer,
    identity::sessions,
    tenancy,
    turns::Turns,
    world::World,
};

/// What the handler needs; the router's state gives it by `FromRef`.
#[derive(Clone)]
pub struct TurnEventsState {
    pub db: Db,
    pub world: World,
    pub turns: Turns,
    /// How often it is asked again whether the caller may still look.
    pub recheck_every: Duration,
    /// Who follows how much at once.
    pub open: OpenStreams,
}

impl TurnEventsState {
    #[must_use]
    pub fn new(db: Db, world: World, turns: Turns) -> Self {
        Self { db, world, turns, recheck_every: RECHECK, open: OpenStreams::default() }
    }
}

/// A comment this often keeps proxies from closing an idle stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const RECHECK: Duration = Duration::from_secs(15);
/// When a browser comes back after a lost connection.
const RETRY: Duration = Duration::from_millis(1_000);

/// Open at once for one person, in all tabs and tenants of this process: each asks the database again and again.
pub const MAX_OPEN_PER_PERSON: usize = 16;

/// How many event streams each person has open. Cheap to clone; clones count together.
#[derive(Clone, Default)]
pub struct OpenStreams(Arc<Mutex<HashMap<UserId, usize>>>);

/// One of a person's [`MAX_OPEN_PER_PERSON`] streams; dropping it makes room for another.
#[must_use]
pub struct OpenStream {
    of: OpenStreams,
    user: UserId,
}

impl OpenStreams {
    /// Counts one more, unless the person has as many as they may.
    pub fn open(&self, user: UserId) -> Option<OpenStream> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(user).or_default();
        if *count >= MAX_OPEN_PER_PERSON {
            return None;
        }
        *count += 1;
        Some(OpenStream { of: self.clone(), user })
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut counts = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user);
            }
        }
    }
}

/// The answer to one stream too many: 429.
#[must_use]
pub fn too_many() -> Response {
    const RETRY_AFTER_S: u32 = 5;
    let message = format!("You follow {MAX_OPEN_PER_PERSON} answers at once already. Close some of them first.");
    let body = serde_json::json!({ "error": "rate_limited", "retry_after_s": RETRY_AFTER_S, "message": message });
    let retry_after = [(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S))];
    (StatusCode::TOO_MANY_REQUESTS, retry_after, axum::Json(body)).into_response()
}

/// The handler; see the module.
pub async fn turn_events(
    State(state): State<TurnEventsState>,
    caller: Option<Extension<Caller>>,
    Path((tenant, turn)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(Extension(caller)) = caller else { return refused(AppError::SignedOut) };
    let Some(counted) = state.open.open(caller.user) else { return too_many() };
    match open(&state, &caller, &tenant, &turn, query.as_deref(), &headers, counted).await {
        Ok(response) => response,
        Err(error) => refused(error.into_app(&caller.request_id)),
    }
}

pub(super) fn refused(error: AppError) -> Response {
    answer::json(answer::status_of(&error), &error)
}

async fn open(
    state: &TurnEventsState,
    caller: &Caller,
    tenant: &str,
    turn: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    counted: OpenStream,
) -> Result<Response> {
    // What cannot be an id is no different from one that is not there.
    let tenant: TenantCode = tenant.parse().map_err(|_| Error::NotFound)?;
    let turn: TurnId = turn.parse().map_err(|_| Error::NotFound)?;
    let after = position(query, headers)?;
    stream(state, caller, &tenant, turn, after, counted).await
}

/// A turn's events after `after`, as a response.
///
/// # Errors
/// [`Error::NotFound`]: no such turn of the caller.
pub async fn stream(
    state: &TurnEventsState,
    caller: &Caller,
    tenant: &TenantCode,
    turn: TurnId,
    after: u64,
    counted: OpenStream,
) -> Result<Response> {
    let scope = tenancy::enter(&state.db, caller, tenant).await?;
    let events = state.turns.follow(&scope, turn, after).await?;
    let events = events.map(|envelope| event(&envelope));
    let events = while_allowed(state.clone(), caller.clone(), scope, events, None, counted);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(sse(RETRY, events, keep_alive))
}

/// A response of events, after which a browser comes back within `retry`.
pub(super) fn sse(
    retry: Duration,
    events: impl Stream<Item = Event> + Send + 'static,
    keep_alive: KeepAlive,
) -> Response {
    let first = futures::stream::once(async move { Event::default().retry(retry) });
    let sse = Sse::new(first.chain(events).map(Ok::<_, Infallible>)).keep_alive(keep_alive);
    let mut response = sse.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx buffers responses otherwise (ngx_http_proxy_module, `proxy_buffering`).
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// Where to go on: what the browser saw last, else what the page knew.
fn position(query: Option<&str>, headers: &HeaderMap) -> Result<u64> {
    if let Some(last) = headers.get("last-event-id") {
        let last = last.to_str().ok().map(str::trim).and_then(number);
        return last.ok_or_else(|| Error::invalid("Last-Event-ID", "this is a sequence number"));
    }
    let mut after = None;
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let value = pair.strip_prefix("after=").filter(|_| after.is_none());
        let value = value.ok_or_else(|| Error::invalid("query", "only `after` is known here, once"))?;
        after = Some(number(value).ok_or_else(|| Error::invalid("after", "this is a sequence number"))?);
    }
    Ok(after.unwrap_or(0))
}

pub(super) fn number(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

fn event(envelope: &TurnEnvelope) -> Event {
    let event = Event::default().id(envelope.seq.to_string());
    match event.json_data(envelope) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(turn = %envelope.turn, %error, "an event cannot be written as JSON");
            Event::default().comment("an event was lost; load the page again")
        }
    }
}

/// The events for as long as the caller is signed in and a member: who is removed stops seeing within seconds, and is told
/// `goodbye`, if there is one.
pub(super) fn while_allowed(
    state: TurnEventsState,
    caller: Caller,
    scope: TenantScope,
    events: impl Stream<Item = Event> + Send + 'static,
    mut goodbye: Option<Event>,
    counted: OpenStream,
) -> impl Stream<Item = Event> + Send + 'static {
    async_stream::stream! {
        let _counted = counted;
        let mut events = pin!(events);
        let mut recheck = interval_at(Instant::now() + state.recheck_every, state.recheck_every);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = recheck.tick() => if !is_allowed(&state, &caller, &scope).await {
                    if let Some(goodbye) = goodbye.take() {
                        yield goodbye;
                    }
                    return;
                },
                next = events.next() => match next {
                    Some(event) => yield event,
                    None => return,
                },
            }
        }
    }
}

async fn is_allowed(state: &TurnEventsState, caller: &Caller, scope: &TenantScope) -> bool {
    let checked = async {
        tenancy::enter(&state.db, caller, scope.code()).await?;
        sessions::is_live(&state.db, &state.world, caller).await
    };
    match checked.await {
        Ok(is_live) => is_live,
        // The database is away for a moment: nobody lost a membership by that.
        Err(Error::Db(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a follower was not checked again");
            true
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(query: Option<&str>, last: Option<&'static str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        if let Some(last) = last {
            headers.insert("last-event-id", HeaderValue::from_static(last));
        }
        position(query, &headers).ok()
    }

    #[test]
    fn streams_are_counted_by_person_and_given_back() {
        let (ana, budi) = (UserId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
        let streams = OpenStreams::default();
        let mut open: Vec<OpenStream> = (0..MAX_OPEN_PER_PERSON).filter_map(|_| streams.open(ana)).collect();
        assert_eq!(open.len(), MAX_OPEN_PER_PERSON);
        assert!(streams.clone().open(ana).is_none());
        assert!(streams.open(budi).is_some(), "somebody else is not concerned");
        open.pop();
        let again = streams.open(ana);
        assert!(again.is_some() && streams.open(ana).is_none());
        drop((open, again));
        assert!(streams.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty(), "nothing is left behind");
    }

    #[test]
    fn a_browser_goes_on_where_it_was() {
        assert_eq!(at(None, None), Some(0));
        assert_eq!(at(Some("after=7"), None), Some(7));
        assert_eq!(at(Some("after=7"), Some("9")), Some(9));
        for wrong in ["after=", "after=-1", "after=+1", "after=1&after=2", "x=1", "after=99999999999999999999"] {
            assert_eq!(at(Some(wrong), None), None, "{wrong}");
        }
        assert_eq!(at(None, Some("abc")), None);
    }
}
