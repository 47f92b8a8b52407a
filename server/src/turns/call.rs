//! One model call: reserve, stream, settle; with retries while nothing has been said.

use std::time::Duration;

use app::model::TurnEvent;
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::{
    Inner,
    engine::{Cut, Exchange},
    live::{Halt, Live},
    start::reserve_answer,
    words,
};
use crate::{
    db,
    models::{Billed, Delta, DeltaStream, ModelRequest, ProviderError, ProviderErrorKind, StopReason},
    usage::{self, CallOutcome, Ending, Hold, ReserveError},
};

/// Attempts at one model call.
const MAX_ATTEMPTS: i64 = 3;
/// Text waiting to become an event is bounded, whatever the clock says.
const MAX_PENDING_BYTES: usize = 16 * 1024;

/// What a model call came to.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) calls: Vec<ToolUse>,
    pub(super) stop: StopReason,
    /// The budget allowed less output than was wanted.
    pub(super) clamped: bool,
}

/// A tool call as the model wrote it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ToolUse {
    pub(super) id: String,
    pub(super) name: String,
    /// `Null`: could not be read.
    pub(super) input: Value,
}

/// Why a stream gave no reply.
enum Broken {
    Cut(Cut),
    Provider { error: ProviderError, said_something: bool },
}

impl From<Cut> for Broken {
    fn from(cut: Cut) -> Self {
        Self::Cut(cut)
    }
}

/// Makes the call of a step. The first attempt of the first step comes with its hold; the hold of the last attempt stays
/// open in `live`, for the caller to settle.
pub(super) async fn ask(
    inner: &Inner,
    live: &Live,
    request: &ModelRequest,
    step: i64,
    deadline: Instant,
    exchange: &mut Exchange,
) -> Result<Reply, Cut> {
    let mut attempt = 1;
    loop {
        if (step, attempt) != (1, 1) {
            reserve(inner, live, request, (step, attempt)).await?;
        }
        let (error, said_something) = match stream(inner, live, request, deadline, exchange).await {
            Ok(reply) => return Ok(reply),
            Err(Broken::Cut(cut)) => return Err(cut),
            Err(Broken::Provider { error, said_something }) => (error, said_something),
        };
        live.note(|call| {
            call.ending = match error.billed {
                Billed::No => Ending::NotBilled,
                Billed::Partly => Ending::Aborted,
                Billed::Unknown => Ending::Lost,
            };
        });
        tracing::warn!(request_id = live.request_id, turn = %live.turn(), step, attempt, %error, "a model call failed");
        metrics::counter!("steward_model_call_failures_total").increment(1);
        if said_something || !error.kind.is_retryable() || attempt == MAX_ATTEMPTS {
            return Err(Cut::Failed(words::provider(&error, inner.world.now(), &live.request_id)));
        }
        settle(inner, live).await?;
        wait_before_retry(inner, live, attempt, error.retry_after_ms, deadline).await?;
        attempt += 1;
    }
}

async fn reserve(inner: &Inner, live: &Live, request: &ModelRequest, call: (i64, i64)) -> Result<(), Cut> {
    let mut tx = inner.db.begin(&live.scope).await?;
    match reserve_answer(inner, &live.answering, &live.scope, &mut tx, live.turn(), call, request).await {
        Ok(hold) => {
            tx.commit().await?;
            live.open_call(hold).await;
            Ok(())
        }
        Err(ReserveError::Refused(refusal)) => Err(Cut::Failed(words::over_budget(refusal, &live.request_id))),
        Err(ReserveError::TooFast(_)) => Err(Cut::internal("the chat has no rates")),
        Err(ReserveError::Db(error)) => Err(error.into()),
    }
}

