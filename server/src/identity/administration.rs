//! Administering a tenant with a key: teams (groups), their people and budgets, keys, and what was spent. What LiteLLM's
//! clients ask for; the words of theirs are in `http/gateway/litellm`.
//!
//! What must hold: everything is of the administrator's key's tenant; what another tenant has answers like what is not
//! there. A change leaves its row in `system_access`, with the key that made it.

pub mod keys;
pub mod teams;

use app::model::{Money, Timestamp, UserId};
use uuid::Uuid;

use super::api_keys::KeyHolder;
use crate::{
    db::{
        Db, SystemReason, SystemTx, Tx,
        budget::{BudgetKey, Period, ScopeKind},
        ledger::Books,
        team::{MoneyBudget, Person, money_budget, money_budget_lift, person_find, spent},
    },
    error::{Error, Result},
    usage::{BudgetSettings, budget_of, period_bounds, set_budget_of},
    world::World,
};

/// An administrator at work.
#[derive(Clone)]
pub struct Desk<'a> {
    pub db: &'a Db,
    pub world: &'a World,
    pub holder: &'a KeyHolder,
}

/// A change of a budget in money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetWish {
    /// As it is.
    Keep,
    /// No limit.
    Lift,
    Set(MoneyBudget),
    /// Another limit; the period stays. Without a budget: one that has no end.
    Limit(Money),
}

/// What was spent of what may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// In the budget's period, or ever.
    pub spent: Money,
    pub budget: Option<MoneyBudget>,
    pub resets_at: Option<Timestamp>,
}

impl Desk<'_> {
    fn books(&self) -> Books {
        Books::of(&self.holder.scope)
    }

    /// Reads as the key's own account, in its tenant.
    async fn read(&self) -> Result<Tx> {
        Ok(self.db.read(&self.holder.scope).await?)
    }

    async fn begin(&self) -> Result<SystemTx> {
        Ok(self.db.begin_system(SystemReason::Administration).await?)
    }

    async fn commit(&self, tx: SystemTx, what: &str) -> Result<()> {
        let key = &self.holder.key;
        let detail = format!("{what} of {} by key {}", key.tenant_code, key.public_id);
        Ok(tx.commit(self.world.id(), self.world.now(), &detail).await?)
    }

    /// A member of the tenant, by id or e-mail.
    async fn person(&self, tx: &mut Tx, text: &str) -> Result<Person> {
        let id = text.parse::<UserId>().ok();
        let found = person_find(self.books(), tx, id, &text.trim().to_lowercase()).await?;
        found.ok_or_else(|| {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
            Error::invalid("user_id", format!("{shown} is not a member of this tenant; an administrator adds people"))
        })
    }

    /// Sets or lifts the budget in money of a group, a key or a person. Other limits of theirs stay.
    async fn set_budget(&self, tx: &mut SystemTx, scope: ScopeKind, id: Uuid, wish: BudgetWish) -> Result<()> {
        let (books, now, tenant) = (self.books(), self.world.now(), self.holder.key.tenant);
        let wish = match wish {
            BudgetWish::Limit(limit) => {
                let period = money_budget(books, tx, scope, id).await?.map_or(Period::None, |budget| budget.period);
                BudgetWish::Set(MoneyBudget { period, limit })
            }
            wish => wish,
        };
        match wish {
            BudgetWish::Limit(_) => Err(Error::internal("a limit without a period")),
            BudgetWish::Keep => Ok(()),
            BudgetWish::Lift => Ok(money_budget_lift(books, tx, scope, id, None, now).await?),
            BudgetWish::Set(MoneyBudget { period, limit }) => {
                money_budget_lift(books, tx, scope, id, Some(period), now).await?;
                let key = BudgetKey { scope, scope_id: id, period };
                let before = budget_of(tx, self.world, tenant, key).await?;
                let mut settings = before.unwrap_or(BudgetSettings::NEW);
                settings.limits.cost = Some(limit);
                settings.is_active = true;
                Ok(set_budget_of(tx, self.world, tenant, key, &settings).await?)
            }
        }
    }

    async fn spending(&self, tx: &mut Tx, scope: ScopeKind, id: Uuid) -> Result<Spending> {
        let budget = money_budget(self.books(), tx, scope, id).await?;
        let period = budget.map_or(Period::None, |budget| budget.period);
        let (since, resets_at) = period_bounds(period, self.holder.scope.time_zone(), self.world.now())?;
        let spent = spent(self.books(), tx, scope, id, since).await?;
        Ok(Spending { spent, budget, resets_at })
    }
}
