//! Periods in a message: "last week", "kemarin", "March 2018", "2018-03", "from 2026-11-01 to 2026-11-07".

use app::model::Date;
use serde_json::{Value, json};

use super::words::{Word, any_at, claim, claim_at, is_in, stands_at, words};

/// A period as said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// One the tools know by name.
    Keyword(&'static str),
    Days(Date, Date),
    /// Without a year: the latest one that has begun.
    Month {
        month: u8,
        year: Option<i32>,
    },
    LastDays(i64),
    DaysAgo(i64),
    /// 0 is Monday; the latest one before today.
    Weekday(i64),
    /// 0 is this year, −1 the last one.
    RelativeYear(i32),
    /// Has no readings yet.
    Future,
}

const KEYWORDS: &[(&str, &str)] = &[
    ("today", "today|so far today|hari ini"),
    ("yesterday", "yesterday|kemarin"),
    ("this_week", "this week|current week|minggu ini|pekan ini"),
    ("last_week", "last week|previous week|minggu lalu|minggu kemarin|pekan lalu"),
    ("this_month", "this month|current month|bulan ini"),
    ("last_month", "last month|previous month|bulan lalu|bulan kemarin"),
    (
        "last_7_days",
        "past week|last seven days|seminggu terakhir|tujuh hari terakhir|recently|lately|belakangan ini|\
        akhir-akhir ini",
    ),
    ("last_30_days", "past month|sebulan terakhir"),
];

const FUTURE: &str = "tomorrow|besok|next week|next month|next year|minggu depan|bulan depan|tahun depan";

const MONTHS: &[(u8, &str)] = &[
    (1, "january|januari|jan"),
    (2, "february|februari|feb"),
    (3, "march|maret|mar"),
    (4, "april|apr"),
    (5, "may|mei"),
    (6, "june|juni|jun"),
    (7, "july|juli|jul"),
    (8, "august|agustus|aug|agu"),
    (9, "september|sept|sep"),
    (10, "october|oktober|oct|okt"),
    (11, "november|nov|nopember"),
    (12, "december|desember|dec|des|dez"),
];

const WEEKDAYS: &[(i64, &str)] = &[
    (0, "monday|senin"),
    (1, "tuesday|selasa"),
    (2, "wednesday|rabu"),
    (3, "thursday|kamis"),
    (4, "friday|jumat|jum'at"),
    (5, "saturday|sabtu"),
    (6, "sunday|ahad"),
];

/// Words that lead into a period and mean nothing else once it is found.
const LEADS: &str = "in|on|for|during|from|between|since|of|pada|selama|dari|antara|sejak|the";
const JOINTS: &str = "to|until|till|through|and|sampai|hingga|dan";

/// Finds the periods in order and claims their words.
pub(super) fn take(words: &mut [Word]) -> Vec<Span> {
    let mut spans: Vec<(usize, usize, Span)> = Vec::new();
    let mut at = 0;
    while at < words.len() && spans.len() < 4 {
        match read_at(words, at) {
            Some((length, span)) => {
                spans.push((at, length, span));
                at += length;
            }
            None => at += 1,
        }
    }
    for (at, length, _) in &spans {
        claim_at(words, *at, *length);
        if let Some(before) = at.checked_sub(1).filter(|before| is_in(&words[*before].lower, LEADS)) {
            claim_at(words, before, 1);
        }
    }
    join_days(words, &spans)
}

/// Two single days with "to" between them are one period.
fn join_days(words: &mut [Word], spans: &[(usize, usize, Span)]) -> Vec<Span> {
    let mut joined = Vec::new();
    let mut index = 0;
    while let Some((at, length, span)) = spans.get(index) {
        let joint = at + length;
        let is_joint = words.get(joint).is_some_and(|word| is_in(&word.lower, JOINTS));
        match (span, spans.get(index + 1)) {
            (Span::Days(from, from_end), Some((next, _, Span::Days(to, to_end))))
                if from == from_end && to == to_end && from <= to && is_joint && *next == joint + 1 =>
            {
                claim_at(words, joint, 1);
                joined.push(Span::Days(*from, *to));
                index += 2;
            }
            _ => {
                joined.push(*span);
                index += 1;
            }
        }
    }
    joined
}

