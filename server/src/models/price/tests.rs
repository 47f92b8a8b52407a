use proptest::prelude::*;

use super::*;

fn haiku() -> PriceVersion {
    PriceVersion {
        id: "claude-haiku-4-5@2026-01-01".into(),
        valid_from: Timestamp(0),
        input: 1_000_000,
        cache_read: 100_000,
        cache_write_5m: 1_250_000,
        cache_write_1h: 2_000_000,
        output: 5_000_000,
        per_request: 0,
        per_search: None,
        tiers: vec![],
        markup_bp: 0,
    }
}

fn tokens(counts: [i64; 5]) -> Tokens {
    let [input, cache_read, cache_write_5m, cache_write_1h, output] = counts;
    Tokens { input, cache_read, cache_write_5m, cache_write_1h, output }
}

fn prices(of: [i64; 5]) -> TokenPrices {
    let [input, cache_read, cache_write_5m, cache_write_1h, output] = of;
    TokenPrices { input, cache_read, cache_write_5m, cache_write_1h, output }
}

#[test]
fn a_million_tokens_cost_what_the_price_list_says() {
    let million = Tokens { input: 1_000_000, output: 1_000_000, ..Tokens::default() };
    assert_eq!(haiku().cost(&million, 0).map(|cost| cost.to_string()), Ok("$6.00".to_owned()));
    let one = Tokens { cache_read: 1, ..Tokens::default() };
    assert_eq!(haiku().cost(&one, 0), Ok(Money(100_000)));
}

#[test]
fn a_request_can_cost_by_itself() {
    let price = PriceVersion { per_request: 42, ..haiku() };
    assert_eq!(price.cost(&Tokens::default(), 0), Ok(Money(42)));
}

#[test]
fn what_does_not_fit_is_an_error_and_so_is_less_than_nothing() {
    let tokens = Tokens { output: i64::MAX, ..Tokens::default() };
    assert_eq!(haiku().cost(&tokens, 0), Err(CostOverflow));
    let sum = Tokens { input: i64::MAX / 1_000_000, output: 1, ..Tokens::default() };
    assert_eq!(haiku().cost(&sum, 0), Err(CostOverflow));
    let negative = Tokens { cache_write_5m: -1, ..Tokens::default() };
    assert_eq!(haiku().cost(&negative, 0), Err(CostOverflow));
    assert_eq!(PriceVersion { output: i64::MAX, ..haiku() }.marked_up(1), Err(CostOverflow));
}

#[test]
fn the_dearest_input_is_the_highest_of_its_classes() {
    assert_eq!(haiku().dearest_input(), 2_000_000);
    assert_eq!(PriceVersion { input: 9_000_000, ..haiku() }.dearest_input(), 9_000_000);
}

/// T4: the edge of a tier, and that every class of input counts towards it.
#[test]
fn t4_a_tier_begins_with_the_token_above_its_edge() {
    let above = PriceTier { above: 272_000, prices: prices([2, 2, 2, 2, 3]) };
    let price = PriceVersion { tiers: vec![above], ..haiku() };
    let price = PriceVersion { input: 1, cache_read: 1, cache_write_5m: 1, cache_write_1h: 1, output: 2, ..price };
    let at = |counts| price.cost(&tokens(counts), 0).map(|cost| cost.0);
    assert_eq!(at([272_000, 0, 0, 0, 10]), Ok(272_000 + 20));
    assert_eq!(at([272_001, 0, 0, 0, 10]), Ok(272_001 * 2 + 30), "all tokens, not only those beyond");
    assert_eq!(at([1, 272_000, 0, 0, 10]), Ok(272_001 * 2 + 30), "cached tokens are input");
    assert_eq!(at([0, 0, 136_000, 136_001, 0]), Ok(272_001 * 2));
    assert_eq!(at([0, 0, 0, 0, 1_000_000]), Ok(2_000_000), "output does not count");
    assert_eq!(price.prices_at(i64::MAX).output, 3);
}

#[test]
fn a_five_minute_cache_is_not_an_hours() {
    let at = |counts| haiku().cost(&tokens(counts), 0).map(|cost| cost.0);
    assert_eq!(at([0, 0, 1_000, 0, 0]), Ok(1_250_000_000));
    assert_eq!(at([0, 0, 0, 1_000, 0]), Ok(2_000_000_000));
}

#[test]
fn tiers_rise_and_never_get_cheaper() {
    let tier = |above, of| PriceTier { above, prices: prices(of) };
    let base = PriceVersion { ..haiku() };
    let dearer = [2_000_000, 200_000, 2_500_000, 4_000_000, 7_500_000];
    let with = |tiers| PriceVersion { tiers, ..base.clone() }.problem();
    assert_eq!(with(vec![tier(200_000, dearer)]), None);
    assert_eq!(with(vec![]), None);
    assert!(with(vec![tier(0, dearer)]).is_some_and(|problem| problem.contains("rise")));
    assert!(with(vec![tier(5, dearer), tier(5, dearer)]).is_some_and(|problem| problem.contains("rise")));
    let cheaper = [2_000_000, 200_000, 2_500_000, 4_000_000, 4_999_999];
    assert!(with(vec![tier(5, cheaper)]).is_some_and(|problem| problem.contains("output")));
    assert!(PriceVersion { cache_read: -1, ..base.clone() }.problem().is_some());
}

