//! Round numbers and round times along an axis.
//!
//! What must hold: the same on server and browser. So nothing here calls `log10` or `powi` (their last bits differ
//! between machines); additions, multiplications and divisions of doubles are exact by IEEE 754 everywhere.

use crate::{
    components::format,
    model::{Date, Lang, Timestamp},
    words::chart as words,
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// Spans below this are no span: the numbers are equal for people.
const NO_SPAN: f64 = 1e-9;

/// Marks at whole multiples of a round step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// 1, 2 or 5 …
    mantissa: i64,
    /// … times ten to this.
    exponent: i32,
    /// The first and last multiple.
    first: i64,
    last: i64,
}

fn power(exponent: i32) -> f64 {
    let mut power = 1.0;
    for _ in 0..exponent.unsigned_abs() {
        power *= 10.0;
    }
    power
}

impl Scale {
    /// A scale of at most `most` steps that contains both numbers (finite, at most 1e16); with `zero` also 0.
    #[must_use]
    pub fn around(low: f64, high: f64, zero: bool, most: i64) -> Self {
        let (mut low, mut high) = (low.min(high), high.max(low));
        if zero || high - low < NO_SPAN {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if high - low < NO_SPAN {
            high = low + 1.0;
        }
        let least = (high - low) / most as f64;
        let mut exponent = 0;
        while power(exponent.max(0)) * 10.0 <= least {
            exponent += 1;
        }
        while exponent > -12 && 1.0 / power(exponent.min(0)) > least {
            exponent -= 1;
        }
        loop {
            for mantissa in [1, 2, 5] {
                let scale = Self { mantissa, exponent, first: 0, last: 0 };
                let step = scale.value(1);
                let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
                if last - first <= most {
                    return Self { first, last: last.max(first + 1), ..scale };
                }
            }
            exponent += 1;
        }
    }

    fn value(&self, multiple: i64) -> f64 {
        let number = (multiple * self.mantissa) as f64;
        if self.exponent < 0 { number / power(self.exponent) } else { number * power(self.exponent) }
    }

    #[must_use]
    pub fn low(&self) -> f64 {
        self.value(self.first)
    }

    #[must_use]
    pub fn high(&self) -> f64 {
        self.value(self.last)
    }

    /// Where a value lies, 0 at the low end to 1 at the high one.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        ((value - self.low()) / (self.high() - self.low())).clamp(0.0, 1.0)
    }

    /// The marks with their texts, lowest first. Large numbers are in millions, billions or trillions.
    #[must_use]
    pub fn ticks(&self, lang: Lang) -> Vec<(f64, String)> {
        let largest = self.low().abs().max(self.high().abs());
        let magnitude = [12, 9, 6].into_iter().find(|exponent| largest >= power(*exponent)).unwrap_or(0);
        let exponent = self.exponent - magnitude;
        let tick = |multiple: i64| {
            let mut number = multiple * self.mantissa;
            for _ in 0..exponent.max(0) {
                number = number.saturating_mul(10);
            }
            if number == 0 {
                return (0.0, "0".to_owned());
            }
            let mut text = format::fixed(number, exponent.min(0).unsigned_abs() as usize, Some(lang));
            text.push_str(words::magnitude(magnitude, lang));
            (self.value(multiple), text)
        };
        (self.first..=self.last).map(tick).collect()
    }
}

/// Steps of a time axis, finest first: minutes, whole days, whole months.
const MINUTES: [i64; 9] = [1, 5, 15, 30, 60, 120, 180, 360, 720];
const DAYS: [i64; 4] = [1, 2, 7, 14];
const MONTHS: [i64; 15] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000, 12_000, 60_000];
/// 1970-01-05 was a Monday: weeks start there.
const FIRST_MONDAY: i64 = 4;

/// Round instants between two (inclusive), at most `most`, with their texts on the tenant's clock.
#[must_use]
pub fn time_ticks(from: i64, to: i64, offset_minutes: i32, most: i64, lang: Lang) -> Vec<(i64, String)> {
    let offset = i64::from(offset_minutes) * MINUTE;
    let (start, end) = (from + offset, to + offset);
    let fits = |step: i64| (end - start) / step < most;
    let regular = |step: i64, anchor: i64| {
        let first = (start - anchor + step - 1).div_euclid(step) * step + anchor;
        (0..most).map(move |count| first + count * step).take_while(move |at| *at <= end)
    };
    if let Some(minutes) = MINUTES.into_iter().find(|minutes| fits(minutes * MINUTE)) {
        let text = |local: i64| if local.rem_euclid(DAY) == 0 { day(local, lang) } else { clock(local) };
        return regular(minutes * MINUTE, 0).map(|local| (local - offset, text(local))).collect();
    }
    if let Some(days) = DAYS.into_iter().find(|days| fits(days * DAY)) {
        let anchor = if days % 7 == 0 { FIRST_MONDAY * DAY } else { 0 };
        return regular(days * DAY, anchor).map(|local| (local - offset, day(local, lang))).collect();
    }
    let month_of = |local: i64| {
        let date = Timestamp(local).date_utc();
        i64::from(date.year) * 12 + i64::from(date.month) - 1
    };
    let (first, last) = (month_of(start), month_of(end));
    let step = MONTHS.into_iter().find(|step| (last - first) / step < most).unwrap_or(60_000);
    let mut ticks = Vec::new();
    let mut month = first.div_euclid(step) * step;
    while month <= last {
        let date = Date {
            year: i32::try_from(month.div_euclid(12)).unwrap_or_default(),
            month: u8::try_from(month.rem_euclid(12) + 1).unwrap_or(1),
            day: 1,
        };
        let local = date.to_days() * DAY;
        if local >= start && local <= end {
            let text = if step % 12 == 0 { date.year.to_string() } else { month_year(date, lang) };
            ticks.push((local - offset, text));
        }
        month += step;
    }
    ticks
}

