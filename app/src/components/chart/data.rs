//! A chart's values, made fit to be drawn: whatever a tool gave, the layout can rely on the rules of [`clean`].

use super::axis;
use crate::{
    components::format,
    model::{Chart, ChartKind, Date, Lang, Series, Timestamp},
    words::chart as words,
};

/// The most series drawn.
pub const MAX_SERIES: usize = 12;
/// The most parts of a whole drawn; of more, the smallest are one.
const MAX_PARTS: usize = 8;
/// Larger values cannot be measured; they are treated as missing, like what is no number.
const LARGEST_VALUE: f64 = 1e15;
/// Instants beyond (in milliseconds, about the year 14,600) are left out.
const LARGEST_INSTANT: i64 = 400_000_000_000_000;

/// The same chart where every series has a value or `None` per slot (instant, category), values are finite, instants
/// increase, and shares have one series without negative values.
#[must_use]
pub fn clean(mut chart: Chart) -> Chart {
    chart.series.truncate(MAX_SERIES);
    let mut order: Vec<usize> = (0..slot_count(&chart)).collect();
    if let ChartKind::Time { at, .. } = &mut chart.kind {
        order.retain(|slot| at.get(*slot).is_some_and(|at| at.0.unsigned_abs() < LARGEST_INSTANT.unsigned_abs()));
        order.sort_by_key(|slot| at.get(*slot).copied());
        *at = order.iter().filter_map(|slot| at.get(*slot).copied()).collect();
    }
    let shares = matches!(chart.kind, ChartKind::Shares { .. });
    if shares {
        chart.series.truncate(1);
    }
    for series in &mut chart.series {
        let fit = |value: &f64| value.is_finite() && value.abs() <= LARGEST_VALUE && !(shares && *value < 0.0);
        let value = |slot: &usize| series.values.get(*slot).copied().flatten().filter(fit);
        series.values = order.iter().map(value).collect();
    }
    chart
}

/// How many instants or categories.
#[must_use]
pub fn slot_count(chart: &Chart) -> usize {
    match &chart.kind {
        ChartKind::Time { at, .. } => at.len(),
        ChartKind::Bars { categories, .. } | ChartKind::Shares { categories } => categories.len(),
    }
}

/// The name of a slot: `14 Nov 2026, 10:15` (without the time of day where every slot is a midnight), or the category.
#[must_use]
pub fn slot_label(chart: &Chart, slot: usize, lang: Lang) -> String {
    match &chart.kind {
        ChartKind::Time { at, offset_minutes } => {
            let offset = i64::from(*offset_minutes) * 60_000;
            let local = |at: &Timestamp| at.0 + offset;
            let Some(this) = at.get(slot).map(local) else { return String::new() };
            let mut text = axis::long_date(Timestamp(this).date_utc(), lang);
            if !at.iter().all(|at| local(at).rem_euclid(86_400_000) == 0) {
                text.push_str(", ");
                text.push_str(&axis::clock(this));
            }
            text
        }
        ChartKind::Bars { categories, .. } | ChartKind::Shares { categories } => {
            categories.get(slot).map(|name| category(name, true, lang)).unwrap_or_default()
        }
    }
}

/// A category as people read it: days (`2026-11-14`) and months (`2026-11`) are written out, with the year if `long`.
#[must_use]
pub fn category(name: &str, long: bool, lang: Lang) -> String {
    match day_or_month(name) {
        Some((date, true)) => axis::month_year(date, lang),
        Some((date, false)) if long => axis::long_date(date, lang),
        Some((date, false)) => axis::short_date(date, lang),
        None => name.to_owned(),
    }
}

/// The day a category names, or the first of the month it names (`true`).
#[must_use]
pub fn day_or_month(name: &str) -> Option<(Date, bool)> {
    if name.len() == 7 {
        let mut first = name.to_owned();
        first.push_str("-01");
        return first.parse().ok().map(|date| (date, true));
    }
    name.parse().ok().map(|date| (date, false))
}

/// `41.25 kWh`, or that there is no reading.
#[must_use]
pub fn amount(value: Option<f64>, unit: &str, lang: Lang) -> String {
    let Some(value) = value else { return words::missing(lang).to_owned() };
    let mut text = format::decimal(value, lang);
    if !unit.is_empty() {
        text.push(' ');
        text.push_str(unit);
    }
    text
}

