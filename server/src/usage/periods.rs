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
