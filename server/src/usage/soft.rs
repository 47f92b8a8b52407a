//! How full a budget is: pure arithmetic over its limits.

use app::model::BudgetLimits;

use crate::db::{budget::notice::NoticeKind, ledger::Amounts};

/// The fullest of the limits in percent, rounded down so that 100 means full; `None`: nothing is limited. A limit of zero
/// is full from the start.
pub(super) fn fullest(limits: &BudgetLimits, used: &Amounts) -> Option<u32> {
    let each = [
        (limits.input_tokens, i128::from(used.input_tokens)),
        (limits.output_tokens, i128::from(used.output_tokens)),
        (limits.tokens, i128::from(used.input_tokens) + i128::from(used.output_tokens)),
        (limits.requests, i128::from(used.requests)),
        (limits.cost.map(|cost| cost.0), i128::from(used.pico_usd)),
    ];
    let shares = each.into_iter().filter_map(|(limit, used)| {
        let share = match i128::from(limit?) {
            0 => 100,
            limit => used * 100 / limit,
        };
        Some(u32::try_from(share).unwrap_or(u32::MAX))
    });
    shares.max()
}

/// What people are to be told when so much is settled. `soft_percent`: from where on; `None`: nothing until it is full.
pub(super) fn reached(limits: &BudgetLimits, soft_percent: Option<i64>, settled: &Amounts) -> Option<NoticeKind> {
    let percent = i64::from(fullest(limits, settled)?);
    if *settled == Amounts::default() {
        // A limit of zero was nobody's doing.
        return None;
    }
    if percent >= 100 {
        return Some(NoticeKind::Hard);
    }
    soft_percent.is_some_and(|soft| percent >= soft).then_some(NoticeKind::Soft)
}

/// The same in a word, for lists.
#[must_use]
pub fn level_in_words(limits: &BudgetLimits, soft_percent: Option<i64>, settled: &Amounts) -> &'static str {
    match reached(limits, soft_percent, settled) {
        None | Some(NoticeKind::Overrun) => "active",
        Some(NoticeKind::Soft) => "nearly used up",
        Some(NoticeKind::Hard) => "used up",
    }
}

#[cfg(test)]
mod tests {
    use app::model::Money;

    use super::*;

    fn used(input_tokens: i64, output_tokens: i64) -> Amounts {
        Amounts { input_tokens, output_tokens, requests: 1, pico_usd: 0 }
    }

    #[test]
    fn the_fullest_limit_counts() {
        let limits = BudgetLimits { input_tokens: Some(1_000), tokens: Some(1_500), ..BudgetLimits::default() };
        assert_eq!(fullest(&limits, &used(500, 100)), Some(50));
        assert_eq!(fullest(&limits, &used(500, 700)), Some(80));
        assert_eq!(fullest(&BudgetLimits::default(), &used(500, 700)), None);
        let most = BudgetLimits { tokens: Some(i64::MAX), ..BudgetLimits::default() };
        assert_eq!(fullest(&most, &used(i64::MAX, i64::MAX)), Some(200));
        assert_eq!(fullest(&BudgetLimits { cost: Some(Money(0)), ..BudgetLimits::default() }, &used(1, 1)), Some(100));
    }

    #[test]
    fn people_are_told_at_the_threshold_and_when_it_is_full() {
        let limits = BudgetLimits { input_tokens: Some(1_000), ..BudgetLimits::default() };
        for (soft, input, expected) in [
            (Some(80), 799, None),
            (Some(80), 800, Some(NoticeKind::Soft)),
            (Some(80), 999, Some(NoticeKind::Soft)),
            (Some(80), 1_000, Some(NoticeKind::Hard)),
            (Some(1), 9, None),
            (Some(1), 10, Some(NoticeKind::Soft)),
            (None, 999, None),
            (None, 1_001, Some(NoticeKind::Hard)),
        ] {
            assert_eq!(reached(&limits, soft, &used(input, 0)), expected, "{soft:?} {input}");
        }
        let zero = BudgetLimits { cost: Some(Money(0)), ..BudgetLimits::default() };
        assert_eq!(reached(&zero, Some(80), &Amounts::default()), None, "nothing was spent yet");
        let words = [799, 800, 1_000].map(|input| level_in_words(&limits, Some(80), &used(input, 0)));
        assert_eq!(words, ["active", "nearly used up", "used up"]);
    }
}
