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
    models::{MAX_ROUNDS, PriceVersion, ReportedUsage, TokenPrices},
};

/// The bounds a call was admitted with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
    pub input: i64,
    pub output_cap: i64,
    pub searches: i64,
    pub price: Option<&'a PriceVersion>,
    /// The price of the model it would have gone to without a cost rule.
    pub baseline: Option<&'a PriceVersion>,
}

impl Bounds<'_> {
    /// What was held, in every budget on the path.
    pub(super) fn held(&self) -> Amounts {
        Amounts {
            input_tokens: self.input,
            output_tokens: self.output_cap,
            requests: 1,
            // It could be counted at admission, so it can now.
            pico_usd: dearest_cost(self.price, self.input, self.output_cap, self.searches).unwrap_or(i64::MAX),
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
    let (tokens, searches, quality) = match outcome.ending {
        Ending::NotBilled if !is_heard_of => {
            return BookedCall {
                is_billed: false,
                tokens: Tokens::default(),
                searches: 0,
                cost: Money(0),
                quality: Quality::Exact,
                is_overrun: false,
                list_cost: Money(0),
                baseline_cost: None,
                tier: None,
            };
        }
        Ending::Lost if !is_heard_of => (at_bounds(bounds), bounds.searches, Quality::Unknown),
        // A bill that was announced is a bill, whatever the ending says.
        Ending::NotBilled | Ending::Lost | Ending::Completed | Ending::Aborted => {
            let (tokens, quality) = tokens_of(bounds, &reported, received_bytes);
            let searches = searches_of(bounds, &reported, &outcome.reported);
            let is_guessed = searches.is_none() || is_guessed(bounds.price, &tokens, searches.unwrap_or(0));
            let quality = if is_guessed { Quality::Estimated } else { quality };
            (tokens, searches.unwrap_or(bounds.searches), quality)
        }
    };
    let (tokens, searches, cost, quality) = match bounds.price.map(|price| price.cost(&tokens, searches)) {
        None => (tokens, searches, Money(0), quality),
        Some(Ok(cost)) => (tokens, searches, cost, quality),
        // Not a bill anybody writes: the whole hold stays charged instead, marked as such.
        Some(Err(_)) => (at_bounds(bounds), bounds.searches, Money(bounds.held().pico_usd), Quality::Unknown),
    };
    let mut booked = BookedCall {
        is_billed: true,
        tokens,
        searches,
        cost,
        quality,
        is_overrun: false,
        list_cost: list_cost(bounds.price, &tokens, searches, cost),
        baseline_cost: bounds.baseline.and_then(|price| price.cost(&tokens, searches).ok()),
        tier: bounds.price.map(|price| (price, price.prices_at(tokens.input_total()))).and_then(dearer_tier),
    };
    booked.is_overrun = amounts(&booked).beyond(&bounds.held()) != Amounts::default();
    booked
}

/// What the provider charges for what the tenant is charged `cost` for.
fn list_cost(price: Option<&PriceVersion>, tokens: &Tokens, searches: i64, cost: Money) -> Money {
    match price {
        Some(price) if price.markup_bp > 0 => {
            price.list().cost(tokens, searches).map_or(cost, |list| Money(list.0.min(cost.0)))
        }
        _ => cost,
    }
}

/// `None`: what was told is no count. An answer that could not be read may have had all of them.
fn searches_of(bounds: &Bounds<'_>, reported: &ReportedUsage, told: &ReportedUsage) -> Option<i64> {
    let is_unheard = !reported.is_final && (reported.input.is_none() || reported.open_rounds >= MAX_ROUNDS);
    let is_dropped = reported.searches != told.searches;
    let searches = reported.searches.unwrap_or(0);
    let searches = if is_unheard { searches.max(bounds.searches) } else { searches };
    (!is_dropped).then_some(searches)
}

/// Whether what is reported leaves open what is billed: a search of unknown price; or several rounds whose sum is in a
/// dearer tier than each of them may be.
fn is_guessed(price: Option<&PriceVersion>, tokens: &Tokens, searches: i64) -> bool {
    searches > 0
        && price
            .is_some_and(|price| price.per_search.is_none() || price.prices_at(tokens.input_total()) != price.base())
}

fn dearer_tier((price, applied): (&PriceVersion, TokenPrices)) -> Option<TokenPrices> {
    (applied != price.base()).then_some(applied)
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
        searches: count(reported.searches),
        open_rounds: reported.open_rounds.clamp(0, MAX_ROUNDS),
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
    let most = match reported.input {
        None => bounds.input,
        // Told at the start, of the first round: each search is one more, which reads what came before again.
        Some(_) if bounds.searches > 0 && !reported.is_final => {
            let rounds = reported.searches.unwrap_or(0).saturating_add(1).min(MAX_ROUNDS);
            let heard = known.input_total().saturating_add(received_bytes).saturating_mul(rounds);
            let unheard = bounds.input / MAX_ROUNDS * reported.open_rounds;
            heard.saturating_add(unheard).min(bounds.input)
        }
        Some(_) => 0,
    };
    add_to_dearest(&mut tokens, bounds.price, most.saturating_sub(known.input_total()).max(0));
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
    let prices = price.map(|price| price.prices_at(tokens.input_total().saturating_add(count)));
    let class = match prices {
        None => &mut tokens.input,
        Some(price) if price.input == price.dearest_input() => &mut tokens.input,
        Some(price) if price.cache_write_1h == price.dearest_input() => &mut tokens.cache_write_1h,
        Some(price) if price.cache_write_5m == price.dearest_input() => &mut tokens.cache_write_5m,
        Some(_) => &mut tokens.cache_read,
    };
    *class = class.saturating_add(count);
}

#[cfg(test)]
mod tests;
