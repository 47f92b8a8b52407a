//! Whether a call fits, and how long its answer may be: pure arithmetic over the budgets on its path.

use app::model::{BudgetLimits, BudgetRefusal, Money, Timestamp};

use crate::{
    db::{
        budget::{BudgetOnPath, Period, ScopeKind},
        ledger::Amounts,
    },
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

/// What is left of a budget. An unlimited one is bounded by what the books can hold.
fn headroom(limits: &BudgetLimits, settled: &Amounts, reserved: &Amounts) -> Amounts {
    let left = |limit: Option<i64>, settled: i64, reserved: i64| {
        limit.unwrap_or(i64::MAX).saturating_sub(settled).saturating_sub(reserved)
    };
    Amounts {
        input_tokens: left(limits.input_tokens, settled.input_tokens, reserved.input_tokens),
        output_tokens: left(limits.output_tokens, settled.output_tokens, reserved.output_tokens),
        requests: left(limits.requests, settled.requests, reserved.requests),
        pico_usd: left(limits.cost.map(|cost| cost.0), settled.pico_usd, reserved.pico_usd),
    }
}

/// The dearest a call of these bounds can be; `None`: it cannot be counted. Zero without a price.
pub(super) fn dearest_cost(price: Option<&PriceVersion>, input: i64, output: i64) -> Option<i64> {
    let Some(price) = price else { return Some(0) };
    let input_cost = input.checked_mul(price.dearest_input())?;
    let output_cost = output.checked_mul(price.output)?;
    input_cost.checked_add(output_cost)?.checked_add(price.per_request)
}

/// Fits a call into every budget: the input and the request whole, the output as long as the headroom in tokens and in
/// money allows.
pub(super) fn fit(ask: &Ask<'_>, path: &[BudgetOnPath]) -> Result<Fit, NoFit> {
    let too_large = NoFit { budget: 0, limit: Limit::TooLarge };
    if !(0..=MOST_TOKENS_PER_CALL).contains(&ask.input_bound) {
        return Err(too_large);
    }
    let wanted = ask.output_wanted.clamp(0, MOST_TOKENS_PER_CALL);
    let floor = ask.output_floor.clamp(0, wanted);
    let input_cost = dearest_cost(ask.price, ask.input_bound, 0).ok_or(too_large)?;
    let output_price = ask.price.map_or(0, |price| price.output);

    let mut output_cap = wanted;
    for (budget, on_path) in path.iter().enumerate() {
        let refuse = |limit| Err(NoFit { budget, limit });
        let zero = Amounts::default();
        let (settled, reserved) = on_path.window.as_ref().map_or((&zero, &zero), |w| (&w.settled, &w.reserved));
        let left = headroom(&on_path.limits, settled, reserved);
        if left.requests < 1 {
            return refuse(Limit::Requests);
        }
        if left.input_tokens < ask.input_bound {
            return refuse(Limit::InputTokens);
        }
        if left.output_tokens < floor {
            return refuse(Limit::OutputTokens);
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
        output_cap = output_cap.min(left.output_tokens).min(affordable);
    }
    let pico_usd = dearest_cost(ask.price, ask.input_bound, output_cap).ok_or(too_large)?;
    let amounts = Amounts { input_tokens: ask.input_bound, output_tokens: output_cap, requests: 1, pico_usd };
    Ok(Fit { output_cap, amounts })
}

/// A refusal in words.
pub(super) fn refusal(
    budget: &BudgetOnPath,
    limit: Limit,
    tenant_name: &str,
    user_name: &str,
    resets_at: Timestamp,
) -> BudgetRefusal {
    let owner = match budget.scope {
        ScopeKind::Tenant => tenant_name,
        ScopeKind::User => user_name,
    };
    let period = match budget.period {
        Period::Month => "monthly ",
        Period::Week => "weekly ",
        Period::Day => "daily ",
        Period::None => "",
    };
    let count = |limit: Option<i64>, one: &str| match limit {
        Some(1) => format!("1 {one}"),
        Some(number) => format!("{} {one}s", thousands(number)),
        None => "more than can be counted".to_owned(),
    };
    let money = |limit: Option<Money>| limit.map_or_else(|| "more than can be counted".to_owned(), |m| m.to_string());
    let limits = &budget.limits;
    BudgetRefusal {
        budget: format!("{owner}'s {period}budget"),
        limit: match limit {
            Limit::InputTokens => count(limits.input_tokens, "input token"),
            Limit::OutputTokens => count(limits.output_tokens, "output token"),
            Limit::Requests => count(limits.requests, "request"),
            Limit::Cost => money(limits.cost),
            Limit::UnknownPrice => format!("{}, and this model's price is not known", money(limits.cost)),
            Limit::TooLarge => "this request is larger than can be counted".to_owned(),
        },
        resets_at,
        contact: budget.contact.clone(),
    }
}

/// `1000000` → `1,000,000`.
fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
