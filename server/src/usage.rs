//! Budgets that hold, books that balance: reserve before every model call, settle exactly once, an append-only ledger.
//! See `accounting.md` of the design; the theorem it states is checked by [`audit_books`].
//!
//! The one way to a provider: [`reserve`] gives a [`Hold`], whose [`Hold::permit`] a provider demands; the hold is then
//! consumed by [`settle`]. A hold that is lost with its process is settled by [`sweep`] from its last [`checkpoint`].

mod hold;

pub use hold::{CallOutcome, Ending, Hold, Purpose, ReserveError, ReserveRequest, Settled};

use app::model::{BudgetLimits, Date, TurnId, TurnUsage, UsageMeter, UsageReport};

use crate::{
    db::{Db, Result, SystemTx, TenantScope, Tx},
    models::ReportedUsage,
    world::World,
};

/// Reserves one model call in the caller's transaction: an upper bound of its cost is held in every budget on the path,
/// or nothing is and the refusal says which limit. Clamps the output to the headroom when the wish does not fit but
/// `output_floor` does.
///
/// # Errors
/// [`ReserveError::Refused`]: roll the transaction back and tell the person.
pub async fn reserve(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    request: ReserveRequest<'_>,
) -> std::result::Result<Hold, ReserveError> {
    let _ = (scope, tx, world, request);
    unimplemented!("written by the usage engineer")
}

/// Settles a call: idempotent, in the hold's own window, in the caller's transaction.
///
/// # Errors
/// Database errors; the hold row then stays open for the sweeper.
pub async fn settle(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    hold: Hold,
    outcome: CallOutcome,
) -> Result<Settled> {
    let _ = (scope, tx, world, hold, outcome);
    unimplemented!("written by the usage engineer")
}

/// Notes what is known of a running call and renews its lease, so that a crash settles from here.
///
/// # Errors
/// Database errors.
pub async fn checkpoint(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    hold: &Hold,
    reported: ReportedUsage,
    received_bytes: i64,
) -> Result<()> {
    let _ = (scope, tx, world, hold, reported, received_bytes);
    unimplemented!("written by the usage engineer")
}

/// Settles whatever a turn left open, from the last checkpoints (its server is gone).
///
/// # Errors
/// Database errors.
pub async fn settle_abandoned(scope: &TenantScope, tx: &mut Tx, world: &World, turn: TurnId) -> Result<()> {
    let _ = (scope, tx, world, turn);
    unimplemented!("written by the usage engineer")
}

/// Settles holds whose lease ran out (all tenants). Returns how many.
///
/// # Errors
/// Database errors.
pub async fn sweep(tx: &mut SystemTx, world: &World) -> Result<u64> {
    let _ = (tx, world);
    unimplemented!("written by the usage engineer")
}

/// What a turn used in all its settled calls.
///
/// # Errors
/// Database errors.
pub async fn turn_usage(scope: &TenantScope, tx: &mut Tx, turn: TurnId, duration_ms: i64) -> Result<TurnUsage> {
    let _ = (scope, tx, turn, duration_ms);
    unimplemented!("written by the usage engineer")
}

/// The tenant's current month against its budget.
///
/// # Errors
/// Database errors.
pub async fn meter(scope: &TenantScope, tx: &mut Tx, world: &World) -> Result<UsageMeter> {
    let _ = (scope, tx, world);
    unimplemented!("written by the usage engineer")
}

/// A month by day and by person.
///
/// # Errors
/// Database errors.
pub async fn report(scope: &TenantScope, tx: &mut Tx, world: &World, month: Option<Date>) -> Result<UsageReport> {
    let _ = (scope, tx, world, month);
    unimplemented!("written by the usage engineer")
}

/// Sets the tenant's monthly budget (administration, demo seed). The default for a new tenant is
/// [`default_limits`].
///
/// # Errors
/// Database errors.
pub async fn set_budget(
    tx: &mut SystemTx,
    world: &World,
    tenant: app::model::TenantId,
    limits: BudgetLimits,
) -> Result<()> {
    let _ = (tx, world, tenant, limits);
    unimplemented!("written by the usage engineer")
}

/// The mission's defaults: 1,000,000 input and 500,000 output tokens and 10,000 requests a month.
#[must_use]
pub fn default_limits() -> BudgetLimits {
    BudgetLimits { input_tokens: Some(1_000_000), output_tokens: Some(500_000), requests: Some(10_000), cost: None }
}

/// Checks the theorem over all tenants; each line is one violation, none means the books balance.
///
/// # Errors
/// Database errors.
pub async fn audit_books(db: &Db) -> Result<Vec<String>> {
    let _ = db;
    unimplemented!("written by the usage engineer")
}
