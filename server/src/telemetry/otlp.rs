//! Spans for an OpenTelemetry collector: OTLP over HTTP, in JSON (opentelemetry-proto, "JSON Protobuf Encoding"), through the
//! house's own HTTP client. Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set; then model calls of the gateway are told of,
//! with the attributes of the GenAI semantic conventions, and never with what was said.
//!
//! A span that cannot be sent is dropped and counted; nobody waits for a collector. Why no SDK: it would bring a second way
//! to make HTTP clients, and some forty crates for one kind of span.

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    egress::{BaseUrl, Egress},
    world::World,
};

/// Spans that wait to be sent; beyond, they are dropped.
const MAX_WAITING: usize = 4_096;
/// Spans in one request.
const AT_ONCE: usize = 512;
/// How long spans are collected before they are sent.
const COLLECT: Duration = Duration::from_secs(1);
const SENT_WITHIN: Duration = Duration::from_secs(10);

static EXPORTER: OnceLock<mpsc::Sender<Span>> = OnceLock::new();

/// Whether anybody reads spans.
#[must_use]
pub fn is_on() -> bool {
    EXPORTER.get().is_some()
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    Text(String),
    Int(i64),
    Seconds(f64),
}

impl Attribute {
    fn value(&self) -> Value {
        match self {
            Self::Text(text) => json!({ "stringValue": text }),
            // 64 bits are written as text.
            Self::Int(count) => json!({ "intValue": count.to_string() }),
            Self::Seconds(seconds) => json!({ "doubleValue": seconds }),
        }
    }
}

/// A call of a provider: kind CLIENT, a trace of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    name: String,
    trace: Uuid,
    id: Uuid,
    began_ms: i64,
    ended_ms: i64,
    is_ok: bool,
    pub attributes: Vec<(&'static str, Attribute)>,
}

impl Span {
    #[must_use]
    pub fn begin(name: String, world: &World, attributes: Vec<(&'static str, Attribute)>) -> Self {
        let now = world.now().0;
        Self { name, trace: world.id(), id: world.id(), began_ms: now, ended_ms: now, is_ok: true, attributes }
    }

    /// Ends and sends it, when there is room.
    pub fn end(mut self, world: &World, is_ok: bool) {
        self.ended_ms = world.now().0.max(self.began_ms);
        self.is_ok = is_ok;
        if let Some(exporter) = EXPORTER.get()
            && exporter.try_send(self).is_err()
        {
            metrics::counter!("steward_spans_dropped_total").increment(1);
        }
    }

    fn json(&self) -> Value {
        let trace = self.trace.simple().to_string();
        let id = self.id.simple().to_string();
        let attributes: Vec<Value> =
            self.attributes.iter().map(|(key, value)| json!({ "key": key, "value": value.value() })).collect();
        json!({
            "traceId": trace,
            // The end of an id is the random part of it.
            "spanId": id.get(16..).unwrap_or_default(),
            "name": self.name,
            "kind": 3,
            "startTimeUnixNano": format!("{}000000", self.began_ms),
            "endTimeUnixNano": format!("{}000000", self.ended_ms),
            "attributes": attributes,
            "status": { "code": if self.is_ok { 1 } else { 2 } },
        })
    }
}

fn body(spans: &[Span]) -> Value {
    let spans: Vec<Value> = spans.iter().map(Span::json).collect();
    let version = env!("CARGO_PKG_VERSION");
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            { "key": "service.name", "value": { "stringValue": "steward" } },
            { "key": "service.version", "value": { "stringValue": version } },
        ] },
        "scopeSpans": [{ "scope": { "name": "steward.gateway", "version": version }, "spans": spans }],
    }] })
}

