//! Grants: more than a budget's limits for one window. They are append-only; a window carries their sums.
//!
//! What must hold: no grant is negative, none is taken back, and they are written with the window's sums in one
//! transaction ([`grant_put`]). So a window's room never shrinks but by a lower limit of its budget.

use app::model::{BudgetLimits, Money, TenantId, Timestamp};
use uuid::Uuid;

use crate::db::{
    Error, Result, SystemTx, Tx,
    ledger::{Books, WindowKey},
};

/// Amounts on top of a budget's limits; what is not limited cannot be granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    pub input_tokens: i64,
    pub output_tokens: i64,
    /// Input and output together.
    pub tokens: i64,
    pub requests: i64,
    pub pico_usd: i64,
}

impl Granted {
    /// The limits with this on top of them.
    #[must_use]
    pub fn on_top_of(&self, limits: &BudgetLimits) -> BudgetLimits {
        let more = |limit: Option<i64>, granted: i64| limit.map(|limit| limit.saturating_add(granted));
        BudgetLimits {
            input_tokens: more(limits.input_tokens, self.input_tokens),
            output_tokens: more(limits.output_tokens, self.output_tokens),
            requests: more(limits.requests, self.requests),
            cost: limits.cost.map(|cost| Money(cost.0.saturating_add(self.pico_usd))),
            tokens: more(limits.tokens, self.tokens),
        }
    }

    #[must_use]
    pub fn each(&self) -> [i64; 5] {
        [self.input_tokens, self.output_tokens, self.tokens, self.requests, self.pico_usd]
    }
}

#[derive(sqlx::FromRow)]
pub(in crate::db) struct GrantedRow {
    granted_input_tokens: i64,
    granted_output_tokens: i64,
    granted_tokens: i64,
    granted_requests: i64,
    granted_pico_usd: i64,
}

impl GrantedRow {
    pub(in crate::db) fn granted(&self) -> Granted {
        Granted {
            input_tokens: self.granted_input_tokens,
            output_tokens: self.granted_output_tokens,
            tokens: self.granted_tokens,
            requests: self.granted_requests,
            pico_usd: self.granted_pico_usd,
        }
    }
}

/// A grant to write.
#[derive(Clone, Debug)]
pub struct NewGrant<'a> {
    pub id: Uuid,
    pub window: WindowKey,
    pub request: Option<Uuid>,
    pub granted: Granted,
    pub reason: &'a str,
    /// An e-mail, or the command line.
    pub by: &'a str,
}

/// The most that all grants of a window may come to, of each thing: far from what cannot be counted.
pub const MOST_GRANTED: i64 = 1_000_000_000_000_000_000;

/// Writes a grant and adds it to its window.
///
/// # Errors
/// [`Error::Misuse`] for a window that is not there, or that would get more than [`MOST_GRANTED`]; database errors; a
/// negative grant is one.
pub async fn grant_put(books: Books, tx: &mut Tx, grant: &NewGrant<'_>, now: Timestamp) -> Result<()> {
    let [input_tokens, output_tokens, tokens, requests, pico_usd] = grant.granted.each();
    let changed = tx
        .query(
            "UPDATE budget_windows SET granted_input_tokens = granted_input_tokens + $4, \
             granted_output_tokens = granted_output_tokens + $5, granted_tokens = granted_tokens + $6, \
             granted_requests = granted_requests + $7, granted_pico_usd = granted_pico_usd + $8 \
             WHERE tenant_id = $1 AND budget_id = $2 AND window_start = $3 AND granted_input_tokens <= $9 - $4 \
             AND granted_output_tokens <= $9 - $5 AND granted_tokens <= $9 - $6 AND granted_requests <= $9 - $7 \
             AND granted_pico_usd <= $9 - $8",
        )
        .bind(books.tenant())
        .bind(grant.window.budget)
        .bind(grant.window.start)
        .bind(input_tokens)
        .bind(output_tokens)
        .bind(tokens)
        .bind(requests)
        .bind(pico_usd)
        .bind(MOST_GRANTED)
        .execute()
        .await?;
    if changed != 1 {
        return Err(Error::Misuse(format!("no window {:?}, or more than can be granted", grant.window)));
    }
    tx.query(
        "INSERT INTO budget_grants (tenant_id, id, budget_id, window_start, request_id, input_tokens, output_tokens, \
         tokens, requests, pico_usd, reason, granted_by, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(books.tenant())
    .bind(grant.id)
    .bind(grant.window.budget)
    .bind(grant.window.start)
    .bind(grant.request)
    .bind(input_tokens)
    .bind(output_tokens)
    .bind(tokens)
    .bind(requests)
    .bind(pico_usd)
    .bind(grant.reason)
    .bind(grant.by)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct SumRow {
    budget_id: Uuid,
    window_start: i64,
    #[sqlx(flatten)]
    granted: GrantedRow,
}

/// What the grants of a tenant come to, by window; for the audit.
///
/// # Errors
/// Database errors.
pub async fn grant_sums(tx: &mut SystemTx, tenant: TenantId) -> Result<Vec<(WindowKey, Granted)>> {
    let rows: Vec<SumRow> = tx
        .query(
            "SELECT budget_id, window_start, CAST(SUM(input_tokens) AS BIGINT) AS granted_input_tokens, \
             CAST(SUM(output_tokens) AS BIGINT) AS granted_output_tokens, CAST(SUM(tokens) AS BIGINT) AS granted_tokens, \
             CAST(SUM(requests) AS BIGINT) AS granted_requests, CAST(SUM(pico_usd) AS BIGINT) AS granted_pico_usd \
             FROM budget_grants WHERE tenant_id = $1 GROUP BY budget_id, window_start",
        )
        .bind(tenant)
        .all()
        .await?;
    let key = |row: &SumRow| WindowKey { budget: row.budget_id, start: Timestamp(row.window_start) };
    Ok(rows.iter().map(|row| (key(row), row.granted.granted())).collect())
}
