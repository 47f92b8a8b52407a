//! Model calls: one row per attempt, from its hold to what was booked. Sums over them for turns and reports are in
//! [`sums`].
//!
//! What must hold: a row leaves the state `open` once, by the compare-and-set of [`call_settle`].

pub mod sums;

use app::model::{ModelCallId, Money, Quality, TenantId, Timestamp, Tokens, TurnId, UserId};
use uuid::Uuid;

use super::{Error, Result, SystemTx, Tx, ledger::Books};
use crate::models::{PriceVersion, ReportedUsage};

/// A call to admit.
#[derive(Clone, Debug)]
pub struct NewCall<'a> {
    pub id: ModelCallId,
    pub user: UserId,
    pub turn: Option<TurnId>,
    pub step: i64,
    pub attempt: i64,
    pub purpose: &'static str,
    pub provider: &'static str,
    pub model: &'a str,
    pub price: Option<&'a PriceVersion>,
    pub input_bound: i64,
    pub output_cap: i64,
    pub lease_until: Timestamp,
    /// The day in the tenant's zone, days since 1970-01-01.
    pub local_day: i64,
    pub now: Timestamp,
}

/// A call that nobody has settled yet, with its last checkpoint.
#[derive(Clone, Debug)]
pub struct OpenCall {
    pub tenant: TenantId,
    pub id: ModelCallId,
    pub price: Option<PriceVersion>,
    pub input_bound: i64,
    pub output_cap: i64,
    pub seen: ReportedUsage,
    pub received_bytes: i64,
}

/// What a settled call was booked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookedCall {
    pub is_billed: bool,
    pub tokens: Tokens,
    pub cost: Money,
    pub quality: Quality,
    pub is_overrun: bool,
}

/// Records an admitted call.
///
/// # Errors
/// Database errors.
pub async fn call_insert(books: Books, tx: &mut Tx, call: &NewCall<'_>) -> Result<()> {
    tx.query(
        "INSERT INTO model_calls (tenant_id, id, user_id, turn_id, step, attempt, purpose, provider, model, \
         price_version, price_input, price_cache_read, price_cache_write_5m, price_cache_write_1h, price_output, \
         price_request, input_bound, output_cap, state, lease_until, local_day, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'open', $19, $20, $21)",
    )
    .bind(books.tenant())
    .bind(call.id)
    .bind(call.user)
    .bind(call.turn)
    .bind(call.step)
    .bind(call.attempt)
    .bind(call.purpose)
    .bind(call.provider)
    .bind(call.model)
    .bind(call.price.map(|price| price.id.as_str()))
    .bind(call.price.map(|price| price.input))
    .bind(call.price.map(|price| price.cache_read))
    .bind(call.price.map(|price| price.cache_write_5m))
    .bind(call.price.map(|price| price.cache_write_1h))
    .bind(call.price.map(|price| price.output))
    .bind(call.price.map(|price| price.per_request))
    .bind(call.input_bound)
    .bind(call.output_cap)
    .bind(call.lease_until)
    .bind(call.local_day)
    .bind(call.now)
    .execute()
    .await?;
    Ok(())
}

/// Notes what is known of an open call and renews its lease; whether it was still open.
///
/// # Errors
/// Database errors.
pub async fn call_checkpoint(
    books: Books,
    tx: &mut Tx,
    call: ModelCallId,
    seen: ReportedUsage,
    received_bytes: i64,
    lease_until: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE model_calls SET seen_input = $3, seen_cache_read = $4, seen_cache_write_5m = $5, \
             seen_cache_write_1h = $6, seen_output = $7, seen_final = $8, received_bytes = $9, lease_until = $10 \
             WHERE tenant_id = $1 AND id = $2 AND state = 'open'",
        )
        .bind(books.tenant())
        .bind(call)
        .bind(seen.input)
        .bind(seen.cache_read)
        .bind(seen.cache_write_5m)
        .bind(seen.cache_write_1h)
        .bind(seen.output)
        .bind(seen.is_final)
        .bind(received_bytes)
        .bind(lease_until)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Takes a call from `open` to what was booked; `false`: somebody settled it before, and nothing was changed.
///
/// # Errors
/// Database errors.
pub async fn call_settle(
    books: Books,
    tx: &mut Tx,
    call: ModelCallId,
    booked: &BookedCall,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE model_calls SET state = $3, input_tokens = $4, cache_read_tokens = $5, cache_write_5m_tokens = $6, \
             cache_write_1h_tokens = $7, output_tokens = $8, cost_pico_usd = $9, quality = $10, is_overrun = $11, \
             settled_at = $12 WHERE tenant_id = $1 AND id = $2 AND state = 'open'",
        )
        .bind(books.tenant())
        .bind(call)
        .bind(if booked.is_billed { "settled" } else { "released" })
        .bind(booked.tokens.input)
        .bind(booked.tokens.cache_read)
        .bind(booked.tokens.cache_write_5m)
        .bind(booked.tokens.cache_write_1h)
        .bind(booked.tokens.output)
        .bind(booked.cost)
        .bind(quality_text(booked.quality))
        .bind(booked.is_overrun)
        .bind(now)
        .execute()
        .await?;
    Ok(changed == 1)
}

