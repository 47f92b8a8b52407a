//! A person's budgets: `/t/{tenant}/budget` shows them and takes requests for more, `/t/{tenant}/budget/seen` puts a notice
//! away; administrators decide at `/t/{tenant}/budget/requests`. Pages and forms without scripts.

use app::{
    backend::Caller,
    model::{Money, Role, TenantCode},
    plain::{self, BudgetCard, BudgetRequestsPage, BudgetsPage, OpenRequest, OwnRequest},
};
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::{StatusCode, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{answer, session};
use crate::{
    db::{
        TenantScope,
        budget::{
            grant::Granted,
            request::{BudgetRequest, RequestState},
        },
        ledger::Books,
        user::user_find,
    },
    error::{Error, Result},
    state::AppState,
    tenancy,
    usage::{self, OwnBudget},
};

/// What a person sends.
#[derive(Default, Deserialize)]
pub struct AskForm {
    #[serde(default)]
    budget: String,
    #[serde(default)]
    reason: String,
}

#[derive(Default, Deserialize)]
pub struct SeenForm {
    #[serde(default)]
    key: String,
}

/// What an administrator sends; amounts as typed, empty for none.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    decision: String,
    answer: String,
    input_tokens: String,
    output_tokens: String,
    tokens: String,
    requests: String,
    cost: String,
}

/// `GET /t/{tenant}/budget`.
pub async fn own(State(state): State<AppState>, Path(tenant): Path<String>, parts: Parts) -> Response {
    finish(&state, &parts, own_page(&state, &parts, &tenant).await)
}

/// `POST /t/{tenant}/budget`: asks for more.
pub async fn ask(
    State(state): State<AppState>,
    Path(tenant): Path<String>,
    parts: Parts,
    form: std::result::Result<Form<AskForm>, FormRejection>,
) -> Response {
    let asked = async {
        let scope = enter(&state, &parts, &tenant).await?;
        let Form(form) = form.map_err(|_| unreadable())?;
        let budget = form.budget.parse().map_err(|_| Error::NotFound)?;
        let mut tx = state.db.begin(&scope).await?;
        usage::ask_for_more(&scope, &mut tx, &state.world, budget, &form.reason).await?;
        tx.commit().await?;
        Ok(Redirect::to(&format!("/t/{}/budget", scope.code())).into_response())
    };
    finish(&state, &parts, asked.await)
}

/// `POST /t/{tenant}/budget/seen`: the person puts a notice away.
pub async fn seen(
    State(state): State<AppState>,
    Path(tenant): Path<String>,
    parts: Parts,
    form: std::result::Result<Form<SeenForm>, FormRejection>,
) -> Response {
    let seen = async {
        let scope = enter(&state, &parts, &tenant).await?;
        let Form(form) = form.map_err(|_| unreadable())?;
        let mut tx = state.db.begin(&scope).await?;
        usage::put_away(&scope, &mut tx, &state.world, &form.key).await?;
        tx.commit().await?;
        Ok(Redirect::to(&format!("/t/{}", scope.code())).into_response())
    };
    finish(&state, &parts, seen.await)
}

/// `GET /t/{tenant}/budget/requests`.
pub async fn requests(State(state): State<AppState>, Path(tenant): Path<String>, parts: Parts) -> Response {
    let is_decided = parts.uri.query() == Some("done=1");
    finish(&state, &parts, requests_page(&state, &parts, &tenant, is_decided).await)
}

/// `POST /t/{tenant}/budget/requests/{id}`: grants or declines.
pub async fn decide(
    State(state): State<AppState>,
    Path((tenant, id)): Path<(String, String)>,
    parts: Parts,
    form: std::result::Result<Form<DecisionForm>, FormRejection>,
) -> Response {
    let decided = async {
        let scope = enter_as_admin(&state, &parts, &tenant).await?;
        let Form(form) = form.map_err(|_| unreadable())?;
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let (books, world) = (Books::of(&scope), &state.world);
        let mut tx = state.db.begin(&scope).await?;
        let by = user_find(&mut tx, scope.user()).await?.ok_or(Error::SignedOut)?.email;
        match form.decision.as_str() {
            "grant" => usage::grant(books, &mut tx, world, id, form.granted()?, &form.answer, &by).await?,
            _ => usage::decline(books, &mut tx, world, id, &form.answer, &by).await?,
        }
        tx.commit().await?;
        tracing::info!(request = %id, decision = %form.decision.chars().take(8).collect::<String>(), "a budget request was decided");
        Ok(Redirect::to(&format!("/t/{}/budget/requests?done=1", scope.code())).into_response())
    };
    finish(&state, &parts, decided.await)
}

