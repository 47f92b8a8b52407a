//! What was used: by a turn, in the current month, and divided by whatever a report asks for ([`breakdown`]), as a page
//! shows it or as a file ([`csv`]).

pub mod breakdown;
pub mod csv;
pub mod reader;
mod tools;

use app::model::{
    BudgetLimits, Date, Money, Timestamp, Tokens, TurnId, TurnUsage, UsageBreakdown, UsageBy, UsageByDay, UsageMeter,
    UsageReport,
};

use self::breakdown::{Listing, Which, day_rows, listing, total_of};
pub use self::{reader::Reader, tools::note_tools};
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
        model_call::sums::{call_sums_of_turn, worst_quality},
        usage_day::sums::{DayRange, Part, Sum, usage_by_day},
    },
    world::World,
};

/// Rows on a page; the rest is in the file.
const MOST_ROWS: i64 = 100;

/// First and last day of the current month of a zone.
///
/// # Errors
/// A clock outside the calendar.
pub fn month_in(zone: chrono_tz::Tz, world: &World) -> Result<(Date, Date)> {
    Ok(month_of(local_date(zone, world.now())?))
}

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

/// A month by day, and divided by one thing. The days are the tenant's, and a call belongs to the day it was admitted on.
///
/// # Errors
/// Database errors.
pub async fn report(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    month: Option<Date>,
    by: UsageBy,
) -> Result<UsageReport> {
    let today = local_date(scope.time_zone(), world.now())?;
    let (first, last) = month_of(month.unwrap_or(today));
    let meter = if first == month_of(today).0 {
        meter(scope, tx, world).await?
    } else {
        meter_at(scope, tx, day_start(scope.time_zone(), first)?).await?
    };
    let range = DayRange { books: Books::of(scope), first, last, user: None };
    let days = usage_by_day(tx, &range, &Part { after: None, dearest_first: false, limit: 31 }).await?;
    let total = total_of(&days);
    // What is known by now is not read again: each reading goes through all sums of the month.
    let listing = match by {
        UsageBy::Tenant => Listing { rows: vec![total.clone()], ..Listing::default() },
        UsageBy::Day => Listing { rows: day_rows(days.clone()), ..Listing::default() },
        _ => listing(tx, &range, by, Which { after: None, dearest_first: true, limit: MOST_ROWS }).await?,
    };
    Ok(UsageReport {
        month: first,
        meter,
        by_day: days
            .into_iter()
            .map(|Sum { key, sums, .. }| UsageByDay {
                day: key,
                tokens: sums.tokens,
                requests: sums.requests,
                cost: Money(sums.cost_pico.saturating_add(sums.adjusted_pico)),
                quality: worst_quality(sums.estimated_calls, sums.unknown_calls),
            })
            .collect(),
        breakdown: UsageBreakdown { by, total, rows: listing.rows, tools: listing.tools, more: listing.next.is_some() },
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