/// `14:05` of a local instant.
#[must_use]
pub fn clock(local: i64) -> String {
    let minutes = local.div_euclid(MINUTE).rem_euclid(24 * 60);
    let mut text = String::with_capacity(5);
    for (number, after) in [(minutes / 60, ":"), (minutes % 60, "")] {
        if number < 10 {
            text.push('0');
        }
        text.push_str(&number.to_string());
        text.push_str(after);
    }
    text
}

/// `14 Nov` of a local instant.
fn day(local: i64, lang: Lang) -> String {
    short_date(Timestamp(local).date_utc(), lang)
}

/// `14 Nov`.
#[must_use]
pub fn short_date(date: Date, lang: Lang) -> String {
    let mut text = date.day.to_string();
    text.push(' ');
    text.push_str(words::month(date.month, lang));
    text
}

/// `14 Nov 2026`.
#[must_use]
pub fn long_date(date: Date, lang: Lang) -> String {
    let mut text = date.day.to_string();
    text.push(' ');
    text.push_str(&month_year(date, lang));
    text
}

/// `Nov 2026`.
#[must_use]
pub fn month_year(date: Date, lang: Lang) -> String {
    let mut text = words::month(date.month, lang).to_owned();
    text.push(' ');
    text.push_str(&date.year.to_string());
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(low: f64, high: f64, zero: bool) -> Vec<String> {
        Scale::around(low, high, zero, 5).ticks(Lang::English).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn numbers_are_round() {
        assert_eq!(texts(41.0, 312.0, true), ["0", "100", "200", "300", "400"]);
        assert_eq!(texts(49.97, 50.02, false), ["49.97", "49.98", "49.99", "50.00", "50.01", "50.02"]);
        assert_eq!(texts(-3.0, 7.0, true), ["-5", "0", "5", "10"]);
        assert_eq!(texts(0.0, 0.0, true), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(5.0, 5.0, false), ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(texts(0.0, 1e12, true), ["0", "0.2 T", "0.4 T", "0.6 T", "0.8 T", "1.0 T"]);
        assert_eq!(texts(0.0, 4.2e6, true), ["0", "1 M", "2 M", "3 M", "4 M", "5 M"]);
        let millions = Scale::around(0.0, 4.2e6, true, 5).ticks(Lang::Indonesian);
        assert_eq!(millions.last().map(|(_, text)| text.as_str()), Some("5 jt"));
    }

    #[test]
    fn times_are_round_on_the_tenants_clock() {
        let jakarta = 7 * 60;
        let midnight = 1_773_075_600_000; // 2026-03-10 00:00 in Jakarta
        let texts = |from: i64, to: i64, lang: Lang| -> Vec<String> {
            time_ticks(from, to, jakarta, 7, lang).into_iter().map(|(_, text)| text).collect()
        };
        let day_ticks = texts(midnight, midnight + DAY, Lang::English);
        assert_eq!(day_ticks, ["10 Mar", "06:00", "12:00", "18:00", "11 Mar"]);
        assert_eq!(texts(midnight, midnight + 30 * DAY, Lang::English).first().map(String::as_str), Some("16 Mar"));
        let month = texts(midnight, midnight + 120 * DAY, Lang::Indonesian);
        assert_eq!(month, ["Apr 2026", "Mei 2026", "Jun 2026", "Jul 2026"]);
        assert_eq!(texts(-420 * MINUTE, 20_000 * DAY, Lang::English), ["1970", "1980", "1990", "2000", "2010", "2020"]);
        assert_eq!(texts(midnight, midnight, Lang::English), ["10 Mar"]);
    }

    proptest! {
        #[test]
        fn a_scale_contains_its_numbers(low in -1e15f64..1e15, span in 0f64..1e15, small in 0i32..18, zero: bool) {
            let shrink = power(small);
            let (low, high) = (low / shrink, (low + span) / shrink);
            let scale = Scale::around(low, high, zero, 5);
            let ticks = scale.ticks(Lang::English);
            prop_assert!((2..=6).contains(&ticks.len()));
            prop_assert!(ticks.windows(2).all(|two| two[0].0 < two[1].0));
            let slack = (scale.high() - scale.low()) * 1e-3;
            prop_assert!(scale.low() <= low + slack && high <= scale.high() + slack);
        }

        #[test]
        fn time_ticks_increase_within_the_span(
            from in -400_000_000_000_000i64..400_000_000_000_000, span in 0i64..400_000_000_000_000, shift in 0u32..40,
            offset in -900i32..900,
        ) {
            let to = from + (span >> shift);
            let ticks = time_ticks(from, to, offset, 7, Lang::English);
            prop_assert!(ticks.len() <= 8, "{}", ticks.len());
            prop_assert!(ticks.windows(2).all(|two| two[0].0 < two[1].0));
            prop_assert!(ticks.iter().all(|(at, _)| *at >= from && *at <= to));
        }
    }
}
