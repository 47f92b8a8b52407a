//! Calendar windows: which period of the tenant's calendar an instant falls in.
//!
//! A window starts at the first instant of its first local day and ends at the first instant of the next window's: months
//! are real months, days have 23 or 25 hours when clocks change, and there is neither a gap nor an overlap.

use app::model::{Date, Timestamp};
use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::db::{Error, Result, budget::Period};

/// `start <= t < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// 9999-12-31T23:59:59.999Z: the end of what never ends.
const FAR_FUTURE: Timestamp = Timestamp(253_402_300_799_999);

/// The longest gap a zone has known is a day (Samoa left out 2011-12-30); this is an hour more.
const LONGEST_GAP_MINUTES: i64 = 1_500;

/// The window of a period that an instant falls in.
///
/// # Errors
/// [`Error::Misuse`] for an instant outside the calendar (hundreds of thousands of years away).
pub(super) fn window(period: Period, zone: Tz, at: Timestamp) -> Result<Window> {
    window_checked(period, zone, at).ok_or_else(|| outside(at))
}

/// The day of the zone's calendar that an instant falls on.
///
/// # Errors
/// As [`window`].
pub(super) fn local_date(zone: Tz, at: Timestamp) -> Result<Date> {
    local_day(zone, at).map(to_date).ok_or_else(|| outside(at))
}

/// The first instant of a day of the zone's calendar.
///
/// # Errors
/// [`Error::Misuse`] for a day that is not in the calendar.
pub(super) fn day_start(zone: Tz, day: Date) -> Result<Timestamp> {
    NaiveDate::from_ymd_opt(day.year, u32::from(day.month), u32::from(day.day))
        .and_then(|day| first_instant(zone, day))
        .ok_or_else(|| Error::Misuse(format!("no such day: {day}")))
}

/// First and last day of the month of a day.
#[must_use]
pub(super) fn month_of(day: Date) -> (Date, Date) {
    let first = Date { day: 1, ..day };
    // The 28th + 4 days is in the next month, whatever its length.
    let in_next = Date::from_days(Date { day: 28, ..day }.to_days() + 4);
    let last = Date::from_days(Date { day: 1, ..in_next }.to_days() - 1);
    (first, last)
}

fn outside(at: Timestamp) -> Error {
    Error::Misuse(format!("the instant {} is outside the calendar", at.0))
}

fn window_checked(period: Period, zone: Tz, at: Timestamp) -> Option<Window> {
    let day = local_day(zone, at)?;
    let (first, next) = match period {
        Period::Day => (day, day.checked_add_days(Days::new(1))?),
        Period::Week => {
            let monday = day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))?;
            (monday, monday.checked_add_days(Days::new(7))?)
        }
        Period::Month => {
            let first = day.with_day(1)?;
            (first, first.checked_add_months(chrono::Months::new(1))?)
        }
        Period::None => return Some(Window { start: Timestamp(0), end: FAR_FUTURE }),
    };
    Some(Window { start: first_instant(zone, first)?, end: first_instant(zone, next)? })
}

fn local_day(zone: Tz, at: Timestamp) -> Option<NaiveDate> {
    Some(DateTime::<Utc>::from_timestamp_millis(at.0)?.with_timezone(&zone).date_naive())
}

fn to_date(day: NaiveDate) -> Date {
    Date { year: day.year(), month: u8::try_from(day.month()).unwrap_or(1), day: u8::try_from(day.day()).unwrap_or(1) }
}

