//! Model calls: one row per attempt, from its hold to what was booked. Calls that are still open are read in
//! [`open`]; sums for turns and reports are in [`sums`].
//!
//! What must hold: a row leaves the state `open` once, by the compare-and-set of [`calls_settle`].

pub mod open;
pub mod sums;

use std::collections::HashMap;

use app::model::{ApiKeyId, ModelCallId, Money, ProfileId, Quality, Timestamp, Tokens, TurnId, UserId};
use uuid::Uuid;

use super::{
    DbValue, Error, Insert, Result, Tx,
    ledger::Books,
    usage_day::{DayKey, DayRow},
};
use crate::models::{PriceVersion, ReportedUsage, TokenPrices};

/// A call to admit.
#[derive(Clone, Debug)]
pub struct NewCall<'a> {
    pub books: Books,
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
    /// Searches that may be run.
    pub search_bound: i64,
    pub lease_until: Timestamp,
    /// The day in the tenant's zone, days since 1970-01-01.
    pub local_day: i64,
    pub now: Timestamp,
    pub key: Option<ApiKeyId>,
    pub profile: Option<ProfileId>,
    /// `openai`, `anthropic`, `ollama`; `None`: the chat.
    pub client_format: Option<&'static str>,
    pub request_id: Option<&'a str>,
    /// The cost rule that chose the model, the model it would have been, and its price.
    pub rule: Option<&'static str>,
    pub baseline_model: Option<&'a str>,
    pub baseline_price: Option<&'a PriceVersion>,
}

/// Columns of [`calls_insert`].
const CALL_COLUMNS: usize = 33;

/// What a settled call was booked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookedCall {
    pub is_billed: bool,
    pub tokens: Tokens,
    /// On the web, by the provider.
    pub searches: i64,
    pub cost: Money,
    pub quality: Quality,
    pub is_overrun: bool,
    /// What the provider charges, without the tenant's markup.
    pub list_cost: Money,
    /// What the same tokens cost at the model that a cost rule passed over.
    pub baseline_cost: Option<Money>,
    /// The prices of the tokens, when they are not those of a short request.
    pub tier: Option<TokenPrices>,
}

/// The rows of admitted calls.
///
/// # Errors
/// A price that cannot be written.
pub fn calls_insert(calls: &[NewCall<'_>]) -> Result<Insert> {
    let mut values = Vec::with_capacity(calls.len() * CALL_COLUMNS);
    for call in calls {
        let price = call.price;
        values.extend([DbValue::Id(call.books.tenant().0), DbValue::Id(call.id.0), DbValue::Id(call.user.0)]);
        values.push(call.turn.map(|turn| turn.0).into());
        values.extend([DbValue::Int(call.step), DbValue::Int(call.attempt)]);
        values.extend([call.purpose, call.provider, call.model].map(|text| DbValue::Text(text.to_owned())));
        values.push(price.map(|price| price.id.as_str()).into());
        values.extend(
            [
                price.map(|price| price.input),
                price.map(|price| price.cache_read),
                price.map(|price| price.cache_write_5m),
                price.map(|price| price.cache_write_1h),
                price.map(|price| price.output),
                price.map(|price| price.per_request),
                price.and_then(|price| price.per_search),
            ]
            .map(DbValue::from),
        );
        values.extend([call.input_bound, call.output_cap, call.search_bound].map(DbValue::Int));
        values.push(DbValue::Text("open".to_owned()));
        values.extend([call.lease_until.0, call.local_day, call.now.0].map(DbValue::Int));
        values.push(call.key.map(|key| key.0).into());
        values.push(call.profile.map(|profile| profile.0).into());
        values.extend([call.client_format.into(), call.request_id.into()]);
        let tiers = price.filter(|price| !price.tiers.is_empty()).map(|price| json(&price.tiers)).transpose()?;
        values.push(tiers.map_or(DbValue::NullText, DbValue::Text));
        values.push(DbValue::Int(price.map_or(0, |price| price.markup_bp)));
        values.extend([call.rule.into(), call.baseline_model.into()]);
        values.push(call.baseline_price.map(json).transpose()?.map_or(DbValue::NullText, DbValue::Text));
    }
    Ok(Insert {
        into: "INSERT INTO model_calls (tenant_id, id, user_id, turn_id, step, attempt, purpose, provider, model, \
         price_version, price_input, price_cache_read, price_cache_write_5m, price_cache_write_1h, price_output, \
         price_request, price_search, input_bound, output_cap, search_bound, state, lease_until, local_day, created_at, \
         key_id, profile_id, client_format, request_id, price_tiers, markup_bp, rule, baseline_model, baseline_price)",
        columns: CALL_COLUMNS,
        values,
        suffix: "",
    })
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Misuse(error.to_string()))
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
             seen_cache_write_1h = $6, seen_output = $7, seen_final = $8, received_bytes = $9, lease_until = $10, \
             seen_searches = $11 \
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
        .bind(seen.searches)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// What a settled call came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledCall {
    pub key: Option<ApiKeyId>,
    pub admitted_at: Timestamp,
    /// Where the reports count it.
    pub day: DayKey,
}

#[derive(sqlx::FromRow)]
struct SettledRow {
    tenant_id: Uuid,
    id: Uuid,
    key_id: Option<Uuid>,
    created_at: i64,
    #[sqlx(flatten)]
    day: DayRow,
}

