//! The month by day: bars drawn by the server as SVG (no script), the same figures as a table behind it.
//!
//! The drawing is stretched to the width it gets, so it holds only bars; all text stands around it as HTML and keeps its size.

use leptos::prelude::*;

use super::{month::Month, tables::day_table};
use crate::{
    components::format::{number, usd},
    model::{Date, Lang, Money, Quality, UsageByDay, UsageReport},
    words::usage,
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

    fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Cost => usage::cost(lang),
            Self::Tokens => usage::tokens(lang),
        }
    }

    fn value(self, day: &UsageByDay) -> i64 {
        match self {
            Self::Cost => day.cost.0.max(0),
            Self::Tokens => day.tokens.input_total().saturating_add(day.tokens.output).max(0),
        }
    }

    fn show(self, locale: Lang, value: i64) -> String {
        match self {
            Self::Cost => usd(Money(value), locale),
            Self::Tokens => number(value, locale),
        }
    }
}

pub(super) fn day_chart(lang: Lang, locale: Lang, report: &UsageReport, time_zone: &str) -> impl IntoView + use<> {
    let month = Month::of(report.month);
    let measure = Measure::of(report);
    let days = month.days().collect::<Vec<_>>();
    let highest = report.by_day.iter().map(|day| measure.value(day)).max().unwrap_or(0);
    let bars = days
        .iter()
        .enumerate()
        .filter_map(|(place, date)| {
            let day = report.by_day.iter().find(|day| day.day == *date)?;
            let what = words(lang, locale, day, month, measure);
            Some(bar(place, day, what, measure, highest))
        })
        .collect::<Vec<_>>();
    let is_sure = report.by_day.iter().all(|day| day.quality == Quality::Exact);
    let unsure = (!is_sure).then(|| usage::unsure(lang));
    let view_box = format!("0 0 {} {HEIGHT}", days.len() * SLOT);
    let heading = [measure.name(lang), usage::by_day(lang)].concat();
    let title = [&heading, ", ", &month.text(lang)].concat();
    let description = description(lang, locale, report, month, measure);
    let (first, middle, last) = (days.first().copied(), days.get(days.len() / 2).copied(), days.last().copied());
    let label = |day: Option<Date>| day.map_or(String::new(), |day| day.day.to_string());
    view! {
        <section class="card section" aria-labelledby="usage-days">
            <h2 id="usage-days">{heading}</h2>
            <div class="usage-chart">
                <div class="usage-scale meta" aria-hidden="true">
                    <span>{measure.show(locale, highest)}</span>
                    <span>{measure.show(locale, 0)}</span>
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
                <summary>{usage::as_table(lang)}</summary>
                {day_table(lang, locale, report)}
            </details>
            <p class="meta">{unsure} {usage::days_of(lang, time_zone)}</p>
        </section>
    }
}

/// A day's bar in words.
fn words(lang: Lang, locale: Lang, day: &UsageByDay, month: Month, measure: Measure) -> String {
    let requests = usage::request_count(lang, &number(day.requests, locale));
    [&month.day(lang, day.day.day), ": ", &measure.show(locale, measure.value(day)), ", ", &requests].concat()
}

fn bar(place: usize, day: &UsageByDay, words: String, measure: Measure, highest: i64) -> AnyView {
    let value = measure.value(day);
    let height = (i128::from(value) * HEIGHT / i128::from(highest.max(1))).clamp(MIN_BAR, HEIGHT);
    let class = if day.quality == Quality::Exact { "bar" } else { "bar bar-unsure" };
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
fn description(lang: Lang, locale: Lang, report: &UsageReport, month: Month, measure: Measure) -> String {
    let Some(highest) = report.by_day.iter().max_by_key(|day| measure.value(day)) else {
        return usage::chart_empty(lang, &month.text(lang));
    };
    let value = measure.show(locale, measure.value(highest));
    usage::chart_sentence(lang, report.by_day.len(), &value, &month.day(lang, highest.day.day))
}