/// Settles the call that is open, by itself. When that fails, it is settled with the turn's end.
pub(super) async fn settle(inner: &Inner, live: &Live) -> Result<(), Cut> {
    let Some((hold, outcome)) = live.close_call().await else { return Ok(()) };
    match book(inner, live, &hold, outcome).await {
        Ok(()) => {
            hold.discharge();
            Ok(())
        }
        Err(error) => {
            live.leave_unsettled(hold, outcome);
            Err(error.into())
        }
    }
}

/// Books one call in a transaction of its own.
pub(super) async fn book(inner: &Inner, live: &Live, hold: &Hold, outcome: CallOutcome) -> db::Result<()> {
    let mut tx = inner.db.begin(&live.scope).await?;
    usage::settle(&live.scope, &mut tx, &inner.world, hold, outcome).await?;
    tx.commit().await
}

async fn wait_before_retry(
    inner: &Inner,
    live: &Live,
    attempt: i64,
    asked_ms: Option<u64>,
    deadline: Instant,
) -> Result<(), Cut> {
    let factor = if attempt == 1 { 1 } else { 2 };
    let wait = asked_ms.map_or(inner.config.retry_after * factor, Duration::from_millis);
    let until = Instant::now() + wait.min(inner.config.retry_after_max);
    tokio::select! {
        biased;
        halt = live.halted() => Err(Cut::Halted(halt)),
        () = sleep_until(deadline) => Err(Cut::TooSlow),
        () = sleep_until(until) => Ok(()),
    }
}

/// Streams one attempt. Text goes out as it comes, in events no closer together than `text_every`.
async fn stream(
    inner: &Inner,
    live: &Live,
    request: &ModelRequest,
    deadline: Instant,
    exchange: &mut Exchange,
) -> Result<Reply, Broken> {
    let protocol = |message: &str, said_something| Broken::Provider {
        error: ProviderError {
            kind: ProviderErrorKind::Protocol,
            message: message.to_owned(),
            billed: Billed::Partly,
            retry_after_ms: None,
        },
        said_something,
    };
    let (opened, clamped) = {
        // The writer reads beside us; nobody writes while a call is open.
        let call = live.call().read().await;
        let Some(hold) = call.as_ref() else { return Err(Broken::Cut(Cut::internal("a call without a hold"))) };
        let clamped = hold.permit().max_output_tokens() < super::prompt::output_wanted(inner, &live.answering.model);
        let opened = tokio::select! {
            biased;
            halt = live.halted() => return Err(Cut::Halted(halt).into()),
            () = sleep_until(deadline) => return Err(Cut::TooSlow.into()),
            opened = async {
                // From here on it may be billed, whatever we hear of it. (Polled only when nobody halted it before.)
                live.note(|call| call.ending = Ending::Lost);
                live.answering.provider.stream(hold.permit(), request).await
            } => opened,
        };
        (opened, clamped)
    };
    let mut deltas = opened.map_err(|error| Broken::Provider { error, said_something: false })?;
    // Whatever happens next, a panic included, goes out what was said.
    let mut text = Coalescer::new(live, inner.config.text_every);
    let mut reply = Reply { calls: Vec::new(), stop: StopReason::Other, clamped };
    let mut said_something = false;
    loop {
        let (halt, delta) = tokio::select! {
            biased;
            halt = live.halted() => (Some(halt), None),
            () = sleep_until(deadline) => return Err(Cut::TooSlow.into()),
            () = sleep_until(text.due()), if !text.is_empty() => {
                text.flush();
                continue;
            }
            delta = deltas.next() => {
                // Halted while it came: nothing that comes after a stop is shown, unless it is the end.
                let is_end = matches!(delta, Some(Ok(Delta::Stop(_))));
                (if is_end { None } else { live.has_halted() }, Some(delta))
            }
        };
        if let Some(halt) = halt {
            text.flush();
            let is_over = delta.is_some_and(|delta| hear(live, delta));
            if halt == Halt::Stop && !is_over {
                hear_out(live, &mut deltas, inner.config.final_usage_within).await;
            }
            return Err(Cut::Halted(halt).into());
        }
        match delta.flatten() {
            Some(Ok(Delta::Usage(reported))) => live.note(|call| call.reported = reported),
            Some(Ok(Delta::Text(piece))) => {
                said_something |= !piece.is_empty();
                receive(live, piece.len());
                exchange.text.push_str(&piece);
                text.push(Kind::Text, &piece);
            }
            Some(Ok(Delta::Reasoning(piece))) => {
                said_something |= !piece.is_empty();
                receive(live, piece.len());
                text.push(Kind::Reasoning, &piece);
            }
            Some(Ok(Delta::Received(count))) => receive(live, count),
            Some(Ok(Delta::ToolUse { id, name, input })) => {
                said_something = true;
                // Its pieces may have been counted already; a bound may be too high, never too low.
                receive(live, id.len() + name.len() + input.to_string().len());
                text.flush();
                reply.calls.push(ToolUse { id, name, input });
            }
            Some(Ok(Delta::Stop(stop))) => {
                live.note(|call| call.ending = Ending::Completed);
                return Ok(Reply { stop, ..reply });
            }
            Some(Err(error)) => return Err(Broken::Provider { error, said_something }),
            None => return Err(protocol("the stream ended without a stop", said_something)),
        }
    }
}

