//! Instants and days without a date library: the browser formats them itself, the server uses `chrono`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Displays as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A calendar day in the tenant's time zone. Displays as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    pub year: i32,
    pub month: u8,
    pub day: u8,
}

impl Timestamp {
    /// The UTC day this instant falls on.
    #[must_use]
    pub fn date_utc(self) -> Date {
        Date::from_days(self.0.div_euclid(86_400_000))
    }

    /// The day this instant falls on in a zone that is `offset_minutes` ahead of UTC.
    #[must_use]
    pub fn date_at(self, offset_minutes: i64) -> Date {
        Timestamp(self.0.saturating_add(offset_minutes.saturating_mul(60_000))).date_utc()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.0.rem_euclid(86_400_000);
        let (hour, minute, second, ms) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z", self.date_utc())
    }
}

impl Date {
    /// Days since 1970-01-01 → a proleptic Gregorian date (Howard Hinnant, "chrono-compatible low-level date
    /// algorithms", `civil_from_days`).
    #[must_use]
    pub fn from_days(days: i64) -> Self {
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        Self {
            year: i32::try_from(year).unwrap_or(i32::MAX),
            month: u8::try_from(month).unwrap_or(1),
            day: u8::try_from(day).unwrap_or(1),
        }
    }

    /// The inverse of [`Date::from_days`].
    #[must_use]
    pub fn to_days(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let yoe = year.rem_euclid(400);
        let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        era * 146_097 + doe - 719_468
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a date is written YYYY-MM-DD";
        let mut pieces = s.splitn(3, '-');
        let mut next = |len: usize| -> Result<u16, Self::Err> {
            let piece =
                pieces.next().filter(|p| p.len() == len && p.bytes().all(|b| b.is_ascii_digit())).ok_or(WRONG)?;
            piece.parse().map_err(|_| WRONG)
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let date = Self {
            year: i32::from(year),
            month: u8::try_from(month).map_err(|_| WRONG)?,
            day: u8::try_from(day).map_err(|_| WRONG)?,
        };
        if Self::from_days(date.to_days()) == date { Ok(date) } else { Err("there is no such day") }
    }
}

impl TryFrom<String> for Date {
    type Error = &'static str;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        s.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_in_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(1_709_210_096_789).to_string(), "2024-02-29T12:34:56.789Z");
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_day_can_differ_by_zone() {
        let late_in_utc = Timestamp(1_709_240_400_000); // 2024-02-29T21:00Z
        assert_eq!(late_in_utc.date_at(7 * 60).to_string(), "2024-03-01");
    }

    #[test]
    fn only_real_days_are_read() {
        assert_eq!("2024-02-29".parse::<Date>().map(Date::to_days), Ok(19_782));
        for wrong in ["2023-02-29", "2024-13-01", "2024-1-01", "24-01-01", "2024-01-01x", "", "2024-00-10"] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn days_and_dates_are_inverse(days in -700_000i64..700_000) {
            proptest::prop_assert_eq!(Date::from_days(days).to_days(), days);
        }
    }
}
