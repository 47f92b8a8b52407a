//! `steward budget CODE`: shows a budget, or changes what is named: the tenant's, or that of a person, group, profile or
//! key; of a month, a week, a day, or for good. `steward budget requests|grant|decline`: people who ask for more.

mod limit;
mod shown;

use app::model::{BudgetLimits, TenantCode};
use clap::{Args, Subcommand};
use uuid::Uuid;

pub use self::limit::{CountLimit, MoneyLimit};
use self::shown::{list, requests};
use crate::{
    db::{
        Db, SystemReason, SystemTx,
        budget::{BudgetKey, Period, ScopeKind, grant::Granted, owner::owner_find},
        ledger::Books,
        tenant::{Tenant, tenant_find_by_code},
    },
    error::Error,
    usage::{self, BudgetSettings},
    world::World,
};

/// Who decides on the command line, as it is kept.
const BY: &str = "command line";

/// Without a limit: shows the budget. What is not named stays as it is.
#[derive(Args, Clone, Debug, Default)]
pub struct BudgetArgs {
    #[command(subcommand)]
    pub command: Option<BudgetCommand>,
    /// The tenant's short name.
    #[arg(required = true)]
    pub code: Option<TenantCode>,
    /// The budget of this member, by e-mail.
    #[arg(long, value_name = "EMAIL", group = "owner")]
    pub user: Option<String>,
    /// The budget of this group.
    #[arg(long, value_name = "NAME", group = "owner")]
    pub group: Option<String>,
    /// The budget of this profile.
    #[arg(long, value_name = "SLUG", group = "owner")]
    pub profile: Option<String>,
    /// The budget of this key: the twelve letters after `stw_`.
    #[arg(long, value_name = "PUBLIC_ID", group = "owner")]
    pub key: Option<String>,
    /// How long it lasts, by the tenant's calendar: month, week, day, none. Without: a month.
    #[arg(long, value_name = "PERIOD")]
    pub period: Option<Period>,
    /// Input tokens, cached ones included: a number, or "unlimited".
    #[arg(long, value_name = "N|unlimited")]
    pub input_tokens: Option<CountLimit>,
    /// Output tokens: a number, or "unlimited".
    #[arg(long, value_name = "N|unlimited")]
    pub output_tokens: Option<CountLimit>,
    /// Input and output tokens together: a number, or "unlimited".
    #[arg(long, value_name = "N|unlimited")]
    pub tokens: Option<CountLimit>,
    /// Model calls: a number, or "unlimited".
    #[arg(long, value_name = "N|unlimited")]
    pub requests: Option<CountLimit>,
    /// Dollars, e.g. 25 or 12.50, or "unlimited".
    #[arg(long, value_name = "USD|unlimited")]
    pub cost: Option<MoneyLimit>,
    /// From this share of a limit on people are told, 1 to 100; 0: they are not.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..=100))]
    pub soft_percent: Option<i64>,
    /// It counts again.
    #[arg(long, conflicts_with = "inactive")]
    pub active: bool,
    /// It does not count any more; what was spent stays in the books.
    #[arg(long)]
    pub inactive: bool,
    /// Show every budget of the tenant: limits, used, held, resets.
    #[arg(long)]
    pub list: bool,
}

/// People who ask for more.
#[derive(Subcommand, Clone, Debug)]
pub enum BudgetCommand {
    /// Show who asks for more than a budget gives.
    Requests { code: TenantCode },
    /// Give more, in the window that was asked for and in no other.
    Grant(GrantArgs),
    /// Decline a request.
    Decline {
        code: TenantCode,
        /// The request's id, as `steward budget requests` shows it.
        request: Uuid,
        /// A word for who asked.
        #[arg(long, default_value = "")]
        answer: String,
    },
}

#[derive(Args, Clone, Debug)]
pub struct GrantArgs {
    pub code: TenantCode,
    /// The request's id, as `steward budget requests` shows it.
    pub request: Uuid,
    /// So many input tokens more.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub input_tokens: i64,
    /// So many output tokens more.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub output_tokens: i64,
    /// So many tokens more, input and output together.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub tokens: i64,
    /// So many model calls more.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub requests: i64,
    /// So many dollars more.
    #[arg(long, value_name = "USD")]
    pub cost: Option<MoneyLimit>,
    /// A word for who asked.
    #[arg(long, default_value = "")]
    pub answer: String,
}

