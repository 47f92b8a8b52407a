//! Settling what others left open: turns whose server is gone, holds whose lease ran out.

use app::model::TurnId;

use super::{
    CallOutcome, Ending,
    settle::{Due, settle_calls},
    settlement::Bounds,
};
use crate::{
    db::{
        Result, SystemTx, TenantScope, Tx,
        ledger::Books,
        model_call::open::{OpenCall, call_expired, call_open_of_turn},
    },
    world::World,
};

/// Holds settled in one pass, so that a transaction stays short.
const SWEEP_AT_ONCE: i64 = 200;

/// Settles whatever a turn left open, from the last checkpoints (its server is gone).
///
/// # Errors
/// Database errors.
pub async fn settle_abandoned(scope: &TenantScope, tx: &mut Tx, world: &World, turn: TurnId) -> Result<()> {
    let books = Books::of(scope);
    let open = call_open_of_turn(books, tx, turn).await?;
    let due: Vec<_> = open.iter().map(|call| due(books, call)).collect();
    settle_calls(tx, world, &due).await?;
    Ok(())
}

/// Settles holds whose lease ran out (all tenants), at most 200 at once. Returns how many.
///
/// # Errors
/// Database errors.
pub async fn sweep(tx: &mut SystemTx, world: &World) -> Result<u64> {
    let expired = call_expired(tx, world.now(), SWEEP_AT_ONCE).await?;
    let due: Vec<_> = expired.iter().map(|call| due(Books::within(tx, call.tenant), call)).collect();
    let swept = settle_calls(tx, world, &due).await?.settled;
    if swept > 0 {
        metrics::counter!("steward_holds_swept_total").increment(swept);
        tracing::warn!(swept, "holds without a living server were settled from their last checkpoints");
    }
    Ok(swept)
}

/// From the checkpoint when anything was heard of the call; else it may have been sent or not, and the hold stays
/// charged.
fn due(books: Books, call: &OpenCall) -> Due<'_> {
    Due {
        books,
        call: call.id,
        bounds: Bounds { input: call.input_bound, output_cap: call.output_cap, price: call.price.as_ref() },
        outcome: CallOutcome { ending: Ending::Lost, reported: call.seen, received_bytes: call.received_bytes },
    }
}
