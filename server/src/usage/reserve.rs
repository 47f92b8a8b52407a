//! Reserving: calls are let through when their upper bounds fit in every budget on their paths.
//!
//! Many are reserved at once by [`reserve_all`]: what each may have follows from the windows as read and from those let
//! in before it, and each window is then written once, with all of it.

use std::collections::{BTreeMap, HashMap};

use app::model::{ApiKeyId, BudgetRefusal, ModelCallId, Timestamp};

use super::{
    Hold, RatesLeft, ReserveError, ReserveRequest,
    admission::{Ask, Fit, NoFit, fit},
    limits::{default_limits, tenant_month},
    notices::level,
    rates,
    window::{local_date, window},
    words::refusal,
};
use crate::{
    db::{
        Error, Result, TenantScope, Tx,
        budget::{
            BudgetOnPath, Payer, Period, ScopeKind, budget_ensure, budget_path,
            window::{WindowState, window_ensure, window_lock, window_reserve, window_unreserve},
        },
        key_minute::{KeyUse, key_use, key_use_add, minute_of},
        ledger::{Amounts, Books, Entry, Line, WindowKey, holds_insert, ledger_insert},
        model_call::{NewCall, calls_insert},
    },
    models::{MAX_ROUNDS, Permit},
    world::World,
};

/// How long a call may go without a checkpoint before it is taken for dead.
pub(super) const LEASE_MS: i64 = 60_000;

/// The first attempt reads without a lock; when others were faster, the next read behind locks and cannot be overtaken.
const ATTEMPTS: usize = 3;

/// One call that somebody wants to make.
#[derive(Clone)]
pub(super) struct Wanted<'a> {
    pub scope: &'a TenantScope,
    pub request: ReserveRequest<'a>,
}

/// A window of somebody's books; they are locked in this order.
type BooksWindow = (Books, WindowKey);

/// Reserves one model call in the caller's transaction: an upper bound of its cost is held in every budget on the path,
/// or nothing is and the refusal says which limit. Clamps the output to the headroom when the wish does not fit but
/// `output_floor` does. A tenant that was never given a budget gets the default one.
///
/// # Errors
/// [`ReserveError::Refused`], [`ReserveError::TooFast`]: roll the transaction back and tell the person.
pub async fn reserve(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    request: ReserveRequest<'_>,
) -> std::result::Result<Hold, ReserveError> {
    let mut reserved = reserve_all(tx, world, &[Wanted { scope, request }]).await?;
    reserved.pop().ok_or_else(|| Error::Misuse("nothing was reserved".to_owned()))?
}

