//! What a call is booked with: a pure function of its hold and its outcome.
//!
//! The rules are the table of `accounting.md` §3. Whatever is not known is booked at its upper bound, in the dearest
//! class; whatever is known is booked as reported, even beyond the hold.

use app::model::{Money, Quality, Tokens};

use super::{
    CallOutcome, Ending,
    admission::{MOST_TOKENS_PER_CALL, dearest_cost},
};
use crate::{
    db::{ledger::Amounts, model_call::BookedCall},
    models::{PriceVersion, ReportedUsage},
};

/// The bounds a call was admitted with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
    pub input: i64,
    pub output_cap: i64,
    pub price: Option<&'a PriceVersion>,
}

impl Bounds<'_> {
    /// What was held, in every budget on the path.
    pub(super) fn held(&self) -> Amounts {
        Amounts {
            input_tokens: self.input,
            output_tokens: self.output_cap,
            requests: 1,
            // It could be counted at admission, so it can now.
            pico_usd: dearest_cost(self.price, self.input, self.output_cap).unwrap_or(i64::MAX),
        }
    }
}

/// What a booked call adds to a window.
pub(super) fn amounts(booked: &BookedCall) -> Amounts {
    Amounts {
        input_tokens: booked.tokens.input_total(),
        output_tokens: booked.tokens.output,
        requests: i64::from(booked.is_billed),
        pico_usd: booked.cost.0,
    }
}

/// Books a call.
pub(super) fn book(bounds: &Bounds<'_>, outcome: &CallOutcome) -> BookedCall {
    let reported = plausible(&outcome.reported);
    let received_bytes = outcome.received_bytes.max(0);
    let is_heard_of = received_bytes > 0 || reported != ReportedUsage::default();
    let (tokens, quality) = match outcome.ending {
        Ending::NotBilled if !is_heard_of => {
            return BookedCall {
                is_billed: false,
                tokens: Tokens::default(),
                cost: Money(0),
                quality: Quality::Exact,
                is_overrun: false,
            };
        }
        Ending::Lost if !is_heard_of => (at_bounds(bounds), Quality::Unknown),
        // A bill that was announced is a bill, whatever the ending says.
        Ending::NotBilled | Ending::Lost | Ending::Completed | Ending::Aborted => {
            tokens_of(bounds, &reported, received_bytes)
        }
    };
    let (tokens, cost, quality) = match bounds.price.map(|price| price.cost(&tokens)) {
        None => (tokens, Money(0), quality),
        Some(Ok(cost)) => (tokens, cost, quality),
        // Not a bill anybody writes: the whole hold stays charged instead, marked as such.
        Some(Err(_)) => (at_bounds(bounds), Money(bounds.held().pico_usd), Quality::Unknown),
    };
    let mut booked = BookedCall { is_billed: true, tokens, cost, quality, is_overrun: false };
    booked.is_overrun = amounts(&booked).beyond(&bounds.held()) != Amounts::default();
    booked
}

/// Drops counts that are no counts; what is dropped is then booked at its bound.
fn plausible(reported: &ReportedUsage) -> ReportedUsage {
    let count = |count: Option<i64>| count.filter(|count| (0..=MOST_TOKENS_PER_CALL).contains(count));
    let kept = ReportedUsage {
        input: count(reported.input),
        cache_read: count(reported.cache_read),
        cache_write_5m: count(reported.cache_write_5m),
        cache_write_1h: count(reported.cache_write_1h),
        output: count(reported.output),
        is_final: reported.is_final,
    };
    // A dropped cache class leaves the input unknown, for its tokens are somewhere.
    let dropped_input = (kept.cache_read, kept.cache_write_5m, kept.cache_write_1h)
        != (reported.cache_read, reported.cache_write_5m, reported.cache_write_1h);
    if dropped_input { ReportedUsage { input: None, ..kept } } else { kept }
}

fn tokens_of(bounds: &Bounds<'_>, reported: &ReportedUsage, received_bytes: i64) -> (Tokens, Quality) {
    let known = Tokens {
        input: reported.input.unwrap_or(0),
        cache_read: reported.cache_read.unwrap_or(0),
        cache_write_5m: reported.cache_write_5m.unwrap_or(0),
        cache_write_1h: reported.cache_write_1h.unwrap_or(0),
        output: 0,
    };
    let mut tokens = known;
    if reported.input.is_none() {
        let unknown = bounds.input.saturating_sub(known.input_total()).max(0);
        add_to_dearest(&mut tokens, bounds.price, unknown);
    }
    if let (Some(output), true) = (reported.output, reported.is_final) {
        let quality = if reported.input.is_some() { Quality::Exact } else { Quality::Estimated };
        return (Tokens { output, ..tokens }, quality);
    }
    // A token is at least a byte; the cap was sent, so what cannot be more than the cap is not booked as more.
    let text_bound = received_bytes.min(bounds.output_cap);
    let output = reported.output.unwrap_or(0).max(text_bound);
    (Tokens { output, ..tokens }, Quality::Estimated)
}

/// Everything that was held.
fn at_bounds(bounds: &Bounds<'_>) -> Tokens {
    let mut tokens = Tokens { output: bounds.output_cap, ..Tokens::default() };
    add_to_dearest(&mut tokens, bounds.price, bounds.input);
    tokens
}

/// Adds input tokens of unknown class to the class that costs most.
fn add_to_dearest(tokens: &mut Tokens, price: Option<&PriceVersion>, count: i64) {
    let class = match price {
        None => &mut tokens.input,
        Some(price) if price.input == price.dearest_input() => &mut tokens.input,
        Some(price) if price.cache_write_1h == price.dearest_input() => &mut tokens.cache_write_1h,
        Some(price) if price.cache_write_5m == price.dearest_input() => &mut tokens.cache_write_5m,
        Some(_) => &mut tokens.cache_read,
    };
    *class = class.saturating_add(count);
}
