//! A budget's period at an instant, for those who show it.

use app::model::Timestamp;
use chrono_tz::Tz;

use super::window::{local_date, window};
use crate::db::{Result, budget::Period};

/// The first day of a period (days since 1970-01-01 in the tenant's zone; the beginning of time for what has none) and its
/// end; `None`: it does not end.
///
/// # Errors
/// An instant outside the calendar.
pub fn period_bounds(period: Period, zone: Tz, at: Timestamp) -> Result<(i64, Option<Timestamp>)> {
    if period == Period::None {
        return Ok((0, None));
    }
    let window = window(period, zone, at)?;
    Ok((local_date(zone, window.start)?.to_days(), Some(window.end)))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia;

    use super::*;

    #[test]
    fn a_period_is_told_by_its_first_day_in_the_zone_and_its_end() {
        // 2026-03-10 08:00 in Jakarta, a Tuesday.
        let at = Timestamp(1_773_104_400_000);
        let day = |text: &str| text.parse::<app::model::Date>().expect("a test day").to_days();
        let bounds = |period| period_bounds(period, Asia::Jakarta, at).expect("bounds");
        assert_eq!(bounds(Period::Day), (day("2026-03-10"), Some(Timestamp(1_773_162_000_000))));
        assert_eq!(bounds(Period::Week).0, day("2026-03-09"));
        assert_eq!(bounds(Period::Month).0, day("2026-03-01"));
        assert_eq!(bounds(Period::None), (0, None));
    }
}