impl DecisionForm {
    fn granted(&self) -> Result<Granted> {
        let count = |text: &str| match text.trim() {
            "" => Ok(0),
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| Error::invalid("amount", "This number is too large."))
            }
            _ => Err(Error::invalid("amount", "Write whole numbers without points or commas.")),
        };
        let cost = match self.cost.trim() {
            "" => Money(0),
            text => usage::dollars(text)
                .map_err(|_| Error::invalid("cost", "Write dollars with a point, such as 25 or 12.50."))?,
        };
        Ok(Granted {
            input_tokens: count(&self.input_tokens)?,
            output_tokens: count(&self.output_tokens)?,
            tokens: count(&self.tokens)?,
            requests: count(&self.requests)?,
            pico_usd: cost.0,
        })
    }
}

fn unreadable() -> Error {
    Error::invalid("form", "This form cannot be read.")
}

async fn enter(state: &AppState, parts: &Parts, tenant: &str) -> Result<TenantScope> {
    let caller: Caller = session::caller_of(&parts.extensions).ok_or(Error::SignedOut)?;
    let code: TenantCode = tenant.parse().map_err(|_| Error::NotFound)?;
    tenancy::enter(&state.db, &caller, &code).await
}

async fn enter_as_admin(state: &AppState, parts: &Parts, tenant: &str) -> Result<TenantScope> {
    let scope = enter(state, parts, tenant).await?;
    if scope.role() != Role::Admin {
        return Err(Error::Forbidden);
    }
    Ok(scope)
}

/// The answer, or the page of its error.
fn finish(state: &AppState, parts: &Parts, result: Result<Response>) -> Response {
    result.unwrap_or_else(|error| {
        let request_id = session::id_of(&parts.extensions);
        let error = error.into_app(&request_id);
        let frame = session::frame_of(&state.auth.config.css_href, &parts.extensions, &parts.headers);
        answer::error(parts.uri.path(), frame, &request_id, answer::status_of(&error), &error)
    })
}

async fn own_page(state: &AppState, parts: &Parts, tenant: &str) -> Result<Response> {
    let scope = enter(state, parts, tenant).await?;
    let mut tx = state.db.read(&scope).await?;
    let own = usage::own_budgets(&scope, &mut tx, &state.world).await?;
    let page = BudgetsPage {
        frame: session::frame_of(&state.auth.config.css_href, &parts.extensions, &parts.headers),
        tenant: scope.code().clone(),
        locale: scope.locale(),
        offset_minutes: tenancy::utc_offset_minutes(scope.time_zone(), state.world.now()),
        budgets: own.into_iter().map(|budget| (card(&budget), own_request(budget.request))).collect(),
        is_admin: scope.role() == Role::Admin,
    };
    Ok((StatusCode::OK, Html(plain::budgets(&page))).into_response())
}

async fn requests_page(state: &AppState, parts: &Parts, tenant: &str, is_decided: bool) -> Result<Response> {
    let scope = enter_as_admin(state, parts, tenant).await?;
    let mut tx = state.db.read(&scope).await?;
    let open = usage::open_requests(&scope, &mut tx, &state.world).await?;
    let request = |(request, budget): (BudgetRequest, OwnBudget)| OpenRequest {
        id: request.id.to_string(),
        person: request.user_name,
        reason: request.reason,
        budget: card(&budget),
    };
    let page = BudgetRequestsPage {
        frame: session::frame_of(&state.auth.config.css_href, &parts.extensions, &parts.headers),
        tenant: scope.code().clone(),
        locale: scope.locale(),
        offset_minutes: tenancy::utc_offset_minutes(scope.time_zone(), state.world.now()),
        requests: open.into_iter().map(request).collect(),
        is_decided,
    };
    Ok((StatusCode::OK, Html(plain::budget_requests(&page))).into_response())
}

fn card(budget: &OwnBudget) -> BudgetCard {
    let used = &budget.used;
    BudgetCard {
        id: budget.id.to_string(),
        name: budget.name.clone(),
        limits: budget.limits,
        used: [used.input_tokens, used.output_tokens, used.requests],
        cost: Money(used.pico_usd),
        percent: budget.percent,
        resets_at: budget.resets_at,
    }
}

fn own_request(request: Option<BudgetRequest>) -> OwnRequest {
    let Some(request) = request else { return OwnRequest::None };
    match request.state {
        RequestState::Open => OwnRequest::Open { reason: request.reason },
        RequestState::Granted => OwnRequest::Granted { answer: request.answer },
        RequestState::Declined => OwnRequest::Declined { answer: request.answer },
    }
}
