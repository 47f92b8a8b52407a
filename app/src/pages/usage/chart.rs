//! The month by day: bars drawn by the server as SVG (no script), the same figures as a table behind it.
//!
//! The drawing is stretched to the width it gets, so it holds only bars; all text stands around it as HTML and keeps its size.

use leptos::prelude::*;

use super::{month::Month, tables::day_table};
use crate::{
    components::format::thousands,
    model::{Date, Money, Quality, UsageByDay, UsageReport},
};

const SLOT: usize = 20;
const BAR: usize = 14;
const HEIGHT: i128 = 1000;
/// A day with any usage is visible.
const MIN_BAR: i128 = 12;

/// What the bars measure: cost, or tokens where nothing costs anything (a local or demo model).
#[derive(Clone, Copy)]
enum Measure {
    Cost,
    Tokens,
}

impl Measure {
    fn of(report: &UsageReport) -> Self {
        if report.by_day.iter().any(|day| day.cost.0 > 0) { Self::Cost } else { Self::Tokens }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cost => "Cost",
            Self::Tokens => "Tokens",
        }
    }

    fn value(self, day: &UsageByDay) -> i64 {
        match self {
            Self::Cost => day.cost.0.max(0),
            Self::Tokens => day.tokens.input_total().saturating_add(day.tokens.output).max(0),
        }
    }

    fn show(self, value: i64) -> String {
        match self {
            Self::Cost => Money(value).to_string(),
            Self::Tokens => thousands(value),
        }
    }
}

pub(super) fn day_chart(report: &UsageReport, time_zone: &str) -> impl IntoView + use<> {
    let month = Month::of(report.month);
    let measure = Measure::of(report);
    let days = month.days().collect::<Vec<_>>();
    let highest = report.by_day.iter().map(|day| measure.value(day)).max().unwrap_or(0);
    let bars = days
        .iter()
        .enumerate()
        .filter_map(|(place, date)| {
            let day = report.by_day.iter().find(|day| day.day == *date)?;
            Some(bar(place, day, month, measure, highest))
        })
        .collect::<Vec<_>>();
    let is_sure = report.by_day.iter().all(|day| day.quality == Quality::Exact);
    let unsure = (!is_sure).then_some("Bars of the other colour hold figures that are not exact. ");
    let view_box = format!("0 0 {} {HEIGHT}", days.len() * SLOT);
    let title = format!("{} by day, {month}", measure.name());
    let description = description(report, month, measure);
    let (first, middle, last) = (days.first().copied(), days.get(days.len() / 2).copied(), days.last().copied());
    let label = |day: Option<Date>| day.map_or(String::new(), |day| day.day.to_string());
    view! {
        <section class="card section" aria-labelledby="usage-days">
            <h2 id="usage-days">{format!("{} by day", measure.name())}</h2>
            <div class="usage-chart">
                <div class="usage-scale meta" aria-hidden="true">
                    <span>{measure.show(highest)}</span>
                    <span>{measure.show(0)}</span>
                </div>
                <svg viewBox=view_box preserveAspectRatio="none" role="img" aria-labelledby="usage-chart-title usage-chart-desc">
                    <title id="usage-chart-title">{title}</title>
                    <desc id="usage-chart-desc">{description}</desc>
                    {bars}
                </svg>
                <div class="usage-days meta" aria-hidden="true">
                    <span>{label(first)}</span>
                    <span>{label(middle)}</span>
                    <span>{label(last)}</span>
                </div>
            </div>
            <details class="usage-details">
                <summary>"Show as a table"</summary>
                {day_table(report)}
            </details>
            <p class="meta">{unsure} {format!("Days are those of {time_zone}.")}</p>
        </section>
    }
}

fn bar(place: usize, day: &UsageByDay, month: Month, measure: Measure, highest: i64) -> AnyView {
    let value = measure.value(day);
    let height = (i128::from(value) * HEIGHT / i128::from(highest.max(1))).clamp(MIN_BAR, HEIGHT);
    let class = if day.quality == Quality::Exact { "bar" } else { "bar bar-unsure" };
    let words =
        format!("{} {}: {}, {} requests", day.day.day, month.name(), measure.show(value), thousands(day.requests));
    view! {
        <g>
            <title>{words}</title>
            <rect
                class=class
                x=(place * SLOT + (SLOT - BAR) / 2).to_string()
                y=(HEIGHT - height).to_string()
                width=BAR.to_string()
                height=height.to_string()
            ></rect>
        </g>
    }
    .into_any()
}

/// The chart in one sentence.
fn description(report: &UsageReport, month: Month, measure: Measure) -> String {
    let Some(highest) = report.by_day.iter().max_by_key(|day| measure.value(day)) else {
        return format!("No usage in {month}.");
    };
    let days = report.by_day.len();
    format!(
        "{days} {} with usage; the highest is {} on {} {}.",
        if days == 1 { "day" } else { "days" },
        measure.show(measure.value(highest)),
        highest.day.day,
        month.name(),
    )
}
