//! Settling: the hold is given back, the bill is booked, once.

use std::collections::BTreeMap;

use app::model::{ApiKeyId, ModelCallId, Timestamp};

use super::{
    CallOutcome, Hold, Settled, notices,
    reserve::LEASE_MS,
    settlement::{Bounds, amounts, book},
};
use crate::{
    db::{
        Error, Result, TenantScope, Tx,
        budget::window::{Settling, window_settle},
        key_minute::{key_use_add, minute_of},
        ledger::{Amounts, Books, Entry, HeldIn, Line, WindowKey, hold_take, ledger_append},
        model_call::{BookedCall, call_booked, call_checkpoint, call_settle},
        usage_day::{Days, usage_days_add},
    },
    models::ReportedUsage,
    world::World,
};

/// Settles a call: idempotent, in the hold's own window, in the caller's transaction. A call that was settled before
/// (by the sweeper, when this server was taken for dead) is not booked again; what it was booked with is returned.
/// Once the transaction is committed the caller [discharges](Hold::discharge) the hold; until then it may try again.
///
/// # Errors
/// Database errors; nothing is settled then.
pub async fn settle(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    hold: &Hold,
    outcome: CallOutcome,
) -> Result<Settled> {
    let due = Due { books: Books::of(scope), call: hold.call(), bounds: hold.bounds(), outcome };
    let booked = settle_calls(tx, world, vec![due]).await?.booked;
    let booked = booked.first().ok_or_else(|| Error::Misuse("nothing was settled".to_owned()))?;
    Ok(as_settled(booked))
}

/// A call to settle, however its hold was come by.
pub(super) struct Due<'a> {
    pub books: Books,
    pub call: ModelCallId,
    pub bounds: Bounds<'a>,
    pub outcome: CallOutcome,
}

/// What came of it.
pub(super) struct Outcome {
    /// What each call is booked with, now or since before; in the order of the calls' ids.
    pub booked: Vec<BookedCall>,
    /// How many were settled now.
    pub settled: u64,
}

/// Settles calls: first their rows, in the order of their ids, then the windows of all of them, in their order, each
/// once. Everybody settles in this order and a transaction settles once, so that nobody holds a window while
/// waiting for a call, and no two wait for each other in a circle.
pub(super) async fn settle_calls(tx: &mut Tx, world: &World, mut due: Vec<Due<'_>>) -> Result<Outcome> {
    due.sort_by_key(|due| due.call);
    let now = world.now();
    let mut outcome = Outcome { booked: Vec::with_capacity(due.len()), settled: 0 };
    let mut lines = Vec::new();
    let mut windows: BTreeMap<(Books, WindowKey), Settling> = BTreeMap::new();
    let mut rates: BTreeMap<(Books, ApiKeyId, i64), i64> = BTreeMap::new();
    let mut days = Days::default();
    for due in &due {
        let booked = book(&due.bounds, &due.outcome);
        let Some(settled) = call_settle(due.books, tx, due.call, &booked, now).await? else {
            outcome.booked.push(booked_before(due, tx).await?);
            continue;
        };
        outcome.booked.push(booked);
        outcome.settled += 1;
        let (held, billed) = (due.bounds.held(), amounts(&booked));
        if booked.is_overrun {
            metrics::counter!("steward_budget_overruns_total").increment(1);
            tracing::error!(call = %due.call, ?held, ?billed, "a call was billed beyond its hold");
        }
        if let Some(key) = settled.key {
            let tokens = |amounts: &Amounts| amounts.input_tokens.saturating_add(amounts.output_tokens);
            let corrected = tokens(&billed).saturating_sub(tokens(&held));
            *rates.entry((due.books, key, minute_of(settled.admitted_at))).or_default() += corrected;
        }
        days.add(settled.day, &booked);
        for HeldIn { window, amounts: held } in hold_take(due.books, tx, due.call).await? {
            let line = |amounts| Line { books: due.books, call: due.call, window, amounts };
            lines.push((Entry::Release, line(held)));
            if booked.is_billed {
                lines.push((Entry::Settle, line(billed)));
            }
            windows.entry((due.books, window)).or_default().add(&held, &billed, &booked.tokens, booked.quality);
        }
    }
    ledger_append(tx, &lines, now).await?;
    for ((books, window), settling) in &windows {
        window_settle(*books, tx, *window, settling).await?;
    }
    usage_days_add(tx, &days).await?;
    notices::tell(tx, &windows, now).await?;
    for ((books, key, minute), tokens) in rates {
        key_use_add(books, tx, key, minute, 0, tokens).await?;
    }
    Ok(outcome)
}

async fn booked_before(due: &Due<'_>, tx: &mut Tx) -> Result<BookedCall> {
    call_booked(due.books, tx, due.call).await?.ok_or_else(|| {
        Error::Misuse(format!("the call {} is not in these books (was its reservation rolled back?)", due.call))
    })
}

pub(super) fn as_settled(booked: &BookedCall) -> Settled {
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
    checkpoint_call(scope, tx, world, hold.call(), reported, received_bytes).await
}

/// As [`checkpoint`], for who has handed the hold's call on.
pub(super) async fn checkpoint_call(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    call: ModelCallId,
    reported: ReportedUsage,
    received_bytes: i64,
) -> Result<()> {
    let lease_until = Timestamp(world.now().0.saturating_add(LEASE_MS));
    let is_open = call_checkpoint(Books::of(scope), tx, call, reported, received_bytes, lease_until).await?;
    if !is_open {
        tracing::warn!(%call, "a running call was settled by somebody else: its lease had run out");
    }
    Ok(())
}
