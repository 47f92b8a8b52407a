//! A hold: tokens and money set aside for one model call, an obligation to settle.

use app::model::{BudgetRefusal, ModelCallId, Money, Quality, Tokens, TurnId};

use super::settlement::Bounds;
use crate::models::{Model, Permit, PriceVersion, ReportedUsage};

/// What a model call is for; stored with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Answer,
    Title,
}

impl Purpose {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Title => "title",
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
}

/// Reserved, not yet settled. One that is dropped instead (a bug, or a task that was cut off) is counted and logged; its
/// row is settled by the sweeper when the lease is over.
#[must_use = "a hold must be settled"]
#[derive(Debug)]
pub struct Hold {
    permit: Permit,
    input_bound: i64,
    price: Option<PriceVersion>,
    is_settled: bool,
}

impl Hold {
    pub(super) fn new(permit: Permit, input_bound: i64, price: Option<PriceVersion>) -> Self {
        Self { permit, input_bound, price, is_settled: false }
    }

    pub(super) fn bounds(&self) -> Bounds<'_> {
        Bounds { input: self.input_bound, output_cap: self.permit.max_output_tokens(), price: self.price.as_ref() }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    #[error(transparent)]
    Db(#[from] crate::db::Error),
}
