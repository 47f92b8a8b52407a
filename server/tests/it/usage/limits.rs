//! Limits: clamping, zero, unlimited, unknown prices, huge numbers, words.

use server::db::{
    Error,
    budget::{
        budget_path,
        window::{window_lock, window_reserve, window_unreserve},
    },
    ledger::{Amounts, WindowKey},
};

use super::*;
use crate::support::db::db_test;

db_test! {
    async fn the_last_call_gets_the_length_that_fits(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        // Input 10 tokens at the dearest $2 a million, then output at $5 a million for 30 tokens and a bit.
        set_limits(&t, &scope, limits(None, None, None, Some(10 * 2_000_000 + 30 * 5_000_000 + 4_999_999))).await;
        let ask = Ask { output_floor: 30, ..Ask::of(10, 1_000) };
        let too_long = Ask { output_floor: 31, ..ask.clone() };
        assert!(try_reserve(&t, &scope, &too_long).await.is_err());
        let hold = reserve(&t, &scope, &ask).await;
        assert_eq!(hold.permit().max_output_tokens(), 30);
        settle(&t, &scope, hold, completed(10, 30)).await;
        assert_balanced(&t).await;
    }

    async fn a_refusal_says_which_limit_until_when_and_whom_to_ask(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        for (given, limit) in [
            (limits(Some(999_999), None, None, None), "999,999 input tokens"),
            (limits(None, Some(99), None, None), "99 output tokens"),
            (limits(None, None, Some(0), None), "0 requests"),
            (limits(None, None, None, Some(3_100_000_000)), "$0.0031"),
        ] {
            set_limits(&t, &scope, given).await;
            let refusal = try_reserve(&t, &scope, &Ask::of(1_000_000, 100)).await.expect_err("it does not fit");
            assert_eq!(refusal.limit, limit);
            assert_eq!(refusal.budget, "prs name's monthly budget");
            assert_eq!(refusal.contact, "admin@prs.example");
            assert_eq!(refusal.resets_at.unwrap().to_string(), "2026-03-31T17:00:00.000Z");
        }
        assert_balanced(&t).await;
    }

    async fn zero_is_zero_and_none_is_unlimited(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(0), Some(0), Some(0), Some(0))).await;
        assert!(try_reserve(&t, &scope, &Ask::of(0, 0)).await.is_err(), "zero requests");
        assert_eq!(meter(&t, &scope).await.percent, Some(100));
        set_limits(&t, &scope, limits(None, None, None, None)).await;
        let hold = reserve(&t, &scope, &Ask::of(1_000_000, 1_000)).await;
        assert_eq!(meter(&t, &scope).await.percent, None);
        settle(&t, &scope, hold, completed(1_000_000, 1_000)).await;
        assert_balanced(&t).await;
    }

    async fn a_free_model_fits_a_money_budget_of_zero_but_one_of_unknown_price_does_not(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(None, None, None, Some(0))).await;
        let free = PriceVersion {
            input: 0,
            cache_read: 0,
            cache_write_5m: 0,
            cache_write_1h: 0,
            output: 0,
            ..price()
        };
        let hold = reserve(&t, &scope, &Ask { price: Some(free), ..Ask::of(100, 100) }).await;
        settle(&t, &scope, hold, completed(100, 100)).await;
        let unknown = Ask { price: None, ..Ask::of(100, 100) };
        let refusal = try_reserve(&t, &scope, &unknown).await.expect_err("a money budget needs a price");
        assert_eq!(refusal.limit, "$0.00, and this model's price is not known");
        set_limits(&t, &scope, limits(Some(1_000), None, None, None)).await;
        let hold = reserve(&t, &scope, &unknown).await;
        let settled = settle(&t, &scope, hold, completed(50, 50)).await;
        assert_eq!((settled.cost, settled.tokens.input), (Money(0), 50));
        assert_balanced(&t).await;
    }

    async fn huge_and_negative_wishes_are_met_with_the_models_maximum_or_refused(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(None, None, None, None)).await;
        let ask = Ask { output_wanted: i64::MAX, output_floor: 256, ..Ask::of(i64::MAX, 0) };
        let hold = reserve(&t, &scope, &ask).await;
        assert_eq!(hold.permit().max_output_tokens(), 1_000);
        assert_eq!(meter(&t, &scope).await.used.input, 1_000_000, "no provider reads more than the model's window");
        settle(&t, &scope, hold, completed(5, 5)).await;

        let none = reserve(&t, &scope, &Ask { output_wanted: -5, output_floor: -7, ..Ask::of(1, 0) }).await;
        assert_eq!(none.permit().max_output_tokens(), 0);
        settle(&t, &scope, none, completed(1, 0)).await;

        let dear = PriceVersion { output: i64::MAX, ..price() };
        let refusal = try_reserve(&t, &scope, &Ask { price: Some(dear), ..Ask::of(1, 100) }).await;
        assert!(refusal.is_err(), "a cost that cannot be counted is refused: {refusal:?}");

        let mut tx = t.db.begin(&scope).await.unwrap();
        let model = model();
        let negative = ReserveRequest {
            turn: None, step: 1, attempt: 1, purpose: Purpose::Answer, model: &model, price: None,
            input_bound: -1, output_wanted: 1, output_floor: 1, searches: 0,
            via: None,
        };
        let refused = usage::reserve(&scope, &mut tx, &t.world, negative).await;
        assert!(matches!(refused, Err(ReserveError::Db(Error::Misuse(_)))));
        drop(tx);
        assert_balanced(&t).await;
    }

    async fn a_bill_that_is_no_number_stays_charged_at_the_hold(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        for absurd in [i64::MAX, i64::MIN, -1, 2_000_000_000] {
            let hold = reserve(&t, &scope, &Ask::of(100, 100)).await;
            let settled = settle(&t, &scope, hold, completed(absurd, absurd)).await;
            assert_eq!(settled.tokens.input_total(), 100, "{absurd}");
            assert!(settled.tokens.output <= 100, "{absurd}");
            assert_ne!(settled.quality, app::model::Quality::Exact, "{absurd}");
        }
        assert_balanced(&t).await;
    }

    async fn a_negative_limit_is_an_error(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
        let result = usage::set_budget(&mut tx, &t.world, scope.tenant(), limits(Some(-1), None, None, None)).await;
        assert!(matches!(result, Err(Error::Misuse(_))));
    }

    async fn a_tenant_that_was_given_no_budget_has_the_default_one(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        assert_eq!(meter(&t, &scope).await.limits, usage::default_limits());
        let hold = reserve(&t, &scope, &Ask::of(600_000, 10)).await;
        let refusal = try_reserve(&t, &scope, &Ask::of(600_000, 10)).await.expect_err("a million is the default");
        assert_eq!(refusal.limit, "1,000,000 input tokens");
        settle(&t, &scope, hold, completed(10, 10)).await;
        assert_balanced(&t).await;
    }

    async fn a_limit_below_what_is_spent_stops_everything_and_breaks_nothing(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let hold = reserve(&t, &scope, &Ask::of(500, 100)).await;
        set_limits(&t, &scope, limits(Some(10), Some(10), Some(1), Some(1))).await;
        assert_balanced(&t).await;
        assert!(try_reserve(&t, &scope, &Ask::of(1, 1)).await.is_err());
        settle(&t, &scope, hold, completed(500, 100)).await;
        let after = meter(&t, &scope).await;
        assert_eq!((after.used.input, after.used.output), (500, 100), "what is spent stays spent");
        assert_balanced(&t).await;
    }

    async fn every_budget_on_the_path_must_have_room(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(1_000), None, None, None)).await;
        set_own_daily_limit(&t, &scope, 300).await;
        let hold = reserve(&t, &scope, &Ask::of(200, 10)).await;
        let refusal = try_reserve(&t, &scope, &Ask::of(200, 10)).await.expect_err("the day's is used up");
        assert_eq!(refusal.limit, "300 input tokens");
        assert!(refusal.budget.ends_with("daily budget"), "{}", refusal.budget);
        assert_eq!(refusal.resets_at.unwrap().to_string(), "2026-03-10T17:00:00.000Z", "midnight in Jakarta");
        assert_eq!(meter(&t, &scope).await.used.input, 200, "the refused call holds nothing in the other budget");
        assert_balanced(&t).await;
        settle(&t, &scope, hold, completed(150, 5)).await;
        assert_balanced(&t).await;
        t.clock.set(refusal.resets_at.unwrap());
        let next_day = reserve(&t, &scope, &Ask::of(200, 10)).await;
        settle(&t, &scope, next_day, completed(1, 1)).await;
        assert_balanced(&t).await;
    }

    async fn a_window_lets_in_what_fits_and_takes_it_back(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        let hold = reserve(&t, &scope, &Ask::of(60, 10)).await;
        let books = Books::of(&scope);
        let mut tx = t.db.begin(&scope).await.unwrap();
        let path = budget_path(books, &mut tx, scope.user(), t.world.now()).await.unwrap();
        let key = WindowKey { budget: path[0].id, start: path[0].window.unwrap().start };
        let forty = Amounts { input_tokens: 40, requests: 1, ..Amounts::default() };
        window_lock(books, &mut tx, key).await.unwrap();
        assert!(window_reserve(books, &mut tx, key, forty).await.unwrap());
        assert!(!window_reserve(books, &mut tx, key, forty).await.unwrap(), "60 + 40 is all there is");
        window_unreserve(books, &mut tx, key, forty).await.unwrap();
        assert!(window_reserve(books, &mut tx, key, forty).await.unwrap());
        let more_than_held = Amounts { input_tokens: 101, ..Amounts::default() };
        assert!(window_unreserve(books, &mut tx, key, more_than_held).await.is_err(), "nothing is held below zero");
        drop(tx);
        settle(&t, &scope, hold, completed(60, 10)).await;
        assert_balanced(&t).await;
    }
}
