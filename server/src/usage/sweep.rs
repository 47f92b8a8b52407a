//! Settling what others left open: turns whose server is gone, holds whose lease ran out.

use app::model::TurnId;

use super::{CallOutcome, Ending, settle::settle_call, settlement::Bounds};
use crate::{
    db::{
        Result, SystemTx, TenantScope, Tx,
        ledger::Books,
        model_call::{OpenCall, call_expired, call_open_of_turn},
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
    for call in call_open_of_turn(books, tx, turn).await? {
        settle_open(books, tx, world, &call).await?;
    }
    Ok(())
}

/// Settles holds whose lease ran out (all tenants), at most 200 at once. Returns how many.
///
/// # Errors
/// Database errors.
pub async fn sweep(tx: &mut SystemTx, world: &World) -> Result<u64> {
    let expired = call_expired(tx, world.now(), SWEEP_AT_ONCE).await?;
    let mut swept = 0;
    for call in &expired {
        let books = Books::within(tx, call.tenant);
        settle_open(books, tx, world, call).await?;
        swept += 1;
    }
    if swept > 0 {
        metrics::counter!("steward_holds_swept_total").increment(swept);
        tracing::warn!(swept, "holds without a living server were settled from their last checkpoints");
    }
    Ok(swept)
}

/// From the checkpoint when anything was heard of the call; else it may have been sent or not, and the hold stays
/// charged.
async fn settle_open(books: Books, tx: &mut Tx, world: &World, call: &OpenCall) -> Result<()> {
    let bounds = Bounds { input: call.input_bound, output_cap: call.output_cap, price: call.price.as_ref() };
    let outcome = CallOutcome { ending: Ending::Lost, reported: call.seen, received_bytes: call.received_bytes };
    settle_call(books, tx, world, call.id, &bounds, &outcome).await?;
    Ok(())
}