/// Reserves many calls; each is let in or refused by itself, in their order.
///
/// # Errors
/// Database errors; nothing is reserved then.
pub(super) async fn reserve_all(
    tx: &mut Tx,
    world: &World,
    wanted: &[Wanted<'_>],
) -> Result<Vec<std::result::Result<Hold, ReserveError>>> {
    let now = world.now();
    let mut windows = Vec::new();
    for _ in 0..ATTEMPTS {
        // None at first.
        for (books, key) in &windows {
            window_lock(*books, tx, *key).await?;
        }
        let mut plan = Plan::read(tx, world, wanted, now).await?;
        let decided: Vec<_> = wanted.iter().map(|wanted| plan.decide(wanted, now)).collect();
        windows = plan.totals.keys().copied().collect();
        if hold_in_all(tx, &plan.totals).await? {
            return admit(tx, world, wanted, &plan, decided, now).await;
        }
    }
    // Only limits that are lowered at this very moment lead here.
    Err(Error::Misuse("the budgets changed under locked windows".to_owned()))
}

/// The budgets of everybody who wants something, and what has been let in so far.
struct Plan {
    budgets: HashMap<BooksWindow, BudgetOnPath>,
    paths: HashMap<(Books, Payer), Vec<BooksWindow>>,
    keys: BTreeMap<(Books, ApiKeyId), KeyPlan>,
    totals: BTreeMap<BooksWindow, Amounts>,
}

/// A key with rates.
#[derive(Default)]
struct KeyPlan {
    used: KeyUse,
    requests: i64,
    tokens: i64,
}

/// A call that was let in.
struct Decided {
    fit: Fit,
    rates_left: Option<RatesLeft>,
    is_soft: bool,
}

fn payer(wanted: &Wanted<'_>) -> Payer {
    let via = wanted.request.via;
    Payer { user: wanted.scope.user(), key: via.map(|via| via.key), profile: via.and_then(|via| via.profile) }
}

/// The key whose rates are to be kept.
fn rated_key(wanted: &Wanted<'_>) -> Option<(Books, ApiKeyId)> {
    let via = wanted.request.via.filter(|via| !via.rates.is_unlimited())?;
    Some((Books::of(wanted.scope), via.key))
}

impl Plan {
    async fn read(tx: &mut Tx, world: &World, wanted: &[Wanted<'_>], now: Timestamp) -> Result<Self> {
        let mut plan =
            Self { budgets: HashMap::new(), paths: HashMap::new(), keys: BTreeMap::new(), totals: BTreeMap::new() };
        for wanted in wanted {
            let books = Books::of(wanted.scope);
            let payer = payer(wanted);
            if !plan.paths.contains_key(&(books, payer)) {
                let mut path = Vec::new();
                for (window, budget) in path_with_windows(books, payer, wanted.scope, tx, world, now).await? {
                    path.push((books, window));
                    plan.budgets.entry((books, window)).or_insert(budget);
                }
                plan.paths.insert((books, payer), path);
            }
            if let Some((books, key)) = rated_key(wanted)
                && !plan.keys.contains_key(&(books, key))
            {
                let used = key_use(books, tx, key, minute_of(now)).await?;
                plan.keys.insert((books, key), KeyPlan { used, ..KeyPlan::default() });
            }
        }
        Ok(plan)
    }

    fn path(&self, wanted: &Wanted<'_>) -> &[BooksWindow] {
        self.paths.get(&(Books::of(wanted.scope), payer(wanted))).map_or(&[], Vec::as_slice)
    }

    /// Lets one call in, or not; those before it count.
    fn decide(&mut self, wanted: &Wanted<'_>, now: Timestamp) -> std::result::Result<Decided, ReserveError> {
        let ask = ask(&wanted.request)?;
        let path: Vec<BooksWindow> = self.path(wanted).to_vec();
        let budgets: Vec<&BudgetOnPath> = path.iter().filter_map(|key| self.budgets.get(key)).collect();
        let fit = fit(&ask, budgets.iter().copied()).map_err(|no_fit| refused(wanted.scope, &budgets, no_fit))?;
        let tokens = fit.amounts.tokens();
        let is_soft = budgets.iter().any(|budget| level(budget).is_some());
        let mut rates_left = None;
        if let (Some(key), Some(via)) = (rated_key(wanted), wanted.request.via) {
            let plan = self.keys.entry(key).or_default();
            let left = rates::admit(via.rates, &plan.used, tokens, now).map_err(ReserveError::TooFast)?;
            plan.used.requests += 1;
            plan.used.open += 1;
            plan.used.tokens = plan.used.tokens.saturating_add(tokens);
            plan.requests += 1;
            plan.tokens = plan.tokens.saturating_add(tokens);
            rates_left = Some(left);
        }
        for key in path {
            if let Some(window) = self.budgets.get_mut(&key).and_then(|budget| budget.window.as_mut()) {
                window.reserved = window.reserved.and(&fit.amounts);
            }
            let total = self.totals.entry(key).or_default();
            *total = total.and(&fit.amounts);
        }
        Ok(Decided { fit, rates_left, is_soft })
    }
}

/// The request within what its model can do at all.
fn ask<'a>(request: &ReserveRequest<'a>) -> Result<Ask<'a>> {
    if request.input_bound < 0 || request.searches < 0 {
        let bounds = (request.input_bound, request.searches);
        return Err(Error::Misuse(format!("bounds of {} input tokens and {} searches", bounds.0, bounds.1)));
    }
    let model = request.model;
    let window = model.context_tokens.max(0);
    // A provider never reads more than the model's window, and that once, unless it goes on by itself.
    let input_bound =
        if request.searches > 0 { window.saturating_mul(MAX_ROUNDS) } else { request.input_bound.min(window) };
    Ok(Ask {
        input_bound,
        output_wanted: request.output_wanted.clamp(0, model.max_output_tokens.max(0)),
        output_floor: request.output_floor,
        searches: request.searches,
        price: request.price,
    })
}