/// `23.4 %` of a whole.
#[must_use]
pub fn percent(part: f64, whole: f64, lang: Lang) -> String {
    let tenths = if whole > 0.0 { (part / whole * 1_000.0 + 0.5) as i64 } else { 0 };
    let mut text = format::fixed(tenths, 1, Some(lang));
    text.push_str(" %");
    text
}

/// Parts of a whole that can be told apart: the nonzero ones, of too many the largest, the others as one. Other kinds
/// are left as they are.
#[must_use]
pub fn few_parts(mut chart: Chart, lang: Lang) -> Chart {
    let ChartKind::Shares { categories } = &mut chart.kind else { return chart };
    let Some(series) = chart.series.first_mut() else { return chart };
    let all = categories.drain(..).zip(series.values.drain(..));
    let mut parts: Vec<(String, f64)> =
        all.filter_map(|(name, value)| value.filter(|value| *value > 0.0).map(|value| (name, value))).collect();
    if parts.len() > MAX_PARTS {
        parts.sort_by(|a, b| b.1.total_cmp(&a.1));
        let rest = parts.split_off(MAX_PARTS - 1);
        parts.push((words::other(lang).to_owned(), rest.iter().map(|(_, value)| value).sum()));
    }
    for (name, value) in parts {
        categories.push(name);
        series.values.push(Some(value));
    }
    chart
}

/// The values of a series, none for one that does not exist.
#[must_use]
pub fn values(chart: &Chart, series: usize) -> &[Option<f64>] {
    chart.series.get(series).map_or(&[], |series: &Series| series.values.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        Series { name: "s".into(), values: values.iter().map(|value| Some(*value)).collect() }
    }

    fn chart(kind: ChartKind, series: Vec<Series>) -> Chart {
        Chart { title: "t".into(), description: "d".into(), unit: "kWh".into(), kind, series }
    }

    #[test]
    fn what_is_no_number_is_missing_and_instants_are_put_in_order() {
        let at = [3, 1, i64::MAX, 2].map(Timestamp).to_vec();
        let kind = ChartKind::Time { at, offset_minutes: 0 };
        let clean = clean(chart(kind, vec![series(&[3.0, f64::NAN, 9.0, f64::INFINITY, 7.0]), series(&[])]));
        assert_eq!(clean.series[0].values, [None, None, Some(3.0)]);
        assert_eq!(clean.series[1].values, [None, None, None]);
        assert_eq!(clean.kind, ChartKind::Time { at: [1, 2, 3].map(Timestamp).to_vec(), offset_minutes: 0 });
    }

    #[test]
    fn the_smallest_parts_become_one() {
        let categories = (0..10).map(|place| place.to_string()).collect();
        let parts = chart(ChartKind::Shares { categories }, vec![series(&[1., 9., 8., 7., 6., 5., 4., 3., 2., -5.])]);
        let few = few_parts(clean(parts), Lang::English);
        assert_eq!(few.series[0].values, [9., 8., 7., 6., 5., 4., 3., 3.].map(Some));
        let ChartKind::Shares { categories } = few.kind else { return assert_eq!("shares", "") };
        assert_eq!(categories[7], "Other");
    }

    #[test]
    fn slots_are_named_in_the_readers_language() {
        let kind = ChartKind::Time { at: vec![Timestamp(1_793_933_100_000)], offset_minutes: 420 };
        assert_eq!(slot_label(&chart(kind, vec![]), 0, Lang::Indonesian), "6 Nov 2026, 09:45");
        let midnight = ChartKind::Time { at: vec![Timestamp(1_773_075_600_000)], offset_minutes: 420 };
        assert_eq!(slot_label(&chart(midnight, vec![]), 0, Lang::English), "10 Mar 2026");
        let categories = ["2026-05-14", "2026-05", "2026-13", "Press 1"].map(str::to_owned).to_vec();
        let days = chart(ChartKind::Bars { categories, stacked: false }, vec![]);
        let labels: Vec<String> = (0..5).map(|slot| slot_label(&days, slot, Lang::Indonesian)).collect();
        assert_eq!(labels, ["14 Mei 2026", "Mei 2026", "2026-13", "Press 1", ""]);
        assert_eq!(percent(1.0, 3.0, Lang::Indonesian), "33,3 %");
        assert_eq!(amount(None, "kWh", Lang::English), "no reading");
    }
}
