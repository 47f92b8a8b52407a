//! What a turn's settled calls come to. (Reports read [`crate::db::usage_day`].)

use app::model::{Money, Quality, Tokens, TurnId};

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
