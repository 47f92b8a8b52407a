//! Settling what others left open: turns whose server is gone, holds whose lease ran out.

use app::model::TurnId;

use super::{
    CallOutcome, Ending, Hold,
    settle::{Due, settle_calls},
    settlement::Bounds,
    spill::is_waiting,
};
use crate::{
    db::{
        Result, SystemTx, TenantScope, Tx,
        ledger::Books,
        model_call::open::{OpenCall, call_expired, call_open_of_turn},
    },
    models::ReportedUsage,
    world::World,
};

/// Holds settled in one pass, so that a transaction stays short.
const SWEEP_AT_ONCE: i64 = 200;

/// Settles everything a turn has open, in the caller's transaction: the calls of these holds with their outcomes, the
/// others (another process's, a panic's) from their last checkpoints. What is settled already stays as it is. Once the
/// transaction is committed the caller [discharges](Hold::discharge) the holds. `false`: nothing was settled, because a call that
/// nobody has told of here waits for its settlement in a file, which knows more than the checkpoint.
///
/// # Errors
/// Database errors; nothing is settled then.
pub async fn settle_turn(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    turn: TurnId,
    held: &[(Hold, CallOutcome)],
) -> Result<bool> {
    let books = Books::of(scope);
    let open = call_open_of_turn(books, tx, turn).await?;
    let known = |call: &OpenCall| held.iter().find(|(hold, _)| hold.call() == call.id);
    if open.iter().any(|call| known(call).is_none() && is_waiting(call.id)) {
        return Ok(false);
    }
    let due = open.iter().map(|call| match known(call) {
        Some((hold, outcome)) => Due { books, call: call.id, bounds: hold.bounds(), outcome: *outcome, is_rated: true },
        None => due(books, call),
    });
    settle_calls(tx, world, due.collect()).await?;
    Ok(true)
}

/// Settles holds whose lease ran out (all tenants), at most 200 at once, save those of the turns that run in this very
/// process: their engines know more than the checkpoints; and save those whose settlements wait in a file. Returns how many.
///
/// # Errors
/// Database errors.
pub async fn sweep(tx: &mut SystemTx, world: &World, running_here: &[TurnId]) -> Result<u64> {
    let expired = call_expired(tx, world.now(), SWEEP_AT_ONCE).await?;
    let is_ours = |call: &OpenCall| call.turn.is_some_and(|turn| running_here.contains(&turn));
    let abandoned = expired.iter().filter(|call| !is_ours(call) && !is_waiting(call.id));
    let due = abandoned.map(|call| due(Books::within(tx, call.tenant), call)).collect();
    let swept = settle_calls(tx, world, due).await?.settled;
    if swept > 0 {
        metrics::counter!("steward_holds_swept_total").increment(swept);
        tracing::warn!(swept, "holds without a living server were settled from their last checkpoints");
    }
    Ok(swept)
}

/// From the checkpoint when anything was heard of the call; else it may have been sent or not, and the hold stays
/// charged. Of searches nobody knows how many came after the checkpoint.
fn due(books: Books, call: &OpenCall) -> Due<'_> {
    let is_open_ended = !call.seen.is_final && call.is_heard_of();
    let searches = if is_open_ended { call.seen.searches.max(Some(call.search_bound)) } else { call.seen.searches };
    Due {
        books,
        call: call.id,
        bounds: Bounds {
            input: call.input_bound,
            output_cap: call.output_cap,
            searches: call.search_bound,
            price: call.price.as_ref(),
            baseline: call.baseline.as_ref(),
        },
        outcome: CallOutcome {
            ending: Ending::Lost,
            reported: ReportedUsage { searches, ..call.seen },
            received_bytes: call.received_bytes,
        },
        is_rated: true,
    }
}
