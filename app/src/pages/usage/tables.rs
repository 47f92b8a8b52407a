//! The figures themselves: by day and by person.

use leptos::prelude::*;

use crate::{
    components::format::{self, usd},
    model::{Lang, Money, Quality, Tokens, UsageReport},
    words::{dates, usage},
};

pub(super) fn day_table(lang: Lang, locale: Lang, report: &UsageReport) -> impl IntoView + use<> {
    let rows = report
        .by_day
        .iter()
        .map(|day| row(lang, locale, dates::day(lang, day.day), day.requests, day.tokens, day.cost, day.quality))
        .collect::<Vec<_>>();
    table(lang, usage::day(lang), usage::usage_by_day(lang), rows)
}

pub(super) fn people_table(lang: Lang, locale: Lang, report: &UsageReport) -> impl IntoView + use<> {
    let rows = report
        .by_person
        .iter()
        .map(|person| {
            row(lang, locale, person.name.clone(), person.requests, person.tokens, person.cost, person.quality)
        })
        .collect::<Vec<_>>();
    view! {
        <section class="card section" aria-labelledby="usage-people">
            <h2 id="usage-people">{usage::by_person(lang)}</h2>
            {table(lang, usage::person(lang), usage::usage_by_person(lang), rows)}
        </section>
    }
}

fn table(lang: Lang, first_column: &'static str, label: &'static str, rows: Vec<AnyView>) -> AnyView {
    // Each with whether it holds numbers.
    let columns = [
        (first_column, false),
        (usage::requests(lang), true),
        (usage::input_tokens(lang), true),
        (usage::output_tokens(lang), true),
        (usage::cost(lang), true),
        (usage::figures(lang), false),
    ];
    let head = columns.map(|(name, is_number)| head_cell(name, is_number)).into_iter().collect::<Vec<_>>();
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
    name: String,
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
