//! A person's budgets and how they ask for more; who asks, for administrators. Forms without scripts.

use leptos::prelude::*;

use super::frame::{PlainFrame, page_document};
use crate::{
    components::format::{number, usd},
    model::{BudgetLimits, Lang, Money, TenantCode, Timestamp},
    words::{budget, dates, refusals::of_budget, usage},
};

/// A budget as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetCard {
    /// What the form hands back.
    pub id: String,
    /// `PRS Textile's monthly budget`.
    pub name: String,
    /// With what was granted.
    pub limits: BudgetLimits,
    /// Settled and held: input tokens, output tokens, requests.
    pub used: [i64; 3],
    pub cost: Money,
    pub percent: Option<u32>,
    /// `None`: never.
    pub resets_at: Option<Timestamp>,
}

/// What became of the person's own request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnRequest {
    None,
    Open { reason: String },
    Granted { answer: String },
    Declined { answer: String },
}

/// A person's budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetsPage {
    pub frame: PlainFrame,
    pub tenant: TenantCode,
    /// How the tenant writes numbers.
    pub locale: Lang,
    /// The tenant's zone, ahead of UTC.
    pub offset_minutes: i32,
    pub budgets: Vec<(BudgetCard, OwnRequest)>,
    pub is_admin: bool,
}

/// Who asks for more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetRequestsPage {
    pub frame: PlainFrame,
    pub tenant: TenantCode,
    pub locale: Lang,
    pub offset_minutes: i32,
    /// The request's id, who asks, why, and the budget.
    pub requests: Vec<OpenRequest>,
    /// One was decided just now.
    pub is_decided: bool,
}

/// A request to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    pub id: String,
    pub person: String,
    pub reason: String,
    pub budget: BudgetCard,
}

/// The page of a person's budgets.
#[must_use]
pub fn budgets(page: &BudgetsPage) -> String {
    let lang = page.frame.lang;
    let action = ["/t/", page.tenant.as_str(), "/budget"].concat();
    let cards: Vec<AnyView> = page
        .budgets
        .iter()
        .map(|(card, request)| {
            view! {
                <section class="card section budget">
                    {facts(lang, page.locale, page.offset_minutes, card)}
                    {own_request(lang, &action, card, request)}
                </section>
            }
            .into_any()
        })
        .collect();
    let requests = page.is_admin.then(|| {
        view! { <p><a href=[&action, "/requests"].concat()>{budget::requests_title(lang)}</a></p> }
    });
    let content = view! {
        <a class="page-back" href=["/t/", page.tenant.as_str()].concat()>{budget::back(lang)}</a>
        <h1>{budget::title(lang)}</h1>
        {cards}
        {requests}
    };
    page_document(&page.frame, budget::title(lang), None, content)
}

/// The page of open requests.
#[must_use]
pub fn budget_requests(page: &BudgetRequestsPage) -> String {
    let lang = page.frame.lang;
    let below = ["/t/", page.tenant.as_str(), "/budget/requests"].concat();
    let cards: Vec<AnyView> = page.requests.iter().map(|request| decision(page, &below, request)).collect();
    let empty = page.requests.is_empty().then(|| view! { <p class="muted">{budget::no_requests(lang)}</p> });
    let decided = page.is_decided.then(|| view! { <p class="notice notice-ok" role="status">{budget::done(lang)}</p> });
    let content = view! {
        <a class="page-back" href=["/t/", page.tenant.as_str(), "/usage"].concat()>{budget::to_usage(lang)}</a>
        <h1>{budget::requests_title(lang)}</h1>
        {decided}
        {empty}
        {cards}
    };
    page_document(&page.frame, budget::requests_title(lang), None, content)
}

