//! Setting limits.

use app::model::{BudgetLimits, Money, TenantId};

use super::words::{count, money, thousands};
use crate::{
    db::{
        Error, Result, SystemTx,
        budget::{BudgetKey, Period, ScopeKind, budget_configure, budget_put, list::budget_find},
        ledger::{Amounts, Books},
    },
    world::World,
};

/// The mission's defaults: 1,000,000 input and 500,000 output tokens and 10,000 requests a month.
#[must_use]
pub fn default_limits() -> BudgetLimits {
    BudgetLimits {
        input_tokens: Some(1_000_000),
        output_tokens: Some(500_000),
        requests: Some(10_000),
        ..BudgetLimits::default()
    }
}

/// The one budget every tenant has: a calendar month's.
#[must_use]
pub fn tenant_month(tenant: TenantId) -> BudgetKey {
    BudgetKey { scope: ScopeKind::Tenant, scope_id: tenant.0, period: Period::Month }
}

/// Sets the tenant's monthly budget (administration, demo seed). The default for a new tenant is
/// [`default_limits`], which also holds for a tenant that was never given one. What is spent stays spent.
///
/// # Errors
/// Database errors; [`Error::Misuse`] for a negative limit.
pub async fn set_budget(tx: &mut SystemTx, world: &World, tenant: TenantId, limits: BudgetLimits) -> Result<()> {
    not_negative(&limits)?;
    let books = Books::within(tx, tenant);
    budget_put(books, tx, world.id(), tenant_month(tenant), limits, world.now()).await
}

fn not_negative(limits: &BudgetLimits) -> Result<()> {
    let cost = limits.cost.map(|cost| cost.0);
    let all = [limits.input_tokens, limits.output_tokens, limits.tokens, limits.requests, cost];
    if all.iter().flatten().any(|limit| *limit < 0) {
        return Err(Error::Misuse("a budget's limit is zero or more".to_owned()));
    }
    Ok(())
}

/// A budget of anybody's as an administrator sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetSettings {
    pub limits: BudgetLimits,
    /// From this share of a limit on people are told, 1–100; `None`: they are not.
    pub soft_percent: Option<i64>,
    /// `false`: it limits nobody; what was spent stays booked. (A tenant's month goes on counting.)
    pub is_active: bool,
}

impl BudgetSettings {
    /// What a new budget begins with: no limit yet, and 80 %.
    pub const NEW: Self = Self {
        limits: BudgetLimits { input_tokens: None, output_tokens: None, requests: None, cost: None, tokens: None },
        soft_percent: Some(80),
        is_active: true,
    };
}

/// Sets a budget of a tenant, person, group, profile or key. What is spent stays spent.
///
/// # Errors
/// Database errors; [`Error::Misuse`] for a negative limit.
pub async fn set_budget_of(
    tx: &mut SystemTx,
    world: &World,
    tenant: TenantId,
    key: BudgetKey,
    settings: &BudgetSettings,
) -> Result<()> {
    not_negative(&settings.limits)?;
    let books = Books::within(tx, tenant);
    budget_put(books, tx, world.id(), key, settings.limits, world.now()).await?;
    budget_configure(books, tx, key, settings.soft_percent, settings.is_active, world.now()).await?;
    Ok(())
}

/// A budget as it is set; `None`: there is none (a tenant's month then has [`default_limits`]).
///
/// # Errors
/// Database errors.
pub async fn budget_of(
    tx: &mut SystemTx,
    world: &World,
    tenant: TenantId,
    key: BudgetKey,
) -> Result<Option<BudgetSettings>> {
    let books = Books::within(tx, tenant);
    let found = budget_find(books, tx, world.now(), key).await?;
    Ok(found.map(|line| BudgetSettings {
        limits: line.limits,
        soft_percent: line.soft_percent,
        is_active: line.is_active,
    }))
}

/// The limits of a tenant's monthly budget, for administration.
///
/// # Errors
/// Database errors.
pub async fn budget_limits(tx: &mut SystemTx, world: &World, tenant: TenantId) -> Result<BudgetLimits> {
    let month = budget_of(tx, world, tenant, tenant_month(tenant)).await?;
    Ok(month.map_or_else(default_limits, |budget| budget.limits))
}

/// Limits on one line: `1,000,000 input tokens, 500,000 output tokens, 10,000 requests, unlimited cost`.
#[must_use]
pub fn limits_in_words(limits: &BudgetLimits) -> String {
    let each = |limit: Option<i64>, one: &str| limit.map_or_else(|| format!("unlimited {one}s"), |n| count(n, one));
    let mut words = vec![each(limits.input_tokens, "input token"), each(limits.output_tokens, "output token")];
    // Most budgets limit input and output by themselves.
    words.extend(limits.tokens.map(|tokens| format!("{} in all", count(tokens, "token"))));
    words.push(each(limits.requests, "request"));
    words.push(limits.cost.map_or_else(|| "unlimited cost".to_owned(), money));
    words.join(", ")
}

