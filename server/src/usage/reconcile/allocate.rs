//! Which calls a difference is booked on: a pure function.

use app::model::ModelCallId;

use crate::db::reconcile::Correctable;

/// What is booked on one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    pub call: ModelCallId,
    /// What the tenant is charged more; less, when negative.
    pub pico: i64,
    /// What the provider billed more than was booked.
    pub list_pico: i64,
}

/// Spreads a difference over calls of one day and model, in their order (those never heard of first); what cannot be
/// explained is given back.
///
/// Billed less: inexact calls come down to nothing, one after the other. Billed more: the first inexact call. Exact calls
/// are what the provider itself reported; only with `may_use_exact` does the last of them take what is billed more.
#[must_use]
pub fn allocate(difference: i64, calls: &[Correctable], may_use_exact: bool) -> (Vec<Correction>, i64) {
    let mut corrections = Vec::new();
    let mut left = difference;
    if left > 0 {
        let last_exact = || calls.iter().rev().find(|call| call.is_exact && may_use_exact);
        if let Some(call) = calls.iter().find(|call| !call.is_exact).or_else(last_exact)
            && let Some(pico) = more(call, left)
        {
            corrections.push(Correction { call: call.call, pico, list_pico: left });
            left = 0;
        }
        return (corrections, left);
    }
    for call in calls.iter().filter(|call| !call.is_exact) {
        let room = call.list_pico.max(0);
        let taken = room.min(left.saturating_neg());
        if taken == 0 {
            continue;
        }
        let pico = share(call.pico.max(0), taken, room);
        corrections.push(Correction { call: call.call, pico: -pico, list_pico: -taken });
        left += taken;
    }
    (corrections, left)
}

/// `whole × part ÷ all`, rounded half up; `part` is at most `all`.
fn share(whole: i64, part: i64, all: i64) -> i64 {
    let (whole, part, all) = (i128::from(whole), i128::from(part), i128::from(all.max(1)));
    i64::try_from((whole * part * 2 + all) / (all * 2)).unwrap_or(i64::MAX)
}

/// What is charged for so much more, at the call's own mark-up. `None`: more than can be counted.
fn more(call: &Correctable, list_pico: i64) -> Option<i64> {
    if call.list_pico <= 0 || call.pico <= 0 {
        return Some(list_pico);
    }
    let (pico, all, list) = (i128::from(call.pico), i128::from(call.list_pico), i128::from(list_pico));
    i64::try_from((pico * list * 2 + all) / (all * 2)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn call(number: u128, is_exact: bool, pico: i64, list_pico: i64) -> Correctable {
        Correctable { call: ModelCallId(Uuid::from_u128(number)), is_exact, pico, list_pico }
    }

    #[test]
    fn the_calls_nobody_heard_of_explain_it_first() {
        let calls = [call(1, false, 1_150, 1_000), call(2, false, 230, 200), call(3, true, 575, 500)];
        let (less, left) = allocate(-1_100, &calls, true);
        assert_eq!(left, 0);
        assert_eq!(less.iter().map(|c| (c.pico, c.list_pico)).collect::<Vec<_>>(), [(-1_150, -1_000), (-115, -100)]);
        let (less, left) = allocate(-1_700, &calls, true);
        assert_eq!((less.len(), left), (2, -500), "what the provider itself reported stays");
        let (more, left) = allocate(100, &calls, false);
        assert_eq!((more[0].call, more[0].pico, left), (calls[0].call, 115, 0));
    }

    #[test]
    fn exact_calls_take_only_what_is_billed_more_and_only_when_they_may() {
        let calls = [call(3, true, 500, 500), call(4, true, 0, 0)];
        assert_eq!(allocate(70, &calls, false), (Vec::new(), 70));
        let (more, left) = allocate(70, &calls, true);
        assert_eq!((more[0].call, more[0].pico, more[0].list_pico, left), (calls[1].call, 70, 70, 0));
        assert_eq!(allocate(-70, &calls, true), (Vec::new(), -70));
        assert_eq!(allocate(70, &[], true), (Vec::new(), 70));
    }

    #[test]
    fn shares_are_rounded_half_up() {
        for (whole, part, all, expected) in [
            (1_150, 100, 1_000, 115),
            (5, 1, 2, 3),
            (4, 1, 3, 1),
            (5, 1, 3, 2),
            (7, 3, 3, 7),
            (9, 0, 3, 0),
            (i64::MAX, i64::MAX, i64::MAX, i64::MAX),
        ] {
            assert_eq!(share(whole, part, all), expected, "{whole} × {part} ÷ {all}");
        }
    }

    #[test]
    fn more_is_charged_at_the_calls_own_mark_up() {
        let more = |pico, list_pico, by| more(&call(1, false, pico, list_pico), by);
        assert_eq!(more(1_150, 1_000, 100), Some(115));
        assert_eq!((more(5, 2, 1), more(4, 3, 1), more(5, 3, 1)), (Some(3), Some(1), Some(2)), "half up");
        assert_eq!((more(0, 3, 5), more(3, 0, 5), more(-3, 2, 5)), (Some(5), Some(5), Some(5)), "no mark-up is known");
        assert_eq!(more(i64::MAX, 1, i64::MAX), None, "more than can be counted");
    }

    #[test]
    fn nothing_is_booked_on_a_call_that_is_down_to_nothing() {
        let calls = [call(1, false, 5, 0), call(2, false, 10, 10)];
        let (corrections, left) = allocate(-4, &calls, false);
        assert_eq!((corrections, left), (vec![Correction { call: calls[1].call, pico: -4, list_pico: -4 }], 0));
        assert_eq!(allocate(0, &calls, true), (Vec::new(), 0));
    }

    proptest! {
        #[test]
        fn all_is_accounted_for_and_nobody_comes_to_less_than_nothing(
            difference in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
            raw in proptest::collection::vec((any::<bool>(), 0..10_000_000_000_000_i64, 0..3_000_i64), 0..12),
            may_use_exact: bool,
        ) {
            let calls: Vec<_> = raw.iter().enumerate()
                .map(|(at, (is_exact, list, markup))| {
                    call(at as u128, *is_exact, list + list / 10_000 * markup, *list)
                })
                .collect();
            let (corrections, left) = allocate(difference, &calls, may_use_exact);
            let booked: i64 = corrections.iter().map(|c| c.list_pico).sum();
            prop_assert_eq!(booked + left, difference);
            for correction in corrections {
                let on = calls.iter().find(|call| call.call == correction.call).expect("one of them");
                prop_assert!(on.pico + correction.pico >= 0 && on.list_pico + correction.list_pico >= 0);
                prop_assert_eq!(correction.list_pico.signum(), difference.signum());
                prop_assert!(!on.is_exact || (difference > 0 && may_use_exact));
            }
        }
    }
}
