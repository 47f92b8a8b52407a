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
        per_search: None,
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
    let ask = Ask { input_bound: 100, output_wanted: 50, output_floor: 5, searches: 0, price: Some(&price) };
    let roomy = budget(BudgetLimits { output_tokens: Some(40), ..BudgetLimits::default() });
    let tight = budget(money(100 + 309));
    let fit = fit(&ask, &[roomy, tight]).expect("it fits");
    assert_eq!(fit.output_cap, 30, "309 pays for 30 tokens at 10");
    assert_eq!(fit.amounts.pico_usd, 400);
}

#[test]
fn searches_are_paid_for_before_the_length() {
    let price = PriceVersion { per_search: Some(70), ..price(1, 10) };
    let ask = Ask { input_bound: 100, output_wanted: 50, output_floor: 5, searches: 2, price: Some(&price) };
    let fits = fit(&ask, &[budget(money(100 + 140 + 309))]).expect("it fits");
    assert_eq!((fits.output_cap, fits.amounts.pico_usd), (30, 100 + 140 + 300));
    assert_eq!(fit(&ask, &[budget(money(100 + 140 + 49))]).expect_err("refused").limit, Limit::Cost);
    let absurd = Ask { searches: i64::MAX, ..ask };
    assert_eq!(fit(&absurd, &[]).expect_err("refused").limit, Limit::TooLarge);
}

#[test]
fn the_refused_limit_is_named() {
    let price = price(1, 10);
    let ask = Ask { input_bound: 100, output_wanted: 50, output_floor: 5, searches: 0, price: Some(&price) };
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
    let ask = Ask { input_bound: 100, output_wanted: 50, output_floor: 5, searches: 0, price: None };
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
    let ask = Ask { input_bound: 0, output_wanted: 50, output_floor: 0, searches: 0, price: None };
    let mut over = budget(BudgetLimits { output_tokens: Some(10), ..BudgetLimits::default() });
    if let Some(window) = &mut over.window {
        window.settled.output_tokens = i64::MAX;
    }
    assert_eq!(fit(&ask, &[over]).expect_err("refused").limit, Limit::OutputTokens);
}

/// A step of the pure machine: admit, or end the nth open call.
#[derive(Clone, Debug)]
enum Step {
    Admit { input: i64, output: i64, floor: i64, searches: i64 },
    End { nth: usize, ending: Ending, input: i64, output: i64, searches: Option<i64>, bytes: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        3 => Just(Ending::Completed), 1 => Just(Ending::NotBilled), 1 => Just(Ending::Aborted), 1 => Just(Ending::Lost)
    ];
    prop_oneof![
        (0..500i64, 0..300i64, 0..300i64, 0..4i64).prop_map(|(input, output, floor, searches)| Step::Admit {
            input,
            output,
            floor,
            searches
        }),
        (0..6usize, ending, 0..600i64, 0..400i64, proptest::option::of(0..6i64), 0..900i64).prop_map(
            |(nth, ending, input, output, searches, bytes)| {
                Step::End { nth, ending, input, output, searches, bytes }
            }
        ),
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
        let price = PriceVersion { per_search: Some(170), ..price(3, 11) };
        let limits = BudgetLimits {
            input_tokens: Some(limits.0),
            output_tokens: Some(limits.1),
            requests: Some(limits.2),
            cost: Some(Money(limits.3)),
            tokens: Some(limits.4),
        };
        let mut path = [budget(limits)];
        let mut overrun = Amounts::default();
        let mut open: Vec<(Fit, i64)> = Vec::new();
        for step in steps {
            let mut window = path[0].window.expect("a window");
            match step {
                Step::Admit { input, output, floor, searches } => {
                    let ask = Ask {
                        input_bound: input, output_wanted: output, output_floor: floor, searches, price: Some(&price)
                    };
                    if let Ok(fit) = fit(&ask, &path) {
                        prop_assert!(fit.output_cap >= floor.min(output) && fit.output_cap <= output);
                        add(&mut window.reserved, &fit.amounts, 1);
                        open.push((fit, searches));
                    }
                }
                Step::End { nth, ending, input, output, searches, bytes } if nth < open.len() => {
                    let (held, most) = open.swap_remove(nth);
                    let bounds = Bounds {
                        input: held.amounts.input_tokens, output_cap: held.output_cap, searches: most, price: Some(&price), baseline: None
                    };
                    let reported = ReportedUsage {
                        input: Some(input), output: Some(output), searches, is_final: true, ..ReportedUsage::default()
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
            for (fit, _) in &open {
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
