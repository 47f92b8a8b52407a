//! `GET /t/{tenant}/events?turns=<turn>:<after>,…&last=<id>`: everything that changes for the caller in a tenant, as
//! server-sent events: one stream per browser.
//!
//! `data` is an [`app::model::PersonEvent`] as JSON, or an array of a text ([`LastTurn`]). `id`, where there is one, is a place to go on from: as
//! `Last-Event-ID` or, for a page that opens a new stream, as `last`; who gives none (or one that is forgotten) first gets a
//! `Resync`. `turns` names the turns the page follows, each with the last event it has; turns that start later are sent
//! from their first event. `event: beat` says that the line is alive; `event: end` that it is over for good and why. The
//! stream is closed after [`CLOSE_AFTER`], so that nothing depends on how long a proxy keeps it; the browser comes back.

use std::time::Duration;

use app::{
    backend::Caller,
    error::AppError,
    model::{LastTurn, TenantCode, TurnId},
};
use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::{
        Response,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt as _};
use tokio_util::sync::CancellationToken;

use super::turn_events::{OpenStream, TurnEventsState, number, refused, sse, too_many, while_allowed};
use crate::{
    error::{Error, Result},
    live::{Live, MAX_TURNS, Position, Told},
    tenancy,
};

/// What the handler needs; the router's state gives it by `FromRef`.
#[derive(Clone)]
pub struct PersonEventsState {
    /// Sessions are checked again and streams counted together with those of turns.
    pub turns: TurnEventsState,
    pub live: Live,
    pub close_after: Duration,
}

impl PersonEventsState {
    #[must_use]
    pub fn new(turns: TurnEventsState, shutdown: CancellationToken) -> Self {
        let live = Live { db: turns.db.clone(), world: turns.world.clone(), turns: turns.turns.clone(), shutdown };
        Self { turns, live, close_after: CLOSE_AFTER }
    }
}

/// A stream is this long at most.
const CLOSE_AFTER: Duration = Duration::from_secs(10 * 60);
const BEAT: Duration = Duration::from_secs(15);
const RETRY: Duration = Duration::from_millis(500);
/// A place is shorter than this.
const MAX_PLACE_BYTES: usize = 64;

/// The handler; see the module.
pub async fn person_events(
    State(state): State<PersonEventsState>,
    caller: Option<Extension<Caller>>,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(Extension(caller)) = caller else { return refused(AppError::SignedOut) };
    let Some(counted) = state.turns.open.open(caller.user) else { return too_many() };
    match open(&state, &caller, &tenant, query.as_deref(), &headers, counted).await {
        Ok(response) => response,
        Err(error) => refused(error.into_app(&caller.request_id)),
    }
}

async fn open(
    state: &PersonEventsState,
    caller: &Caller,
    tenant: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    counted: OpenStream,
) -> Result<Response> {
    let tenant: TenantCode = tenant.parse().map_err(|_| Error::NotFound)?;
    let scope = tenancy::enter(&state.live.db, caller, &tenant).await?;
    let position = position(query, headers)?;
    let told = state.live.follow(scope.clone(), position);
    let told = events(told.take_until(tokio::time::sleep(state.close_after)));
    let goodbye = Event::default().event("end").data("signed_out");
    let events = while_allowed(state.turns.clone(), caller.clone(), scope, told, Some(goodbye), counted);
    let beat = KeepAlive::new().interval(BEAT).event(Event::default().event("beat").data("-"));
    Ok(sse(RETRY, events, beat))
}

fn events(told: impl Stream<Item = Told> + Send + 'static) -> impl Stream<Item = Event> + Send + 'static {
    let mut last = LastTurn::default();
    told.map(move |Told { place, event }| {
        let sse = place.map_or_else(Event::default, |place| Event::default().id(place));
        let written = match last.short(&event) {
            Some(text) => sse.json_data([text]),
            None => sse.json_data(&event),
        };
        match written {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(%error, "an event cannot be written as JSON");
                Event::default().comment("an event was lost; load the page again")
            }
        }
    })
}

/// Where the page is, from its address; what the browser's own reconnection says counts more.
fn position(query: Option<&str>, headers: &HeaderMap) -> Result<Position> {
    let mut position = Position::default();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("turns", list)) if position.turns.is_empty() => position.turns = turns(list)?,
            Some(("last", place)) if position.place.is_none() => position.place = Some(place.to_owned()),
            _ => return Err(Error::invalid("query", "only `turns` and `last` are known here, each once")),
        }
    }
    if let Some(last) = headers.get("last-event-id") {
        position.place = last.to_str().ok().map(|last| last.trim().to_owned());
    }
    // One that is not ours is not known: the page fetches everything again.
    position.place.take_if(|place| place.is_empty() || place.len() > MAX_PLACE_BYTES);
    Ok(position)
}

fn turns(list: &str) -> Result<Vec<(TurnId, u64)>> {
    let turn = |word: &str| {
        let (id, after) = word.split_once(':').or_else(|| word.split_once("%3A"))?;
        Some((id.parse().ok()?, number(after)?))
    };
    let list = list.replace("%2C", ",");
    let words = list.split(',').filter(|word| !word.is_empty());
    let turns: Option<Vec<_>> = words.take(MAX_TURNS + 1).map(turn).collect();
    turns
        .filter(|turns| turns.len() <= MAX_TURNS)
        .ok_or_else(|| Error::invalid("turns", "this is a list of at most 16 turns, each with the number of an event"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use uuid::Uuid;

    use super::*;

    const A: TurnId = TurnId(Uuid::from_u128(0xa));
    const B: TurnId = TurnId(Uuid::from_u128(0xb));

    fn at(query: &str, last: Option<&'static str>) -> Option<Position> {
        let mut headers = HeaderMap::new();
        if let Some(last) = last {
            headers.insert("last-event-id", HeaderValue::from_static(last));
        }
        position(Some(query), &headers).ok()
    }

    #[test]
    fn a_page_says_where_it_is() {
        let place = |place: &str| Some(place.to_owned());
        assert_eq!(at("", None), Some(Position::default()));
        let both = Position { place: place("e-7"), turns: vec![(A, 3), (B, 0)] };
        assert_eq!(at(&format!("turns={A}:3,{B}:0&last=e-7"), None), Some(both.clone()));
        assert_eq!(at(&format!("turns={A}%3A3%2C{B}%3A0&last=e-5"), Some("e-7")), Some(both));
        assert_eq!(at("last=", None), Some(Position::default()));
        assert_eq!(at(&format!("last={}", "x".repeat(65)), None), Some(Position::default()));
    }

    #[test]
    fn what_cannot_be_a_place_is_refused() {
        let many = vec![format!("{A}:1"); MAX_TURNS + 1].join(",");
        for wrong in
            ["x=1", "turns", "turns=1:2", &format!("turns={A}"), &format!("turns={A}:-1"), &format!("turns={many}")]
        {
            assert_eq!(at(wrong, None), None, "{wrong}");
        }
        assert_eq!(at(&format!("turns={A}:1&turns={B}:1"), None), None);
    }
}
