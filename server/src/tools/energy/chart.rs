//! Charts to show, made from the same numbers as the tables, with a computed sentence for people who cannot see them.

use app::{
    model::{Chart, ChartKind, Date, Lang, Series, Timestamp},
    words::energy as say,
};
use chrono_tz::Tz;

use super::{
    money::{Style, format_kwh, format_percent, number},
    period::{self, Period},
};

/// Named amounts in millionths; `None`: no reading.
type Amounts = [(String, Option<i64>)];

/// Bars in the order given.
pub fn bars(title: String, description: String, unit: &str, name: &str, amounts: &Amounts) -> Chart {
    let categories = amounts.iter().map(|(name, _)| name.clone()).collect();
    chart(title, description, unit, name, ChartKind::Bars { categories, stacked: false }, amounts)
}

/// Parts of a whole; bars when they are none: a negative part, or nothing at all.
pub fn parts(title: String, whole: &str, amounts: &Amounts, style: &Style) -> Chart {
    let lang = style.lang;
    let (unit, name) = ("kWh", say::energy(lang));
    let is_whole = amounts.iter().all(|(_, value)| value.is_some_and(|value| value >= 0));
    let sum: i64 = amounts.iter().filter_map(|(_, value)| *value).fold(0, i64::saturating_add);
    let largest = amounts.iter().max_by_key(|(_, value)| *value);
    let sentence = match largest {
        Some((part, Some(value))) if is_whole && sum > 0 => {
            let percent = number(*value) / number(sum) * 100.0;
            say::parts_of(lang, whole, amounts.len(), part, format_percent(percent, lang))
        }
        _ => range(amounts, unit, style),
    };
    if !is_whole || sum <= 0 {
        return bars(title, sentence, unit, name, amounts);
    }
    let categories = amounts.iter().map(|(name, _)| name.clone()).collect();
    chart(title, sentence, unit, name, ChartKind::Shares { categories }, amounts)
}

fn chart(title: String, description: String, unit: &str, name: &str, kind: ChartKind, amounts: &Amounts) -> Chart {
    let values = amounts.iter().map(|(_, value)| value.map(number)).collect();
    let series = vec![Series { name: name.to_owned(), values }];
    Chart { title, description, unit: unit.to_owned(), kind, series }
}

/// A line of values at instants (epoch seconds, oldest first); where the next one is more than `width` seconds away, the
/// line is broken. Clocks that change within the period are drawn with the offset of its first instant.
pub fn time(
    title: String,
    description: String,
    (name, unit): (&str, &str),
    zone: Tz,
    width: i64,
    points: Vec<(i64, f64)>,
) -> Chart {
    // A day in whose night clocks are put back has 25 hours.
    let widest = if width >= 86_400 { width + 3_600 } else { width };
    let first = points.first().map_or(0, |(ts, _)| *ts);
    let offset_minutes = i32::try_from(period::offset_seconds(zone, first) / 60).unwrap_or_default();
    let (mut at, mut values): (Vec<Timestamp>, Vec<Option<f64>>) = (Vec::new(), Vec::new());
    let mut before = first;
    for (ts, value) in points {
        if ts - before > widest {
            at.push(Timestamp((before + width) * 1_000));
            values.push(None);
        }
        at.push(Timestamp(ts * 1_000));
        values.push(Some(value));
        before = ts;
    }
    let series = vec![Series { name: name.to_owned(), values }];
    Chart { title, description, unit: unit.to_owned(), kind: ChartKind::Time { at, offset_minutes }, series }
}

/// Every day of a period that has begun, as `YYYY-MM-DD`.
pub fn days(period: &Period) -> Vec<String> {
    let last = period.to.to_days().min(period.today().to_days());
    (period.from.to_days()..=last).map(|day| Date::from_days(day).to_string()).collect()
}

/// Every month of a period that has begun, as `YYYY-MM`.
pub fn months(period: &Period) -> Vec<String> {
    let mut months: Vec<String> = days(period).into_iter().filter_map(|day| day.get(..7).map(str::to_owned)).collect();
    months.dedup();
    months
}

