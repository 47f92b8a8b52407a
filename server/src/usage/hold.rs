//! A hold: tokens and money set aside for one model call, an obligation to settle.

use app::model::{BudgetRefusal, ModelCallId, Money, Quality, Tokens, TurnId};

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

/// Reserved, not yet settled.
#[must_use = "a hold must be settled"]
#[derive(Debug)]
pub struct Hold {
    pub(super) permit: Permit,
    pub(super) input_bound: i64,
    pub(super) price: Option<PriceVersion>,
}

impl Hold {
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

/// How a call ended, with the last usage report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    pub ending: Ending,
    pub reported: ReportedUsage,
    /// Bytes of text and tool arguments received: an upper bound of the output tokens they took.
    pub received_bytes: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The stream ended properly.
    Completed,
    /// Refused, or not reached: nothing billed, released in full.
    NotBilled,
    /// Aborted by us or broken off by them after the stream had begun.
    Aborted,
    /// Sent, and nothing came back: the hold stays charged.
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