fn is_tenants_month(budget: &BudgetOnPath) -> bool {
    budget.scope == ScopeKind::Tenant && budget.period == Period::Month
}

/// The budgets on a path, each with its window of now.
async fn path_with_windows(
    books: Books,
    payer: Payer,
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    now: Timestamp,
) -> Result<Vec<(WindowKey, BudgetOnPath)>> {
    let mut path = budget_path(books, tx, payer, now).await?;
    if !path.iter().any(is_tenants_month) {
        budget_ensure(books, tx, world.id(), tenant_month(scope.tenant()), default_limits(), now).await?;
        path = budget_path(books, tx, payer, now).await?;
    }
    // The tenant's month counts even when it limits nothing: every call is in some window.
    path.retain(|budget| budget.is_active || is_tenants_month(budget));
    let mut with_windows = Vec::with_capacity(path.len());
    for mut budget in path {
        let start = match &budget.window {
            Some(window) => window.start,
            None => {
                let new = window(budget.period, budget.time_zone, now)?;
                window_ensure(books, tx, WindowKey { budget: budget.id, start: new.start }, new.end).await?;
                budget.window = Some(WindowState::empty(new.start, new.end));
                new.start
            }
        };
        with_windows.push((WindowKey { budget: budget.id, start }, budget));
    }
    Ok(with_windows)
}

/// Holds the amounts in every window, in their order (no deadlocks), or in none.
async fn hold_in_all(tx: &mut Tx, totals: &BTreeMap<BooksWindow, Amounts>) -> Result<bool> {
    for (at, ((books, key), amounts)) in totals.iter().enumerate() {
        if window_reserve(*books, tx, *key, *amounts).await? {
            continue;
        }
        for ((books, earlier), amounts) in totals.iter().take(at) {
            window_unreserve(*books, tx, *earlier, *amounts).await?;
        }
        return Ok(false);
    }
    Ok(true)
}