/// Columns of [`calls_settle`].
const SETTLE_COLUMNS: usize = 15;

/// Takes calls, each of them once, from `open` to what was booked; the answers are in their order. `None`: somebody
/// settled it before, and nothing of it was changed.
///
/// # Errors
/// Database errors.
pub async fn calls_settle(
    tx: &mut Tx,
    calls: &[(Books, ModelCallId, BookedCall)],
    now: Timestamp,
) -> Result<Vec<Option<SettledCall>>> {
    let mut settled = Vec::with_capacity(calls.len());
    for calls in calls.chunks(tx.rows_together()) {
        let mut values = Vec::with_capacity(calls.len() * SETTLE_COLUMNS);
        for (books, call, booked) in calls {
            let tokens = &booked.tokens;
            values.extend([DbValue::Id(books.tenant().0), DbValue::Id(call.0)]);
            values.push(DbValue::Text(if booked.is_billed { "settled" } else { "released" }.to_owned()));
            values.extend(
                [
                    tokens.input,
                    tokens.cache_read,
                    tokens.cache_write_5m,
                    tokens.cache_write_1h,
                    tokens.output,
                    booked.cost.0,
                ]
                .map(DbValue::Int),
            );
            values.push(DbValue::Text(quality_text(booked.quality).to_owned()));
            values.push(DbValue::Bool(booked.is_overrun));
            values.extend([now.0, booked.list_cost.0].map(DbValue::Int));
            values.push(booked.baseline_cost.map(|cost| cost.0).into());
            values.push(DbValue::Int(booked.searches));
        }
        let rows: Vec<SettledRow> = tx
            .rows_with(
                "UPDATE model_calls SET state = v.column3, input_tokens = v.column4, cache_read_tokens = v.column5, \
                 cache_write_5m_tokens = v.column6, cache_write_1h_tokens = v.column7, output_tokens = v.column8, \
                 cost_pico_usd = v.column9, quality = v.column10, is_overrun = v.column11, settled_at = v.column12, \
                 list_cost_pico = v.column13, baseline_cost_pico = v.column14, \
                 searches = v.column15 FROM",
                SETTLE_COLUMNS,
                &values,
                "AS v WHERE model_calls.tenant_id = v.column1 AND model_calls.id = v.column2 \
                 AND model_calls.state = 'open' RETURNING tenant_id, id, key_id, created_at, local_day, user_id, \
                 provider, model, purpose, profile_id, client_format",
            )
            .await?;
        let mut rows: HashMap<(Uuid, Uuid), SettledRow> =
            rows.into_iter().map(|row| ((row.tenant_id, row.id), row)).collect();
        for (books, call, booked) in calls {
            let row = rows.remove(&(books.tenant().0, call.0));
            if let (Some(_), Some(tier)) = (&row, &booked.tier) {
                call_tier(*books, tx, *call, tier).await?;
            }
            settled.push(row.map(|row| row.settled(*books)));
        }
    }
    Ok(settled)
}

/// Writes the prices that applied to a long request, so that a settled call's cost is its tokens times its prices.
async fn call_tier(books: Books, tx: &mut Tx, call: ModelCallId, tier: &TokenPrices) -> Result<()> {
    tx.query(
        "UPDATE model_calls SET price_input = $3, price_cache_read = $4, price_cache_write_5m = $5, \
         price_cache_write_1h = $6, price_output = $7 WHERE tenant_id = $1 AND id = $2",
    )
    .bind(books.tenant())
    .bind(call)
    .bind(tier.input)
    .bind(tier.cache_read)
    .bind(tier.cache_write_5m)
    .bind(tier.cache_write_1h)
    .bind(tier.output)
    .execute()
    .await?;
    Ok(())
}

impl SettledRow {
    fn settled(self, books: Books) -> SettledCall {
        SettledCall {
            key: self.key_id.map(ApiKeyId),
            admitted_at: Timestamp(self.created_at),
            day: self.day.key(books, self.key_id),
        }
    }
}

#[derive(sqlx::FromRow)]
struct BookedRow {
    state: String,
    input_tokens: i64,
    cache_read_tokens: i64,
    cache_write_5m_tokens: i64,
    cache_write_1h_tokens: i64,
    output_tokens: i64,
    searches: i64,
    cost_pico_usd: i64,
    quality: Option<String>,
    is_overrun: bool,
    list_cost_pico: i64,
    baseline_cost_pico: Option<i64>,
}

/// What a call was booked with; `None`: there is no such call, or it is open.
///
/// # Errors
/// Database errors.
pub async fn call_booked(books: Books, tx: &mut Tx, call: ModelCallId) -> Result<Option<BookedCall>> {
    let row: Option<BookedRow> = tx
        .query(
            "SELECT state, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, \
             searches, cost_pico_usd, quality, is_overrun, list_cost_pico, baseline_cost_pico FROM model_calls \
             WHERE tenant_id = $1 AND id = $2 AND state <> 'open'",
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
        searches: row.searches,
        cost: Money(row.cost_pico_usd),
        quality: quality_of(row.quality.as_deref(), call)?,
        is_overrun: row.is_overrun,
        list_cost: Money(row.list_cost_pico),
        baseline_cost: row.baseline_cost_pico.map(Money),
        // It is in the row's prices.
        tier: None,
    }))
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
