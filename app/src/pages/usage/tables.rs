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

fn table(first_column: &'static str, label: &'static str, rows: Vec<AnyView>) -> AnyView {
    view! {
        <div class="table-scroll" role="group" aria-label=label tabindex="0">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">{first_column}</th>
                        <th scope="col" class="number">"Requests"</th>
                        <th scope="col" class="number">"Input tokens"</th>
                        <th scope="col" class="number">"Output tokens"</th>
                        <th scope="col" class="number">"Cost"</th>
                        <th scope="col">"Figures"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(name: String, requests: i64, tokens: Tokens, cost: Money, quality: Quality) -> AnyView {
    let (class, words) = match quality {
        Quality::Exact => ("badge ok", "exact"),
        Quality::Estimated => ("badge warn", "estimated"),
        Quality::Unknown => ("badge warn", "unconfirmed"),
    };
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="number">{thousands(requests)}</td>
            <td class="number">{thousands(tokens.input_total())}</td>
            <td class="number">{thousands(tokens.output)}</td>
            <td class="number">{cost.to_string()}</td>
            <td><span class=class>{words}</span></td>
        </tr>
    }
    .into_any()
}
