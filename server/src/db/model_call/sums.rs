//! Sums over settled calls: of a turn, by day, by person.

use app::model::{Date, Money, Quality, Tokens, TurnId, UserId};
use uuid::Uuid;

use crate::db::{Result, TenantScope, Tx};

/// What some settled calls come to. Counts and money add up to less than the windows' 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSums {
    pub tokens: Tokens,
    pub requests: i64,
    pub cost: Money,
    /// The worst among them; exact when there are none.
    pub quality: Quality,
}

#[derive(sqlx::FromRow)]
struct SumsRow {
    input_tokens: i64,
    cache_read_tokens: i64,
    cache_write_5m_tokens: i64,
    cache_write_1h_tokens: i64,
    output_tokens: i64,
    cost_pico_usd: i64,
    requests: i64,
    estimated_calls: i64,
    unknown_calls: i64,
}

/// The worst quality among calls of which so many were estimated and unknown.
#[must_use]
pub fn worst_quality(estimated_calls: i64, unknown_calls: i64) -> Quality {
    match (estimated_calls, unknown_calls) {
        (_, 1..) => Quality::Unknown,
        (1.., _) => Quality::Estimated,
        _ => Quality::Exact,
    }
}

impl SumsRow {
    fn sums(&self) -> CallSums {
        CallSums {
            tokens: Tokens {
                input: self.input_tokens,
                cache_read: self.cache_read_tokens,
                cache_write_5m: self.cache_write_5m_tokens,
                cache_write_1h: self.cache_write_1h_tokens,
                output: self.output_tokens,
            },
            requests: self.requests,
            cost: Money(self.cost_pico_usd),
            quality: worst_quality(self.estimated_calls, self.unknown_calls),
        }
    }
}

#[derive(sqlx::FromRow)]
struct DayRow {
    local_day: i64,
    #[sqlx(flatten)]
    sums: SumsRow,
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    user_id: Uuid,
    name: Option<String>,
    #[sqlx(flatten)]
    sums: SumsRow,
}

/// What a turn's settled calls come to.
///
/// # Errors
/// Database errors.
pub async fn call_sums_of_turn(scope: &TenantScope, tx: &mut Tx, turn: TurnId) -> Result<CallSums> {
    let row: SumsRow = tx
        .query(
            "SELECT CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT) AS input_tokens, \
             CAST(COALESCE(SUM(cache_read_tokens), 0) AS BIGINT) AS cache_read_tokens, \
             CAST(COALESCE(SUM(cache_write_5m_tokens), 0) AS BIGINT) AS cache_write_5m_tokens, \
             CAST(COALESCE(SUM(cache_write_1h_tokens), 0) AS BIGINT) AS cache_write_1h_tokens, \
             CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output_tokens, \
             CAST(COALESCE(SUM(cost_pico_usd), 0) AS BIGINT) AS cost_pico_usd, COUNT(*) AS requests, \
             CAST(COALESCE(SUM(CASE WHEN quality = 'estimated' THEN 1 ELSE 0 END), 0) AS BIGINT) AS estimated_calls, \
             CAST(COALESCE(SUM(CASE WHEN quality = 'unknown' THEN 1 ELSE 0 END), 0) AS BIGINT) AS unknown_calls \
             FROM model_calls WHERE tenant_id = $1 AND turn_id = $2 AND state = 'settled'",
        )
        .bind(scope.tenant())
        .bind(turn)
        .one()
        .await?;
    Ok(row.sums())
}

/// Settled calls by the tenant's days, `first` up to and including `last`; only days that have any.
///
/// # Errors
/// Database errors.
pub async fn call_sums_by_day(
    scope: &TenantScope,
    tx: &mut Tx,
    first: Date,
    last: Date,
) -> Result<Vec<(Date, CallSums)>> {
    let rows: Vec<DayRow> = tx
        .query(
            "SELECT local_day, CAST(SUM(input_tokens) AS BIGINT) AS input_tokens, \
             CAST(SUM(cache_read_tokens) AS BIGINT) AS cache_read_tokens, \
             CAST(SUM(cache_write_5m_tokens) AS BIGINT) AS cache_write_5m_tokens, \
             CAST(SUM(cache_write_1h_tokens) AS BIGINT) AS cache_write_1h_tokens, \
             CAST(SUM(output_tokens) AS BIGINT) AS output_tokens, \
             CAST(SUM(cost_pico_usd) AS BIGINT) AS cost_pico_usd, COUNT(*) AS requests, \
             CAST(SUM(CASE WHEN quality = 'estimated' THEN 1 ELSE 0 END) AS BIGINT) AS estimated_calls, \
             CAST(SUM(CASE WHEN quality = 'unknown' THEN 1 ELSE 0 END) AS BIGINT) AS unknown_calls \
             FROM model_calls WHERE tenant_id = $1 AND local_day BETWEEN $2 AND $3 AND state = 'settled' \
             GROUP BY local_day ORDER BY local_day LIMIT 366",
        )
        .bind(scope.tenant())
        .bind(first.to_days())
        .bind(last.to_days())
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| (Date::from_days(row.local_day), row.sums.sums())).collect())
}

/// Settled calls by person, dearest first, at most `limit` people. `None` for a name: the person no longer exists.
///
/// # Errors
/// Database errors.
pub async fn call_sums_by_person(
    scope: &TenantScope,
    tx: &mut Tx,
    first: Date,
    last: Date,
    limit: i64,
) -> Result<Vec<(UserId, Option<String>, CallSums)>> {
    let rows: Vec<PersonRow> = tx
        .query(
            "SELECT c.user_id, u.name, CAST(SUM(c.input_tokens) AS BIGINT) AS input_tokens, \
             CAST(SUM(c.cache_read_tokens) AS BIGINT) AS cache_read_tokens, \
             CAST(SUM(c.cache_write_5m_tokens) AS BIGINT) AS cache_write_5m_tokens, \
             CAST(SUM(c.cache_write_1h_tokens) AS BIGINT) AS cache_write_1h_tokens, \
             CAST(SUM(c.output_tokens) AS BIGINT) AS output_tokens, \
             CAST(SUM(c.cost_pico_usd) AS BIGINT) AS cost_pico_usd, COUNT(*) AS requests, \
             CAST(SUM(CASE WHEN c.quality = 'estimated' THEN 1 ELSE 0 END) AS BIGINT) AS estimated_calls, \
             CAST(SUM(CASE WHEN c.quality = 'unknown' THEN 1 ELSE 0 END) AS BIGINT) AS unknown_calls \
             FROM model_calls c LEFT JOIN users u ON u.id = c.user_id \
             WHERE c.tenant_id = $1 AND c.local_day BETWEEN $2 AND $3 AND c.state = 'settled' \
             GROUP BY c.user_id, u.name ORDER BY 8 DESC, 3 DESC, 1 LIMIT $4",
        )
        .bind(scope.tenant())
        .bind(first.to_days())
        .bind(last.to_days())
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| (UserId(row.user_id), row.name, row.sums.sums())).collect())
}
