//! A tenant's month, for its administrators: how full each limit is, what each day and each person used, how sure the
//! figures are.

mod chart;
mod limits;
mod month;
mod tables;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::{chart::day_chart, limits::limits_view, month::Month, tables::people_table};
use crate::{
    api::{PageJson, tenant_home, usage_report},
    components::ErrorView,
    error::AppError,
    model::{Date, Quality, TenantCode, TenantHome, UsageReport},
};

/// `/t/:tenant/usage`, `?month=YYYY-MM-01` for another month than the current one.
#[component]
pub fn UsagePage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let tenant =
        Memo::new(move |_| params.with(|params| params.get("tenant")).and_then(|code| code.parse::<TenantCode>().ok()));
    // What is no date means the current month.
    let month = Memo::new(move |_| query.with(|query| query.get("month")).and_then(|month| month.parse::<Date>().ok()));
    let asked = move || (tenant.get(), month.get());
    let loaded = Resource::<_, PageJson>::new_with_options(asked, |(tenant, month)| load(tenant, month), false);
    let back = move || tenant.get().map_or_else(|| "/".to_owned(), |tenant| format!("/t/{tenant}"));
    view! {
        <Title text="Usage"/>
        <main class="page" id="main">
            <a class="page-back" href=back>"← Back to the chat"</a>
            <Transition fallback=|| view! { <p class="muted">"Loading…"</p> }>
                {move || Suspend::new(async move {
                    match loaded.await {
                        Ok((home, report)) => report_view(&home, &report, month.get_untracked().is_some()),
                        Err(AppError::Forbidden) => forbidden().into_any(),
                        Err(error) => view! { <ErrorView error/> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

async fn load(tenant: Option<TenantCode>, month: Option<Date>) -> Result<(TenantHome, UsageReport), AppError> {
    let tenant = tenant.ok_or(AppError::NotFound)?;
    Ok((tenant_home(tenant.clone()).await?, usage_report(tenant, month).await?))
}

fn forbidden() -> impl IntoView {
    view! {
        <h1>"Usage"</h1>
        <p class="notice">"Only administrators see what everybody has used. Your own answers show their usage in their details."</p>
    }
}

/// `is_chosen`: the month was asked for, so there may be a later one. (The page knows no clock.)
fn report_view(home: &TenantHome, report: &UsageReport, is_chosen: bool) -> AnyView {
    let month = Month::of(report.month);
    let offset = home.tenant.utc_offset_minutes;
    let next = is_chosen.then(|| {
        view! {
            <a class="button button-quiet" href=month.next().query()>"Next"</a>
            <a class="button button-quiet" href="?">"Current"</a>
        }
    });
    let head = view! {
        <div class="page-head">
            <h1>"Usage of " {home.tenant.name.clone()}</h1>
            <nav class="month-nav" aria-label="Month">
                <a class="button button-quiet" href=month.previous().query()>"Previous"</a>
                <span class="month-name">{month.to_string()}</span>
                {next}
            </nav>
        </div>
    };
    let is_empty = report.by_day.is_empty() && report.by_person.is_empty();
    if is_empty {
        return view! {
            {head}
            {limits_view(&report.meter, offset, None)}
            <section class="card">
                <p class="usage-empty">{format!("Nothing was used in {month}.")}</p>
            </section>
        }
        .into_any();
    }
    view! {
        {head}
        {limits_view(&report.meter, offset, Some(certainty(report)))}
        {day_chart(report, &home.tenant.time_zone)}
        {people_table(report)}
    }
    .into_any()
}

/// How sure the month's figures are, counted in days: "100 % exact" or what is not.
fn certainty(report: &UsageReport) -> (&'static str, String) {
    let count = |quality| report.by_day.iter().filter(|day| day.quality == quality).count();
    let days = |number: usize| if number == 1 { "day" } else { "days" };
    let (estimated, unknown) = (count(Quality::Estimated), count(Quality::Unknown));
    match (estimated, unknown) {
        (0, 0) => ("badge ok", "100 % exact".to_owned()),
        (_, 0) => ("badge warn", format!("{estimated} {} estimated", days(estimated))),
        (0, _) => ("badge warn", format!("{unknown} {} unconfirmed", days(unknown))),
        _ => ("badge warn", format!("{estimated} {} estimated, {unknown} unconfirmed", days(estimated))),
    }
}
