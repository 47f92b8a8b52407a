//! How full each limit is, when it resets and how sure the figures are.

use leptos::prelude::*;

use crate::{
    components::format::{number, usd},
    model::{Lang, Money, UsageMeter},
    words::{budget, dates, usage},
};

/// From here on a meter warns.
const WARN_PERCENT: i64 = 80;
/// From here on it is nearly or wholly used up.
const FULL_PERCENT: i64 = 95;

/// `locale`: how the tenant writes numbers and days. `offset_minutes`: the tenant's zone, whose day is meant. `certainty`: class and words of the badge that says how sure
/// the figures are.
pub(super) fn limits_view(
    lang: Lang,
    locale: Lang,
    meter: &UsageMeter,
    offset_minutes: i32,
    certainty: Option<(&'static str, String)>,
) -> impl IntoView + use<> {
    let UsageMeter { percent, used, requests, cost, limits, resets_at, .. } = meter;
    let whole = match percent {
        Some(percent) => usage::percent_used(lang, i64::from(*percent)),
        None => usage::no_limit_set(lang).to_owned(),
    };
    let count = |value: i64| number(value, locale);
    let money = |pico: i64| usd(Money(pico), locale);
    let badge = certainty.map(|(class, words)| view! { <span class=class>{words}</span> });
    view! {
        <section class="card section" aria-labelledby="usage-limits">
            <div class="usage-facts">
                <h2 id="usage-limits">{whole}</h2>
                {badge}
                <span class="meta">{usage::resets_on(lang)} {dates::day(lang, resets_at.date_at(i64::from(offset_minutes)))}</span>
            </div>
            <dl class="usage-limits">
                {limit(lang, usage::input_tokens(lang), used.input_total(), limits.input_tokens, &count)}
                {limit(lang, usage::output_tokens(lang), used.output, limits.output_tokens, &count)}
                {limits.tokens.map(|tokens| limit(lang, budget::total_tokens(lang), used.input_total().saturating_add(used.output), Some(tokens), &count))}
                {limit(lang, usage::requests(lang), *requests, limits.requests, &count)}
                {limit(lang, usage::cost(lang), cost.0, limits.cost.map(|cost| cost.0), &money)}
            </dl>
        </section>
    }
}

fn limit(lang: Lang, label: &'static str, used: i64, limit: Option<i64>, show: &dyn Fn(i64) -> String) -> AnyView {
    let of = limit.map_or_else(|| usage::no_limit(lang).to_owned(), |limit| [usage::of(lang), &show(limit)].concat());
    let bar = limit.map(|limit| {
        // A limit of zero is full; <meter> needs a maximum above its minimum.
        let (value, max) = if limit <= 0 { (1, 1) } else { (used.clamp(0, limit), limit) };
        let share =
            |percent: i64| i64::try_from(i128::from(max) * i128::from(percent) / 100).unwrap_or(max).to_string();
        view! {
            <meter
                class="meter"
                aria-label=label
                min="0"
                max=max.to_string()
                low=share(WARN_PERCENT)
                high=share(FULL_PERCENT)
                optimum="0"
                value=value.to_string()
            ></meter>
        }
    });
    view! {
        <div>
            <dt>{label}</dt>
            <dd>
                <strong>{show(used)}</strong>
                " "
                <span class="meta">{of}</span>
            </dd>
            {bar.map(|bar| view! { <dd>{bar}</dd> })}
        </div>
    }
    .into_any()
}
