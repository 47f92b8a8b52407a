//! Reading a report over HTTP: who asks is looked up for each part, in a transaction of its own, so that a slow reader holds
//! nothing.

use app::{
    backend::Caller,
    model::{Date, Role, TenantCode, UsageBy, UsageRow},
};

use super::breakdown::{Listing, Which, days, listing, total};
use crate::{
    db::{Db, TenantScope, ledger::Books, usage_day::sums::DayRange},
    error::{Error, Result},
    tenancy,
    usage::window::{local_date, month_of},
    world::World,
};

/// A report somebody reads.
pub struct Reader {
    pub db: Db,
    pub world: World,
    pub caller: Caller,
    pub tenant: TenantCode,
    pub by: UsageBy,
    pub first: Option<Date>,
    pub last: Option<Date>,
}

/// What stands above a report.
#[derive(Clone, Debug)]
pub struct Head {
    pub first: Date,
    pub last: Date,
    /// The days are those of this zone.
    pub time_zone: String,
    pub total: UsageRow,
}

impl Reader {
    /// What stands above it.
    ///
    /// # Errors
    /// Not found, forbidden, a range that is none.
    pub async fn head(&self) -> Result<Head> {
        let (scope, range) = self.enter().await?;
        let mut tx = self.db.read(&scope).await?;
        let total = total(&mut tx, &range).await?;
        Ok(Head { first: range.first, last: range.last, time_zone: scope.time_zone().name().to_owned(), total })
    }

    /// A part of it, in the order of its keys.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub async fn part(&self, after: Option<&str>, limit: i64) -> Result<Listing> {
        let (scope, range) = self.enter().await?;
        let mut tx = self.db.read(&scope).await?;
        Ok(listing(&mut tx, &range, self.by, Which { after, dearest_first: false, limit }).await?)
    }

    async fn enter(&self) -> Result<(TenantScope, DayRange)> {
        let scope = tenancy::enter(&self.db, &self.caller, &self.tenant).await?;
        // Administrators see everybody; others themselves, by what they can know anyway.
        let user = match (scope.role(), self.by) {
            (Role::Admin, _) => None,
            (Role::Member, UsageBy::Day | UsageBy::Model) => Some(scope.user()),
            (Role::Member, _) => return Err(Error::Forbidden),
        };
        let today = local_date(scope.time_zone(), self.world.now())?;
        let (first, last) = days(self.first, self.last, month_of(today))?;
        let range = DayRange { books: Books::of(&scope), first, last, user };
        Ok((scope, range))
    }
}