/// "Compressor 3 used between 41.0 kWh and 312.0 kWh a day; the most on 14 Nov."
pub fn extremes(who: &str, amounts: &Amounts, slot: &str, lang: Lang) -> String {
    let measured = || amounts.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    let (Some((_, lowest)), Some((most, highest))) =
        (measured().min_by_key(|(_, value)| *value), measured().max_by_key(|(_, value)| *value))
    else {
        return say::nothing_measured_of(lang, who);
    };
    let when = match most.parse::<Date>() {
        Ok(date) => say::on_day(lang, say::short_day(lang, date)),
        Err(_) => say::in_month(lang, most),
    };
    if lowest == highest {
        return say::used_each(lang, who, format_kwh(highest, lang), slot);
    }
    say::used_between(lang, who, format_kwh(lowest, lang), format_kwh(highest, lang), slot, when)
}

/// "Between 3.0 kWh (Press 1) and 12.0 kWh (Press 2)."
pub fn range(amounts: &Amounts, unit: &str, style: &Style) -> String {
    let lang = style.lang;
    let measured = || amounts.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    let write = |value: i64| if unit == "kWh" { format_kwh(value, lang) } else { style.money(value) };
    match (measured().min_by_key(|(_, value)| *value), measured().max_by_key(|(_, value)| *value)) {
        (Some((least, lowest)), Some((most, highest))) => {
            say::between(lang, write(lowest), least, write(highest), most)
        }
        _ => say::nothing_measured(lang).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_the_extremes() {
        let days: Vec<(String, Option<i64>)> =
            [("2026-11-13", Some(41_000_000)), ("2026-11-14", Some(312_000_000)), ("2026-11-15", None)]
                .map(|(day, value)| (day.to_owned(), value))
                .to_vec();
        let english = Style { lang: Lang::English, currency: "IDR".to_owned() };
        assert_eq!(
            extremes("Compressor 3", &days, "day", Lang::English),
            "Compressor 3 used between 41.0 kWh and 312.0 kWh a day; the most on 14 Nov."
        );
        assert_eq!(extremes("Compressor 3", &[], "day", Lang::English), "Compressor 3: nothing was measured.");
        assert_eq!(range(&days, "kWh", &english), "Between 41.0 kWh (2026-11-13) and 312.0 kWh (2026-11-14).");
        assert_eq!(
            extremes("Kompresor 3", &days, "hari", Lang::Indonesian),
            "Kompresor 3 memakai antara 41,0 kWh dan 312,0 kWh per hari; terbanyak pada 14 Nov."
        );
    }

    #[test]
    fn a_hole_in_the_readings_breaks_the_line() {
        let points = vec![(0, 1.0), (900, 2.0), (3_600, 3.0)];
        let drawn = time("t".into(), "d".into(), ("Power", "kW"), chrono_tz::Asia::Jakarta, 900, points);
        assert_eq!(drawn.series[0].values, [Some(1.0), Some(2.0), None, Some(3.0)]);
        let at = [0, 900_000, 1_800_000, 3_600_000].map(Timestamp).to_vec();
        assert_eq!(drawn.kind, ChartKind::Time { at, offset_minutes: 420 });
    }

    #[test]
    fn what_is_no_whole_is_not_cut_into_shares() {
        let of = |values: &[i64]| {
            let amounts: Vec<(String, Option<i64>)> =
                values.iter().map(|value| ("a".to_owned(), Some(*value))).collect();
            parts("t".into(), "The site", &amounts, &Style { lang: Lang::English, currency: "IDR".to_owned() })
        };
        assert!(matches!(of(&[1_000_000, 3_000_000]).kind, ChartKind::Shares { .. }));
        assert_eq!(of(&[1_000_000, 3_000_000]).description, "The site has 2 parts; the largest is a with 75.0 %.");
        assert!(matches!(of(&[1, -1]).kind, ChartKind::Bars { .. }));
        assert!(matches!(of(&[0]).kind, ChartKind::Bars { .. }));
    }
}
