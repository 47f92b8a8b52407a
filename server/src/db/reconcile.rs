//! What was booked of a provider's models by UTC day, and corrections of it.

use app::model::{Date, ModelCallId, Timestamp};
use uuid::Uuid;

use super::{
    Error, Result, SystemTx,
    ledger::{Books, WindowKey},
    usage_day::{DayKey, DayRow, Days, usage_days_add},
};

const DAY_MS: i64 = 86_400_000;

/// What calls of one UTC day and model come to at the provider's prices, corrections included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    pub day: Date,
    pub model: String,
    pub calls: i64,
    pub list_pico: i64,
    pub estimated_calls: i64,
    pub estimated_pico: i64,
    pub unknown_calls: i64,
    pub unknown_pico: i64,
}

#[derive(sqlx::FromRow)]
struct BilledRow {
    day: i64,
    model: String,
    calls: i64,
    list_pico: i64,
    estimated_calls: i64,
    estimated_pico: i64,
    unknown_calls: i64,
    unknown_pico: i64,
}

/// What is no model's: an invoice has the fees of searches by themselves.
pub const NO_MODEL: &str = "(no model)";

/// What was booked of a provider's models from `first` to `last`, both included: a row for each day and model, and one
/// of each day's fees under [`NO_MODEL`].
///
/// # Errors
/// Database errors.
pub async fn billed_by_day(
    books: Books,
    tx: &mut SystemTx,
    provider: &str,
    first: Date,
    last: Date,
) -> Result<Vec<Billed>> {
    // A local day is at most a day away from the UTC one; its index finds the rows.
    let rows: Vec<BilledRow> = tx
        .query(
            "SELECT day, model, COUNT(*) AS calls, CAST(SUM(list_pico) AS BIGINT) AS list_pico, \
             CAST(SUM(CASE WHEN quality = 'estimated' THEN 1 ELSE 0 END) AS BIGINT) AS estimated_calls, \
             CAST(SUM(CASE WHEN quality = 'estimated' THEN list_pico ELSE 0 END) AS BIGINT) AS estimated_pico, \
             CAST(SUM(CASE WHEN quality = 'unknown' THEN 1 ELSE 0 END) AS BIGINT) AS unknown_calls, \
             CAST(SUM(CASE WHEN quality = 'unknown' THEN list_pico ELSE 0 END) AS BIGINT) AS unknown_pico FROM \
             (SELECT c.created_at / 86400000 AS day, c.model, c.quality, c.list_cost_pico \
             - c.searches * (COALESCE(c.price_search, 0) * 10000 / (10000 + c.markup_bp)) + COALESCE((SELECT \
             SUM(x.list_pico) FROM ledger_adjustments x WHERE x.tenant_id = c.tenant_id AND x.call_id = c.id), 0) \
             AS list_pico FROM model_calls c WHERE c.tenant_id = $1 AND c.provider = $2 AND c.state = 'settled' \
             AND c.local_day BETWEEN $3 AND $4 AND c.created_at >= $5 AND c.created_at < $6 \
             UNION ALL SELECT c.created_at / 86400000, $7, c.quality, \
             c.searches * (COALESCE(c.price_search, 0) * 10000 / (10000 + c.markup_bp)) FROM model_calls c \
             WHERE c.tenant_id = $1 AND c.provider = $2 AND c.state = 'settled' AND c.local_day BETWEEN $3 AND $4 \
             AND c.created_at >= $5 AND c.created_at < $6 AND c.searches > 0) calls_of_days \
             GROUP BY day, model ORDER BY day, model",
        )
        .bind(books.tenant())
        .bind(provider)
        .bind(first.to_days() - 1)
        .bind(last.to_days() + 1)
        .bind(first.to_days() * DAY_MS)
        .bind((last.to_days() + 1) * DAY_MS)
        .bind(NO_MODEL)
        .all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Billed {
            day: Date::from_days(row.day),
            model: row.model,
            calls: row.calls,
            list_pico: row.list_pico,
            estimated_calls: row.estimated_calls,
            estimated_pico: row.estimated_pico,
            unknown_calls: row.unknown_calls,
            unknown_pico: row.unknown_pico,
        })
        .collect())
}

/// A call a correction may be booked on, with what it comes to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correctable {
    pub call: ModelCallId,
    pub is_exact: bool,
    /// What is charged for it, corrections included, without the fees of searches.
    pub pico: i64,
    /// What the provider asks for it, likewise.
    pub list_pico: i64,
}

#[derive(sqlx::FromRow)]
struct CorrectableRow {
    id: Uuid,
    is_exact: bool,
    pico: i64,
    list_pico: i64,
}

/// Inexact calls a difference may be spread over.
const MOST_CALLS: i64 = 10_000;

