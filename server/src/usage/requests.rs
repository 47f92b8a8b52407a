//! More than a budget gives: people ask, administrators grant it for this window only, or decline.

use app::model::{BudgetLimits, Timestamp};
use uuid::Uuid;

use super::{
    notices::level,
    soft::{fullest, reached},
    window::window,
    words::{begins_anew, budget_name},
};
use crate::{
    db::{
        TenantScope, Tx,
        budget::{
            BudgetOnPath, Period, ScopeKind, budget_path,
            grant::{Granted, MOST_GRANTED, NewGrant, grant_put},
            list::{BudgetLine, budget_get},
            notice::NoticeKind,
            request::{
                BudgetRequest, RequestState, request_decide, request_find, request_insert, request_list,
                request_list_own,
            },
            window::{WindowState, window_ensure},
        },
        ledger::{Amounts, Books, WindowKey},
    },
    error::{Error, Result},
    world::World,
};

/// A reason or an answer, bytes at most.
const MAX_WORDS_BYTES: usize = 1_000;

/// Requests on a page.
const MOST_REQUESTS: i64 = 200;

/// What became of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Now,
    /// There is an open request already; it stays as it is.
    Before,
}

/// A budget that a person spends from, and whether they have asked for more.
#[derive(Clone, Debug)]
pub struct OwnBudget {
    pub id: Uuid,
    /// `PRS Textile's monthly budget`.
    pub name: String,
    /// With what was granted.
    pub limits: BudgetLimits,
    /// Settled and held.
    pub used: Amounts,
    /// Of the fullest of its limits; `None`: nothing is limited.
    pub percent: Option<u32>,
    pub level: Option<NoticeKind>,
    /// `None`: never.
    pub resets_at: Option<Timestamp>,
    /// The newest in this window.
    pub request: Option<BudgetRequest>,
}

/// The budgets that a person spends from in the chat, with their requests: the tenant's first, months before other periods.
///
/// # Errors
/// Database errors.
pub async fn own_budgets(scope: &TenantScope, tx: &mut Tx, world: &World) -> Result<Vec<OwnBudget>> {
    let now = world.now();
    let mut path = budget_path(Books::of(scope), tx, scope.user(), now).await?;
    path.retain(|budget| budget.is_active);
    path.sort_by_key(|budget| (budget.scope != ScopeKind::Tenant, budget.period != Period::Month));
    let requests = request_list_own(scope, tx, now).await?;
    let mut own = Vec::with_capacity(path.len());
    for budget in path {
        let state = state_at(&budget, now)?;
        let used = state.settled.and(&state.reserved);
        let key = WindowKey { budget: budget.id, start: state.start };
        own.push(OwnBudget {
            id: budget.id,
            name: budget_name(budget.scope, budget.period, scope.tenant_name(), scope.user_name()),
            limits: budget.limits,
            percent: fullest(&budget.limits, &used),
            used,
            level: level(&budget),
            resets_at: begins_anew(budget.period, state.end),
            request: requests.iter().find(|request| request.window == key).cloned(),
        });
    }
    Ok(own)
}

/// A budget as everybody of the tenant may be told of it.
fn shown(line: &BudgetLine, scope: &TenantScope, now: Timestamp) -> Result<OwnBudget> {
    let state = match line.window {
        Some(state) => state,
        None => {
            let window = window(line.key.period, line.time_zone, now)?;
            WindowState::empty(window.start, window.end)
        }
    };
    let used = state.settled.and(&state.reserved);
    let limits = line.effective();
    Ok(OwnBudget {
        id: line.id,
        name: budget_name(line.key.scope, line.key.period, scope.tenant_name(), &line.owner),
        limits,
        percent: fullest(&limits, &used),
        used,
        level: reached(&limits, line.soft_percent, &state.settled),
        resets_at: begins_anew(line.key.period, state.end),
        request: None,
    })
}

/// The tenant's open requests, oldest first, at most 200, each with its budget.
///
/// # Errors
/// Database errors.
pub async fn open_requests(scope: &TenantScope, tx: &mut Tx, world: &World) -> Result<Vec<(BudgetRequest, OwnBudget)>> {
    let (books, now) = (Books::of(scope), world.now());
    let mut open = Vec::new();
    for request in request_list(books, tx, now, Uuid::nil(), MOST_REQUESTS, true).await? {
        if let Some(line) = budget_get(books, tx, now, request.window.budget).await? {
            open.push((request, shown(&line, scope, now)?));
        }
    }
    Ok(open)
}

fn state_at(budget: &BudgetOnPath, now: Timestamp) -> Result<WindowState> {
    match budget.window {
        Some(state) => Ok(state),
        None => {
            let window = window(budget.period, budget.time_zone, now)?;
            Ok(WindowState::empty(window.start, window.end))
        }
    }
}

