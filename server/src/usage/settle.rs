//! Settling: the hold is given back, the bill is booked, once.

use app::model::Timestamp;

use super::{
    CallOutcome, Hold, Settled,
    reserve::LEASE_MS,
    settlement::{Bounds, amounts, book},
};
use crate::{
    db::{
        Error, Result, TenantScope, Tx,
        budget::window::window_settle,
        ledger::{Books, Entry, hold_take, ledger_append},
        model_call::{BookedCall, call_booked, call_checkpoint, call_settle},
    },
    models::ReportedUsage,
    world::World,
};

/// Settles a call: idempotent, in the hold's own window, in the caller's transaction. A call that was settled before
/// (by the sweeper, when this server was taken for dead) is not booked again; what it was booked with is returned.
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
    let settled = settle_call(Books::of(scope), tx, world, hold.call(), &hold.bounds(), &outcome).await?;
    hold.discharge();
    Ok(settled)
}

/// Settles the call of a hold, however it was come by.
pub(super) async fn settle_call(
    books: Books,
    tx: &mut Tx,
    world: &World,
    call: app::model::ModelCallId,
    bounds: &Bounds<'_>,
    outcome: &CallOutcome,
) -> Result<Settled> {
    let now = world.now();
    let booked = book(bounds, outcome);
    if !call_settle(books, tx, call, &booked, now).await? {
        let before = call_booked(books, tx, call).await?;
        return before.map(|before| settled(&before)).ok_or_else(|| {
            Error::Misuse(format!("the call {call} is not in these books (was its reservation rolled back?)"))
        });
    }
    let actual = amounts(&booked);
    let holds = hold_take(books, tx, call).await?;
    let mut lines = Vec::with_capacity(holds.len() * 2);
    for held in &holds {
        window_settle(books, tx, held, &booked.tokens, actual, booked.quality).await?;
        lines.push((Entry::Release, held.window, held.amounts));
        if booked.is_billed {
            lines.push((Entry::Settle, held.window, actual));
        }
    }
    ledger_append(books, tx, call, &lines, now).await?;
    if booked.is_overrun {
        metrics::counter!("steward_budget_overruns_total").increment(1);
        tracing::error!(%call, held = ?bounds.held(), billed = ?actual, "a call was billed beyond its hold");
    }
    Ok(settled(&booked))
}

fn settled(booked: &BookedCall) -> Settled {
    Settled { tokens: booked.tokens, cost: booked.cost, quality: booked.quality, overrun: booked.is_overrun }
}

/// Notes what is known of a running call and renews its lease, so that a crash settles from here. It changes nothing
/// when the call was settled meanwhile.
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
    let lease_until = Timestamp(world.now().0.saturating_add(LEASE_MS));
    let is_open = call_checkpoint(Books::of(scope), tx, hold.call(), reported, received_bytes, lease_until).await?;
    if !is_open {
        tracing::warn!(call = %hold.call(), "a running call was settled by somebody else: its lease had run out");
    }
    Ok(())
}