/// A UTC day's calls of a model: those never heard of, then those estimated, then the last exact one.
///
/// # Errors
/// Database errors.
pub async fn correctable(
    books: Books,
    tx: &mut SystemTx,
    provider: &str,
    model: &str,
    day: Date,
) -> Result<Vec<Correctable>> {
    let mut calls = Vec::new();
    for (is_exact, limit) in [(false, MOST_CALLS), (true, 1)] {
        let rows: Vec<CorrectableRow> = tx
            .query(
                "SELECT c.id, c.quality = 'exact' AS is_exact, CAST(c.cost_pico_usd - c.searches * COALESCE(c.price_search, 0) \
                 + COALESCE(SUM(x.pico_usd), 0) AS BIGINT) AS pico, CAST(c.list_cost_pico \
                 - c.searches * (COALESCE(c.price_search, 0) * 10000 / (10000 + c.markup_bp)) \
                 + COALESCE(SUM(x.list_pico), 0) AS BIGINT) AS list_pico \
                 FROM model_calls c LEFT JOIN ledger_adjustments x ON x.tenant_id = c.tenant_id AND x.call_id = c.id \
                 WHERE c.tenant_id = $1 AND c.provider = $2 AND c.model = $3 AND c.state = 'settled' \
                 AND c.local_day BETWEEN $4 AND $5 AND c.created_at >= $6 AND c.created_at < $7 \
                 AND (c.quality = 'exact') = $8 \
                 GROUP BY c.id, c.quality, c.cost_pico_usd, c.list_cost_pico, c.searches, c.price_search, c.markup_bp, c.created_at \
                 ORDER BY c.quality DESC, CASE WHEN $8 THEN -c.created_at ELSE c.created_at END, c.id LIMIT $9",
            )
            .bind(books.tenant())
            .bind(provider)
            .bind(model)
            .bind(day.to_days() - 1)
            .bind(day.to_days() + 1)
            .bind(day.to_days() * DAY_MS)
            .bind((day.to_days() + 1) * DAY_MS)
            .bind(is_exact)
            .bind(limit)
            .all()
            .await?;
        calls.extend(rows.into_iter().map(|row| Correctable {
            call: ModelCallId(row.id),
            is_exact: row.is_exact,
            pico: row.pico,
            list_pico: row.list_pico,
        }));
    }
    Ok(calls)
}

/// A correction of one call.
#[derive(Clone, Copy, Debug)]
pub struct Adjustment<'a> {
    pub call: ModelCallId,
    pub pico: i64,
    pub list_pico: i64,
    pub author: &'a str,
    pub reason: &'a str,
    pub source: &'a str,
    pub source_sha256: &'a str,
}

#[derive(sqlx::FromRow)]
struct CallRow {
    key_id: Option<Uuid>,
    number: i64,
    #[sqlx(flatten)]
    day: DayRow,
}

#[derive(sqlx::FromRow)]
struct WindowRow {
    budget_id: Uuid,
    window_start: i64,
}

/// Books a correction: a line in each window the call was settled in, in their order; who and why; and the day's sums.
/// What is billed more than was held counts as overrun.
///
/// # Errors
/// [`Error::Misuse`] when no such call was settled; database errors. Nothing is booked then.
pub async fn adjust(books: Books, tx: &mut SystemTx, adjustment: &Adjustment<'_>, at: Timestamp) -> Result<()> {
    let Adjustment { call, pico, list_pico, author, reason, source, source_sha256 } = *adjustment;
    let row: Option<CallRow> = tx
        .query(
            "SELECT key_id, 1 + COALESCE((SELECT MAX(number) FROM ledger_adjustments WHERE tenant_id = $1 \
             AND call_id = $2), 0) AS number, local_day, user_id, provider, model, purpose, profile_id, client_format \
             FROM model_calls WHERE tenant_id = $1 AND id = $2 AND state = 'settled'",
        )
        .bind(books.tenant())
        .bind(call)
        .optional()
        .await?;
    let CallRow { key_id, number, day } =
        row.ok_or_else(|| Error::Misuse(format!("no settled call {call} to correct")))?;
    let windows: Vec<WindowRow> = tx
        .query(
            "SELECT budget_id, window_start FROM ledger WHERE tenant_id = $1 AND call_id = $2 AND kind = 'settle' \
             ORDER BY budget_id, window_start",
        )
        .bind(books.tenant())
        .bind(call)
        .all()
        .await?;
    tx.query(
        "INSERT INTO ledger_adjustments (tenant_id, call_id, number, pico_usd, list_pico, author, reason, source, \
         source_sha256, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(books.tenant())
    .bind(call)
    .bind(number)
    .bind(pico)
    .bind(list_pico)
    .bind(author)
    .bind(reason)
    .bind(source)
    .bind(source_sha256)
    .bind(at)
    .execute()
    .await?;
    for window in windows {
        let window = WindowKey { budget: window.budget_id, start: Timestamp(window.window_start) };
        adjust_window(books, tx, call, number, window, pico, at).await?;
    }
    let mut days = Days::default();
    let key: DayKey = day.key(books, key_id);
    days.adjust(key, pico, list_pico);
    usage_days_add(tx, &days).await
}

async fn adjust_window(
    books: Books,
    tx: &mut SystemTx,
    call: ModelCallId,
    number: i64,
    window: WindowKey,
    pico: i64,
    at: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO ledger (tenant_id, call_id, budget_id, kind, number, window_start, input_tokens, output_tokens, \
         requests, pico_usd, at) VALUES ($1, $2, $3, 'adjust', $4, $5, 0, 0, 0, $6, $7)",
    )
    .bind(books.tenant())
    .bind(call)
    .bind(window.budget)
    .bind(number)
    .bind(window.start)
    .bind(pico)
    .bind(at)
    .execute()
    .await?;
    tx.query(
        "UPDATE budget_windows SET settled_pico_usd = settled_pico_usd + $4, overrun_pico_usd = overrun_pico_usd + $5 \
         WHERE tenant_id = $1 AND budget_id = $2 AND window_start = $3",
    )
    .bind(books.tenant())
    .bind(window.budget)
    .bind(window.start)
    .bind(pico)
    .bind(pico.max(0))
    .execute()
    .await?;
    Ok(())
}
