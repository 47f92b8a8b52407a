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
        per_search: Some(1_000),
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
    let bounds = Bounds { input: 100, output_cap: 40, searches: 0, price: Some(&price), baseline: None };
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
        (Ending::Lost, none, 9, true, 100, 9, Quality::Estimated),
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
    let bounds = Bounds { input: 100, output_cap: 40, searches: 0, price: Some(&price), baseline: None };
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
    let short = Bounds { input: 100, output_cap: 40, searches: 0, price: Some(&price), baseline: None };
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
    let bounds = Bounds { input: 100, output_cap: 40, searches: 0, price: Some(&marked), baseline: Some(&baseline) };
    let booked = book(&bounds, &outcome(Ending::Completed, report(Some(10), Some(2), true), 8));
    assert_eq!((booked.cost.0, booked.list_cost.0), (10 * 11 + 2 * 55 + 8, 10 * 10 + 2 * 50 + 7));
    assert_eq!(booked.baseline_cost, Some(Money(10 * 30 + 2 * 90 + 7)));
    let released = book(&bounds, &outcome(Ending::NotBilled, ReportedUsage::default(), 0));
    assert_eq!((released.list_cost, released.baseline_cost), (Money(0), None));
}

#[test]
fn searches_are_booked_with_what_their_rounds_may_have_read() {
    let price = price();
    let bounds = Bounds { input: 1_000, output_cap: 40, searches: 3, price: Some(&price), baseline: None };
    assert_eq!(bounds.held().pico_usd, 1_000 * 20 + 40 * 50 + 3 * 1_000 + 7);
    let of = |ending, searches, is_final, bytes| {
        let reported = ReportedUsage { searches, ..report(Some(30), Some(2), is_final) };
        let booked = book(&bounds, &outcome(ending, reported, bytes));
        (booked.tokens.input_total(), booked.searches, booked.quality)
    };
    assert_eq!(of(Ending::Completed, Some(2), true, 8), (30, 2, Quality::Exact));
    assert_eq!(of(Ending::Completed, None, true, 8), (30, 0, Quality::Exact));
    // Two rounds, each with the 30 tokens and what was written before; then more than there can be.
    assert_eq!(of(Ending::Aborted, Some(1), false, 5), (70, 1, Quality::Estimated));
    assert_eq!(of(Ending::Lost, None, false, 5), (35, 0, Quality::Estimated));
    assert_eq!(of(Ending::Lost, Some(900), false, 5), (350, 900, Quality::Estimated), "ten rounds at most");
    assert_eq!(of(Ending::Lost, Some(900), false, 500), (1_000, 900, Quality::Estimated));
    assert_eq!(of(Ending::Completed, Some(-1), true, 8), (30, 3, Quality::Estimated), "no count");
    // A search that has brought nothing yet may fill a window; an answer that cannot be read may have had all of them.
    let open = |open_rounds, is_final, input| {
        let reported = ReportedUsage { searches: Some(1), open_rounds, ..report(input, Some(2), is_final) };
        let booked = book(&bounds, &outcome(Ending::Aborted, reported, 5));
        (booked.tokens.input_total(), booked.searches, booked.quality)
    };
    assert_eq!(open(1, false, Some(30)), (70 + 100, 1, Quality::Estimated));
    assert_eq!(open(MAX_ROUNDS, false, Some(30)), (1_000, 3, Quality::Estimated));
    assert_eq!(open(i64::MAX, false, Some(30)), (1_000, 3, Quality::Estimated));
    assert_eq!(open(0, false, None), (1_000, 3, Quality::Estimated));
    assert_eq!(open(1, true, Some(30)), (30, 1, Quality::Exact), "its last word says all");
    let lost = book(&bounds, &outcome(Ending::Lost, ReportedUsage::default(), 0));
    assert_eq!((lost.cost.0, lost.searches, lost.quality), (bounds.held().pico_usd, 3, Quality::Unknown));
}

#[test]
fn searches_that_nobody_asked_for_are_booked_too_and_a_fee_that_is_not_known_says_so() {
    let searched = ReportedUsage { searches: Some(1), ..report(Some(30), Some(2), true) };
    let of = |price: &PriceVersion, searches| {
        let bounds = Bounds { input: 31, output_cap: 2, searches, price: Some(price), baseline: None };
        book(&bounds, &outcome(Ending::Completed, searched, 8))
    };
    let uninvited = of(&price(), 0);
    assert_eq!((uninvited.cost.0, uninvited.is_overrun), (30 * 10 + 2 * 50 + 1_000 + 7, true));
    assert_eq!((of(&price(), 1).is_overrun, of(&price(), 1).quality), (false, Quality::Exact));
    let without_fee = PriceVersion { per_search: None, ..price() };
    assert_eq!((of(&without_fee, 1).cost.0, of(&without_fee, 1).quality), (30 * 10 + 2 * 50 + 7, Quality::Estimated));
    // Each round by itself may be short.
    let prices = TokenPrices { input: 20, ..price().base() };
    let tiers = vec![PriceTier { above: 29, prices }];
    assert_eq!(of(&PriceVersion { tiers, ..price() }, 1).quality, Quality::Estimated);
    let marked = price().marked_up(5_000).expect("it fits");
    assert_eq!(of(&marked, 1).list_cost, Money(30 * 10 + 2 * 50 + 1_000 + 7));
}

#[test]
fn what_is_not_known_is_of_the_class_that_costs_most() {
    let of = |input, cache_read, cache_write_5m, cache_write_1h| {
        let price = PriceVersion { input, cache_read, cache_write_5m, cache_write_1h, ..price() };
        let bounds = Bounds { input: 100, output_cap: 40, searches: 0, price: Some(&price), baseline: None };
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
    let bounds = Bounds { input: 100, output_cap: 40, searches: 0, price: Some(&price), baseline: None };
    let lies = ReportedUsage { cache_read: Some(-1), ..report(Some(10), Some(2), true) };
    let booked = book(&bounds, &outcome(Ending::Completed, lies, 8));
    assert_eq!((booked.tokens.input_total(), booked.tokens.output), (100, 2));
    assert_eq!(booked.quality, Quality::Estimated);
}

#[test]
fn a_price_that_overflows_on_the_bill_leaves_the_hold_charged() {
    let price = PriceVersion { output: i64::MAX / 1_000, ..price() };
    let bounds = Bounds { input: 1, output_cap: 10, searches: 0, price: Some(&price), baseline: None };
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
    (count(), count(), count(), count(), count(), count(), any::<bool>()).prop_map(
        |(input, cache_read, cache_write_5m, cache_write_1h, output, searches, is_final)| ReportedUsage {
            input,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            output,
            searches,
            open_rounds: 0,
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
        searches in 0..20i64,
        is_priced in any::<bool>(),
    ) {
        let price = is_priced.then(price);
        let bounds = Bounds { input, output_cap, searches, price: price.as_ref(), baseline: None };
        let booked = book(&bounds, &outcome(ending, reported, received_bytes));
        let tokens = booked.tokens;
        for count in [
            tokens.input, tokens.cache_read, tokens.cache_write_5m, tokens.cache_write_1h, tokens.output,
            booked.searches, booked.cost.0,
        ] {
            prop_assert!(count >= 0);
        }
        let expected = match (&price, booked.is_billed) {
            (Some(price), true) => price.cost(&tokens, booked.searches)?,
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
            prop_assert_eq!(booked.searches, reported.searches.unwrap_or(0));
        }
    }
}
