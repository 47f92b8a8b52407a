//! From registers that count up to what was used per quarter hour.
//!
//! - What was used up to a register is its difference from the register before.
//! - A register lower than the one before has started again from zero: all it shows was used since.
//! - Where quarter hours are missing between two registers, what was used is spread evenly over them; the rows filled
//!   in are marked (`n = 0`). Nothing is lost at the seams: the shares add up to the difference exactly.
//! - The first register there is has nothing before it; nothing is known to have been used.

/// Seconds of a quarter hour.
pub const QUARTER: i64 = 900;

/// The longest gap that is spread: 400 days. After a longer one, all is booked where it was seen.
const MAX_SPREAD: i64 = 400 * 96;

/// A register at the end of the quarter hour that starts at `ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    pub ts: i64,
    /// In millionths of the unit.
    pub micro: i64,
}

/// What was used in a quarter hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub ts: i64,
    /// The register at its end; between two readings, in proportion.
    pub register: i64,
    pub used_micro: i64,
    /// Filled in between two registers.
    pub is_filled: bool,
}

/// What was used after `before` up to and including `after`, per quarter hour, oldest first. `after` is later.
#[must_use]
pub fn between(before: Register, after: Register) -> Vec<Usage> {
    let is_reset = after.micro < before.micro;
    let base = if is_reset { 0 } else { before.micro };
    let used = after.micro - base;
    let slots = (after.ts - before.ts) / QUARTER;
    if !(2..=MAX_SPREAD).contains(&slots) {
        return vec![Usage { ts: after.ts, register: after.micro, used_micro: used, is_filled: false }];
    }
    let up_to = |slot: i64| share(used, slot, slots);
    (1..=slots)
        .map(|slot| Usage {
            ts: before.ts + slot * QUARTER,
            register: base + up_to(slot),
            used_micro: up_to(slot) - up_to(slot - 1),
            is_filled: slot < slots,
        })
        .collect()
}

/// `part` of `whole` equal parts of an amount, rounded down; all of it for all parts.
fn share(amount: i64, part: i64, whole: i64) -> i64 {
    let exact = i128::from(amount) * i128::from(part) / i128::from(whole);
    i64::try_from(exact).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(quarter: i64, micro: i64) -> Register {
        Register { ts: quarter * QUARTER, micro }
    }

    #[test]
    fn neighbours_differ_by_what_was_used() {
        let used = between(at(0, 10), at(1, 14));
        assert_eq!(used, [Usage { ts: 900, register: 14, used_micro: 4, is_filled: false }]);
    }

    #[test]
    fn a_reset_counts_from_zero() {
        assert_eq!(between(at(0, 1_000), at(1, 7))[0].used_micro, 7);
    }

    #[test]
    fn a_gap_is_spread_and_marked() {
        let used = between(at(0, 100), at(3, 110));
        let amounts: Vec<i64> = used.iter().map(|u| u.used_micro).collect();
        assert_eq!(amounts, [3, 3, 4]);
        assert_eq!(used.iter().map(|u| u.is_filled).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(used.iter().map(|u| u.register).collect::<Vec<_>>(), [103, 106, 110]);
    }

    #[test]
    fn an_endless_gap_is_not_spread() {
        assert_eq!(between(at(0, 0), at(1_000_000, 5)).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_registers(
            before in 0i64..1_000_000_000_000, after in 0i64..1_000_000_000_000, gap in 1i64..500,
        ) {
            let used = between(at(0, before), at(gap, after));
            let sum: i64 = used.iter().map(|u| u.used_micro).sum();
            let expected = if after < before { after } else { after - before };
            prop_assert_eq!(sum, expected);
            prop_assert_eq!(used.len() as i64, gap);
            prop_assert!(used.iter().all(|u| u.used_micro >= 0));
            prop_assert_eq!(used.last().map(|u| (u.ts, u.register)), Some((gap * QUARTER, after)));
        }
    }
}