fn read_at(words: &[Word], at: usize) -> Option<(usize, Span)> {
    if words[at].used {
        return None;
    }
    let keyword = KEYWORDS
        .iter()
        .filter_map(|(name, phrases)| Some((any_at(words, at, phrases)?, Span::Keyword(name))))
        .max_by_key(|(length, _)| *length);
    let future = any_at(words, at, FUTURE).map(|length| (length, Span::Future));
    ago(words, at)
        .or(counted(words, at))
        .or(future)
        .or(keyword)
        .or_else(|| iso(&words[at].lower))
        .or_else(|| month(words, at))
        .or_else(|| year(words, at))
        .or_else(|| weekday(words, at))
}

/// "3 days ago", "3 hari yang lalu", "day before yesterday", "kemarin lusa".
fn ago(words: &[Word], at: usize) -> Option<(usize, Span)> {
    let fixed = "the day before yesterday|day before yesterday|kemarin lusa|kemarin dulu";
    if let Some(length) = any_at(words, at, fixed) {
        return Some((length, Span::DaysAgo(2)));
    }
    let days = number(words, at).filter(|days| (1..=400).contains(days))?;
    let length = any_at(words, at + 1, "days ago|day ago|hari lalu|hari yang lalu")?;
    Some((length + 1, Span::DaysAgo(days)))
}

/// "last 14 days", "past 2 weeks", "14 hari terakhir".
fn counted(words: &[Word], at: usize) -> Option<(usize, Span)> {
    let lead = any_at(words, at, "the last|the past|last|past").unwrap_or(0);
    let count = number(words, at + lead)?;
    let (days, length) =
        [("days", 1), ("day", 1), ("hari", 1), ("weeks", 7), ("minggu", 7), ("months", 30), ("bulan", 30)]
            .iter()
            .find_map(|(unit, days)| Some((days, stands_at(words, at + lead + 1, unit)?)))?;
    let tail = stands_at(words, at + lead + 1 + length, "terakhir").unwrap_or(0);
    let days = count.checked_mul(*days).filter(|days| (1..=400).contains(days))?;
    if lead == 0 && tail == 0 {
        return None;
    }
    let span = match days {
        7 => Span::Keyword("last_7_days"),
        30 => Span::Keyword("last_30_days"),
        _ => Span::LastDays(days),
    };
    Some((lead + 1 + length + tail, span))
}

fn number(words: &[Word], at: usize) -> Option<i64> {
    words.get(at).filter(|word| !word.used)?.lower.parse().ok()
}

/// `2026-11-03`, `2018-03`.
fn iso(word: &str) -> Option<(usize, Span)> {
    if let Ok(date) = word.parse::<Date>() {
        return Some((1, Span::Days(date, date)));
    }
    let first: Date = format!("{word}-01").parse().ok()?;
    Some((1, Span::Month { month: first.month, year: Some(first.year) }))
}

/// "March", "maret 2018", "3 March 2018".
fn month(words: &[Word], at: usize) -> Option<(usize, Span)> {
    let named = |at: usize| {
        let word = words.get(at).filter(|word| !word.used)?;
        MONTHS.iter().find(|(_, names)| is_in(&word.lower, names)).map(|(month, _)| *month)
    };
    let year_at = |at: usize| number(words, at).and_then(|year| i32::try_from(year).ok()).filter(is_year);
    if let (Some(day), Some(month), Some(year)) = (number(words, at), named(at + 1), year_at(at + 2)) {
        let date: Date = format!("{year:04}-{month:02}-{day:02}").parse().ok()?;
        return Some((3, Span::Days(date, date)));
    }
    let month = named(at)?;
    // "may" and "mar" are also other words: alone they count only after a lead.
    let ambiguous = matches!(words[at].lower.as_str(), "may" | "mar" | "jan" | "dec" | "des" | "sep" | "sept");
    let led = at
        .checked_sub(1)
        .is_some_and(|before| is_in(&words[before].lower, LEADS) || is_in(&words[before].lower, JOINTS));
    let year = year_at(at + 1);
    if ambiguous && !led && year.is_none() {
        return None;
    }
    Some((1 + usize::from(year.is_some()), Span::Month { month, year }))
}

