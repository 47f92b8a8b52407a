//! Leave to count tokens: no hold, since nothing is billed, but a request of its key like any other.

use app::model::Timestamp;

use super::{RatesLeft, ReserveError, Via, rates};
use crate::{
    db::{
        Db, TenantScope,
        key_minute::{key_use, key_use_add, minute_of},
        ledger::Books,
    },
    models::CountPermit,
};

/// Leave to ask a provider how many tokens a request has; with what the key has left, where it has rates.
///
/// # Errors
/// [`ReserveError::TooFast`]; database errors.
pub async fn leave_to_count(
    db: &Db,
    scope: &TenantScope,
    via: &Via,
    now: Timestamp,
) -> Result<(CountPermit, Option<RatesLeft>), ReserveError> {
    if via.rates.is_unlimited() {
        return Ok((CountPermit::granted(), None));
    }
    let books = Books::of(scope);
    let mut tx = db.begin(scope).await?;
    let used = key_use(books, &mut tx, via.key, minute_of(now)).await?;
    let left = rates::admit(via.rates, &used, 0, now).map_err(ReserveError::TooFast)?;
    key_use_add(books, &mut tx, via.key, minute_of(now), 1, 0).await?;
    tx.commit().await?;
    Ok((CountPermit::granted(), Some(left)))
}
