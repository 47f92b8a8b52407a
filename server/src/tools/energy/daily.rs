//! The one derivation of `en_daily`: energy per local day, shift and rate, and its cost.

use std::collections::BTreeMap;

use app::model::Date;

use super::{
    calendar::{Calendar, Slot},
    period::day_start,
    quantity::Quantity,
};
use crate::db::{
    Result, TenantScope, Tx,
    energy::{
        daily::{Daily, daily_replace},
        reading::{Used, reading_used},
    },
};

/// Days whose readings are held in memory at a time.
const DAYS_AT_A_TIME: i64 = 31;

/// Sums what was used per quarter hour into cells. Each cell has one price, so its cost is rounded once.
#[must_use]
pub fn derive(used: &[Used], calendar: &Calendar) -> Vec<Daily> {
    let mut cells: BTreeMap<Slot, i64> = BTreeMap::new();
    for reading in used {
        let cell = cells.entry(calendar.slot(reading.ts)).or_default();
        *cell = cell.saturating_add(reading.used_micro);
    }
    cells
        .into_iter()
        .map(|(slot, used_micro)| {
            let price = calendar.rate(slot.rate_id).map_or(0, |rate| rate.price_micro);
            let Slot { day, shift_id, rate_id } = slot;
            Daily { day, shift_id, rate_id, used_micro, cost_micro: cost(used_micro, price) }
        })
        .collect()
}

/// Micro-kWh times micro-units per kWh, in micro-units, rounded half away from zero.
#[must_use]
pub fn cost(used_micro: i64, price_micro: i64) -> i64 {
    let exact = i128::from(used_micro) * i128::from(price_micro);
    let half = if exact < 0 { -500_000 } else { 500_000 };
    i64::try_from((exact + half) / 1_000_000).unwrap_or(if exact < 0 { i64::MIN } else { i64::MAX })
}

/// Derives a device's cells of the local days `from..=to` anew from its readings.
///
/// # Errors
/// Database errors.
pub async fn rebuild(
    scope: &TenantScope,
    tx: &mut Tx,
    calendar: &Calendar,
    device: i64,
    (from, to): (i64, i64),
) -> Result<()> {
    let mut first = from;
    while first <= to {
        let last = (first + DAYS_AT_A_TIME - 1).min(to);
        let start = day_start(calendar.zone, Date::from_days(first));
        let end = day_start(calendar.zone, Date::from_days(last + 1));
        let used = reading_used(scope, tx, device, Quantity::ActiveEnergy.id(), start, end).await?;
        daily_replace(scope, tx, device, first, last, &derive(&used, calendar)).await?;
        first = last + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::calendar::tests::example, *};
    use proptest::prelude::*;

    const MIDNIGHT: i64 = 1_773_075_600; // 2026-03-10 00:00 in Jakarta

    #[test]
    fn a_day_of_one_kwh_a_quarter_costs_what_the_bill_says() {
        let calendar = example(chrono_tz::Asia::Jakarta);
        let used: Vec<Used> = (0..96).map(|q| Used { ts: MIDNIGHT + q * 900, used_micro: 1_000_000 }).collect();
        let cells = derive(&used, &calendar);
        let sum = |of: fn(&Daily) -> i64, shift: i64, rate: i64| -> i64 {
            cells.iter().filter(|c| c.shift_id == shift && c.rate_id == rate).map(of).sum()
        };
        assert_eq!(cells.len(), 4, "night, morning, evening off-peak, evening peak");
        assert_eq!(sum(|c| c.used_micro, 3, 1), 20_000_000, "17–22 is twenty quarters");
        assert_eq!(sum(|c| c.cost_micro, 3, 1), 20 * 1_550_000_000);
        let total: i64 = cells.iter().map(|c| c.cost_micro).sum();
        assert_eq!(total, 20 * 1_550_000_000 + 76 * 1_035_000_000);
    }

    #[test]
    fn cost_is_rounded_half_away_from_zero() {
        assert_eq!(cost(1, 500_000), 1);
        assert_eq!(cost(1, 499_999), 0);
        assert_eq!(cost(-1, 500_000), -1);
        assert_eq!(cost(i64::MAX, i64::MAX), i64::MAX);
    }

    proptest! {
        #[test]
        fn cells_add_up_to_the_readings(
            amounts in prop::collection::vec(0i64..10_000_000_000, 0..400), start in 0i64..4_000_000,
        ) {
            let calendar = example(chrono_tz::Europe::Berlin);
            let used: Vec<Used> = amounts.iter().zip(0i64..)
                .map(|(used_micro, q)| Used { ts: (start + q) * 900, used_micro: *used_micro }).collect();
            let cells = derive(&used, &calendar);
            prop_assert_eq!(cells.iter().map(|c| c.used_micro).sum::<i64>(), amounts.iter().sum::<i64>());
            let mut keys: Vec<_> = cells.iter().map(|c| (c.day, c.shift_id, c.rate_id)).collect();
            keys.dedup();
            prop_assert_eq!(keys.len(), cells.len());
        }
    }
}
