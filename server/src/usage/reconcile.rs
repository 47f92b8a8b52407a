//! Comparing the books with a provider's invoice, day by day and model by model, and booking the difference.
//!
//! What is compared is what the provider asks ([`invoice`]) with what was booked of it, corrections included; days are UTC,
//! as providers bill. What is booked is decided by [`allocate`]: the calls whose figures are not the provider's own explain a
//! difference first. A correction is an `adjust` line in each window its call was settled in, a row that says who and why,
//! and a part of that day's sums; nothing that was written before is changed.
//!
//! What must hold: the same invoice twice books nothing the second time; no call comes to less than nothing; money booked
//! later than a limit knew of counts as overrun, so that the theorem stays.

pub mod allocate;
pub mod invoice;

use std::collections::{BTreeMap, BTreeSet};

use app::model::{Date, TenantId, Timestamp};

use self::{
    allocate::{Correction, allocate},
    invoice::{Invoice, canonical},
};
use crate::{
    db::{
        Result, SystemTx,
        ledger::Books,
        reconcile::{Adjustment, Billed, adjust, billed_by_day, correctable},
    },
    world::World,
};

/// A day and a model: what the invoice says and what the books say, pico-dollars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// As the books name it; as the invoice does where the books know no such model.
    pub model: String,
    /// `None`: the invoice has no such row.
    pub invoiced_pico: Option<i64>,
    pub booked_pico: i64,
    pub calls: i64,
    /// What may explain a difference: calls whose figures are upper bounds, or that were never heard of.
    pub estimated_calls: i64,
    pub estimated_pico: i64,
    pub unknown_calls: i64,
    pub unknown_pico: i64,
    /// Whose books have such calls.
    pub tenants: BTreeSet<TenantId>,
}

impl Compared {
    /// What the provider billed more than was booked; less, when negative.
    #[must_use]
    pub fn difference_pico(&self) -> i64 {
        self.invoiced_pico.unwrap_or(0).saturating_sub(self.booked_pico)
    }
}

/// All of it, by day and the model's canonical name.
pub type Comparison = BTreeMap<(Date, String), Compared>;

/// Puts the invoice beside the books of these tenants.
///
/// # Errors
/// Database errors.
pub async fn compare(tx: &mut SystemTx, tenants: &[TenantId], provider: &str, invoice: &Invoice) -> Result<Comparison> {
    let mut comparison = Comparison::new();
    for ((day, model), amount) in invoice {
        let row = comparison.entry((*day, canonical(model))).or_default();
        row.model.clone_from(model);
        row.invoiced_pico = Some(row.invoiced_pico.unwrap_or(0).saturating_add(*amount));
    }
    let days = invoice.keys().map(|(day, _)| *day);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return Ok(comparison) };
    for tenant in tenants {
        let books = Books::within(tx, *tenant);
        for Billed { day, model, calls, list_pico, estimated_calls, estimated_pico, unknown_calls, unknown_pico } in
            billed_by_day(books, tx, provider, first, last).await?
        {
            let row = comparison.entry((day, canonical(&model))).or_default();
            row.model = model;
            row.calls += calls;
            row.booked_pico = row.booked_pico.saturating_add(list_pico);
            row.estimated_calls += estimated_calls;
            row.estimated_pico = row.estimated_pico.saturating_add(estimated_pico);
            row.unknown_calls += unknown_calls;
            row.unknown_pico = row.unknown_pico.saturating_add(unknown_pico);
            row.tenants.insert(*tenant);
        }
    }
    Ok(comparison)
}

/// Who books, why, and from what.
#[derive(Clone, Debug)]
pub struct Authority {
    pub author: String,
    pub reason: String,
    /// The invoice's name and the SHA-256 of its bytes, in hexadecimal.
    pub source: String,
    pub source_sha256: String,
}

/// How far a difference may be booked.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The invoice is this tenant's alone: what no inexact call explains goes to the day's last call of the model.
    pub is_of_one_tenant: bool,
    /// What the invoice does not mention was not billed.
    pub absent_is_zero: bool,
}

/// Books the differences; gives how many calls were corrected and what is left unexplained, by day and model.
///
/// # Errors
/// Database errors; nothing is booked then.
pub async fn book(
    tx: &mut SystemTx,
    world: &World,
    provider: &str,
    comparison: &Comparison,
    authority: &Authority,
    bounds: Bounds,
) -> Result<(usize, BTreeMap<(Date, String), i64>)> {
    let (mut corrected, mut left) = (0, BTreeMap::new());
    for (key, row) in comparison {
        let mut difference = row.difference_pico();
        if difference == 0 || (row.invoiced_pico.is_none() && !bounds.absent_is_zero) {
            continue;
        }
        for tenant in &row.tenants {
            let books = Books::within(tx, *tenant);
            let calls = correctable(books, tx, provider, &row.model, key.0).await?;
            let (corrections, rest) = allocate(difference, &calls, bounds.is_of_one_tenant);
            difference = rest;
            corrected += corrections.len();
            write(books, tx, &corrections, authority, world.now()).await?;
        }
        if difference != 0 {
            left.insert(key.clone(), difference);
        }
    }
    Ok((corrected, left))
}

async fn write(
    books: Books,
    tx: &mut SystemTx,
    corrections: &[Correction],
    authority: &Authority,
    at: Timestamp,
) -> Result<()> {
    for correction in corrections {
        let adjustment = Adjustment {
            call: correction.call,
            pico: correction.pico,
            list_pico: correction.list_pico,
            author: &authority.author,
            reason: &authority.reason,
            source: &authority.source,
            source_sha256: &authority.source_sha256,
        };
        adjust(books, tx, &adjustment, at).await?;
    }
    Ok(())
}