#[test]
fn a_markup_is_in_every_price_and_in_the_id() {
    let tier = PriceTier { above: 10, prices: prices([3, 3, 3, 3, 7]) };
    let list = PriceVersion { per_request: 1, tiers: vec![tier], ..haiku() };
    let marked = list.marked_up(1_500).expect("it fits");
    assert_eq!((marked.id.as_str(), marked.markup_bp), ("claude-haiku-4-5@2026-01-01+1500bp", 1_500));
    assert_eq!((marked.input, marked.output, marked.per_request), (1_150_000, 5_750_000, 2));
    assert_eq!(marked.tiers, [PriceTier { above: 10, prices: prices([4, 4, 4, 4, 9]) }], "rounded up");
    assert_eq!(marked.list(), list);
    assert_eq!(list.marked_up(0), Ok(list.clone()));
    assert_eq!(list.list(), list);
}

proptest! {
    /// T9: against an oracle that counts in decimal dollars with twelve places, as a person would on paper.
    #[test]
    fn costs_agree_with_a_decimal_oracle(
        counts in proptest::array::uniform5(0..2_000_000_000i64),
        micro_dollars_per_million in proptest::array::uniform5(0..100_000_000i64),
        dearer_by in proptest::array::uniform5(0..100_000_000i64),
        edges in (1..3_000_000_000i64, 1..3_000_000_000i64),
        per_request in 0..1_000_000_000_000i64,
        (searches, per_search) in (0..1_000i64, 0..1_000_000_000_000i64),
    ) {
        // A price list in micro-dollars per million tokens is a pico-dollar per token each.
        let [input, cache_read, cache_write_5m, cache_write_1h, output] = micro_dollars_per_million;
        let lists: Vec<[i64; 5]> = (0..3)
            .map(|tier| std::array::from_fn(|class| micro_dollars_per_million[class] + tier * dearer_by[class]))
            .collect();
        let (first, second) = (edges.0, edges.0 + edges.1);
        let tiers = vec![
            PriceTier { above: first, prices: prices(lists[1]) },
            PriceTier { above: second, prices: prices(lists[2]) },
        ];
        let price = PriceVersion {
            id: "m@1".into(), valid_from: Timestamp(0), input, cache_read, cache_write_5m, cache_write_1h, output,
            per_request, per_search: Some(per_search), tiers, markup_bp: 0,
        };
        prop_assert_eq!(price.problem(), None);
        let total: i128 = counts[..4].iter().map(|count| i128::from(*count)).sum();
        let list = match total {
            _ if total > i128::from(second) => lists[2],
            _ if total > i128::from(first) => lists[1],
            _ => lists[0],
        };
        let mut pico = i128::from(per_request) + i128::from(searches) * i128::from(per_search);
        for (count, micro_per_million) in counts.into_iter().zip(list) {
            // count × (micro-dollars / 1e6 tokens), in 1e-12 dollars: × 1e6 (micro → pico) ÷ 1e6 (million).
            let exact = i128::from(count) * i128::from(micro_per_million) * 1_000_000;
            prop_assert_eq!(exact % 1_000_000, 0, "no rounding");
            pico += exact / 1_000_000;
        }
        match i64::try_from(pico) {
            Ok(pico) => prop_assert_eq!(price.cost(&tokens(counts), searches), Ok(Money(pico))),
            Err(_) => prop_assert_eq!(price.cost(&tokens(counts), searches), Err(CostOverflow)),
        }
    }

    /// The list price is found again exactly, and a markup never makes anything cheaper.
    #[test]
    fn a_markup_can_be_taken_away_again(
        of in proptest::array::uniform5(0..1_000_000_000_000i64),
        more in proptest::array::uniform5(0..1_000_000_000i64),
        per_request in 0..1_000_000_000_000i64,
        bp in 0..=100_000i64,
    ) {
        let dearer = std::array::from_fn(|class| of[class] + more[class]);
        let base = prices(of);
        let list = PriceVersion {
            id: "m@2026-01-01".into(), valid_from: Timestamp(7), input: base.input, cache_read: base.cache_read,
            cache_write_5m: base.cache_write_5m, cache_write_1h: base.cache_write_1h, output: base.output, per_request,
            per_search: Some(per_request), tiers: vec![PriceTier { above: 9, prices: prices(dearer) }], markup_bp: 0,
        };
        let marked = list.marked_up(bp)?;
        prop_assert_eq!(marked.list(), list.clone());
        prop_assert_eq!(marked.problem(), None, "tiers still rise");
        for ((_, charged), (_, listed)) in marked.base().classes().into_iter().zip(of.map(|price| ("", price))) {
            let exact = i128::from(listed) * i128::from(10_000 + bp);
            prop_assert!(i128::from(charged) * 10_000 >= exact && (i128::from(charged) - 1) * 10_000 < exact);
        }
    }
}
