//! Periods as models name them: whole local days, from a keyword or two dates.

use app::{
    model::{Date, Lang},
    words::energy as say,
};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde_json::Value;

/// The longest period a tool reads, in days.
pub const MAX_DAYS: i64 = 400;

/// A period with a name, relative to today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    Today,
    Yesterday,
    ThisWeek,
    LastWeek,
    ThisMonth,
    LastMonth,
    Last7Days,
    Last30Days,
}

impl Keyword {
    pub const ALL: [Self; 8] = [
        Self::Today,
        Self::Yesterday,
        Self::ThisWeek,
        Self::LastWeek,
        Self::ThisMonth,
        Self::LastMonth,
        Self::Last7Days,
        Self::Last30Days,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Yesterday => "yesterday",
            Self::ThisWeek => "this_week",
            Self::LastWeek => "last_week",
            Self::ThisMonth => "this_month",
            Self::LastMonth => "last_month",
            Self::Last7Days => "last_7_days",
            Self::Last30Days => "last_30_days",
        }
    }

    /// In words for people.
    #[must_use]
    pub fn label(self, lang: Lang) -> String {
        say::period_named(lang, self.as_str(), true)
    }

    /// First and last day. Weeks start on Monday (ISO 8601); what is running ends today; `last_n_days` end yesterday.
    #[must_use]
    pub fn days(self, today: Date) -> (Date, Date) {
        let number = today.to_days();
        let from_monday = weekday(today);
        let month_start = number - i64::from(today.day) + 1;
        let (from, to) = match self {
            Self::Today => (number, number),
            Self::Yesterday => (number - 1, number - 1),
            Self::ThisWeek => (number - from_monday, number),
            Self::LastWeek => (number - from_monday - 7, number - from_monday - 1),
            Self::ThisMonth => (month_start, number),
            Self::LastMonth => {
                let last = Date::from_days(month_start - 1);
                (month_start - i64::from(last.day), month_start - 1)
            }
            Self::Last7Days => (number - 7, number - 1),
            Self::Last30Days => (number - 30, number - 1),
        };
        (Date::from_days(from), Date::from_days(to))
    }
}

/// Whole local days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: Date,
    /// Inclusive.
    pub to: Date,
    pub keyword: Option<Keyword>,
    today: Date,
}

impl Period {
    /// Parses the argument of a tool (it passed the schema, so only the days themselves can be wrong).
    ///
    /// # Errors
    /// What is wrong, for the model.
    pub fn parse(argument: &Value, today: Date) -> Result<Self, String> {
        if let Some(word) = argument.as_str() {
            let keyword = Keyword::ALL.into_iter().find(|keyword| keyword.as_str() == word);
            let keyword = keyword.ok_or_else(|| format!("\"{word}\" is not a period"))?;
            return Ok(Self::named(keyword, today));
        }
        let day = |name: &str| -> Result<Date, String> {
            let text = argument.get(name).and_then(Value::as_str).unwrap_or_default();
            text.parse().map_err(|problem| format!("{name}: {problem}"))
        };
        Self::between(day("from")?, day("to")?, today)
    }

    #[must_use]
    pub fn named(keyword: Keyword, today: Date) -> Self {
        let (from, to) = keyword.days(today);
        Self { from, to, keyword: Some(keyword), today }
    }

    /// # Errors
    /// Reversed, too long, or far outside of any data.
    pub fn between(from: Date, to: Date, today: Date) -> Result<Self, String> {
        let days = to.to_days() - from.to_days() + 1;
        if days < 1 {
            return Err(format!("the period ends ({to}) before it starts ({from})"));
        }
        if days > MAX_DAYS {
            return Err(format!("a period has at most {MAX_DAYS} days, this one has {days}; ask for less at a time"));
        }
        if from.year < 1970 || to.year > 2200 {
            return Err("a period lies between 1970 and 2200".to_owned());
        }
        Ok(Self { from, to, keyword: None, today })
    }

    /// As many whole days, ending the day before this period starts.
    #[must_use]
    pub fn before(&self) -> Self {
        let (from, days) = (self.from.to_days(), self.days());
        Self { from: Date::from_days(from - days), to: Date::from_days(from - 1), keyword: None, today: self.today }
    }