/// Where spans go.
#[derive(Clone, Debug)]
pub struct Collector {
    /// With its path, `…/v1/traces`.
    url: BaseUrl,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Collector {
    /// `endpoint`: the collector's base URL; `headers`: `name=value` with commas between them, as
    /// `OTEL_EXPORTER_OTLP_HEADERS` has them.
    ///
    /// # Errors
    /// In words; without the values.
    pub fn parse(endpoint: &str, headers: &str) -> Result<Self, String> {
        let url = BaseUrl::parse(endpoint).map_err(|error| error.to_string())?.join("v1/traces");
        let mut parsed = Vec::new();
        for pair in headers.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or("headers are written name=value,name=value")?;
            let name = HeaderName::try_from(name.trim()).map_err(|_| "this is no header's name".to_owned())?;
            let mut value = HeaderValue::try_from(value.trim()).map_err(|_| format!("{name}: no header's value"))?;
            value.set_sensitive(true);
            parsed.push((name, value));
        }
        Ok(Self { url, headers: parsed })
    }
}

/// Starts sending, once per process; until the server stops.
pub fn start(egress: Egress, collector: Collector, stop: CancellationToken) -> Option<impl Future<Output = ()> + Send> {
    let (sender, spans) = mpsc::channel(MAX_WAITING);
    EXPORTER.set(sender).ok()?;
    Some(run(egress, collector, spans, stop))
}

async fn run(egress: Egress, collector: Collector, mut spans: mpsc::Receiver<Span>, stop: CancellationToken) {
    let mut is_failing = false;
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            _ = spans.recv_many(&mut batch, AT_ONCE) => {}
            () = stop.cancelled() => {}
        }
        // More come meanwhile.
        if !stop.is_cancelled() && batch.len() < AT_ONCE {
            tokio::select! {
                () = tokio::time::sleep(COLLECT) => {}
                () = stop.cancelled() => {}
            }
        }
        while batch.len() < AT_ONCE
            && let Ok(span) = spans.try_recv()
        {
            batch.push(span);
        }
        if batch.is_empty() {
            if stop.is_cancelled() {
                return;
            }
            continue;
        }
        let sent = send(&egress, &collector, &batch).await;
        if let Err(problem) = &sent {
            let dropped = u64::try_from(batch.len()).unwrap_or(u64::MAX);
            metrics::counter!("steward_spans_dropped_total").increment(dropped);
            // Said once, not each second.
            if !is_failing {
                tracing::warn!(problem, "the OpenTelemetry collector does not take spans; they are dropped");
            }
        }
        is_failing = sent.is_err();
    }
}

async fn send(egress: &Egress, collector: &Collector, spans: &[Span]) -> Result<(), String> {
    let body = Bytes::from(body(spans).to_string());
    let sending = egress.post_bytes(&collector.url, None, &collector.headers, body);
    match timeout(SENT_WITHIN, sending).await {
        Err(_) => Err("no answer in time".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(response)) if response.status().is_success() => Ok(()),
        Ok(Ok(response)) => Err(format!("status {}", response.status())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_as_the_protocol_has_it() {
        let span = Span {
            name: "chat gpt-4o-mini".into(),
            trace: Uuid::from_u128(1),
            id: Uuid::from_u128(0xabc),
            began_ms: 1_773_100_800_000,
            ended_ms: 1_773_100_801_500,
            is_ok: true,
            attributes: vec![
                ("gen_ai.operation.name", Attribute::Text("chat".into())),
                ("gen_ai.usage.output_tokens", Attribute::Int(42)),
            ],
        };
        let written = body(&[span]);
        let span = &written["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], "00000000000000000000000000000001");
        assert_eq!(span["spanId"], "0000000000000abc");
        assert_eq!(span["startTimeUnixNano"], "1773100800000000000");
        assert_eq!(
            span["attributes"][1],
            json!({ "key": "gen_ai.usage.output_tokens", "value": { "intValue": "42" } })
        );
        assert_eq!(written["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"], "steward");
    }

    #[test]
    fn a_collector_is_named_by_its_base() {
        let collector = Collector::parse("http://127.0.0.1:4318", "api-key=secret, x-tenant = a").expect("a collector");
        assert_eq!(collector.headers.len(), 2);
        assert!(!format!("{collector:?}").contains("secret"), "no header is ever logged");
        for (endpoint, headers) in [("nowhere", ""), ("http://127.0.0.1:4318", "novalue"), ("http://h", "a b=c")] {
            let error = Collector::parse(endpoint, headers).expect_err(endpoint);
            assert!(!error.is_empty());
        }
    }
}