/// What is limited, with what is used of it: the form's field, its words, used, limit.
fn rows(lang: Lang, locale: Lang, card: &BudgetCard) -> Vec<(&'static str, &'static str, String, String)> {
    let BudgetLimits { input_tokens, output_tokens, requests, cost, tokens } = card.limits;
    let [input, output, calls] = card.used;
    let counted = |field, label, used: i64, limit: Option<i64>| {
        limit.map(|limit| (field, label, number(used, locale), number(limit, locale)))
    };
    [
        counted("input_tokens", usage::input_tokens(lang), input, input_tokens),
        counted("output_tokens", usage::output_tokens(lang), output, output_tokens),
        counted("tokens", budget::total_tokens(lang), input.saturating_add(output), tokens),
        counted("requests", usage::requests(lang), calls, requests),
        cost.map(|limit| ("cost", usage::cost(lang), usd(card.cost, locale), usd(limit, locale))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn facts(lang: Lang, locale: Lang, offset_minutes: i32, card: &BudgetCard) -> impl IntoView + use<> {
    let percent = card.percent.map(|percent| {
        view! { <span class="badge">{[&percent.to_string(), " % ", budget::used(lang)].concat()}</span> }
    });
    let rows = rows(lang, locale, card);
    let none = rows.is_empty().then(|| view! { <p class="meta">{budget::no_limit(lang)}</p> });
    let rows: Vec<AnyView> = rows
        .into_iter()
        .map(|(_, label, used, limit)| view! { <div><dt>{label}</dt><dd>{used} " / " {limit}</dd></div> }.into_any())
        .collect();
    let resets = card.resets_at.map(|at| {
        let day = dates::day(lang, at.date_at(i64::from(offset_minutes)));
        view! { <span class="meta">{usage::resets_on(lang)} {day}</span> }
    });
    view! {
        <div class="usage-facts">
            <h2>{of_budget(lang, &card.name)}</h2>
            {percent}
            {resets}
        </div>
        <dl>{rows}</dl>
        {none}
    }
}

fn own_request(lang: Lang, action: &str, card: &BudgetCard, request: &OwnRequest) -> AnyView {
    let told = |class: &'static str, words: &'static str, text: &str| {
        view! {
            <p class=class role="status">{words}</p>
            {(!text.is_empty()).then(|| view! { <blockquote>{text.to_owned()}</blockquote> })}
        }
        .into_any()
    };
    let form = || {
        let id = ["reason-", &card.id].concat();
        view! {
            <form class="settings-form" method="post" action=action.to_owned()>
                <input type="hidden" name="budget" value=card.id.clone()/>
                <div class="field">
                    <label for=id.clone()>{budget::reason(lang)}</label>
                    <textarea class="input" id=id name="reason" rows="3" maxlength="500" required=true></textarea>
                </div>
                <button type="submit" class="button">{budget::ask(lang)}</button>
            </form>
        }
        .into_any()
    };
    match request {
        OwnRequest::Open { reason } => told("notice", budget::asked(lang), reason),
        OwnRequest::None => form(),
        OwnRequest::Granted { answer } => {
            view! { {told("notice notice-ok", budget::granted(lang), answer)} {form()} }.into_any()
        }
        OwnRequest::Declined { answer } => {
            view! { {told("notice notice-warn", budget::declined(lang), answer)} {form()} }.into_any()
        }
    }
}

fn decision(page: &BudgetRequestsPage, below: &str, request: &OpenRequest) -> AnyView {
    let lang = page.frame.lang;
    let fields: Vec<AnyView> = rows(lang, page.locale, &request.budget)
        .into_iter()
        .map(|(field, label, ..)| {
            let id = [field, "-", &request.id].concat();
            let unit = (field == "cost").then(|| [" (", budget::dollars(lang), ")"].concat());
            view! {
                <div class="field">
                    <label for=id.clone()>{label} {unit}</label>
                    <input class="input" id=id name=field inputmode="decimal" maxlength="24"/>
                </div>
            }
            .into_any()
        })
        .collect();
    let answer_id = ["answer-", &request.id].concat();
    view! {
        <section class="card section budget">
            <p>{budget::asks(lang, &request.person)}</p>
            <blockquote>{request.reason.clone()}</blockquote>
            {facts(lang, page.locale, page.offset_minutes, &request.budget)}
            <form class="settings-form" method="post" action=[below, "/", &request.id].concat()>
                <fieldset class="budget-more">
                    <legend>{budget::more(lang)}</legend>
                    {fields}
                </fieldset>
                <div class="field">
                    <label for=answer_id.clone()>{budget::answer(lang)}</label>
                    <input class="input" id=answer_id name="answer" maxlength="500"/>
                </div>
                <div class="budget-decision">
                    <button type="submit" class="button button-primary" name="decision" value="grant">{budget::grant(lang)}</button>
                    <button type="submit" class="button" name="decision" value="decline">{budget::decline(lang)}</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