fn is_year(year: &i32) -> bool {
    (1970..=2200).contains(year)
}

/// "last year", "tahun lalu", "in 2018".
fn year(words: &[Word], at: usize) -> Option<(usize, Span)> {
    for (phrase, offset) in
        [("last year", -1), ("previous year", -1), ("tahun lalu", -1), ("this year", 0), ("tahun ini", 0)]
    {
        if let Some(length) = stands_at(words, at, phrase) {
            return Some((length, Span::RelativeYear(offset)));
        }
    }
    let year = i32::try_from(number(words, at)?).ok().filter(is_year)?;
    let led = at.checked_sub(1).is_some_and(|before| {
        let before = words[before].lower.as_str();
        is_in(before, LEADS) || matches!(before, "year" | "tahun")
    });
    let days = (Date { year, month: 1, day: 1 }, Date { year, month: 12, day: 31 });
    led.then_some((1, Span::Days(days.0, days.1)))
}

fn weekday(words: &[Word], at: usize) -> Option<(usize, Span)> {
    let lead = any_at(words, at, "last|hari").unwrap_or(0);
    let word = words.get(at + lead).filter(|word| !word.used)?;
    let (day, _) = WEEKDAYS.iter().find(|(_, names)| is_in(&word.lower, names))?;
    let tail = stands_at(words, at + lead + 1, "lalu").unwrap_or(0);
    Some((lead + 1 + tail, Span::Weekday(*day)))
}

/// The local day as a system prompt tells it ("Today is Saturday, 21 November 2026 in …", or written 2026-11-21).
pub(super) fn date_in(text: &str) -> Option<Date> {
    const WORDS: usize = 8;
    let told = text.split_once("Today is ").and_then(|(_, rest)| {
        let beginning = rest.split_whitespace().take(WORDS).collect::<Vec<_>>().join(" ");
        take(&mut words(&beginning)).into_iter().find_map(|span| match span {
            Span::Days(from, to) if from == to => Some(from),
            _ => None,
        })
    });
    told.or_else(|| text.split(|c: char| !(c.is_ascii_digit() || c == '-')).find_map(|word| word.parse().ok()))
}

impl Span {
    /// Whether today's date is needed to say it.
    pub(super) fn needs_today(self) -> bool {
        !matches!(self, Self::Keyword(_) | Self::Days(..) | Self::Month { year: Some(_), .. } | Self::Future)
    }

    /// As the tools take it. `None` for what lies in the future.
    pub(super) fn argument(self, today: Date) -> Option<Value> {
        let (from, to) = match self {
            Self::Keyword(name) => return Some(json!(name)),
            Self::Future => return None,
            Self::Days(from, to) => (from, to),
            Self::Month { month, year } => {
                let year = year.unwrap_or(if month <= today.month { today.year } else { today.year - 1 });
                month_of(year, month)
            }
            Self::LastDays(days) => (back(today, days), back(today, 1)),
            Self::DaysAgo(days) => (back(today, days), back(today, days)),
            Self::Weekday(day) => {
                // 1970-01-01 was a Thursday.
                let current = (today.to_days() + 3).rem_euclid(7);
                let ago = (current - day).rem_euclid(7);
                let date = back(today, if ago == 0 { 7 } else { ago });
                (date, date)
            }
            Self::RelativeYear(offset) => {
                let year = today.year + offset;
                (Date { year, month: 1, day: 1 }, Date { year, month: 12, day: 31 }.min(today))
            }
        };
        if from > today && !matches!(self, Self::Days(..)) {
            return None;
        }
        Some(json!({ "from": from.to_string(), "to": to.to_string() }))
    }

    /// Longer than a quarter: days would be too many rows.
    pub(super) fn is_long(self) -> bool {
        match self {
            Self::Days(from, to) => to.to_days() - from.to_days() > 92,
            Self::LastDays(days) => days > 92,
            Self::RelativeYear(_) => true,
            _ => false,
        }
    }
}

fn back(today: Date, days: i64) -> Date {
    Date::from_days(today.to_days() - days)
}

