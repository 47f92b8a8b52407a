//! Settling: the hold is given back, the bill is booked, once.

use std::collections::{BTreeMap, HashMap};

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
        ledger::{Amounts, Books, Entry, HeldIn, Line, WindowKey, holds_take, ledger_insert},
        model_call::{BookedCall, SettledCall, call_booked, call_checkpoint, calls_settle},
        usage_day::{Days, usage_days_insert},
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
    let due = Due {
        books: Books::of(scope),
        call: hold.call(),
        bounds: hold.bounds(),
        outcome,
        is_rated: hold.rates_left().is_some(),
    };
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
    /// Whether its key may have rates, which it is counted for then.
    pub is_rated: bool,
}

/// What came of it.
pub(super) struct Outcome {
    /// What each call is booked with, now or since before; in the order of the calls' ids.
    pub booked: Vec<BookedCall>,
    /// How many were settled now.
    pub settled: u64,
}

/// Settles calls: first their rows, then the windows of all of them, in their order, each once. Everybody settles in
/// this order and a transaction settles once, so that nobody holds a window while waiting for a call. (Two who settle
/// the same calls at the same time, a server and a sweeper that takes it for dead, may meet them in different orders;
/// PostgreSQL then refuses one of the two, which tries again and finds them settled.)
pub(super) async fn settle_calls(tx: &mut Tx, world: &World, mut due: Vec<Due<'_>>) -> Result<Outcome> {
    due.sort_by_key(|due| due.call);
    let now = world.now();
    let mut calls: Vec<_> = due.iter().map(|due| (due.books, due.call, book(&due.bounds, &due.outcome))).collect();
    // A call that is due twice is settled with what is said first.
    calls.dedup_by_key(|(_, call, _)| *call);
    let settled = calls_settle(tx, &calls, now).await?;
    let mut settled: HashMap<ModelCallId, (BookedCall, SettledCall)> = calls
        .into_iter()
        .zip(settled)
        .filter_map(|((_, call, booked), settled)| Some((call, (booked, settled?))))
        .collect();
    let mut held = take_holds(tx, &due, &settled).await?;
    let mut outcome = Outcome { booked: Vec::with_capacity(due.len()), settled: 0 };
    let mut lines = Vec::new();
    let mut windows: BTreeMap<(Books, WindowKey), Settling> = BTreeMap::new();
    let mut rates: BTreeMap<(Books, ApiKeyId, i64), i64> = BTreeMap::new();
    let mut days = Days::default();
    for due in &due {
        let Some((booked, settled)) = settled.remove(&due.call) else {
            outcome.booked.push(booked_before(due, tx).await?);
            continue;
        };
        outcome.booked.push(booked);
        outcome.settled += 1;
        let (hold, billed) = (due.bounds.held(), amounts(&booked));
        if booked.is_overrun {
            metrics::counter!("steward_budget_overruns_total").increment(1);
            tracing::error!(call = %due.call, held = ?hold, ?billed, "a call was billed beyond its hold");
        }
        if let Some(key) = settled.key.filter(|_| due.is_rated) {
            let tokens = |amounts: &Amounts| amounts.input_tokens.saturating_add(amounts.output_tokens);
            let corrected = tokens(&billed).saturating_sub(tokens(&hold));
            *rates.entry((due.books, key, minute_of(settled.admitted_at))).or_default() += corrected;
        }
        days.add(settled.day, &booked);
        for HeldIn { window, amounts: held } in held.remove(&due.call).unwrap_or_default() {
            let line = |amounts| Line { books: due.books, call: due.call, window, amounts };
            lines.push((Entry::Release, line(held)));
            if booked.is_billed {
                lines.push((Entry::Settle, line(billed)));
            }
            windows.entry((due.books, window)).or_default().add(&held, &billed, &booked.tokens, booked.quality);
        }
    }
    for ((books, window), settling) in &windows {
        window_settle(*books, tx, *window, settling).await?;
    }
    let mut with_days = Some(usage_days_insert(&days));
    for lines in lines.chunks(tx.rows_together()) {
        let inserts: Vec<_> = std::iter::once(ledger_insert(lines, now)).chain(with_days.take()).collect();
        tx.insert_together(&inserts).await?;
    }
    if let Some(days) = with_days {
        tx.insert_together(&[days]).await?;
    }
    notices::tell(tx, &windows, now).await?;
    for ((books, key, minute), tokens) in rates {
        key_use_add(books, tx, key, minute, 0, tokens).await?;
    }
    Ok(outcome)
}

/// What the calls hold that are settled now.
async fn take_holds(
    tx: &mut Tx,
    due: &[Due<'_>],
    settled: &HashMap<ModelCallId, (BookedCall, SettledCall)>,
) -> Result<HashMap<ModelCallId, Vec<HeldIn>>> {
    let mut calls: BTreeMap<Books, Vec<ModelCallId>> = BTreeMap::new();
    for due in due.iter().filter(|due| settled.contains_key(&due.call)) {
        calls.entry(due.books).or_default().push(due.call);
    }
    let mut held: HashMap<ModelCallId, Vec<HeldIn>> = HashMap::with_capacity(settled.len());
    for (books, calls) in calls {
        for (call, hold) in holds_take(books, tx, &calls).await? {
            held.entry(call).or_default().push(hold);
        }
    }
    Ok(held)
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