    /// The first `days` days of it (at least one).
    #[must_use]
    pub fn first(&self, days: i64) -> Self {
        let last = (self.from.to_days() + days.max(1) - 1).min(self.to.to_days());
        Self { to: Date::from_days(last), keyword: None, ..self.clone() }
    }

    #[must_use]
    pub fn days(&self) -> i64 {
        self.to.to_days() - self.from.to_days() + 1
    }

    #[must_use]
    pub fn today(&self) -> Date {
        self.today
    }

    /// Whether its numbers still grow.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.to >= self.today && self.from <= self.today
    }

    #[must_use]
    pub fn is_future(&self) -> bool {
        self.from > self.today
    }

    /// Epoch seconds `[start, end)` in a zone.
    #[must_use]
    pub fn seconds(&self, zone: Tz) -> (i64, i64) {
        (day_start(zone, self.from), day_start(zone, Date::from_days(self.to.to_days() + 1)))
    }

    /// In words: the keyword's, with the dates.
    #[must_use]
    pub fn label(&self, lang: Lang) -> String {
        match self.keyword {
            Some(keyword) => format!("{} ({})", keyword.label(lang), self.dates(lang)),
            None => self.dates(lang),
        }
    }

    /// e.g. `2026-03-02 to 2026-03-08`.
    #[must_use]
    pub fn dates(&self, lang: Lang) -> String {
        let from = self.from.to_string();
        if self.from == self.to { from } else { say::days(lang, &from, &self.to.to_string()) }
    }

    /// As results carry it.
    #[must_use]
    pub fn json(&self, lang: Lang) -> Value {
        serde_json::json!({
            "from": self.from.to_string(), "to": self.to.to_string(), "days": self.days(), "label": self.label(lang),
            "running": self.is_running(),
        })
    }
}

/// 0 Monday … 6 Sunday. (1970-01-01 was a Thursday.)
#[must_use]
pub fn weekday(date: Date) -> i64 {
    (date.to_days() + 3).rem_euclid(7)
}

/// The first instant of a local day, epoch seconds. Where midnight is skipped (a clock put forward at midnight), the
/// first instant that exists.
#[must_use]
pub fn day_start(zone: Tz, date: Date) -> i64 {
    let midnight = naive(date);
    // The longest skip there was is a whole day (Samoa, 2011-12-30): 97 quarter hours.
    for step in 0..=100 {
        if let Some(start) = zone.from_local_datetime(&(midnight + TimeDelta::minutes(15 * step))).earliest() {
            return start.timestamp();
        }
    }
    midnight.and_utc().timestamp()
}

fn naive(date: Date) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(date.year, u32::from(date.month), u32::from(date.day)).unwrap_or_default();
    day.and_time(NaiveTime::MIN)
}

/// Local day and minute of the day of an instant.
#[must_use]
pub fn local(zone: Tz, ts: i64) -> (Date, i64) {
    let offset = offset_seconds(zone, ts);
    let seconds = ts + offset;
    (Date::from_days(seconds.div_euclid(86_400)), seconds.rem_euclid(86_400) / 60)
}

/// How far a zone is ahead of UTC at an instant, in seconds.
#[must_use]
pub fn offset_seconds(zone: Tz, ts: i64) -> i64 {
    let utc = chrono::DateTime::from_timestamp(ts, 0).unwrap_or_default().naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// `YYYY-MM-DD HH:MM` in a zone.
#[must_use]
pub fn local_text(zone: Tz, ts: i64) -> String {
    let (date, minute) = local(zone, ts);
    format!("{date} {}", clock(minute))
}

/// `HH:MM` of a minute of the day.
#[must_use]
pub fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// RFC 3339 in UTC, whole seconds.
#[must_use]
pub fn utc_text(ts: i64) -> String {
    let (date, minute) = local(Tz::UTC, ts);
    format!("{date}T{}:{:02}Z", clock(minute), ts.rem_euclid(60))
}

#[cfg(test)]
mod tests;
