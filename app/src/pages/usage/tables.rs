//! The figures themselves.

use leptos::prelude::*;

use crate::{
    components::format::{self, usd},
    model::{Lang, Money, Quality, Tokens, ToolUse, UsageBreakdown, UsageBy, UsageReport},
    words::{dates, usage},
};

pub(super) fn day_table(lang: Lang, locale: Lang, report: &UsageReport) -> impl IntoView + use<> {
    let rows = report
        .by_day
        .iter()
        .map(|day| {
            row(lang, locale, dates::day(lang, day.day).into_any(), day.requests, day.tokens, day.cost, day.quality)
        })
        .collect::<Vec<_>>();
    table(lang, usage::day(lang), usage::usage_by_day(lang).to_owned(), rows)
}

pub(super) fn rows_table(lang: Lang, locale: Lang, breakdown: &UsageBreakdown) -> AnyView {
    let by = breakdown.by;
    let rows = breakdown
        .rows
        .iter()
        .map(|entry| {
            let name = usage::row_name(lang, by, entry);
            // Two may have the same name.
            let name = match &entry.detail {
                Some(detail) => view! { {name}" "<span class="meta">{detail.clone()}</span> }.into_any(),
                None => name.into_any(),
            };
            row(lang, locale, name, entry.requests, entry.tokens, entry.cost, entry.quality())
        })
        .collect::<Vec<_>>();
    table(lang, usage::kind(lang, by), usage::usage_by(lang, by), rows)
}

pub(super) fn tools_table(lang: Lang, locale: Lang, tools: &[ToolUse]) -> AnyView {
    let columns = [
        (usage::tool(lang), false),
        (usage::calls(lang), true),
        (usage::failed(lang), true),
        (usage::denied(lang), true),
        (usage::time(lang), true),
        (usage::answers_cost(lang), true),
    ];
    let rows = tools
        .iter()
        .map(|tool| {
            let count = |value| format::number(value, locale);
            let cost = tool.turns_cost.map_or_else(|| "–".to_owned(), |cost| usd(cost, locale));
            let numbers = [
                count(tool.calls),
                count(tool.failed_calls),
                count(tool.denied_calls),
                [&count(tool.duration_ms.div_euclid(1_000)), " s"].concat(),
                cost,
            ];
            view! {
                <tr>
                    <th scope="row">{tool.tool.clone()}</th>
                    {numbers.map(number).into_iter().collect::<Vec<_>>()}
                </tr>
            }
            .into_any()
        })
        .collect::<Vec<_>>();
    framed(usage::usage_by(lang, UsageBy::Tool), &columns, rows)
}

fn table(lang: Lang, first_column: &'static str, label: String, rows: Vec<AnyView>) -> AnyView {
    // Each with whether it holds numbers.
    let columns = [
        (first_column, false),
        (usage::requests(lang), true),
        (usage::input_tokens(lang), true),
        (usage::output_tokens(lang), true),
        (usage::cost(lang), true),
        (usage::figures(lang), false),
    ];
    framed(label, &columns, rows)
}

fn framed(label: String, columns: &[(&'static str, bool)], rows: Vec<AnyView>) -> AnyView {
    let head = columns.iter().map(|(name, is_number)| head_cell(name, *is_number)).collect::<Vec<_>>();
    view! {
        <div class="table-scroll" role="group" aria-label=label tabindex="0">
            <table class="table">
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn head_cell(name: &'static str, is_number: bool) -> AnyView {
    match is_number {
        true => view! { <th scope="col" class="number">{name}</th> }.into_any(),
        false => view! { <th scope="col">{name}</th> }.into_any(),
    }
}

fn number(value: String) -> AnyView {
    view! { <td class="number">{value}</td> }.into_any()
}

fn row(
    lang: Lang,
    locale: Lang,
    name: AnyView,
    requests: i64,
    tokens: Tokens,
    cost: Money,
    quality: Quality,
) -> AnyView {
    let (class, words) = match quality {
        Quality::Exact => ("badge ok", usage::exact(lang)),
        Quality::Estimated => ("badge warn", usage::estimated(lang)),
        Quality::Unknown => ("badge warn", usage::unconfirmed(lang)),
    };
    let count = |value| format::number(value, locale);
    let numbers = [count(requests), count(tokens.input_total()), count(tokens.output), usd(cost, locale)];
    view! {
        <tr>
            <th scope="row">{name}</th>
            {numbers.map(number).into_iter().collect::<Vec<_>>()}
            <td>
                <span class=class>{words}</span>
            </td>
        </tr>
    }
    .into_any()
}