fn month_of(year: i32, month: u8) -> (Date, Date) {
    let first = Date { year, month, day: 1 };
    let next =
        if month == 12 { Date { year: year + 1, month: 1, day: 1 } } else { Date { year, month: month + 1, day: 1 } };
    (first, back(next, 1))
}

/// Claims words that only make sense with a period.
pub(super) fn claim_remains(words: &mut [Word]) {
    claim(words, "so far|sejauh ini|the week before|the month before|week before|period before|sebelumnya");
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date { year: 2026, month: 11, day: 21 }; // a Saturday

    fn left(words: &[Word]) -> Vec<&str> {
        words.iter().filter(|word| !word.used).map(|word| word.lower.as_str()).collect()
    }

    fn arguments(text: &str) -> Vec<Option<Value>> {
        take(&mut words(text)).into_iter().map(|span| span.argument(TODAY)).collect()
    }

    fn one(text: &str) -> Value {
        let found = arguments(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found[0].clone().expect("not in the future")
    }

    fn days(from: &str, to: &str) -> Value {
        json!({"from": from, "to": to})
    }

    #[test]
    fn periods_are_understood_in_both_languages() {
        for (text, keyword) in [
            ("cost us last week?", "last_week"),
            ("biaya minggu lalu", "last_week"),
            ("pemakaian kemarin", "yesterday"),
            ("last 7 days", "last_7_days"),
            ("7 hari terakhir", "last_7_days"),
            ("in the past 30 days", "last_30_days"),
            ("hari ini", "today"),
            ("bulan lalu", "last_month"),
        ] {
            assert_eq!(one(text), json!(keyword), "{text}");
        }
        assert_eq!(one("in March"), days("2026-03-01", "2026-03-31"));
        assert_eq!(one("december usage"), days("2025-12-01", "2025-12-31"));
        assert_eq!(one("Maret 2018"), days("2018-03-01", "2018-03-31"));
        assert_eq!(one("2018-02"), days("2018-02-01", "2018-02-28"));
        assert_eq!(one("on 2026-11-03"), days("2026-11-03", "2026-11-03"));
        assert_eq!(one("from 2026-11-01 to 2026-11-07"), days("2026-11-01", "2026-11-07"));
        assert_eq!(one("3 March 2018"), days("2018-03-03", "2018-03-03"));
        assert_eq!(one("in 2018"), days("2018-01-01", "2018-12-31"));
        assert_eq!(one("this year"), days("2026-01-01", "2026-11-21"));
        assert_eq!(one("last 14 days"), days("2026-11-07", "2026-11-20"));
        assert_eq!(one("2 days ago"), days("2026-11-19", "2026-11-19"));
        assert_eq!(one("the day before yesterday"), days("2026-11-19", "2026-11-19"));
        assert_eq!(one("last Monday"), days("2026-11-16", "2026-11-16"));
        assert_eq!(one("hari Sabtu lalu"), days("2026-11-14", "2026-11-14"));
    }

    #[test]
    fn several_periods_keep_their_order() {
        assert_eq!(arguments("this week vs last week"), [Some(json!("this_week")), Some(json!("last_week"))]);
        assert_eq!(arguments("tomorrow"), [None]);
        assert_eq!(arguments("may I ask about compressor 3"), []);
        assert_eq!(arguments("2018 is a number here, 5 too"), []);
    }

    #[test]
    fn their_words_are_claimed() {
        let mut words = words("what did compressor 3 cost in last week");
        take(&mut words);
        assert_eq!(left(&words), ["what", "did", "compressor", "3", "cost"]);
    }

    #[test]
    fn a_date_is_found_in_a_prompt() {
        assert_eq!(date_in("Today is Saturday, 2026-11-21 (Asia/Jakarta)."), Some(TODAY));
        assert_eq!(date_in("An assistant. Today is Saturday, 21 November 2026 in Asia/Jakarta. You"), Some(TODAY));
        assert_eq!(date_in("Version 12-34, no date"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([0-9]{1,5}|last|march|2018-02|days|hari|ago|to|minggu|lalu|mon|[a-zé -]{0,5}| ){0,12}") {
            for span in take(&mut words(&text)) {
                let _ = (span.argument(TODAY), span.is_long(), span.needs_today());
            }
        }
    }
}
