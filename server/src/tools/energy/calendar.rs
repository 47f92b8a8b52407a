//! Which local day, shift and rate a quarter hour belongs to.

use app::{model::Lang, words::energy as say};
use chrono_tz::Tz;

use super::period;
use crate::db::{
    Result, TenantScope, Tx,
    energy::tariff::{Rate, Shift, currency, rate_list, shift_list},
};

/// A tenant's days, shifts and rates.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub zone: Tz,
    pub shifts: Vec<Shift>,
    pub rates: Vec<Rate>,
}

/// Where a quarter hour belongs. Shift or rate 0: none applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Local day, days since 1970-01-01.
    pub day: i64,
    pub shift_id: i64,
    pub rate_id: i64,
}

impl Calendar {
    /// Reads a tenant's calendar.
    ///
    /// # Errors
    /// Database errors.
    pub async fn load(scope: &TenantScope, tx: &mut Tx) -> Result<Self> {
        Ok(Self { zone: scope.time_zone(), shifts: shift_list(scope, tx).await?, rates: rate_list(scope, tx).await? })
    }

    /// Where the quarter hour that starts at `ts` belongs: decided by its first instant.
    #[must_use]
    pub fn slot(&self, ts: i64) -> Slot {
        let (date, minute) = period::local(self.zone, ts);
        let day = date.to_days();
        let shift = self.shifts.iter().find(|shift| covers(shift.from_minute, shift.to_minute, minute));
        let rate = self.rates_on(day).find(|rate| covers(rate.from_minute, rate.to_minute, minute));
        Slot { day, shift_id: shift.map_or(0, |shift| shift.id), rate_id: rate.map_or(0, |rate| rate.id) }
    }

    /// The rates valid on a local day; of two that overlap, the first counts.
    pub fn rates_on(&self, day: i64) -> impl Iterator<Item = &Rate> {
        self.rates.iter().filter(move |rate| rate.valid_from <= day && rate.valid_to.is_none_or(|end| day < end))
    }

    #[must_use]
    pub fn shift(&self, id: i64) -> Option<&Shift> {
        self.shifts.iter().find(|shift| shift.id == id)
    }

    #[must_use]
    pub fn rate(&self, id: i64) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.id == id)
    }

    #[must_use]
    pub fn shift_name(&self, id: i64, lang: Lang) -> String {
        self.shift(id).map_or_else(|| say::outside_shifts(lang).to_owned(), |shift| shift.name.clone())
    }

    #[must_use]
    pub fn rate_code(&self, id: i64, lang: Lang) -> String {
        self.rate(id).map_or_else(|| say::no_tariff(lang).to_owned(), |rate| rate.code.clone())
    }
}

/// Whether a time of day contains a minute; `to` is exclusive, and not after `from` means across midnight.
#[must_use]
pub fn covers(from: i64, to: i64, minute: i64) -> bool {
    if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

/// The tenant's currency with the calendar: what the cost tools need.
///
/// # Errors
/// Database errors.
pub async fn load_with_currency(scope: &TenantScope, tx: &mut Tx) -> Result<(Calendar, String)> {
    Ok((Calendar::load(scope, tx).await?, currency(scope, tx).await?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The mission's shifts (22–06, 06–14, 14–22) and tariff (WBP 17–22), in a zone, valid from the epoch on.
    pub fn example(zone: Tz) -> Calendar {
        let shift = |id, name: &str, from_minute, to_minute| Shift { id, name: name.into(), from_minute, to_minute };
        let rate = |id, code: &str, from_minute, to_minute, price_micro| Rate {
            id,
            code: code.into(),
            name: code.into(),
            from_minute,
            to_minute,
            price_micro,
            valid_from: 0,
            valid_to: None,
        };
        Calendar {
            zone,
            shifts: vec![shift(1, "night", 1320, 360), shift(2, "morning", 360, 840), shift(3, "evening", 840, 1320)],
            rates: vec![rate(1, "WBP", 1020, 1320, 1_550_000_000), rate(2, "LWBP", 1320, 1020, 1_035_000_000)],
        }
    }

    #[test]
    fn a_night_shift_is_split_at_midnight() {
        let calendar = example(chrono_tz::Asia::Jakarta);
        let midnight = 1_773_075_600; // 2026-03-10 00:00 in Jakarta
        let (before, after) = (calendar.slot(midnight - 900), calendar.slot(midnight));
        assert_eq!((before.shift_id, after.shift_id), (1, 1));
        assert_eq!(after.day, before.day + 1);
        assert_eq!(calendar.slot(midnight + 6 * 3600).shift_id, 2);
        assert_eq!(calendar.slot(midnight + 17 * 3600).rate_id, 1);
        assert_eq!(calendar.slot(midnight + 22 * 3600).rate_id, 2);
    }

    #[test]
    fn a_rate_counts_only_while_it_is_valid() {
        let mut calendar = example(chrono_tz::Asia::Jakarta);
        let midnight = 1_773_075_600;
        let day = calendar.slot(midnight).day;
        calendar.rates[1].valid_to = Some(day);
        assert_eq!(calendar.slot(midnight).rate_id, 0);
        assert_eq!(calendar.slot(midnight - 900).rate_id, 2);
        assert_eq!(calendar.rate_code(0, Lang::Indonesian), "tanpa tarif");
    }

    #[test]
    fn whole_days_and_wrapping_ranges_cover_what_they_say() {
        assert!(covers(0, 1440, 0) && covers(0, 1440, 1439));
        assert!(covers(1320, 360, 1439) && covers(1320, 360, 0) && !covers(1320, 360, 360));
        assert!(covers(0, 0, 700), "equal ends are the whole day");
    }
}