impl BudgetArgs {
    /// Does what is asked and prints what came of it.
    ///
    /// # Errors
    /// In words for the person at the terminal.
    pub async fn run(&self, db: &Db, world: &World) -> Result<(), Error> {
        print!("{}", self.execute(db, world).await?);
        Ok(())
    }

    /// Does what is asked; gives what is to be printed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown tenant or owner; database errors.
    pub async fn execute(&self, db: &Db, world: &World) -> Result<String, Error> {
        match &self.command {
            Some(BudgetCommand::Requests { code }) => return requests(db, world, code).await,
            Some(BudgetCommand::Grant(grant)) => return grant.execute(db, world).await,
            Some(BudgetCommand::Decline { code, request, answer }) => {
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let tenant = find(&mut tx, code).await?;
                let books = Books::within(&tx, tenant.id);
                usage::decline(books, &mut tx, world, *request, answer, BY).await.map_err(no_request)?;
                tx.commit(world.id(), world.now(), &format!("budget decline {request} of {code}")).await?;
                return Ok("It is declined.\n".to_owned());
            }
            None => {}
        }
        let code = self.code.as_ref().ok_or_else(|| Error::invalid("code", "which tenant?"))?;
        if self.list {
            return list(db, world, code).await;
        }
        let settings = self.apply(db, world).await?;
        let owner = [&self.user, &self.group, &self.profile, &self.key].into_iter().flatten().next();
        let whose = owner.map_or_else(|| code.to_string(), |owner| format!("{owner} of {code}"));
        let period = match self.period.unwrap_or(Period::Month) {
            Period::None => "for good".to_owned(),
            period => format!("a {}", period.as_str()),
        };
        let soft = settings.soft_percent.map_or_else(String::new, |soft| format!("; people are told at {soft} %"));
        let active = if settings.is_active { "" } else { "; inactive" };
        Ok(format!("{whose} {period}: {}{soft}{active}\n", usage::limits_in_words(&settings.limits)))
    }

    /// Changes what is named; what holds then.
    ///
    /// # Errors
    /// As [`BudgetArgs::execute`].
    pub async fn apply(&self, db: &Db, world: &World) -> Result<BudgetSettings, Error> {
        let code = self.code.as_ref().ok_or_else(|| Error::invalid("code", "which tenant?"))?;
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let tenant = find(&mut tx, code).await?;
        let (key, owner) = self.key(&mut tx, &tenant).await?;
        let found = usage::budget_of(&mut tx, world, tenant.id, key).await?;
        let before = found.unwrap_or_else(|| {
            let is_default = key.scope == ScopeKind::Tenant && key.period == Period::Month;
            let limits = if is_default { usage::default_limits() } else { BudgetSettings::NEW.limits };
            BudgetSettings { limits, ..BudgetSettings::NEW }
        });
        let settings = self.changed(before);
        let is_named = [self.input_tokens, self.output_tokens, self.tokens, self.requests].iter().any(Option::is_some)
            || self.cost.is_some();
        if settings == before && (found.is_some() || !is_named) {
            if found.is_none() && key != usage::tenant_month(tenant.id) {
                return Err(Error::invalid("limit", format!("{owner} has no such budget; name a limit to make one")));
            }
            return Ok(settings);
        }
        usage::set_budget_of(&mut tx, world, tenant.id, key, &settings).await?;
        let words = usage::limits_in_words(&settings.limits);
        let active = if settings.is_active { "" } else { ", inactive" };
        let detail =
            format!("budget of {} {owner} in {code}, {}: {words}{active}", key.scope.as_str(), key.period.as_str());
        tx.commit(world.id(), world.now(), &detail).await?;
        Ok(settings)
    }

    fn changed(&self, before: BudgetSettings) -> BudgetSettings {
        let limits = before.limits;
        BudgetSettings {
            limits: BudgetLimits {
                input_tokens: self.input_tokens.map_or(limits.input_tokens, |limit| limit.0),
                output_tokens: self.output_tokens.map_or(limits.output_tokens, |limit| limit.0),
                requests: self.requests.map_or(limits.requests, |limit| limit.0),
                cost: self.cost.map_or(limits.cost, |limit| limit.0),
                tokens: self.tokens.map_or(limits.tokens, |limit| limit.0),
            },
            soft_percent: match self.soft_percent {
                Some(0) => None,
                Some(percent) => Some(percent),
                None => before.soft_percent,
            },
            is_active: (before.is_active || self.active) && !self.inactive,
        }
    }

