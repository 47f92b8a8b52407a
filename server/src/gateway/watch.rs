//! How an answer of the gateway is measured: for Prometheus always, for OpenTelemetry when an exporter is configured.
//!
//! Labels are the provider, the model as the catalogue names it, and the client's format: all of them are known beforehand.
//! Never a tenant, a person, a key, and nothing of what was said.

use std::{sync::Arc, time::Instant};

use super::{Incoming, Offered, format_name};
use crate::{
    telemetry::otlp::{self, Attribute, Span},
    usage::{CallOutcome, Ending, Hold},
    world::World,
};

/// One attempt, from when it was sent.
pub(super) struct Watch {
    began: Instant,
    first: Option<Instant>,
    provider: &'static str,
    model: Arc<str>,
    format: &'static str,
    span: Option<Box<Begun>>,
}

/// What a span needs from the beginning.
struct Begun {
    span: Span,
    world: World,
}

impl Watch {
    pub(super) fn begin(world: &World, incoming: &Incoming, offered: &Offered, hold: &Hold) -> Self {
        let provider = offered.endpoint.name();
        let model: Arc<str> = offered.model.id.0.as_str().into();
        let span = otlp::is_on().then(|| {
            let requested = incoming.request.model().chars().take(200).collect::<String>();
            let attributes = vec![
                ("gen_ai.operation.name", Attribute::Text("chat".into())),
                ("gen_ai.provider.name", Attribute::Text(provider.to_owned())),
                ("gen_ai.request.model", Attribute::Text(requested)),
                ("gen_ai.response.model", Attribute::Text(model.to_string())),
                ("gen_ai.request.max_tokens", Attribute::Int(hold.permit().max_output_tokens())),
                ("gen_ai.request.choice.count", Attribute::Int(incoming.request.choices().max(1))),
                ("steward.request_id", Attribute::Text(incoming.request_id.clone())),
            ];
            let span = Span::begin(format!("chat {model}"), world, attributes);
            Box::new(Begun { span, world: world.clone() })
        });
        Self {
            began: Instant::now(),
            first: None,
            provider,
            model,
            format: format_name(incoming.request.format()),
            span,
        }
    }

    /// A piece of the answer came.
    pub(super) fn piece(&mut self) {
        self.first.get_or_insert_with(Instant::now);
    }

    /// It is over.
    pub(super) fn end(&mut self, outcome: &CallOutcome) {
        let (began, first, provider, format) = (self.began, self.first, self.provider, self.format);
        let model = metrics::SharedString::from(self.model.clone());
        let ending = match outcome.ending {
            Ending::Completed => "completed",
            Ending::NotBilled => "not_billed",
            Ending::Aborted => "aborted",
            Ending::Lost => "lost",
        };
        let duration = began.elapsed();
        metrics::histogram!("steward_gateway_answer_seconds", "provider" => provider, "model" => model.clone(),
            "format" => format, "ending" => ending)
        .record(duration.as_secs_f64());
        if let Some(first) = first {
            metrics::histogram!("steward_gateway_first_piece_seconds", "provider" => provider,
                "model" => model.clone())
            .record(first.duration_since(began).as_secs_f64());
            // Of answers that take a while: a document comes in one piece.
            let writing = first.elapsed().as_secs_f64();
            if let (Some(output), true) = (outcome.reported.output, writing > 0.05)
                && let Ok(output) = u32::try_from(output)
            {
                metrics::histogram!("steward_gateway_tokens_per_second", "provider" => provider,
                    "model" => model)
                .record(f64::from(output) / writing);
            }
        }
        let Some(begun) = self.span.take() else { return };
        let Begun { mut span, world } = *begun;
        for (name, count) in [
            ("gen_ai.usage.input_tokens", input_of(outcome)),
            ("gen_ai.usage.output_tokens", outcome.reported.output),
            ("gen_ai.usage.cache_read.input_tokens", outcome.reported.cache_read),
        ] {
            span.attributes.extend(count.map(|count| (name, Attribute::Int(count))));
        }
        if let Some(first) = first {
            let seconds = first.duration_since(began).as_secs_f64();
            span.attributes.push(("gen_ai.response.time_to_first_chunk", Attribute::Seconds(seconds)));
        }
        if outcome.ending != Ending::Completed {
            span.attributes.push(("error.type", Attribute::Text(ending.into())));
        }
        span.end(&world, outcome.ending == Ending::Completed);
    }
}

/// With what was cached, as the conventions count it. `None`: the provider did not say.
fn input_of(outcome: &CallOutcome) -> Option<i64> {
    let reported = &outcome.reported;
    let cached = [reported.cache_read, reported.cache_write_5m, reported.cache_write_1h];
    let input = reported.input?;
    Some(cached.into_iter().flatten().fold(input, i64::saturating_add))
}

/// A provider answered with an error, or not at all: `status` is its status, or `connect`, or `lost`.
pub(super) fn upstream_failed(provider: &'static str, status: &str) {
    metrics::counter!("steward_gateway_upstream_errors_total", "provider" => provider,
        "status" => status.to_owned())
    .increment(1);
}
