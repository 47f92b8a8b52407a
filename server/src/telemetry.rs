//! Logs, metrics, and spans for a collector ([`otlp`]).
//!
//! To add a metric: its macro where it happens, a line in [`describe`]. Labels are words known beforehand, never a tenant's, a
//! person's or a key's: a series is kept for ever.

pub mod otlp;

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{ConfigError, LogArgs, LogFormat};

/// Starts logging to standard error; once per process.
///
/// # Errors
/// When the filter cannot be read.
pub fn start_logs(args: &LogArgs) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|error| ConfigError(format!("STEWARD_LOG ({}) cannot be read: {error}", args.log)))?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(std::io::stderr);
    let started = match args.log_format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
    started.map_err(|error| ConfigError(format!("logging is running already: {error}")))
}

/// How often samples are folded into the histograms: until then each is kept.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Installs the recorder of metrics and its upkeep; once per process, inside the runtime. The handle renders them for
/// `/metrics`.
///
/// # Errors
/// When a recorder is installed already.
pub fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".into()),
            &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0],
        )?
        .set_buckets_for_metric(
            Matcher::Suffix("_tokens_per_second".into()),
            &[1.0, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 250.0, 500.0, 1_000.0],
        )?
        .install_recorder()?;
    describe();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP_EVERY);
        loop {
            tick.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// What the gateway's metrics mean, as `/metrics` says it.
fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_histogram!("steward_gateway_answer_seconds", "From sending to the end of an answer, by how it ended");
    describe_histogram!("steward_gateway_first_piece_seconds", "From sending to the first piece of an answer");
    describe_histogram!("steward_gateway_tokens_per_second", "Output tokens a second after the first piece");
    describe_counter!("steward_gateway_upstream_errors_total", "Errors of providers by status, connect or lost");
    describe_counter!("steward_budget_refusals_total", "Calls that did not fit in a budget");
    describe_counter!("steward_rate_refusals_total", "Calls beyond a key's rate, by which rate");
    describe_counter!("steward_budget_overruns_total", "Calls billed beyond their hold");
    describe_counter!("steward_holds_swept_total", "Holds settled in a lost server's place");
    describe_counter!("steward_holds_dropped_total", "Holds dropped unsettled: a bug");
    describe_counter!("steward_spans_dropped_total", "Spans the OpenTelemetry collector did not get");
    describe_gauge!("steward_provider_resting", "1: the provider is left alone after failures in a row");
    describe_gauge!("steward_holds_open", "Calls that hold something, of all servers");
    describe_gauge!("steward_desk_waiting", "Reservations and settlements that wait to be written");
    describe_gauge!("steward_settlements_waiting", "Settlements that could not be written yet");
    metrics::gauge!("steward_settlements_waiting").set(0.0);
    describe_gauge!("steward_gateway_requests_running", "Requests being answered or settled");
}
