//! The figures themselves: by day and by person.

use leptos::prelude::*;

use crate::{
    components::format::thousands,
    model::{Money, Quality, Tokens, UsageReport},
};

pub(super) fn day_table(report: &UsageReport) -> impl IntoView + use<> {
    let rows = report
        .by_day
        .iter()
        .map(|day| row(day.day.to_string(), day.requests, day.tokens, day.cost, day.quality))
        .collect::<Vec<_>>();
    table("Day", "Usage by day", rows)
}

pub(super) fn people_table(report: &UsageReport) -> impl IntoView + use<> {
    let rows = report
        .by_person
        .iter()
        .map(|person| row(person.name.clone(), person.requests, person.tokens, person.cost, person.quality))
        .collect::<Vec<_>>();
    view! {
        <section class="card section" aria-labelledby="usage-people">
            <h2 id="usage-people">"By person"</h2>
            {table("Person", "Usage by person", rows)}
        </section>
    }
}

/// The columns behind the first one, and whether they hold numbers.
const COLUMNS: [(&str, bool); 5] =
    [("Requests", true), ("Input tokens", true), ("Output tokens", true), ("Cost", true), ("Figures", false)];

fn table(first_column: &'static str, label: &'static str, rows: Vec<AnyView>) -> AnyView {
    let columns = std::iter::once((first_column, false)).chain(COLUMNS);
    let head = columns.map(|(name, is_number)| head_cell(name, is_number)).collect::<Vec<_>>();
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

fn row(name: String, requests: i64, tokens: Tokens, cost: Money, quality: Quality) -> AnyView {
    let (class, words) = match quality {
        Quality::Exact => ("badge ok", "exact"),
        Quality::Estimated => ("badge warn", "estimated"),
        Quality::Unknown => ("badge warn", "unconfirmed"),
    };
    let numbers = [thousands(requests), thousands(tokens.input_total()), thousands(tokens.output), cost.to_string()];
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
