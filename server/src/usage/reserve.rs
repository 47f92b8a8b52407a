//! Reserving: a call is let through when its upper bound fits in every budget on its path.

use app::model::{BudgetRefusal, ModelCallId, Timestamp};

use super::{
    Hold, ReserveError, ReserveRequest,
    admission::{Ask, Fit, NoFit, fit},
    limits::{default_limits, tenant_month},
    window::{local_date, window},
    words::refusal,
};
use crate::{
    db::{
        Error, Result, TenantScope, Tx,
        budget::{
            BudgetOnPath, ScopeKind, budget_ensure, budget_path,
            window::{WindowState, window_ensure, window_lock, window_reserve, window_unreserve},
        },
        ledger::{Amounts, Books, Entry, WindowKey, hold_insert, ledger_append},
        model_call::{NewCall, call_insert},
    },
    models::Permit,
    world::World,
};

/// How long a call may go without a checkpoint before it is taken for dead.
pub(super) const LEASE_MS: i64 = 60_000;

/// The first attempt reads without a lock; when others were faster, the next read behind locks and cannot be overtaken.
const ATTEMPTS: usize = 3;

/// Reserves one model call in the caller's transaction: an upper bound of its cost is held in every budget on the path,
/// or nothing is and the refusal says which limit. Clamps the output to the headroom when the wish does not fit but
/// `output_floor` does. A tenant that was never given a budget gets the default one.
///
/// # Errors
/// [`ReserveError::Refused`]: roll the transaction back and tell the person.
pub async fn reserve(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    request: ReserveRequest<'_>,
) -> std::result::Result<Hold, ReserveError> {
    let ask = ask(&request)?;
    let books = Books::of(scope);
    let now = world.now();
    let mut path = path_with_windows(books, scope, tx, world, now).await?;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            for key in keys(&path) {
                window_lock(books, tx, key).await?;
            }
            path = path_with_windows(books, scope, tx, world, now).await?;
        }
        let fit = fit(&ask, &path).map_err(|no_fit| refused(scope, &path, no_fit))?;
        if hold_in_all(books, tx, &path, fit.amounts).await? {
            return Ok(admit(scope, tx, world, &request, &ask, fit, &keys(&path)).await?);
        }
    }
    // Only limits that are lowered at this very moment lead here.
    Err(Error::Misuse("the budgets changed under locked windows".to_owned()).into())
}

/// The request within what its model can do at all.
fn ask<'a>(request: &ReserveRequest<'a>) -> Result<Ask<'a>> {
    if request.input_bound < 0 {
        return Err(Error::Misuse(format!("a bound of {} input tokens", request.input_bound)));
    }
    let model = request.model;
    // A provider never reads more than the model's window.
    let input_bound = request.input_bound.min(model.context_tokens.max(0));
    Ok(Ask {
        input_bound,
        output_wanted: request.output_wanted.clamp(0, model.max_output_tokens.max(0)),
        output_floor: request.output_floor,
        price: request.price,
    })
}

/// The budgets on the path, each with its window of now.
async fn path_with_windows(
    books: Books,
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    now: Timestamp,
) -> Result<Vec<BudgetOnPath>> {
    let mut path = budget_path(books, tx, scope.user(), now).await?;
    if !path.iter().any(|budget| budget.scope == ScopeKind::Tenant) {
        budget_ensure(books, tx, world.id(), tenant_month(scope.tenant()), default_limits(), now).await?;
        path = budget_path(books, tx, scope.user(), now).await?;
    }
    for budget in &mut path {
        if budget.window.is_none() {
            let new = window(budget.period, budget.time_zone, now)?;
            let key = WindowKey { budget: budget.id, start: new.start };
            window_ensure(books, tx, key, new.end).await?;
            budget.window = Some(WindowState::empty(new.start, new.end));
        }
    }
    Ok(path)
}

fn keys(path: &[BudgetOnPath]) -> Vec<WindowKey> {
    path.iter()
        .filter_map(|budget| Some(WindowKey { budget: budget.id, start: budget.window.as_ref()?.start }))
        .collect()
}

/// Holds the amounts in every window, in the order of the budgets' ids (no deadlocks), or in none.
async fn hold_in_all(books: Books, tx: &mut Tx, path: &[BudgetOnPath], amounts: Amounts) -> Result<bool> {
    let keys = keys(path);
    for (at, key) in keys.iter().enumerate() {
        if window_reserve(books, tx, *key, amounts).await? {
            continue;
        }
        for earlier in keys.iter().take(at) {
            window_unreserve(books, tx, *earlier, amounts).await?;
        }
        return Ok(false);
    }
    Ok(true)
}

/// Writes the call, its holds and its ledger lines.
async fn admit(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    request: &ReserveRequest<'_>,
    ask: &Ask<'_>,
    fit: Fit,
    windows: &[WindowKey],
) -> Result<Hold> {
    let books = Books::of(scope);
    let now = world.now();
    let call: ModelCallId = world.id();
    let new = NewCall {
        id: call,
        user: scope.user(),
        turn: request.turn,
        step: request.step,
        attempt: request.attempt,
        purpose: request.purpose.as_str(),
        provider: request.model.provider.as_str(),
        model: &request.model.id.0,
        price: request.price,
        input_bound: ask.input_bound,
        output_cap: fit.output_cap,
        lease_until: Timestamp(now.0.saturating_add(LEASE_MS)),
        local_day: local_date(scope.time_zone(), now)?.to_days(),
        now,
    };
    call_insert(books, tx, &new).await?;
    hold_insert(books, tx, call, windows, fit.amounts).await?;
    let lines: Vec<_> = windows.iter().map(|window| (Entry::Reserve, *window, fit.amounts)).collect();
    ledger_append(books, tx, call, &lines, now).await?;
    Ok(Hold::new(Permit::new(call, fit.output_cap), ask.input_bound, request.price.cloned()))
}

fn refused(scope: &TenantScope, path: &[BudgetOnPath], no_fit: NoFit) -> ReserveError {
    let refusal = path.get(no_fit.budget).map_or_else(
        || BudgetRefusal {
            budget: format!("{}'s budget", scope.tenant_name()),
            limit: "no budget applies".to_owned(),
            resets_at: Timestamp(0),
            contact: String::new(),
        },
        |budget| {
            let resets_at = budget.window.as_ref().map_or(Timestamp(0), |window| window.end);
            refusal(budget, no_fit.limit, scope.tenant_name(), scope.user_name(), resets_at)
        },
    );
    metrics::counter!("steward_budget_refusals_total").increment(1);
    ReserveError::Refused(refusal)
}
