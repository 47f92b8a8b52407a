//! `steward budget CODE`: shows a tenant's monthly budget, or changes the limits that are named.

use std::str::FromStr;

use app::model::{BudgetLimits, Money, TenantCode};
use clap::Args;

use crate::{
    db::{Db, SystemReason, tenant::tenant_find_by_code},
    error::Error,
    usage,
    world::World,
};

/// Without a limit: shows the budget. Limits that are not named stay as they are.
#[derive(Args, Clone, Debug)]
pub struct BudgetArgs {
    /// The tenant's short name.
    pub code: TenantCode,
    /// Input tokens a month, cached ones included: a number, or "unlimited".
    #[arg(long, value_name = "N|unlimited")]
    pub input_tokens: Option<CountLimit>,
    /// Output tokens a month: a number, or "unlimited".
    #[arg(long, value_name = "N|unlimited")]
    pub output_tokens: Option<CountLimit>,
    /// Model calls a month: a number, or "unlimited".
    #[arg(long, value_name = "N|unlimited")]
    pub requests: Option<CountLimit>,
    /// Dollars a month, e.g. 25 or 12.50, or "unlimited".
    #[arg(long, value_name = "USD|unlimited")]
    pub cost: Option<MoneyLimit>,
}

/// A count, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountLimit(pub Option<i64>);

impl FromStr for CountLimit {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a limit is a whole number (zero or more) or \"unlimited\"";
        if s == "unlimited" {
            return Ok(Self(None));
        }
        if s.is_empty() || !s.bytes().all(|b| b.is_ascii_digit()) {
            return Err(WRONG);
        }
        s.parse().map(|limit| Self(Some(limit))).map_err(|_| "this limit is too large")
    }
}

/// An amount of dollars, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyLimit(pub Option<Money>);

impl FromStr for MoneyLimit {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a limit is dollars such as 25 or 12.50 (12 decimals at most) or \"unlimited\"";
        const TOO_LARGE: &str = "this limit is too large: 9223372 dollars at most";
        if s == "unlimited" {
            return Ok(Self(None));
        }
        let (whole, decimals) = s.split_once('.').unwrap_or((s, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || decimals.len() > 12 {
            return Err(WRONG);
        }
        let whole: i64 = whole.parse().map_err(|_| TOO_LARGE)?;
        // Twelve decimals of a dollar are pico-dollars.
        let pico: i64 = format!("{decimals:0<12}").parse().map_err(|_| WRONG)?;
        let money =
            whole.checked_mul(1_000_000_000_000).and_then(|dollars| dollars.checked_add(pico)).ok_or(TOO_LARGE)?;
        Ok(Self(Some(Money(money))))
    }
}

impl BudgetArgs {
    /// Changes what is named, and prints the budget.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown tenant; database errors.
    pub async fn run(&self, db: &Db, world: &World) -> Result<(), Error> {
        let limits = self.apply(db, world).await?;
        println!("{} a month: {}", self.code, usage::limits_in_words(&limits));
        Ok(())
    }

    /// Changes what is named; the limits that hold then.
    ///
    /// # Errors
    /// As [`BudgetArgs::run`].
    pub async fn apply(&self, db: &Db, world: &World) -> Result<BudgetLimits, Error> {
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let tenant = tenant_find_by_code(&mut tx, &self.code)
            .await?
            .ok_or_else(|| Error::invalid("code", format!("there is no tenant {}", self.code)))?;
        let before = usage::budget_limits(&mut tx, world, tenant.id).await?;
        let limits = BudgetLimits {
            input_tokens: self.input_tokens.map_or(before.input_tokens, |limit| limit.0),
            output_tokens: self.output_tokens.map_or(before.output_tokens, |limit| limit.0),
            requests: self.requests.map_or(before.requests, |limit| limit.0),
            cost: self.cost.map_or(before.cost, |limit| limit.0),
        };
        if limits == before {
            return Ok(limits);
        }
        usage::set_budget(&mut tx, world, tenant.id, limits).await?;
        let detail = format!("budget of {}: {}", self.code, usage::limits_in_words(&limits));
        tx.commit(world.id(), world.now(), &detail).await?;
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_numbers_or_unlimited() {
        assert_eq!("1000000".parse(), Ok(CountLimit(Some(1_000_000))));
        assert_eq!("0".parse(), Ok(CountLimit(Some(0))));
        assert_eq!("unlimited".parse(), Ok(CountLimit(None)));
        for wrong in ["", "-1", "+1", "1.5", "1e6", " 1", "none", "99999999999999999999"] {
            assert!(wrong.parse::<CountLimit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn money_is_exact_to_the_last_decimal() {
        let pico = |text: &str| text.parse::<MoneyLimit>().map(|limit| limit.0.map(|money| money.0));
        assert_eq!(pico("25"), Ok(Some(25_000_000_000_000)));
        assert_eq!(pico("12.50"), Ok(Some(12_500_000_000_000)));
        assert_eq!(pico("0.000000000001"), Ok(Some(1)));
        assert_eq!(pico("9223372.036854775807"), Ok(Some(i64::MAX)));
        assert_eq!(pico("unlimited"), Ok(None));
        for wrong in ["", ".", "1.", ".5", "-1", "$5", "1,000", "0.0000000000001", "9223373", "1e3", "1.2.3"] {
            assert!(pico(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn only_the_named_limits_change() -> Result<(), Box<dyn std::error::Error>> {
        let files = tempfile::tempdir()?;
        let db = Db::open(&crate::db::DbConfig::Sqlite { path: files.path().join("steward.db") }).await?;
        let world = World::mock(crate::world::MockClock::at(app::model::Timestamp(1_773_104_400_000)));
        let none =
            BudgetArgs { code: "prs".parse()?, input_tokens: None, output_tokens: None, requests: None, cost: None };
        assert!(matches!(none.apply(&db, &world).await, Err(Error::Invalid { field: "code", .. })));

        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let tenant = crate::db::tenant::NewTenant {
            id: world.id(),
            code: "prs".parse()?,
            name: "PRS Textile".into(),
            assistant: "Wira".into(),
            time_zone: chrono_tz::Asia::Jakarta,
            currency: "IDR".into(),
            prompts: Vec::new(),
            contact: String::new(),
        };
        crate::db::tenant::tenant_insert(&mut tx, &tenant, world.now()).await?;
        tx.commit(world.id(), world.now(), "test").await?;
        assert_eq!(none.apply(&db, &world).await?, usage::default_limits());

        let some = BudgetArgs { requests: Some(CountLimit(None)), cost: Some("12.50".parse()?), ..none.clone() };
        some.apply(&db, &world).await?;
        let now = none.apply(&db, &world).await?;
        assert_eq!(now.input_tokens, usage::default_limits().input_tokens);
        assert_eq!((now.requests, now.cost), (None, Some(Money(12_500_000_000_000))));
        assert_eq!(
            usage::limits_in_words(&now),
            "1,000,000 input tokens, 500,000 output tokens, unlimited requests, $12.50"
        );
        Ok(())
    }
}
