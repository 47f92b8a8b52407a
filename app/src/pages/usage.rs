//! A tenant's month, for its administrators: how full each limit is, what each day used, and each person, group, key,
//! profile, model, purpose or tool; how sure the figures are.

mod breakdown;
mod chart;
mod limits;
mod month;
mod tables;

use leptos::prelude::*;
use leptos_meta::{Stylesheet, Title};
use leptos_router::hooks::{use_params_map, use_query_map};

use self::{breakdown::breakdown_view, chart::day_chart, limits::limits_view, month::Month};
use crate::{
    api::{PageJson, tenant_home, usage_report},
    components::{ErrorView, format::document_title},
    error::AppError,
    model::{Date, Lang, Quality, TenantCode, TenantHome, UsageBy, UsageReport},
    words::{self, budget, common, settings, usage},
};

/// `/t/:tenant/usage`, `?month=YYYY-MM-01` for another month than the current one, `?by=model` to divide it otherwise.
#[component]
pub fn UsagePage() -> impl IntoView {
    let lang = words::lang();
    let params = use_params_map();
    let query = use_query_map();
    let tenant =
        Memo::new(move |_| params.with(|params| params.get("tenant")).and_then(|code| code.parse::<TenantCode>().ok()));
    // What is no date means the current month.
    let month = Memo::new(move |_| query.with(|query| query.get("month")).and_then(|month| month.parse::<Date>().ok()));
    // What is no dimension means people.
    let by = Memo::new(move |_| {
        query.with(|query| query.get("by")).and_then(|word| UsageBy::parse(&word)).unwrap_or_default()
    });
    let asked = move || (tenant.get(), month.get(), by.get());
    let loaded = Resource::<_, PageJson>::new_with_options(asked, |(tenant, month, by)| load(tenant, month, by), false);
    let back = move || tenant.get().map_or_else(|| "/".to_owned(), |tenant| format!("/t/{tenant}"));
    view! {
        <Title text=document_title(usage::title(lang))/>
        <main class="page" id="main">
            <a class="page-back" href=back>{settings::back(lang)}</a>
            <Transition fallback=move || view! { <p class="muted">{common::loading(lang)}</p> }>
                {move || Suspend::new(async move {
                    match loaded.await {
                        Ok((home, report)) => report_view(lang, &home, &report, month.get_untracked().is_some()),
                        Err(AppError::Forbidden) => forbidden(lang, tenant.get_untracked()),
                        Err(error) => view! { <ErrorView error/> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

async fn load(
    tenant: Option<TenantCode>,
    month: Option<Date>,
    by: UsageBy,
) -> Result<(TenantHome, UsageReport), AppError> {
    let tenant = tenant.ok_or(AppError::NotFound)?;
    Ok((tenant_home(tenant.clone()).await?, usage_report(tenant, month, by).await?))
}

fn forbidden(lang: Lang, tenant: Option<TenantCode>) -> AnyView {
    let own = tenant.map(|tenant| {
        let href = ["/t/", tenant.as_str(), "/budget"].concat();
        view! { <p><a href=href rel="external">{budget::title(lang)}</a></p> }
    });
    view! {
        <h1>{usage::title(lang)}</h1>
        <p class="notice">{usage::for_admins(lang)}</p>
        {own}
    }
    .into_any()
}

/// `is_chosen`: the month was asked for, so there may be a later one. (The page knows no clock.)
fn report_view(lang: Lang, home: &TenantHome, report: &UsageReport, is_chosen: bool) -> AnyView {
    let month = Month::of(report.month);
    let by = report.breakdown.by;
    let (offset, locale) = (home.tenant.utc_offset_minutes, home.tenant.locale);
    let brand = home.tenant.brand_css.clone().map(|href| view! { <Stylesheet href/> });
    let next = is_chosen.then(|| {
        view! {
            <a class="button button-quiet" href=month.next().query(by)>{usage::next(lang)}</a>
            <a class="button button-quiet" href=["?by=", by.as_str()].concat()>{usage::current(lang)}</a>
        }
    });
    let requests = ["/t/", home.tenant.code.as_str(), "/budget/requests"].concat();
    let head = view! {
        {brand}
        <div class="page-head">
            <h1>{usage::usage_of(lang)} {home.tenant.name.clone()}</h1>
            <nav class="month-nav" aria-label=usage::month(lang)>
                <a class="button button-quiet" href=month.previous().query(by)>{usage::previous(lang)}</a>
                <span class="month-name">{month.text(lang)}</span>
                {next}
            </nav>
        </div>
        <p><a href=requests rel="external">{budget::requests_title(lang)}</a></p>
    };
    let is_empty = report.by_day.is_empty() && report.breakdown.tools.is_empty();
    if is_empty {
        return view! {
            {head}
            {limits_view(lang, locale, &report.meter, offset, None)}
            <section class="card">
                <p class="usage-empty">{usage::nothing_used(lang, &month.text(lang))}</p>
            </section>
        }
        .into_any();
    }
    view! {
        {head}
        {limits_view(lang, locale, &report.meter, offset, Some(certainty(lang, report)))}
        {day_chart(lang, locale, report, &home.tenant.time_zone)}
        {breakdown_view(lang, locale, &home.tenant.code, month, &report.breakdown)}
    }
    .into_any()
}

/// How sure the month's figures are: "100 % exact" or what is not.
fn certainty(lang: Lang, report: &UsageReport) -> (&'static str, String) {
    let total = &report.breakdown.total;
    let class = if total.quality() == Quality::Exact { "badge ok" } else { "badge warn" };
    (class, usage::certainty(lang, total))
}
