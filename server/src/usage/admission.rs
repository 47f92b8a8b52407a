//! Whether a call fits, and how long its answer may be: pure arithmetic over the budgets on its path.

use app::model::{BudgetLimits, Money};

use crate::{
    db::{budget::BudgetOnPath, ledger::Amounts},
    models::PriceVersion,
};

/// No model reads or writes this much in one call; beyond it a figure is an error and not a count.
pub(super) const MOST_TOKENS_PER_CALL: i64 = 1_000_000_000;

/// What a call asks for: upper bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub input_bound: i64,
    /// The length wanted, already within the model's maximum.
    pub output_wanted: i64,
    /// The least length of use.
    pub output_floor: i64,
    /// On the web, by the provider.
    pub searches: i64,
    pub price: Option<&'a PriceVersion>,
}

/// A call that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    pub output_cap: i64,
    pub amounts: Amounts,
}

/// Which limit is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    InputTokens,
    OutputTokens,
    /// Input and output together.
    Tokens,
    Requests,
    Cost,
    /// A money budget cannot admit what has no price.
    UnknownPrice,
    /// Larger than anything that can be counted.
    TooLarge,
}

/// A refusal: the budget's place on the path, and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoFit {
    pub budget: usize,
    pub limit: Limit,
}

/// Whether nothing at all is left of what is in the way, and what is left of the budget's money, if it limits that.
pub(super) fn what_is_left(budget: &BudgetOnPath, limit: Limit) -> (bool, Option<Money>) {
    let zero = Amounts::default();
    let (settled, reserved) = budget.window.as_ref().map_or((&zero, &zero), |w| (&w.settled, &w.reserved));
    let (left, _) = headroom(&budget.limits, settled, reserved);
    // What is only held may come back.
    let (unspent, unspent_tokens) = headroom(&budget.limits, settled, &zero);
    let of_limit = match limit {
        Limit::InputTokens => unspent.input_tokens,
        Limit::OutputTokens => unspent.output_tokens,
        Limit::Tokens => unspent_tokens,
        Limit::Requests => unspent.requests,
        Limit::Cost => unspent.pico_usd,
        Limit::UnknownPrice | Limit::TooLarge => i64::MAX,
    };
    (of_limit <= 0, budget.limits.cost.map(|_| Money(left.pico_usd.max(0))))
}

/// What is left of a budget, and of its tokens together. An unlimited one is bounded by what the books can hold.
fn headroom(limits: &BudgetLimits, settled: &Amounts, reserved: &Amounts) -> (Amounts, i64) {
    let left = |limit: Option<i64>, settled: i64, reserved: i64| {
        limit.unwrap_or(i64::MAX).saturating_sub(settled).saturating_sub(reserved)
    };
    let tokens = left(limits.tokens, settled.tokens(), reserved.tokens());
    let each = Amounts {
        input_tokens: left(limits.input_tokens, settled.input_tokens, reserved.input_tokens),
        output_tokens: left(limits.output_tokens, settled.output_tokens, reserved.output_tokens),
        requests: left(limits.requests, settled.requests, reserved.requests),
        pico_usd: left(limits.cost.map(|cost| cost.0), settled.pico_usd, reserved.pico_usd),
    };
    (each, tokens)
}

/// The dearest a call of these bounds can be; `None`: it cannot be counted. Zero without a price. The tiers of a price
/// only rise ([`PriceVersion::problem`]), so the one that the bound of the input reaches is the dearest reachable.
pub(super) fn dearest_cost(price: Option<&PriceVersion>, input: i64, output: i64, searches: i64) -> Option<i64> {
    let Some(price) = price else { return Some(0) };
    let prices = price.prices_at(input);
    let input_cost = input.checked_mul(prices.dearest_input())?;
    let output_cost = output.checked_mul(prices.output)?;
    let search_cost = searches.checked_mul(price.per_search.unwrap_or(0))?;
    input_cost.checked_add(output_cost)?.checked_add(search_cost)?.checked_add(price.per_request)
}

/// Fits a call into every budget: the input and the request whole, the output as long as the headroom in tokens and in
/// money allows.
pub(super) fn fit<'b>(ask: &Ask<'_>, path: impl IntoIterator<Item = &'b BudgetOnPath>) -> Result<Fit, NoFit> {
    let too_large = NoFit { budget: 0, limit: Limit::TooLarge };
    if !(0..=MOST_TOKENS_PER_CALL).contains(&ask.input_bound) {
        return Err(too_large);
    }
    let wanted = ask.output_wanted.clamp(0, MOST_TOKENS_PER_CALL);
    let floor = ask.output_floor.clamp(0, wanted);
    let input_cost = dearest_cost(ask.price, ask.input_bound, 0, ask.searches).ok_or(too_large)?;
    let output_price = ask.price.map_or(0, |price| price.prices_at(ask.input_bound).output);

    let mut output_cap = wanted;
    for (budget, on_path) in path.into_iter().enumerate() {
        let refuse = |limit| Err(NoFit { budget, limit });
        let zero = Amounts::default();
        let (settled, reserved) = on_path.window.as_ref().map_or((&zero, &zero), |w| (&w.settled, &w.reserved));
        let (left, tokens_left) = headroom(&on_path.limits, settled, reserved);
        if left.requests < 1 {
            return refuse(Limit::Requests);
        }
        if left.input_tokens < ask.input_bound {
            return refuse(Limit::InputTokens);
        }
        if left.output_tokens < floor {
            return refuse(Limit::OutputTokens);
        }
        let for_output_tokens = tokens_left.saturating_sub(ask.input_bound);
        if for_output_tokens < floor {
            return refuse(Limit::Tokens);
        }
        if on_path.limits.cost.is_some() && ask.price.is_none() {
            return refuse(Limit::UnknownPrice);
        }
        let for_output = left.pico_usd.saturating_sub(input_cost);
        // A price of zero bounds nothing.
        let affordable = if output_price == 0 { wanted } else { for_output.div_euclid(output_price) };
        if for_output < 0 || affordable < floor {
            return refuse(Limit::Cost);
        }
        output_cap = output_cap.min(left.output_tokens).min(for_output_tokens).min(affordable);
    }
    let pico_usd = dearest_cost(ask.price, ask.input_bound, output_cap, ask.searches).ok_or(too_large)?;
    let amounts = Amounts { input_tokens: ask.input_bound, output_tokens: output_cap, requests: 1, pico_usd };
    Ok(Fit { output_cap, amounts })
}

#[cfg(test)]
mod tests;