/// Midnight; the earlier one where clocks go back over it, the moment after the gap where they go forward over it.
fn first_instant(zone: Tz, day: NaiveDate) -> Option<Timestamp> {
    let midnight: NaiveDateTime = day.and_time(NaiveTime::MIN);
    for minutes in 0..=LONGEST_GAP_MINUTES {
        let wall = midnight.checked_add_signed(TimeDelta::try_minutes(minutes)?)?;
        match zone.from_local_datetime(&wall) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => {
                return Some(Timestamp(instant.timestamp_millis()));
            }
            LocalResult::None => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Asia, Europe, Pacific, TZ_VARIANTS};
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> Timestamp {
        Timestamp(DateTime::parse_from_rfc3339(text).expect("a test instant").timestamp_millis())
    }
    fn month(zone: Tz, at: &str) -> (String, String) {
        let window = window(Period::Month, zone, utc(at)).expect("a window");
        (window.start.to_string(), window.end.to_string())
    }

    #[test]
    fn a_month_ends_at_midnight_in_the_tenants_zone() {
        // Jakarta is seven hours ahead: 17:00 UTC on the last day is midnight there.
        let march = ("2026-02-28T17:00:00.000Z".to_owned(), "2026-03-31T17:00:00.000Z".to_owned());
        assert_eq!(month(Asia::Jakarta, "2026-02-28T17:00:00Z"), march);
        assert_eq!(month(Asia::Jakarta, "2026-03-31T16:59:59.999Z"), march);
        assert_eq!(month(Asia::Jakarta, "2026-03-31T17:00:00Z").0, march.1);
    }

    #[test]
    fn a_month_with_a_clock_change_is_an_hour_shorter_or_longer() {
        let hours = |zone, at| {
            let window = window(Period::Month, zone, utc(at)).expect("a window");
            (window.end.0 - window.start.0) / 3_600_000
        };
        assert_eq!(hours(Europe::Berlin, "2026-03-15T12:00:00Z"), 31 * 24 - 1);
        assert_eq!(hours(Europe::Berlin, "2026-10-15T12:00:00Z"), 31 * 24 + 1);
        assert_eq!(hours(Asia::Jakarta, "2024-02-29T12:00:00Z"), 29 * 24);
        assert_eq!(hours(Asia::Jakarta, "2026-02-28T12:00:00Z"), 28 * 24);
    }

    #[test]
    fn a_day_can_start_without_a_midnight() {
        // Santiago: clocks went from 24:00 on 2023-09-02 to 01:00 on 2023-09-03 (-04 → -03).
        assert_eq!(
            day_start(America::Santiago, Date { year: 2023, month: 9, day: 3 }).expect("a day"),
            utc("2023-09-03T04:00:00Z")
        );
        // Havana: midnight of 2024-11-03 exists twice (01:00 became 00:00); the day starts at the first.
        assert_eq!(
            day_start(America::Havana, Date { year: 2024, month: 11, day: 3 }).expect("a day"),
            utc("2024-11-03T04:00:00Z")
        );
        // Samoa left out 2011-12-30: it "starts" with the 31st.
        assert_eq!(
            day_start(Pacific::Apia, Date { year: 2011, month: 12, day: 30 }).expect("a day"),
            day_start(Pacific::Apia, Date { year: 2011, month: 12, day: 31 }).expect("a day"),
        );
    }

    #[test]
    fn weeks_start_on_monday_and_no_period_never_ends() {
        let week = window(Period::Week, Asia::Jakarta, utc("2026-03-01T12:00:00Z")).expect("a window");
        assert_eq!(week.start, utc("2026-02-22T17:00:00Z"));
        let never = window(Period::None, Asia::Jakarta, utc("2026-03-01T12:00:00Z")).expect("a window");
        assert!(never.end > utc("9999-01-01T00:00:00Z"));
    }

    #[test]
    fn months_have_first_and_last_days() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(month_of(day("2024-02-10")), (day("2024-02-01"), day("2024-02-29")));
        assert_eq!(month_of(day("2023-12-31")), (day("2023-12-01"), day("2023-12-31")));
    }

    #[test]
    fn an_absurd_clock_is_an_error() {
        assert!(window(Period::Month, Asia::Jakarta, Timestamp(i64::MAX)).is_err());
    }

    proptest! {
        /// Every zone, 1990–2037: the instant is inside its window, and the next window starts where this one ends.
        #[test]
        fn windows_tile_the_calendar(
            zone in 0..TZ_VARIANTS.len(),
            at in 631_152_000_000i64..2_145_916_800_000,
            period in prop_oneof![Just(Period::Month), Just(Period::Week), Just(Period::Day)],
        ) {
            let zone = TZ_VARIANTS[zone];
            let this = window(period, zone, Timestamp(at))?;
            prop_assert!(this.start.0 <= at && at < this.end.0, "{zone} {this:?}");
            let next = window(period, zone, this.end)?;
            prop_assert_eq!(next.start, this.end, "{}", zone);
            let last = window(period, zone, Timestamp(this.end.0 - 1))?;
            prop_assert_eq!(last, this, "{}", zone);
        }
    }
}