    /// Whose budget is meant, and how they are called.
    async fn key(&self, tx: &mut SystemTx, tenant: &Tenant) -> Result<(BudgetKey, String), Error> {
        let period = self.period.unwrap_or(Period::Month);
        let named = [
            (ScopeKind::User, "--user", &self.user),
            (ScopeKind::Group, "--group", &self.group),
            (ScopeKind::Profile, "--profile", &self.profile),
            (ScopeKind::Key, "--key", &self.key),
        ];
        for (scope, flag, name) in named {
            let Some(name) = name else { continue };
            let name = match scope {
                ScopeKind::User => name.trim().to_lowercase(),
                ScopeKind::Key => name.trim().trim_start_matches("stw_").to_owned(),
                _ => name.trim().to_owned(),
            };
            let found = owner_find(Books::within(tx, tenant.id), tx, scope, &name).await?;
            let Some(scope_id) = found else {
                let problem = format!("{} has no {} {name}", tenant.code, scope.as_str());
                return Err(Error::invalid(flag, problem));
            };
            return Ok((BudgetKey { scope, scope_id, period }, name));
        }
        Ok((BudgetKey { scope: ScopeKind::Tenant, scope_id: tenant.id.0, period }, tenant.code.to_string()))
    }
}

impl GrantArgs {
    async fn execute(&self, db: &Db, world: &World) -> Result<String, Error> {
        let granted = Granted {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            tokens: self.tokens,
            requests: self.requests,
            pico_usd: match self.cost {
                Some(MoneyLimit(None)) => return Err(Error::invalid("--cost", "a grant is an amount of dollars")),
                Some(MoneyLimit(Some(cost))) => cost.0,
                None => 0,
            },
        };
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let tenant = find(&mut tx, &self.code).await?;
        let books = Books::within(&tx, tenant.id);
        usage::grant(books, &mut tx, world, self.request, granted, &self.answer, BY).await.map_err(no_request)?;
        let detail = format!("budget grant {} of {}: {granted:?}", self.request, self.code);
        tx.commit(world.id(), world.now(), &detail).await?;
        Ok("It is granted, for this window only.\n".to_owned())
    }
}

fn no_request(error: Error) -> Error {
    match error {
        Error::NotFound => Error::invalid("request", "there is no such request; see `steward budget requests`"),
        other => other,
    }
}

async fn find(tx: &mut SystemTx, code: &TenantCode) -> Result<Tenant, Error> {
    let tenant = tenant_find_by_code(tx, code).await?;
    tenant.ok_or_else(|| Error::invalid("code", format!("there is no tenant {code}")))
}

#[cfg(test)]
mod tests {
    use app::model::Money;

    use super::*;

    #[tokio::test]
    async fn only_the_named_limits_change() -> Result<(), Box<dyn std::error::Error>> {
        let files = tempfile::tempdir()?;
        let db = Db::open(&crate::db::DbConfig::Sqlite { path: files.path().join("steward.db") }).await?;
        let world = World::mock(crate::world::MockClock::at(app::model::Timestamp(1_773_104_400_000)));
        let none = BudgetArgs { code: Some("prs".parse()?), ..BudgetArgs::default() };
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
        assert_eq!(none.apply(&db, &world).await?.limits, usage::default_limits());

        let some = BudgetArgs { requests: Some(CountLimit(None)), cost: Some("12.50".parse()?), ..none.clone() };
        some.apply(&db, &world).await?;
        let now = none.apply(&db, &world).await?.limits;
        assert_eq!(now.input_tokens, usage::default_limits().input_tokens);
        assert_eq!((now.requests, now.cost), (None, Some(Money(12_500_000_000_000))));
        assert_eq!(
            usage::limits_in_words(&now),
            "1,000,000 input tokens, 500,000 output tokens, unlimited requests, $12.50"
        );
        Ok(())
    }
}
