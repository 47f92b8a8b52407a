//! A hold: tokens and money set aside for one model call, an obligation to settle.

use app::model::{ApiKeyId, BudgetRefusal, ModelCallId, Money, ProfileId, Quality, Timestamp, Tokens, TurnId};

use serde::{Deserialize, Serialize};

use super::settlement::Bounds;
use crate::models::{Model, Permit, PriceVersion, ReportedUsage};

/// What a model call is for; stored with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Answer,
    Title,
    /// A request of a program at the gateway.
    Gateway,
}

impl Purpose {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Title => "title",
            Self::Gateway => "gateway",
        }
    }
}

/// One attempt at one model call.
#[derive(Clone, Debug)]
pub struct ReserveRequest<'a> {
    pub turn: Option<TurnId>,
    /// Which model call of the turn, from 1; titles are 0.
    pub step: i64,
    /// From 1.
    pub attempt: i64,
    pub purpose: Purpose,
    pub model: &'a Model,
    /// `None`: unknown, which a money budget refuses.
    pub price: Option<&'a PriceVersion>,
    /// An upper bound of the input tokens: bytes of system, tools and messages plus a fixed frame.
    pub input_bound: i64,
    pub output_wanted: i64,
    /// The least output that is of use; below it the call is refused instead of clamped.
    pub output_floor: i64,
    /// Searches on the web that the provider may run for it; with any, what it reads is bounded by its model's window and
    /// how often it may go on, and not by `input_bound`.
    pub searches: i64,
    /// How it came to the gateway; `None`: the chat.
    pub via: Option<&'a Via>,
}

/// How a call came to the gateway.
#[derive(Clone, Debug)]
pub struct Via {
    pub key: ApiKeyId,
    pub rates: Rates,
    pub profile: Option<ProfileId>,
    /// What the client speaks: `openai`, `anthropic`, `ollama`.
    pub format: &'static str,
    pub request_id: String,
    /// A cost rule of the profile sent it to this model; `None`: it goes where it was to go.
    pub cheaper: Option<Cheaper>,
}

/// What a cost rule saves: where the request would have gone, at the price there when it was admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cheaper {
    /// `short`, `budget`.
    pub rule: &'static str,
    /// Exact id.
    pub baseline_model: String,
    /// `None`: unknown.
    pub baseline_price: Option<PriceVersion>,
}

/// What a key may use; `None`: no limit of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    pub requests_per_minute: Option<i64>,
    /// Input and output together; open calls count with their holds.
    pub tokens_per_minute: Option<i64>,
    pub concurrent: Option<i64>,
}

impl Rates {
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }
}

/// What is left of a key's rates after a call was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatesLeft {
    pub limits: Rates,
    pub requests: i64,
    pub tokens: i64,
    /// Until the minute is over.
    pub resets_in_ms: i64,
    pub resets_at: Timestamp,
}

/// Which rate is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateKind {
    Requests,
    Tokens,
    Concurrent,
}

/// A key that used its rate up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateRefusal {
    pub kind: RateKind,
    pub limit: i64,
    pub left: RatesLeft,
}

impl RateRefusal {
    /// Seconds until it makes sense to try again: the rest of the minute, or a moment where only calls at once count.
    #[must_use]
    pub fn retry_after_s(&self) -> u32 {
        if self.kind == RateKind::Concurrent {
            return 1;
        }
        u32::try_from(self.left.resets_in_ms.max(0).div_euclid(1_000) + 1).unwrap_or(60)
    }
}

/// Reserved, not yet settled. One that is dropped instead (a bug, or a task that was cut off) is counted and logged; its
/// row is settled by the sweeper when the lease is over.
#[must_use = "a hold must be settled"]
#[derive(Debug)]
pub struct Hold {
    permit: Permit,
    input_bound: i64,
    searches: i64,
    price: Option<PriceVersion>,
    baseline: Option<PriceVersion>,
    rates_left: Option<RatesLeft>,
    is_soft: bool,
    is_settled: bool,
}

impl Hold {
    pub(super) fn new(
        permit: Permit,
        (input_bound, searches): (i64, i64),
        price: Option<PriceVersion>,
        baseline: Option<PriceVersion>,
        rates_left: Option<RatesLeft>,
        is_soft: bool,
    ) -> Self {
        Self { permit, input_bound, searches, price, baseline, rates_left, is_soft, is_settled: false }
    }

    /// Whether a budget on its path is past its soft threshold.
    #[must_use]
    pub fn is_soft(&self) -> bool {
        self.is_soft
    }

    /// What its key has left, where the key has rates.
    #[must_use]
    pub fn rates_left(&self) -> Option<RatesLeft> {
        self.rates_left
    }

