//! `query_timeseries`: the course of one quantity, at most 500 points, put together in the database.

use app::{
    model::{Chart, Date, Lang},
    words::energy as say,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    amount,
    ask::{Ask, arguments},
    chart,
    counter::QUARTER,
    money::{decimal, number},
    period::{self, Period, day_start, local_text, utc_text},
    quantity::Quantity,
    table::{figure, figures, table, word, words},
};
use crate::{
    db::energy::reading::{Bucket, reading_buckets},
    tools::{ToolError, ToolResult},
};

const MAX_POINTS: i64 = 500;
/// What `auto` aims at: enough for a chart, little for a model to read.
const AUTO_POINTS: i64 = 200;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// Widths in seconds with their names, finest first. A day is a local day, of 23 to 25 hours.
const WIDTHS: [(i64, &str); 6] = [
    (QUARTER, "15 minutes"),
    (2 * QUARTER, "30 minutes"),
    (HOUR, "1 hour"),
    (2 * HOUR, "2 hours"),
    (6 * HOUR, "6 hours"),
    (DAY, "1 day"),
];

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Width {
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "15min")]
    Quarter,
    #[serde(rename = "hour")]
    Hour,
    #[serde(rename = "day")]
    Day,
}

#[derive(Deserialize)]
struct Arguments {
    device: String,
    quantity: Option<String>,
    period: Value,
    #[serde(default)]
    bucket: Width,
}

/// A point: start, value, lowest and highest of a gauge.
struct Point {
    ts: i64,
    value: f64,
    range: Option<(f64, f64)>,
}

pub async fn query_timeseries(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: Arguments = arguments(given)?;
    let period = ask.period(&given.period)?;
    let device = ask.site.device(&given.device)?.clone();
    let quantity = match &given.quantity {
        Some(key) => key.parse().map_err(ToolError::Refused)?,
        None => Quantity::ActiveEnergy,
    };
    let range = period.seconds(ask.calendar.zone);
    let (width, name, coarsened) = width(given.bucket, range.1 - range.0);
    // Days are folded from hours, because local days differ in length.
    let read_width = if width == DAY { HOUR } else { width };
    let buckets = reading_buckets(ask.scope, &mut ask.tx, device.id, quantity.id(), range, read_width).await?;
    let points = match width {
        DAY => fold_days(ask, quantity, range.0, &buckets),
        _ => buckets.iter().map(|bucket| point(quantity, range.0 + bucket.bucket * width, bucket)).collect(),
    };
    Ok(answer(ask, &device, quantity, &period, (width, name, coarsened), &points))
}

/// The width of a point, its name, and whether it is coarser than asked.
fn width(asked: Width, seconds: i64) -> (i64, &'static str, bool) {
    let (finest, most) = match asked {
        Width::Auto => (QUARTER, AUTO_POINTS),
        Width::Quarter => (QUARTER, MAX_POINTS),
        Width::Hour => (HOUR, MAX_POINTS),
        Width::Day => (DAY, MAX_POINTS),
    };
    let fits = WIDTHS.iter().find(|(width, _)| *width >= finest && seconds.div_euclid(*width) <= most);
    let (width, name) = fits.copied().unwrap_or((DAY, "1 day"));
    (width, name, asked != Width::Auto && width > finest)
}

fn point(quantity: Quantity, ts: i64, bucket: &Bucket) -> Point {
    if quantity.is_amount() {
        return Point { ts, value: number(bucket.used_micro), range: None };
    }
    Point { ts, value: bucket.average, range: Some((bucket.lowest, bucket.highest)) }
}

fn fold_days(ask: &Ask<'_>, quantity: Quantity, start: i64, hours: &[Bucket]) -> Vec<Point> {
    let mut days: Vec<(Date, Bucket)> = Vec::new();
    for hour in hours {
        let (date, _) = period::local(ask.calendar.zone, start + hour.bucket * HOUR);
        match days.last_mut().filter(|(day, _)| *day == date) {
            Some((_, sum)) => *sum = together(sum, hour),
            None => days.push((date, *hour)),
        }
    }
    days.iter().map(|(date, bucket)| point(quantity, day_start(ask.calendar.zone, *date), bucket)).collect()
}

fn together(a: &Bucket, b: &Bucket) -> Bucket {
    let samples = a.samples + b.samples;
    let weight = |bucket: &Bucket| number(bucket.samples) / number(samples.max(1));
    Bucket {
        bucket: a.bucket,
        used_micro: a.used_micro.saturating_add(b.used_micro),
        average: a.average * weight(a) + b.average * weight(b),
        lowest: a.lowest.min(b.lowest),
        highest: a.highest.max(b.highest),
        samples,
    }
}

