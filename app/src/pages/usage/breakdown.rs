//! The month divided by one thing at a time: links to the others, the table, the file.

use leptos::prelude::*;

use super::{
    month::Month,
    tables::{rows_table, tools_table},
};
use crate::{
    components::format::usd,
    model::{Lang, TenantCode, UsageBreakdown, UsageBy},
    words::usage,
};

/// What the page offers; days have their chart.
const OFFERED: [UsageBy; 7] =
    [UsageBy::Person, UsageBy::Group, UsageBy::Key, UsageBy::Profile, UsageBy::Model, UsageBy::Purpose, UsageBy::Tool];

pub(super) fn breakdown_view(
    lang: Lang,
    locale: Lang,
    tenant: &TenantCode,
    month: Month,
    breakdown: &UsageBreakdown,
) -> impl IntoView + use<> {
    let by = breakdown.by;
    let links = OFFERED.into_iter().map(|other| link(lang, month, other, other == by)).collect::<Vec<_>>();
    let is_empty = breakdown.rows.is_empty() && breakdown.tools.is_empty();
    let table = match by {
        _ if is_empty => view! { <p class="muted">{usage::nothing_of_it(lang)}</p> }.into_any(),
        UsageBy::Tool => tools_table(lang, locale, &breakdown.tools),
        _ => rows_table(lang, locale, breakdown),
    };
    let (first, last) = month.range();
    let file = format!("/api/usage?tenant={tenant}&by={}&from={first}&to={last}&format=csv", by.as_str());
    let total = &breakdown.total;
    let notes = [
        breakdown.more.then(|| usage::and_more(lang).to_owned()),
        (by == UsageBy::Group).then(|| usage::groups_today(lang).to_owned()),
        (by == UsageBy::Tool).then(|| usage::tools_note(lang).to_owned()),
        (total.saving.0 > 0).then(|| usage::saved(lang, &usd(total.saving, locale))),
        (total.adjusted.0 != 0).then(|| usage::corrected(lang, &usd(total.adjusted, locale))),
    ];
    let notes = notes.into_iter().flatten().map(|note| view! { <p class="meta">{note}</p> }).collect::<Vec<_>>();
    view! {
        <section class="card section" aria-labelledby="usage-breakdown">
            <div class="usage-facts">
                <h2 id="usage-breakdown">{usage::usage_by(lang, by)}</h2>
                <a class="button button-quiet" href=file download rel="external">{usage::download(lang)}</a>
            </div>
            <nav class="usage-by" aria-label=usage::divided(lang)>{links}</nav>
            {table}
            {notes}
        </section>
    }
}

fn link(lang: Lang, month: Month, by: UsageBy, is_current: bool) -> AnyView {
    let href = [&month.query(by), "#usage-breakdown"].concat();
    view! {
        <a class="chip" href=href aria-current=is_current.then_some("true")>{usage::kind(lang, by)}</a>
    }
    .into_any()
}
