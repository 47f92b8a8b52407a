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
    let (left, tokens) = headroom(&budget.limits, settled, reserved);
    let of_limit = match limit {
        Limit::InputTokens => left.input_tokens,
        Limit::OutputTokens => left.output_tokens,
        Limit::Tokens => tokens,
        Limit::Requests => left.requests,
        Limit::Cost => left.pico_usd,
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
pub(super) fn dearest_cost(price: Option<&PriceVersion>, input: i64, output: i64) -> Option<i64> {
    let Some(price) = price else { return Some(0) };
    let prices = price.prices_at(input);
    let input_cost = input.checked_mul(prices.dearest_input())?;
    let output_cost = output.checked_mul(prices.output)?;
    input_cost.checked_add(output_cost)?.checked_add(price.per_request)
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
    let input_cost = dearest_cost(ask.price, ask.input_bound, 0).ok_or(too_large)?;
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
    let pico_usd = dearest_cost(ask.price, ask.input_bound, output_cap).ok_or(too_large)?;
    let amounts = Amounts { input_tokens: ask.input_bound, output_tokens: output_cap, requests: 1, pico_usd };
    Ok(Fit { output_cap, amounts })
}

#[cfg(test)]
mod tests {
    use app::model::{Money, Timestamp, Tokens};
    use chrono_tz::Tz;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        db::budget::{Period, ScopeKind, window::WindowState},
        models::ReportedUsage,
        usage::{
            CallOutcome, Ending,
            settlement::{self, Bounds},
        },
    };

    fn price(input: i64, output: i64) -> PriceVersion {
        PriceVersion {
            id: "m@1".into(),
            valid_from: Timestamp(0),
            input,
            cache_read: 0,
            cache_write_5m: 0,
            cache_write_1h: 0,
            output,
            per_request: 0,
            tiers: vec![],
            markup_bp: 0,
        }
    }
    fn budget(limits: BudgetLimits) -> BudgetOnPath {
        BudgetOnPath {
            id: Uuid::nil(),
            scope: ScopeKind::Tenant,
            period: Period::Month,
            limits,
            soft_percent: None,
            is_active: true,
            time_zone: Tz::UTC,
            contact: "ana@prs.example".into(),
            window: Some(WindowState::empty(Timestamp(0), Timestamp(1))),
        }
    }
    fn money(cost: i64) -> BudgetLimits {
        BudgetLimits { cost: Some(Money(cost)), ..BudgetLimits::default() }
    }

    #[test]
    fn the_tightest_budget_decides_the_length() {
        let price = price(1, 10);
        let ask = Ask { input_bound: 100, output_wanted: 50, output_floor: 5, price: Some(&price) };
        let roomy = budget(BudgetLimits { output_tokens: Some(40), ..BudgetLimits::default() });
        let tight = budget(money(100 + 309));
        let fit = fit(&ask, &[roomy, tight]).expect("it fits");
        assert_eq!(fit.output_cap, 30, "309 pays for 30 tokens at 10");
        assert_eq!(fit.amounts.pico_usd, 400);
    }

    #[test]
    fn the_refused_limit_is_named() {
        let price = price(1, 10);
        let ask = Ask { input_bound: 100, output_wanted: 50, output_floor: 5, price: Some(&price) };
        let refused = |limits| fit(&ask, &[budget(BudgetLimits::default()), budget(limits)]).expect_err("refused");
        let of = |limits| {
            let no_fit = refused(limits);
            assert_eq!(no_fit.budget, 1);
            no_fit.limit
        };
        assert_eq!(of(BudgetLimits { input_tokens: Some(99), ..BudgetLimits::default() }), Limit::InputTokens);
        assert_eq!(of(BudgetLimits { output_tokens: Some(4), ..BudgetLimits::default() }), Limit::OutputTokens);
        assert_eq!(of(BudgetLimits { tokens: Some(104), ..BudgetLimits::default() }), Limit::Tokens);
        assert_eq!(of(BudgetLimits { requests: Some(0), ..BudgetLimits::default() }), Limit::Requests);
        assert_eq!(of(money(99)), Limit::Cost, "not even the input");
        assert_eq!(of(money(149)), Limit::Cost, "not the floor of the output");
        let unknown = Ask { price: None, ..ask };
        assert_eq!(fit(&unknown, &[budget(money(1_000_000))]).expect_err("refused").limit, Limit::UnknownPrice);
        let absurd = Ask { input_bound: i64::MAX, ..ask };
        assert_eq!(fit(&absurd, &[budget(BudgetLimits::default())]).expect_err("refused").limit, Limit::TooLarge);
    }

    #[test]
    fn all_tokens_together_clamp_the_answer() {
        let ask = Ask { input_bound: 100, output_wanted: 50, output_floor: 5, price: None };
        let with = |tokens| budget(BudgetLimits { tokens: Some(tokens), ..BudgetLimits::default() });
        assert_eq!(fit(&ask, &[with(130)]).expect("it fits").output_cap, 30);
        assert_eq!(fit(&ask, &[with(105)]).expect("the floor fits").output_cap, 5);
        let mut used = with(200);
        if let Some(window) = &mut used.window {
            window.settled = Amounts { input_tokens: 30, output_tokens: 20, ..Amounts::default() };
            window.reserved = Amounts { input_tokens: 10, output_tokens: 5, ..Amounts::default() };
        }
        assert_eq!(fit(&ask, &[used]).expect("it fits").output_cap, 35, "settled and held count, of both kinds");
    }

    #[test]
    fn an_overrun_leaves_nothing_and_not_less_than_nothing() {
        let ask = Ask { input_bound: 0, output_wanted: 50, output_floor: 0, price: None };
        let mut over = budget(BudgetLimits { output_tokens: Some(10), ..BudgetLimits::default() });
        if let Some(window) = &mut over.window {
            window.settled.output_tokens = i64::MAX;
        }
        assert_eq!(fit(&ask, &[over]).expect_err("refused").limit, Limit::OutputTokens);
    }

    /// A step of the pure machine: admit, or end the nth open call.
    #[derive(Clone, Debug)]
    enum Step {
        Admit { input: i64, output: i64, floor: i64 },
        End { nth: usize, ending: Ending, input: i64, output: i64, bytes: i64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        let ending = prop_oneof![
            3 => Just(Ending::Completed), 1 => Just(Ending::NotBilled), 1 => Just(Ending::Aborted), 1 => Just(Ending::Lost)
        ];
        prop_oneof![
            (0..500i64, 0..300i64, 0..300i64).prop_map(|(input, output, floor)| Step::Admit { input, output, floor }),
            (0..6usize, ending, 0..600i64, 0..400i64, 0..900i64)
                .prop_map(|(nth, ending, input, output, bytes)| Step::End { nth, ending, input, output, bytes }),
        ]
    }

    fn add(to: &mut Amounts, amounts: &Amounts, sign: i64) {
        to.input_tokens += sign * amounts.input_tokens;
        to.output_tokens += sign * amounts.output_tokens;
        to.requests += sign * amounts.requests;
        to.pico_usd += sign * amounts.pico_usd;
    }

    proptest! {
        /// T14, without a database: after every step `settled + reserved ≤ limit + overrun` in every dimension, and what
        /// is reserved is the sum of the open holds.
        #[test]
        fn the_theorem_holds_in_every_history(
            steps in proptest::collection::vec(step(), 1..120),
            limits in (0..5_000i64, 0..3_000i64, 0..20i64, 0..60_000i64, 0..7_000i64),
        ) {
            let price = price(3, 11);
            let limits = BudgetLimits {
                input_tokens: Some(limits.0),
                output_tokens: Some(limits.1),
                requests: Some(limits.2),
                cost: Some(Money(limits.3)),
                tokens: Some(limits.4),
            };
            let mut path = [budget(limits)];
            let mut overrun = Amounts::default();
            let mut open: Vec<Fit> = Vec::new();
            for step in steps {
                let mut window = path[0].window.expect("a window");
                match step {
                    Step::Admit { input, output, floor } => {
                        let ask = Ask {
                            input_bound: input, output_wanted: output, output_floor: floor, price: Some(&price)
                        };
                        if let Ok(fit) = fit(&ask, &path) {
                            prop_assert!(fit.output_cap >= floor.min(output) && fit.output_cap <= output);
                            add(&mut window.reserved, &fit.amounts, 1);
                            open.push(fit);
                        }
                    }
                    Step::End { nth, ending, input, output, bytes } if nth < open.len() => {
                        let held = open.swap_remove(nth);
                        let bounds = Bounds {
                            input: held.amounts.input_tokens, output_cap: held.output_cap, price: Some(&price), baseline: None
                        };
                        let reported = ReportedUsage {
                            input: Some(input), output: Some(output), is_final: true, ..ReportedUsage::default()
                        };
                        let outcome = CallOutcome { ending, reported, received_bytes: bytes };
                        let booked = settlement::book(&bounds, &outcome);
                        let actual = settlement::amounts(&booked);
                        prop_assert_eq!(bounds.held(), held.amounts, "the hold can be computed again");
                        add(&mut window.reserved, &held.amounts, -1);
                        add(&mut window.settled, &actual, 1);
                        add(&mut overrun, &actual.beyond(&held.amounts), 1);
                        prop_assert!(booked.tokens != Tokens::default() || actual.pico_usd == 0);
                    }
                    Step::End { .. } => {}
                }
                path[0].window = Some(window);
                let mut holds = Amounts::default();
                for fit in &open {
                    add(&mut holds, &fit.amounts, 1);
                }
                prop_assert_eq!(window.reserved, holds);
                let (settled, reserved) = (window.settled, window.reserved);
                let cost = limits.cost.map(|cost| cost.0);
                for (settled, reserved, limit, overrun) in [
                    (settled.input_tokens, reserved.input_tokens, limits.input_tokens, overrun.input_tokens),
                    (settled.output_tokens, reserved.output_tokens, limits.output_tokens, overrun.output_tokens),
                    (settled.requests, reserved.requests, limits.requests, overrun.requests),
                    (settled.pico_usd, reserved.pico_usd, cost, overrun.pico_usd),
                    (settled.tokens(), reserved.tokens(), limits.tokens, overrun.tokens()),
                ] {
                    prop_assert!(settled + reserved <= limit.unwrap_or(i64::MAX) + overrun);
                }
            }
        }
    }
}
