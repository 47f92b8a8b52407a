//! The books: who may write in them ([`Books`]), what is counted ([`Amounts`]), the holds of open calls, and the
//! append-only ledger. Windows are in [`super::budget`], calls in [`super::model_call`]; the checks over all of it in
//! [`audit`].
//!
//! To count one more thing, add it to [`Amounts`], the migration, and every statement that names `pico_usd`.

pub mod audit;

use app::model::{ModelCallId, TenantId, Timestamp};
use uuid::Uuid;

use super::{DbValue, Insert, Result, SystemTx, TenantScope, Tx};

/// Leave to read and write one tenant's books. What was spent is settled even when the person who spent it is gone, so
/// this asks for a tenant and not for a person; it is made from a scope, or inside work across tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Books(TenantId);

impl Books {
    #[must_use]
    pub fn of(scope: &TenantScope) -> Self {
        Self(scope.tenant())
    }

    /// One tenant's books within work across tenants.
    #[must_use]
    pub fn within(_system: &SystemTx, tenant: TenantId) -> Self {
        Self(tenant)
    }

    #[must_use]
    pub fn tenant(self) -> TenantId {
        self.0
    }
}

/// What budgets count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// All classes of input together.
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub requests: i64,
    pub pico_usd: i64,
}

impl Amounts {
    /// Input and output together.
    #[must_use]
    pub fn tokens(&self) -> i64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Both together; what cannot be counted is as much as can be.
    #[must_use]
    pub fn and(&self, more: &Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(more.input_tokens),
            output_tokens: self.output_tokens.saturating_add(more.output_tokens),
            requests: self.requests.saturating_add(more.requests),
            pico_usd: self.pico_usd.saturating_add(more.pico_usd),
        }
    }

    /// As the columns stand: input, output, requests, money.
    #[must_use]
    pub fn each(&self) -> [i64; 4] {
        [self.input_tokens, self.output_tokens, self.requests, self.pico_usd]
    }

    /// What of `self` exceeds `held`.
    #[must_use]
    pub fn beyond(&self, held: &Self) -> Self {
        let excess = |actual: i64, held: i64| actual.saturating_sub(held).max(0);
        Self {
            input_tokens: excess(self.input_tokens, held.input_tokens),
            output_tokens: excess(self.output_tokens, held.output_tokens),
            requests: excess(self.requests, held.requests),
            pico_usd: excess(self.pico_usd, held.pico_usd),
        }
    }
}

/// A window of a budget: its key. Windows are locked in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowKey {
    pub budget: Uuid,
    pub start: Timestamp,
}

/// What an open call holds in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldIn {
    pub window: WindowKey,
    pub amounts: Amounts,
}

/// What a ledger line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Reserve,
    /// The hold given back, whole.
    Release,
    /// What was billed.
    Settle,
}

impl Entry {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Release => "release",
            Self::Settle => "settle",
        }
    }
}

#[derive(sqlx::FromRow)]
struct HoldRow {
    call_id: Uuid,
    budget_id: Uuid,
    window_start: i64,
    input_tokens: i64,
    output_tokens: i64,
    requests: i64,
    pico_usd: i64,
}

impl HoldRow {
    fn held(self) -> (ModelCallId, HeldIn) {
        let amounts = Amounts {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            requests: self.requests,
            pico_usd: self.pico_usd,
        };
        let window = WindowKey { budget: self.budget_id, start: Timestamp(self.window_start) };
        (ModelCallId(self.call_id), HeldIn { window, amounts })
    }
}

fn amount_values(amounts: &Amounts) -> [DbValue; 4] {
    amounts.each().map(DbValue::Int)
}

/// What one call holds in one window, or a line of the ledger about it.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub books: Books,
    pub call: ModelCallId,
    pub window: WindowKey,
    pub amounts: Amounts,
}

/// What open calls hold, each in every window on its path: the rows.
#[must_use]
pub fn holds_insert(held: &[Line]) -> Insert {
    let mut values = Vec::with_capacity(held.len() * 8);
    for Line { books, call, window, amounts } in held {
        values.extend([DbValue::Id(books.0.0), DbValue::Id(call.0), DbValue::Id(window.budget)]);
        values.push(DbValue::Int(window.start.0));
        values.extend(amount_values(amounts));
    }
    Insert {
        into: "INSERT INTO holds (tenant_id, call_id, budget_id, window_start, input_tokens, output_tokens, requests, pico_usd)",
        columns: 8,
        values,
        suffix: "",
    }
}

/// Takes what calls hold out of the table.
///
/// # Errors
/// Database errors.
pub async fn holds_take(books: Books, tx: &mut Tx, calls: &[ModelCallId]) -> Result<Vec<(ModelCallId, HeldIn)>> {
    let mut held = Vec::with_capacity(calls.len());
    for calls in calls.chunks(tx.rows_together()) {
        let rows: Vec<HoldRow> = tx
            .rows_among(
                "DELETE FROM holds WHERE tenant_id =",
                books.0.0,
                "AND call_id IN",
                calls.iter().map(|call| call.0).collect(),
                "RETURNING call_id, budget_id, window_start, input_tokens, output_tokens, requests, pico_usd",
            )
            .await?;
        held.extend(rows.into_iter().map(HoldRow::held));
    }
    Ok(held)
}

/// Lines to append. A call that has such a line already is [`super::Error::Duplicate`]: nothing is booked twice.
#[must_use]
pub fn ledger_insert(lines: &[(Entry, Line)], at: Timestamp) -> Insert {
    let mut values = Vec::with_capacity(lines.len() * 11);
    for (entry, Line { books, call, window, amounts }) in lines {
        values.extend([DbValue::Id(books.0.0), DbValue::Id(call.0), DbValue::Id(window.budget)]);
        values.push(DbValue::Text(entry.as_str().to_owned()));
        values.extend([DbValue::Int(0), DbValue::Int(window.start.0)]);
        values.extend(amount_values(amounts));
        values.push(DbValue::Int(at.0));
    }
    Insert {
        into: "INSERT INTO ledger (tenant_id, call_id, budget_id, kind, number, window_start, input_tokens, \
               output_tokens, requests, pico_usd, at)",
        columns: 11,
        values,
        suffix: "",
    }
}