/// Asks for more of a budget in its current window.
///
/// # Errors
/// [`Error::NotFound`] for a budget that the person does not spend from, [`Error::Invalid`] for no reason or a long one;
/// database errors.
pub async fn ask_for_more(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    budget: Uuid,
    reason: &str,
) -> Result<Asked> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "say in a few words what it is for"));
    }
    check_words("reason", reason)?;
    let (books, now) = (Books::of(scope), world.now());
    let path = budget_path(books, tx, scope.user(), now).await?;
    let on_path = path.into_iter().find(|on_path| on_path.id == budget && on_path.is_active).ok_or(Error::NotFound)?;
    let state = state_at(&on_path, now)?;
    let key = WindowKey { budget, start: state.start };
    window_ensure(books, tx, key, state.end).await?;
    let is_new = request_insert(scope, tx, world.id(), key, reason, now).await?;
    if is_new {
        metrics::counter!("steward_budget_requests_total").increment(1);
    }
    Ok(if is_new { Asked::Now } else { Asked::Before })
}

/// Grants a request: so much more, in the request's window. `by`: who says so, as it is kept.
///
/// # Errors
/// [`Error::NotFound`] for no request of this tenant; [`Error::Conflict`] when it was decided before or its window is
/// over; [`Error::Invalid`] for nothing, less than nothing, what is not limited, or more than can be granted; database
/// errors.
pub async fn grant(
    books: Books,
    tx: &mut Tx,
    world: &World,
    request: Uuid,
    granted: Granted,
    answer: &str,
    by: &str,
) -> Result<()> {
    check_words("answer", answer)?;
    let now = world.now();
    let request = open_request(books, tx, request, now).await?;
    let budget = budget_get(books, tx, now, request.window.budget).await?.ok_or(Error::NotFound)?;
    check_grant(&budget.limits, &granted)?;
    if !request_decide(books, tx, request.id, RequestState::Granted, answer.trim(), by, now).await? {
        return Err(decided());
    }
    let grant = NewGrant {
        id: world.id(),
        window: request.window,
        request: Some(request.id),
        granted,
        reason: &request.reason,
        by,
    };
    grant_put(books, tx, &grant, now).await?;
    Ok(())
}

/// Declines a request with a word.
///
/// # Errors
/// As [`grant`].
pub async fn decline(books: Books, tx: &mut Tx, world: &World, request: Uuid, answer: &str, by: &str) -> Result<()> {
    check_words("answer", answer)?;
    let now = world.now();
    let request = open_request(books, tx, request, now).await?;
    if !request_decide(books, tx, request.id, RequestState::Declined, answer.trim(), by, now).await? {
        return Err(decided());
    }
    Ok(())
}

async fn open_request(books: Books, tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<BudgetRequest> {
    let request = request_find(books, tx, id).await?.ok_or(Error::NotFound)?;
    if request.state != RequestState::Open {
        return Err(decided());
    }
    if request.window_end <= now {
        return Err(Error::Conflict("This budget has begun anew since; there is nothing left to grant.".to_owned()));
    }
    Ok(request)
}

fn decided() -> Error {
    Error::Conflict("This request was decided already.".to_owned())
}

fn check_words(field: &'static str, words: &str) -> Result<()> {
    if words.len() > MAX_WORDS_BYTES {
        return Err(Error::invalid(field, format!("use at most {MAX_WORDS_BYTES} bytes")));
    }
    if words.contains('\0') {
        return Err(Error::invalid(field, "this contains a character that cannot be stored (NUL)"));
    }
    Ok(())
}

fn check_grant(limits: &BudgetLimits, granted: &Granted) -> Result<()> {
    let each = granted.each();
    if each.iter().any(|amount| !(0..=MOST_GRANTED).contains(amount)) {
        return Err(Error::invalid("amount", "what is granted is zero or more, and can be counted"));
    }
    let limited =
        [limits.input_tokens, limits.output_tokens, limits.tokens, limits.requests, limits.cost.map(|cost| cost.0)];
    if each.iter().zip(limited).any(|(amount, limit)| *amount > 0 && limit.is_none()) {
        return Err(Error::invalid("amount", "this budget does not limit what you want to grant"));
    }
    if each.iter().all(|amount| *amount == 0) {
        return Err(Error::invalid("amount", "say how much more"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_of_what_is_limited_is_granted() {
        let limits = BudgetLimits { tokens: Some(5), ..BudgetLimits::default() };
        let tokens = |tokens| Granted { tokens, ..Granted::default() };
        assert!(check_grant(&limits, &tokens(1)).is_ok());
        assert!(check_grant(&limits, &tokens(MOST_GRANTED)).is_ok());
        for wrong in [tokens(0), tokens(-1), tokens(MOST_GRANTED + 1), Granted { requests: 1, ..tokens(1) }] {
            assert!(check_grant(&limits, &wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn reasons_and_answers_are_short_and_can_be_stored() {
        assert!(check_words("reason", "").is_ok());
        assert!(check_words("reason", &"x".repeat(MAX_WORDS_BYTES)).is_ok());
        assert!(check_words("reason", &"x".repeat(MAX_WORDS_BYTES + 1)).is_err());
        assert!(check_words("reason", "a\0b").is_err());
    }
}