#[derive(sqlx::FromRow)]
struct BookedRow {
    state: String,
    input_tokens: i64,
    cache_read_tokens: i64,
    cache_write_5m_tokens: i64,
    cache_write_1h_tokens: i64,
    output_tokens: i64,
    cost_pico_usd: i64,
    quality: Option<String>,
    is_overrun: bool,
}

/// What a call was booked with; `None`: there is no such call, or it is open.
///
/// # Errors
/// Database errors.
pub async fn call_booked(books: Books, tx: &mut Tx, call: ModelCallId) -> Result<Option<BookedCall>> {
    let row: Option<BookedRow> = tx
        .query(
            "SELECT state, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, \
             cost_pico_usd, quality, is_overrun FROM model_calls WHERE tenant_id = $1 AND id = $2 AND state <> 'open'",
        )
        .bind(books.tenant())
        .bind(call)
        .optional()
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(BookedCall {
        is_billed: row.state == "settled",
        tokens: Tokens {
            input: row.input_tokens,
            cache_read: row.cache_read_tokens,
            cache_write_5m: row.cache_write_5m_tokens,
            cache_write_1h: row.cache_write_1h_tokens,
            output: row.output_tokens,
        },
        cost: Money(row.cost_pico_usd),
        quality: quality_of(row.quality.as_deref(), call)?,
        is_overrun: row.is_overrun,
    }))
}

#[derive(sqlx::FromRow)]
struct OpenRow {
    tenant_id: Uuid,
    id: Uuid,
    price_version: Option<String>,
    price_input: Option<i64>,
    price_cache_read: Option<i64>,
    price_cache_write_5m: Option<i64>,
    price_cache_write_1h: Option<i64>,
    price_output: Option<i64>,
    price_request: Option<i64>,
    input_bound: i64,
    output_cap: i64,
    seen_input: Option<i64>,
    seen_cache_read: Option<i64>,
    seen_cache_write_5m: Option<i64>,
    seen_cache_write_1h: Option<i64>,
    seen_output: Option<i64>,
    seen_final: bool,
    received_bytes: i64,
    created_at: i64,
}

impl OpenRow {
    fn price(&self) -> Option<PriceVersion> {
        Some(PriceVersion {
            id: self.price_version.clone()?,
            // The row does not say since when it was valid; at admission it was.
            valid_from: Timestamp(self.created_at),
            input: self.price_input?,
            cache_read: self.price_cache_read?,
            cache_write_5m: self.price_cache_write_5m?,
            cache_write_1h: self.price_cache_write_1h?,
            output: self.price_output?,
            per_request: self.price_request?,
        })
    }

    fn call(self) -> OpenCall {
        OpenCall {
            tenant: TenantId(self.tenant_id),
            id: ModelCallId(self.id),
            price: self.price(),
            input_bound: self.input_bound,
            output_cap: self.output_cap,
            seen: ReportedUsage {
                input: self.seen_input,
                cache_read: self.seen_cache_read,
                cache_write_5m: self.seen_cache_write_5m,
                cache_write_1h: self.seen_cache_write_1h,
                output: self.seen_output,
                is_final: self.seen_final,
            },
            received_bytes: self.received_bytes,
        }
    }
}

/// The calls a turn left open. A turn has a bounded number of steps.
///
/// # Errors
/// Database errors.
pub async fn call_open_of_turn(books: Books, tx: &mut Tx, turn: TurnId) -> Result<Vec<OpenCall>> {
    let rows: Vec<OpenRow> = tx
        .query(
            "SELECT tenant_id, id, price_version, price_input, price_cache_read, price_cache_write_5m, \
             price_cache_write_1h, price_output, price_request, input_bound, output_cap, seen_input, seen_cache_read, \
             seen_cache_write_5m, seen_cache_write_1h, seen_output, seen_final, received_bytes, created_at \
             FROM model_calls WHERE tenant_id = $1 AND turn_id = $2 AND state = 'open' ORDER BY id",
        )
        .bind(books.tenant())
        .bind(turn)
        .all()
        .await?;
    Ok(rows.into_iter().map(OpenRow::call).collect())
}

/// Open calls of all tenants whose lease ran out before `now`, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn call_expired(tx: &mut SystemTx, now: Timestamp, limit: i64) -> Result<Vec<OpenCall>> {
    let rows: Vec<OpenRow> = tx
        .query(
            "SELECT tenant_id, id, price_version, price_input, price_cache_read, price_cache_write_5m, \
             price_cache_write_1h, price_output, price_request, input_bound, output_cap, seen_input, seen_cache_read, \
             seen_cache_write_5m, seen_cache_write_1h, seen_output, seen_final, received_bytes, created_at \
             FROM model_calls WHERE state = 'open' AND lease_until < $1 ORDER BY lease_until, id LIMIT $2",
        )
        .bind(now)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(OpenRow::call).collect())
}

fn quality_text(quality: Quality) -> &'static str {
    match quality {
        Quality::Exact => "exact",
        Quality::Estimated => "estimated",
        Quality::Unknown => "unknown",
    }
}

fn quality_of(text: Option<&str>, call: ModelCallId) -> Result<Quality> {
    match text {
        Some("exact") => Ok(Quality::Exact),
        Some("estimated") => Ok(Quality::Estimated),
        Some("unknown") => Ok(Quality::Unknown),
        other => Err(Error::Corrupt {
            table: "model_calls",
            column: "quality",
            row: call.to_string(),
            problem: format!("{other:?}"),
        }),
    }
}