/// Writes the calls that were let in, their holds and their ledger lines.
async fn admit(
    tx: &mut Tx,
    world: &World,
    wanted: &[Wanted<'_>],
    plan: &Plan,
    decided: Vec<std::result::Result<Decided, ReserveError>>,
    now: Timestamp,
) -> Result<Vec<std::result::Result<Hold, ReserveError>>> {
    let mut calls = Vec::new();
    // What each of them holds.
    let mut lines = Vec::new();
    let mut holds = Vec::with_capacity(decided.len());
    for (wanted, decided) in wanted.iter().zip(decided) {
        let Decided { fit, rates_left, is_soft } = match decided {
            Ok(decided) => decided,
            Err(refusal) => {
                holds.push(Err(refusal));
                continue;
            }
        };
        let (books, request) = (Books::of(wanted.scope), &wanted.request);
        let cheaper = request.via.and_then(|via| via.cheaper.as_ref());
        let call: ModelCallId = world.id();
        calls.push(NewCall {
            books,
            id: call,
            user: wanted.scope.user(),
            turn: request.turn,
            step: request.step,
            attempt: request.attempt,
            purpose: request.purpose.as_str(),
            provider: request.model.provider.as_str(),
            model: &request.model.id.0,
            price: request.price,
            input_bound: fit.amounts.input_tokens,
            output_cap: fit.output_cap,
            search_bound: request.searches,
            lease_until: Timestamp(now.0.saturating_add(LEASE_MS)),
            local_day: local_date(wanted.scope.time_zone(), now)?.to_days(),
            now,
            key: request.via.map(|via| via.key),
            profile: request.via.and_then(|via| via.profile),
            client_format: request.via.map(|via| via.format),
            request_id: request.via.map(|via| via.request_id.as_str()),
            rule: cheaper.map(|cheaper| cheaper.rule),
            baseline_model: cheaper.map(|cheaper| cheaper.baseline_model.as_str()),
            baseline_price: cheaper.and_then(|cheaper| cheaper.baseline_price.as_ref()),
        });
        let line = |(books, window): &BooksWindow| Line { books: *books, call, window: *window, amounts: fit.amounts };
        lines.push(plan.path(wanted).iter().map(line).collect::<Vec<_>>());
        let permit = Permit::new(call, fit.output_cap);
        let baseline = cheaper.and_then(|cheaper| cheaper.baseline_price.clone());
        let price = request.price.cloned();
        let bounds = (fit.amounts.input_tokens, request.searches);
        holds.push(Ok(Hold::new(permit, bounds, price, baseline, rates_left, is_soft)));
    }
    let together = tx.rows_together();
    for (calls, lines) in calls.chunks(together).zip(lines.chunks(together)) {
        let lines = lines.concat();
        let reserved: Vec<_> = lines.iter().map(|line| (Entry::Reserve, *line)).collect();
        tx.insert_together(&[calls_insert(calls)?, holds_insert(&lines), ledger_insert(&reserved, now)]).await?;
    }
    for ((books, key), used) in plan.keys.iter().filter(|(_, used)| used.requests > 0) {
        key_use_add(*books, tx, *key, minute_of(now), used.requests, used.tokens).await?;
    }
    Ok(holds)
}

fn refused(scope: &TenantScope, path: &[&BudgetOnPath], no_fit: NoFit) -> ReserveError {
    let refusal = path.get(no_fit.budget).map_or_else(
        || BudgetRefusal {
            budget: format!("{}'s budget", scope.tenant_name()),
            limit: "no budget applies".to_owned(),
            resets_at: None,
            contact: String::new(),
            is_used_up: false,
            left: None,
        },
        |budget| {
            let resets_at = budget.window.as_ref().map_or(Timestamp(0), |window| window.end);
            refusal(budget, no_fit.limit, scope.tenant_name(), scope.user_name(), resets_at)
        },
    );
    metrics::counter!("steward_budget_refusals_total").increment(1);
    ReserveError::Refused(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        models::{Model, ModelId, ProviderKind},
        usage::Purpose,
    };

    #[test]
    fn a_request_is_kept_within_what_its_model_can_do() {
        let model = Model {
            id: ModelId("m".into()),
            name: "M".into(),
            provider: ProviderKind::Demo,
            context_tokens: 1_000,
            max_output_tokens: 100,
            sees_images: false,
        };
        let asked = |input_bound, output_wanted, searches| {
            let request = ReserveRequest {
                turn: None,
                step: 1,
                attempt: 1,
                purpose: Purpose::Answer,
                model: &model,
                price: None,
                input_bound,
                output_wanted,
                output_floor: 5,
                searches,
                via: None,
            };
            ask(&request).map(|ask| (ask.input_bound, ask.output_wanted, ask.output_floor)).ok()
        };
        let bounds = |input_bound, output_wanted| asked(input_bound, output_wanted, 0);
        assert_eq!(bounds(0, 0), Some((0, 0, 5)));
        assert_eq!(bounds(1_000, 100), Some((1_000, 100, 5)));
        assert_eq!(bounds(i64::MAX, i64::MAX), Some((1_000, 100, 5)));
        assert_eq!(bounds(1, -1), Some((1, 0, 5)));
        assert_eq!(bounds(-1, 1), None, "no bound is below zero");
        assert_eq!(asked(5, 1, 1), Some((10_000, 1, 5)), "ten rounds, each with a whole window");
        assert_eq!(asked(5, 1, -1), None);
    }
}
