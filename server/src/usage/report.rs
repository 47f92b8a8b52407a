//! What was used: by a turn, in the current month, by day and by person.

use app::model::{
    BudgetLimits, Date, Money, Timestamp, Tokens, TurnId, TurnUsage, UsageByDay, UsageByPerson, UsageMeter, UsageReport,
};

use super::{
    limits::default_limits,
    soft::fullest,
    window::{day_start, local_date, month_of, window},
};
use crate::{
    db::{
        Result, TenantScope, Tx,
        budget::{Period, ScopeKind, budget_path, window::WindowState},
        ledger::Books,
        model_call::sums::{call_sums_by_day, call_sums_by_person, call_sums_of_turn, worst_quality},
    },
    world::World,
};

/// People in a report; the rest is in the sums by day.
const MOST_PEOPLE: i64 = 500;

/// What a turn used in all its settled calls.
///
/// # Errors
/// Database errors.
pub async fn turn_usage(scope: &TenantScope, tx: &mut Tx, turn: TurnId, duration_ms: i64) -> Result<TurnUsage> {
    let sums = call_sums_of_turn(scope, tx, turn).await?;
    Ok(TurnUsage {
        tokens: sums.tokens,
        cost: sums.cost,
        quality: sums.quality,
        calls: sums.requests,
        duration_ms,
        first_token_ms: None,
        tool_ms: 0,
    })
}

/// The tenant's current month against its budget.
///
/// # Errors
/// Database errors.
pub async fn meter(scope: &TenantScope, tx: &mut Tx, world: &World) -> Result<UsageMeter> {
    meter_at(scope, tx, world.now()).await
}

/// A month by day and by person. The days are the tenant's, and a call belongs to the day it was admitted on.
///
/// # Errors
/// Database errors.
pub async fn report(scope: &TenantScope, tx: &mut Tx, world: &World, month: Option<Date>) -> Result<UsageReport> {
    let today = local_date(scope.time_zone(), world.now())?;
    let (first, last) = month_of(month.unwrap_or(today));
    let meter = if first == month_of(today).0 {
        meter(scope, tx, world).await?
    } else {
        // Any instant well inside that month names its window.
        let inside = day_start(scope.time_zone(), Date { day: 15, ..first })?;
        meter_at(scope, tx, inside).await?
    };
    let by_day = call_sums_by_day(scope, tx, first, last).await?;
    let by_person = call_sums_by_person(scope, tx, first, last, MOST_PEOPLE).await?;
    Ok(UsageReport {
        month: first,
        meter,
        by_day: by_day
            .into_iter()
            .map(|(day, sums)| UsageByDay {
                day,
                tokens: sums.tokens,
                requests: sums.requests,
                cost: sums.cost,
                quality: sums.quality,
            })
            .collect(),
        by_person: by_person
            .into_iter()
            .map(|(user, name, sums)| UsageByPerson {
                user,
                name: name.unwrap_or_else(|| "(no longer here)".to_owned()),
                tokens: sums.tokens,
                requests: sums.requests,
                cost: sums.cost,
                quality: sums.quality,
            })
            .collect(),
    })
}

/// The tenant's monthly budget in the window of an instant.
async fn meter_at(scope: &TenantScope, tx: &mut Tx, at: Timestamp) -> Result<UsageMeter> {
    let path = budget_path(Books::of(scope), tx, scope.user(), at).await?;
    let notice = super::notices::notice(scope, tx, &path, at).await?;
    let budget = path.into_iter().find(|b| b.scope == ScopeKind::Tenant && b.period == Period::Month);
    let (limits, state) = match budget {
        Some(budget) => (budget.limits, budget.window),
        None => (default_limits(), None),
    };
    let state = match state {
        Some(state) => state,
        None => {
            let empty = window(Period::Month, scope.time_zone(), at)?;
            WindowState::empty(empty.start, empty.end)
        }
    };
    Ok(UsageMeter {
        percent: percent(&limits, &state),
        used: used(&state),
        requests: state.settled.requests.saturating_add(state.reserved.requests),
        cost: Money(state.settled.pico_usd.saturating_add(state.reserved.pico_usd)),
        limits,
        resets_at: state.end,
        quality: worst_quality(state.estimated_calls, state.unknown_calls),
        notice,
    })
}

/// Settled by class, and what is held as plain input and output.
fn used(state: &WindowState) -> Tokens {
    let cached = state.cache_read.saturating_add(state.cache_write_5m).saturating_add(state.cache_write_1h);
    let plain = state.settled.input_tokens.saturating_sub(cached);
    Tokens {
        input: plain.saturating_add(state.reserved.input_tokens),
        cache_read: state.cache_read,
        cache_write_5m: state.cache_write_5m,
        cache_write_1h: state.cache_write_1h,
        output: state.settled.output_tokens.saturating_add(state.reserved.output_tokens),
    }
}

/// The fullest of the limits, rounded down so that 100 means full. A limit of zero is full from the start.
fn percent(limits: &BudgetLimits, state: &WindowState) -> Option<u32> {
    fullest(limits, &state.settled.and(&state.reserved))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(input: i64, requests: i64) -> WindowState {
        let mut state = WindowState::empty(Timestamp(0), Timestamp(1));
        state.settled.input_tokens = input;
        state.reserved.requests = requests;
        state
    }

    #[test]
    fn the_fullest_limit_counts() {
        let limits = BudgetLimits { input_tokens: Some(1_000), requests: Some(10), ..BudgetLimits::default() };
        assert_eq!(percent(&limits, &state(999, 3)), Some(99));
        assert_eq!(percent(&limits, &state(0, 10)), Some(100));
        assert_eq!(percent(&limits, &state(2_500, 0)), Some(250));
    }

    #[test]
    fn no_limit_has_no_percentage_and_zero_is_full() {
        assert_eq!(percent(&BudgetLimits::default(), &state(5, 5)), None);
        let zero = BudgetLimits { cost: Some(Money(0)), ..BudgetLimits::default() };
        assert_eq!(percent(&zero, &state(0, 0)), Some(100));
        let huge = BudgetLimits { input_tokens: Some(1), ..BudgetLimits::default() };
        assert_eq!(percent(&huge, &state(i64::MAX, 0)), Some(u32::MAX));
    }

    #[test]
    fn the_classes_add_up_to_what_is_settled_and_held() {
        let mut state = state(100, 0);
        state.cache_read = 60;
        state.cache_write_5m = 10;
        state.reserved.input_tokens = 7;
        let used = used(&state);
        assert_eq!((used.input, used.cache_read, used.input_total()), (37, 60, 107));
    }
}