fn answer(
    ask: &Ask<'_>,
    device: &crate::db::energy::device::Device,
    quantity: Quantity,
    period: &Period,
    (width, bucket, coarsened): (i64, &str, bool),
    points: &[Point],
) -> ToolResult {
    let (zone, lang) = (ask.calendar.zone, ask.style.lang);
    let shown_bucket = say::bucket(lang, bucket);
    // Six decimals are more than any meter has; without rounding, averages carry noise.
    let rounded = |value: f64| (value * 1e6).round() / 1e6;
    let lowest = points.iter().map(|p| p.range.map_or(p.value, |range| range.0)).reduce(f64::min);
    let highest = points.iter().map(|p| p.range.map_or(p.value, |range| range.1)).reduce(f64::max);
    let count = u32::try_from(points.len()).unwrap_or(u32::MAX);
    let sum: f64 = points.iter().map(|p| p.value).sum();
    let average = (count > 0).then(|| rounded(sum / f64::from(count)));
    let total = quantity.is_amount().then(|| rounded(sum));

    let mut notes = Vec::new();
    if coarsened {
        notes.push(say::coarser(lang, &shown_bucket, MAX_POINTS));
    }
    notes.extend(amount::note(period, &amount::Amount::default(), !points.is_empty(), &ask.calendar, lang));
    let note = (!notes.is_empty()).then(|| notes.join(" "));

    let rows: Vec<Value> = points
        .iter()
        .map(|p| {
            json!({
                "at": utc_text(p.ts), "local": local_text(zone, p.ts), "value": rounded(p.value),
                "min": p.range.map(|range| range.0), "max": p.range.map(|range| range.1),
            })
        })
        .collect();
    let structured = json!({
        "device": { "id": device.id, "code": device.code, "name": device.name },
        "quantity": quantity.key(), "unit": quantity.unit(), "period": period.json(lang), "bucket": bucket, "points": rows,
        "summary": { "min": lowest, "max": highest, "average": average, "total": total },
        "note": note,
    });
    let unit = quantity.unit();
    let mut text = say::course(lang, &device.name, quantity.name(lang), &shown_bucket, period.label(lang), count);
    if let (Some(lowest), Some(highest)) = (lowest, highest) {
        text.push_str(&say::course_range(lang, decimal(lowest, 2, lang), decimal(highest, 2, lang), unit));
    }
    if let Some(total) = total {
        text.push_str(&say::course_total(lang, decimal(total, 1, lang), unit));
    }
    text.push('.');
    if let Some(note) = &note {
        text.push_str(&format!(" {note}"));
    }
    let mut columns = vec![words(say::local_time(lang)), figures(quantity.name(lang), unit)];
    if !quantity.is_amount() {
        columns.extend([figures(say::lowest(lang), unit), figures(say::highest(lang), unit)]);
    }
    let shown = points
        .iter()
        .map(|p| {
            let mut row = vec![word(local_text(zone, p.ts)), figure(p.value, 2, lang)];
            row.extend(p.range.iter().flat_map(|(low, high)| [figure(*low, 2, lang), figure(*high, 2, lang)]));
            row
        })
        .collect();
    let caption = format!("{}: {}, {}", device.name, quantity.name(lang), period.label(lang));
    let tables = vec![table(caption.clone(), columns, shown)];
    let charts = course((zone, lang), caption, quantity, &shown_bucket, width, points);
    ToolResult { text, structured, tables, charts: charts.into_iter().collect() }
}

/// The points as a line; `None` without points.
fn course(
    (zone, lang): (chrono_tz::Tz, Lang),
    title: String,
    quantity: Quantity,
    bucket: &str,
    width: i64,
    points: &[Point],
) -> Option<Chart> {
    let lowest = points.iter().min_by(|a, b| a.value.total_cmp(&b.value))?;
    let highest = points.iter().max_by(|a, b| a.value.total_cmp(&b.value))?;
    let unit = quantity.unit();
    let (least, most) = (decimal(lowest.value, 2, lang), decimal(highest.value, 2, lang));
    let sentence = say::course_told(lang, quantity.name(lang), bucket, least, most, unit, local_text(zone, highest.ts));
    let values = points.iter().map(|point| (point.ts, point.value)).collect();
    Some(chart::time(title, sentence, (quantity.name(lang), unit), zone, width, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_than_500_points() {
        for days in 1..=400 {
            for asked in [Width::Auto, Width::Quarter, Width::Hour, Width::Day] {
                let (width, _, coarsened) = width(asked, days * DAY);
                assert!(days * DAY / width <= MAX_POINTS);
                assert!(!(asked == Width::Auto && coarsened));
            }
        }
        assert_eq!(width(Width::Quarter, DAY).0, QUARTER);
        assert_eq!(width(Width::Auto, DAY).0, QUARTER);
        assert_eq!(width(Width::Auto, 7 * DAY).0, HOUR);
        assert_eq!(width(Width::Hour, 100 * DAY), (6 * HOUR, "6 hours", true));
    }
}