/// Listens a little longer to a call that its person stopped, for its final count (accounting.md §3, "explicit stop"):
/// then the books are exact and not an estimate. What it says meanwhile is paid for but not shown.
async fn hear_out(live: &Live, deltas: &mut DeltaStream, within: Duration) {
    let until = Instant::now() + within;
    loop {
        let delta = tokio::select! {
            biased;
            () = sleep_until(until) => return,
            delta = deltas.next() => delta,
        };
        if hear(live, delta) {
            return;
        }
    }
}

/// Notes what is paid for and not shown; whether it was the last of the call.
fn hear(live: &Live, delta: Option<Result<Delta, ProviderError>>) -> bool {
    match delta {
        Some(Ok(Delta::Usage(reported))) => {
            live.note(|call| call.reported = reported);
            return reported.is_final;
        }
        Some(Ok(Delta::Text(piece) | Delta::Reasoning(piece))) => receive(live, piece.len()),
        Some(Ok(Delta::Received(count))) => receive(live, count),
        Some(Ok(Delta::ToolUse { id, name, input })) => {
            receive(live, id.len() + name.len() + input.to_string().len());
        }
        Some(Ok(Delta::Stop(_))) => {
            live.note(|call| call.ending = Ending::Completed);
            return true;
        }
        Some(Err(_)) | None => return true,
    }
    false
}

fn receive(live: &Live, bytes: usize) {
    live.note(|call| call.receive(bytes));
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
}

/// Gathers text so that events come no closer together than `every`; what is left goes out when it is dropped.
struct Coalescer<'a> {
    live: &'a Live,
    every: Duration,
    kind: Kind,
    pending: String,
    /// When the next event may go out.
    due: Instant,
}

impl<'a> Coalescer<'a> {
    fn new(live: &'a Live, every: Duration) -> Self {
        Self { live, every, kind: Kind::Text, pending: String::new(), due: Instant::now() }
    }

    fn push(&mut self, kind: Kind, piece: &str) {
        if kind != self.kind {
            self.flush();
            self.kind = kind;
        }
        if !piece.is_empty() {
            self.live.heard();
        }
        self.pending.push_str(piece);
        if self.pending.len() >= MAX_PENDING_BYTES {
            self.flush();
        }
    }

    fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    fn due(&self) -> Instant {
        self.due
    }

    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.pending);
        self.live.publish(match self.kind {
            Kind::Text => TurnEvent::Text { text },
            Kind::Reasoning => TurnEvent::Reasoning { text },
        });
        self.due = Instant::now() + self.every;
    }
}

impl Drop for Coalescer<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