    pub(super) fn bounds(&self) -> Bounds<'_> {
        Bounds {
            input: self.input_bound,
            output_cap: self.permit.max_output_tokens(),
            searches: self.searches,
            price: self.price.as_ref(),
            baseline: self.baseline.as_ref(),
        }
    }

    /// The obligation is met: to be called once the transaction that settled the call is committed, and not before.
    pub fn discharge(mut self) {
        self.is_settled = true;
    }

    /// What a provider demands.
    #[must_use]
    pub fn permit(&self) -> &Permit {
        &self.permit
    }
    #[must_use]
    pub fn call(&self) -> ModelCallId {
        self.permit.call()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.is_settled {
            metrics::counter!("steward_holds_dropped_total").increment(1);
            tracing::warn!(call = %self.call(), "a hold was dropped unsettled; the sweeper will settle it");
        }
    }
}

/// How a call ended, with the last usage report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    pub ending: Ending,
    pub reported: ReportedUsage,
    /// Bytes of content received, shown or not: an upper bound of the output tokens they took.
    pub received_bytes: i64,
}

impl CallOutcome {
    /// More content came.
    pub fn receive(&mut self, bytes: usize) {
        self.received_bytes = self.received_bytes.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The stream ended properly.
    Completed,
    /// Refused, or not reached: nothing billed, released in full.
    NotBilled,
    /// Aborted by us or broken off by them after the stream had begun.
    Aborted,
    /// Sent, and the end is not known: what was heard counts. When nothing came back the hold stays charged.
    Lost,
}

/// What was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    pub tokens: Tokens,
    pub cost: Money,
    pub quality: Quality,
    /// More was billed than was held: recorded, never dropped.
    pub overrun: bool,
}

/// Why there is no hold.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    #[error("over budget: {} ({})", .0.budget, .0.limit)]
    Refused(BudgetRefusal),
    #[error("over the key's rate: {:?}, {}", .0.kind, .0.limit)]
    TooFast(RateRefusal),
    #[error(transparent)]
    Db(#[from] crate::db::Error),
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use uuid::Uuid;

    use super::*;

    fn hold(rates_left: Option<RatesLeft>, is_soft: bool) -> Hold {
        let permit = Permit::new(ModelCallId(Uuid::from_u128(7)), 40);
        Hold::new(permit, (100, 0), None, None, rates_left, is_soft)
    }

    #[test]
    fn only_a_hold_that_was_dropped_is_counted_as_one() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            hold(None, false).discharge();
            assert!(!recorder.handle().render().contains("steward_holds_dropped_total 1"), "its obligation was met");
            drop(hold(None, false));
        });
        assert!(recorder.handle().render().contains("steward_holds_dropped_total 1"));
    }

    #[test]
    fn a_hold_tells_what_it_was_made_of() {
        let left = RatesLeft {
            limits: Rates { requests_per_minute: Some(3), ..Rates::default() },
            requests: 2,
            tokens: 0,
            resets_in_ms: 5,
            resets_at: Timestamp(10),
        };
        let marked = hold(Some(left), true);
        assert_eq!((marked.is_soft(), marked.rates_left()), (true, Some(left)));
        assert_eq!((marked.call(), marked.permit().max_output_tokens()), (ModelCallId(Uuid::from_u128(7)), 40));
        assert_eq!((marked.bounds().input, marked.bounds().output_cap), (100, 40));
        marked.discharge();
        let plain = hold(None, false);
        assert_eq!((plain.is_soft(), plain.rates_left()), (false, None));
        plain.discharge();
    }

    #[test]
    fn it_makes_sense_to_try_again_when_the_minute_is_over() {
        let limits = Rates { concurrent: Some(1), ..Rates::default() };
        assert!(!limits.is_unlimited() && Rates::default().is_unlimited());
        let after = |kind, resets_in_ms| {
            let left = RatesLeft { limits, requests: 0, tokens: 0, resets_in_ms, resets_at: Timestamp(0) };
            RateRefusal { kind, limit: 1, left }.retry_after_s()
        };
        for kind in [RateKind::Requests, RateKind::Tokens] {
            // A started second counts whole, and one more does no harm.
            assert_eq!((after(kind, 60_000), after(kind, 1_500), after(kind, 999), after(kind, -7)), (61, 2, 1, 1));
        }
        assert_eq!(after(RateKind::Concurrent, 60_000), 1, "another call may end at any moment");
    }

    #[test]
    fn what_was_received_adds_up() {
        let mut outcome =
            CallOutcome { ending: Ending::Completed, reported: ReportedUsage::default(), received_bytes: 3 };
        outcome.receive(4);
        assert_eq!(outcome.received_bytes, 7);
        outcome.received_bytes = i64::MAX;
        outcome.receive(1);
        assert_eq!(outcome.received_bytes, i64::MAX);
    }

    #[test]
    fn purposes_are_stored_by_name() {
        assert_eq!(
            [Purpose::Answer, Purpose::Title, Purpose::Gateway].map(Purpose::as_str),
            ["answer", "title", "gateway"]
        );
    }
}
