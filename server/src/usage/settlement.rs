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
    models::{PriceVersion, ReportedUsage, TokenPrices},
};

/// The bounds a call was admitted with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
    pub input: i64,
    pub output_cap: i64,
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
                list_cost: Money(0),
                baseline_cost: None,
                tier: None,
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
    let mut booked = BookedCall {
        is_billed: true,
        tokens,
        cost,
        quality,
        is_overrun: false,
        list_cost: list_cost(bounds.price, &tokens, cost),
        baseline_cost: bounds.baseline.and_then(|price| price.cost(&tokens).ok()),
        tier: bounds.price.map(|price| (price, price.prices_at(tokens.input_total()))).and_then(dearer_tier),
    };
    booked.is_overrun = amounts(&booked).beyond(&bounds.held()) != Amounts::default();
    booked
}

/// What the provider charges for what the tenant is charged `cost` for.
fn list_cost(price: Option<&PriceVersion>, tokens: &Tokens, cost: Money) -> Money {
    match price {
        Some(price) if price.markup_bp > 0 => price.list().cost(tokens).map_or(cost, |list| Money(list.0.min(cost.0))),
        _ => cost,
    }
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
mod tests {
    use app::model::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::models::PriceTier;

    fn price() -> PriceVersion {
        PriceVersion {
            id: "m@1".into(),
            valid_from: Timestamp(0),
            input: 10,
            cache_read: 1,
            cache_write_5m: 12,
            cache_write_1h: 20,
            output: 50,
            per_request: 7,
            tiers: vec![],
            markup_bp: 0,
        }
    }
    fn outcome(ending: Ending, reported: ReportedUsage, received_bytes: i64) -> CallOutcome {
        CallOutcome { ending, reported, received_bytes }
    }
    fn report(input: Option<i64>, output: Option<i64>, is_final: bool) -> ReportedUsage {
        ReportedUsage { input, output, is_final, ..ReportedUsage::default() }
    }

    #[test]
    fn each_ending_is_booked_by_the_table() {
        let price = price();
        let bounds = Bounds { input: 100, output_cap: 40, price: Some(&price), baseline: None };
        let none = ReportedUsage::default();
        // ending, report, bytes received → billed, input, output, quality
        let table = [
            (Ending::Completed, report(Some(30), Some(20), true), 90, true, 30, 20, Quality::Exact),
            (Ending::Completed, report(Some(0), Some(0), true), 0, true, 0, 0, Quality::Exact),
            // 200 without usage: the bound of the input, the text that came.
            (Ending::Completed, none, 25, true, 100, 25, Quality::Estimated),
            (Ending::Completed, none, 4_000, true, 100, 40, Quality::Estimated),
            // A count at the start is not a final one.
            (Ending::Completed, report(Some(30), Some(1), false), 25, true, 30, 25, Quality::Estimated),
            (Ending::Completed, report(None, Some(20), true), 90, true, 100, 20, Quality::Estimated),
            (Ending::Aborted, report(Some(30), Some(20), true), 90, true, 30, 20, Quality::Exact),
            (Ending::Aborted, report(Some(30), Some(33), false), 25, true, 30, 33, Quality::Estimated),
            (Ending::Aborted, report(Some(30), Some(60), false), 25, true, 30, 60, Quality::Estimated),
            (Ending::Aborted, none, 0, true, 100, 0, Quality::Estimated),
            (Ending::NotBilled, none, 0, false, 0, 0, Quality::Exact),
            // Whoever announces a bill has billed.
            (Ending::NotBilled, report(Some(30), None, false), 0, true, 30, 0, Quality::Estimated),
            (Ending::Lost, none, 0, true, 100, 40, Quality::Unknown),
            (Ending::Lost, report(Some(30), Some(2), false), 9, true, 30, 9, Quality::Estimated),
        ];
        for (ending, reported, bytes, is_billed, input, output, quality) in table {
            let booked = book(&bounds, &outcome(ending, reported, bytes));
            let got = (booked.is_billed, booked.tokens.input_total(), booked.tokens.output, booked.quality);
            assert_eq!(got, (is_billed, input, output, quality), "{ending:?} {reported:?} {bytes}");
        }
    }

    #[test]
    fn unknown_input_is_charged_at_the_dearest_price() {
        let price = price();
        let bounds = Bounds { input: 100, output_cap: 40, price: Some(&price), baseline: None };
        let booked = book(&bounds, &outcome(Ending::Lost, ReportedUsage::default(), 0));
        assert_eq!(booked.cost, Money(100 * 20 + 40 * 50 + 7));
        assert_eq!(booked.cost.0, bounds.held().pico_usd, "the whole hold stays charged");
        // What is known of the cache is not counted again.
        let partly = ReportedUsage { cache_read: Some(60), ..ReportedUsage::default() };
        let booked = book(&bounds, &outcome(Ending::Aborted, partly, 0));
        assert_eq!((booked.tokens.cache_read, booked.tokens.cache_write_1h), (60, 40));
    }

    #[test]
    fn a_tier_is_held_and_booked_by_the_whole_input() {
        let dear = TokenPrices { input: 20, cache_read: 2, cache_write_5m: 24, cache_write_1h: 40, output: 75 };
        let price = PriceVersion { tiers: vec![PriceTier { above: 100, prices: dear }], ..price() };
        let short = Bounds { input: 100, output_cap: 40, price: Some(&price), baseline: None };
        let long = Bounds { input: 101, ..short };
        assert_eq!(short.held().pico_usd, 100 * 20 + 40 * 50 + 7);
        assert_eq!(long.held().pico_usd, 101 * 40 + 40 * 75 + 7);
        let lost = book(&long, &outcome(Ending::Lost, ReportedUsage::default(), 0));
        assert_eq!((lost.cost.0, lost.tier), (long.held().pico_usd, Some(dear)), "the whole hold stays charged");
        let of = |input| book(&long, &outcome(Ending::Completed, report(Some(input), Some(2), true), 8));
        assert_eq!((of(100).cost.0, of(100).tier), (100 * 10 + 2 * 50 + 7, None));
        assert_eq!((of(101).cost.0, of(101).tier), (101 * 20 + 2 * 75 + 7, Some(dear)));
    }

    #[test]
    fn what_the_provider_charges_and_what_it_would_have_been_are_booked_beside() {
        let marked = price().marked_up(1_000).expect("it fits");
        let baseline = PriceVersion { input: 30, output: 90, ..price() };
        let bounds = Bounds { input: 100, output_cap: 40, price: Some(&marked), baseline: Some(&baseline) };
        let booked = book(&bounds, &outcome(Ending::Completed, report(Some(10), Some(2), true), 8));
        assert_eq!((booked.cost.0, booked.list_cost.0), (10 * 11 + 2 * 55 + 8, 10 * 10 + 2 * 50 + 7));
        assert_eq!(booked.baseline_cost, Some(Money(10 * 30 + 2 * 90 + 7)));
        let released = book(&bounds, &outcome(Ending::NotBilled, ReportedUsage::default(), 0));
        assert_eq!((released.list_cost, released.baseline_cost), (Money(0), None));
    }

    #[test]
    fn what_is_not_known_is_of_the_class_that_costs_most() {
        let of = |input, cache_read, cache_write_5m, cache_write_1h| {
            let price = PriceVersion { input, cache_read, cache_write_5m, cache_write_1h, ..price() };
            let bounds = Bounds { input: 100, output_cap: 40, price: Some(&price), baseline: None };
            let Tokens { input, cache_read, cache_write_5m, cache_write_1h, .. } =
                book(&bounds, &outcome(Ending::Lost, ReportedUsage::default(), 0)).tokens;
            (input, cache_read, cache_write_5m, cache_write_1h)
        };
        assert_eq!(of(10, 1, 2, 3), (100, 0, 0, 0));
        assert_eq!(of(1, 10, 2, 3), (0, 100, 0, 0));
        assert_eq!(of(1, 2, 10, 3), (0, 0, 100, 0));
        assert_eq!(of(1, 2, 3, 10), (0, 0, 0, 100));
    }

    #[test]
    fn a_class_that_is_no_count_leaves_the_input_at_its_bound() {
        let price = price();
        let bounds = Bounds { input: 100, output_cap: 40, price: Some(&price), baseline: None };
        let lies = ReportedUsage { cache_read: Some(-1), ..report(Some(10), Some(2), true) };
        let booked = book(&bounds, &outcome(Ending::Completed, lies, 8));
        assert_eq!((booked.tokens.input_total(), booked.tokens.output), (100, 2));
        assert_eq!(booked.quality, Quality::Estimated);
    }

    #[test]
    fn a_price_that_overflows_on_the_bill_leaves_the_hold_charged() {
        let price = PriceVersion { output: i64::MAX / 1_000, ..price() };
        let bounds = Bounds { input: 1, output_cap: 10, price: Some(&price), baseline: None };
        let booked = book(&bounds, &outcome(Ending::Completed, report(Some(1), Some(5_000), true), 10));
        assert_eq!((booked.cost.0, booked.quality), (bounds.held().pico_usd, Quality::Unknown));
    }

    fn any_report() -> impl Strategy<Value = ReportedUsage> {
        let count = || {
            prop_oneof![
                3 => proptest::option::of(0..3_000i64),
                1 => any::<Option<i64>>(),
            ]
        };
        (count(), count(), count(), count(), count(), any::<bool>()).prop_map(
            |(input, cache_read, cache_write_5m, cache_write_1h, output, is_final)| ReportedUsage {
                input,
                cache_read,
                cache_write_5m,
                cache_write_1h,
                output,
                is_final,
            },
        )
    }

    proptest! {
        /// Whatever is reported: no panic, nothing negative, the cost is the tokens', an overrun is marked as one, and a
        /// bill is never booked as less than it says.
        #[test]
        fn a_booking_is_always_sound(
            reported in any_report(),
            ending in prop_oneof![
                Just(Ending::Completed), Just(Ending::NotBilled), Just(Ending::Aborted), Just(Ending::Lost)
            ],
            received_bytes in any::<i64>(),
            input in 0..10_000i64,
            output_cap in 0..5_000i64,
            is_priced in any::<bool>(),
        ) {
            let price = is_priced.then(price);
            let bounds = Bounds { input, output_cap, price: price.as_ref(), baseline: None };
            let booked = book(&bounds, &outcome(ending, reported, received_bytes));
            let tokens = booked.tokens;
            for count in [
                tokens.input, tokens.cache_read, tokens.cache_write_5m, tokens.cache_write_1h, tokens.output,
                booked.cost.0,
            ] {
                prop_assert!(count >= 0);
            }
            let expected = match (&price, booked.is_billed) {
                (Some(price), true) => price.cost(&tokens)?,
                _ => Money(0),
            };
            prop_assert_eq!(booked.cost, expected);
            let beyond = amounts(&booked).beyond(&bounds.held());
            prop_assert_eq!(booked.is_overrun, beyond != Amounts::default());
            if let (Some(output @ 0..=MOST_TOKENS_PER_CALL), true) = (reported.output, booked.is_billed) {
                prop_assert!(tokens.output >= output);
            }
            if booked.quality == Quality::Exact && booked.is_billed {
                prop_assert_eq!(Some(tokens.output), reported.output);
                prop_assert_eq!(Some(tokens.input), reported.input);
            }
        }
    }
}