/// What a window holds or has spent, beside its limits: `12,000 of 1,000,000 input tokens, $1.20 of $25.00`. What is not
/// limited is not named; `nothing is limited` where nothing is.
#[must_use]
pub fn used_in_words(limits: &BudgetLimits, used: &Amounts) -> String {
    let of = |used: i64, limit: Option<i64>, one: &str| {
        limit.map(|limit| format!("{} of {}", thousands(used), count(limit, one)))
    };
    let words: Vec<String> = [
        of(used.input_tokens, limits.input_tokens, "input token"),
        of(used.output_tokens, limits.output_tokens, "output token"),
        of(used.tokens(), limits.tokens, "token"),
        of(used.requests, limits.requests, "request"),
        limits.cost.map(|limit| format!("{} of {}", money(Money(used.pico_usd)), money(limit))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if words.is_empty() { "nothing is limited".to_owned() } else { words.join(", ") }
}

/// An amount of dollars as typed: `25`, `12.50`; exact to a pico-dollar.
///
/// # Errors
/// In words, for what is no amount or too large a one.
pub fn dollars(text: &str) -> std::result::Result<Money, &'static str> {
    const WRONG: &str = "a limit is dollars such as 25 or 12.50 (12 decimals at most) or \"unlimited\"";
    const TOO_LARGE: &str = "this limit is too large: 9223372 dollars at most";
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 12 {
        return Err(WRONG);
    }
    let whole: i64 = whole.parse().map_err(|_| TOO_LARGE)?;
    // Twelve decimals of a dollar are pico-dollars.
    let pico: i64 = format!("{decimals:0<12}").parse().map_err(|_| WRONG)?;
    let money = whole.checked_mul(1_000_000_000_000).and_then(|dollars| dollars.checked_add(pico)).ok_or(TOO_LARGE)?;
    Ok(Money(money))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_to_the_pico_dollar() {
        for (text, pico) in [
            ("0", 0),
            ("25", 25_000_000_000_000),
            ("12.50", 12_500_000_000_000),
            ("0.000000000001", 1),
            ("9223372.036854775807", i64::MAX),
        ] {
            assert_eq!(dollars(text), Ok(Money(pico)), "{text}");
        }
        for wrong in ["", ".", "1.", ".5", "-1", "1.-5", "+1", "1.2.3", "$1", "1,000", "1.x", "x.1", "0.0000000000001"]
        {
            assert!(dollars(wrong).is_err_and(|why| why.contains("12 decimals")), "{wrong:?}");
        }
        for too_large in ["9223372.036854775808", "9223373", "99999999999999999999"] {
            assert!(dollars(too_large).is_err_and(|why| why.contains("too large")), "{too_large}");
        }
    }

    #[test]
    fn no_limit_is_below_zero() {
        let none = BudgetLimits::default();
        assert!(not_negative(&none).is_ok() && not_negative(&default_limits()).is_ok());
        assert!(not_negative(&BudgetLimits { requests: Some(0), ..none }).is_ok());
        for wrong in [
            BudgetLimits { input_tokens: Some(-1), ..none },
            BudgetLimits { output_tokens: Some(-1), ..none },
            BudgetLimits { tokens: Some(-1), ..none },
            BudgetLimits { requests: Some(-1), ..none },
            BudgetLimits { cost: Some(Money(-1)), ..none },
        ] {
            assert!(not_negative(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn limits_and_what_is_used_of_them_are_on_one_line() {
        let none = BudgetLimits::default();
        assert_eq!(
            limits_in_words(&default_limits()),
            "1,000,000 input tokens, 500,000 output tokens, 10,000 requests, unlimited cost"
        );
        let limits = BudgetLimits { tokens: Some(1), cost: Some(Money(25_000_000_000_000)), ..none };
        assert_eq!(
            limits_in_words(&limits),
            "unlimited input tokens, unlimited output tokens, 1 token in all, unlimited requests, $25.00"
        );
        let used = Amounts { input_tokens: 12_000, output_tokens: 7, requests: 3, pico_usd: 1_200_000_000_000 };
        assert_eq!(used_in_words(&limits, &used), "12,007 of 1 token, $1.20 of $25.00");
        assert_eq!(
            used_in_words(&default_limits(), &used),
            "12,000 of 1,000,000 input tokens, 7 of 500,000 output tokens, 3 of 10,000 requests"
        );
        assert_eq!(used_in_words(&none, &used), "nothing is limited");
    }
}
