//! Is it alive, is it ready, how is it doing.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;

use crate::{db::SystemReason, state::AppState};

/// How long a scrape waits for the database.
const LOOK_UP_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);

/// `GET /livez`: the process answers.
pub async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can serve: 200, or 503 with the part that is missing.
pub async fn readyz(State(state): State<AppState>) -> Response {
    if state.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response();
    }
    match database_answers(&state).await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

async fn database_answers(state: &AppState) -> crate::db::Result<()> {
    let mut tx = state.db.read_system(SystemReason::Health).await?;
    crate::db::health::ping(&mut tx).await
}

/// `GET /metrics` in Prometheus' text format: with the configured bearer token, or else for loopback, unless a proxy there
/// hands on somebody else's request.
pub async fn metrics(
    State(state): State<AppState>,
    connection: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let peer = connection.map(|connection| connection.0.0.ip());
    if !may_measure(state.metrics_token.as_deref(), peer, &headers) {
        return StatusCode::NOT_FOUND.into_response();
    }
    measure_now(&state).await;
    match &state.metrics {
        Some(handle) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What is a state and not an event is looked up when it is asked for.
async fn measure_now(state: &AppState) {
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    metrics::gauge!("steward_gateway_requests_running").set(count(state.gateway.running()));
    metrics::gauge!("steward_desk_waiting").set(count(state.desk.waiting()));
    let open = async {
        let mut tx = state.db.read_system(SystemReason::Health).await?;
        crate::db::health::calls_open(&mut tx).await
    };
    match tokio::time::timeout(LOOK_UP_WITHIN, open).await {
        Ok(Ok(open)) => {
            metrics::gauge!("steward_holds_open").set(f64::from(u32::try_from(open).unwrap_or(u32::MAX)));
        }
        Ok(Err(error)) => tracing::debug!(error = &error as &dyn std::error::Error, "open holds are not known"),
        Err(_) => tracing::debug!("open holds are not known in time"),
    }
}

fn may_measure(token: Option<&str>, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    if let Some(token) = token {
        return bearer(headers).is_some_and(|given| bool::from(given.as_bytes().ct_eq(token.as_bytes())));
    }
    let is_handed_on = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    !is_handed_on && peer.is_some_and(|peer| peer.is_loopback())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_operators_measure() {
        let with = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            headers
        };
        let (here, away) = (Some(IpAddr::from([127, 0, 0, 1])), Some(IpAddr::from([192, 0, 2, 7])));
        assert!(may_measure(None, here, &HeaderMap::new()));
        assert!(!may_measure(None, away, &HeaderMap::new()));
        assert!(!may_measure(None, None, &HeaderMap::new()));
        assert!(!may_measure(None, here, &with("x-forwarded-for", "192.0.2.7")), "a proxy's visitor");
        assert!(!may_measure(None, here, &with("forwarded", "for=192.0.2.7")));
        assert!(may_measure(Some("right"), away, &with("authorization", "Bearer right")));
        assert!(!may_measure(Some("right"), here, &with("authorization", "Bearer wrong")));
        assert!(!may_measure(Some("right"), here, &HeaderMap::new()));
    }
}
