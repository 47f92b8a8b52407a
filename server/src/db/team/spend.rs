//! What was spent: in sum, call by call, day by day.

use app::model::{ApiKeyId, Money, UserId};
use uuid::Uuid;

use crate::db::{Result, Tx, budget::ScopeKind, ledger::Books};

#[derive(sqlx::FromRow)]
struct SpentRow {
    spent: i64,
}

/// What settled calls of the gateway and the chat cost since a day: those of one key, one person or one group's people.
///
/// # Errors
/// Database errors.
pub async fn spent(books: Books, tx: &mut Tx, scope: ScopeKind, id: Uuid, since_day: i64) -> Result<Money> {
    let row: SpentRow = tx
        .query(
            "SELECT CAST(COALESCE(SUM(c.cost_pico_usd), 0) AS BIGINT) AS spent FROM model_calls c \
             WHERE c.tenant_id = $1 AND c.local_day >= $4 AND c.state = 'settled' \
             AND (($2 = 'key' AND c.key_id = $3) OR ($2 = 'user' AND c.user_id = $3) \
             OR ($2 = 'group' AND EXISTS (SELECT 1 FROM group_members g WHERE g.tenant_id = c.tenant_id \
             AND g.group_id = $3 AND g.user_id = c.user_id)))",
        )
        .bind(books.tenant())
        .bind(scope.as_str())
        .bind(id)
        .bind(since_day)
        .one()
        .await?;
    Ok(Money(row.spent))
}

/// A settled call, as a line of a spend log.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SpendLine {
    pub id: Uuid,
    pub request_id: Option<String>,
    /// Of the key.
    pub public_id: Option<String>,
    pub user_id: Uuid,
    pub purpose: String,
    pub client_format: Option<String>,
    pub provider: String,
    pub model: String,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cost_pico_usd: i64,
    pub quality: Option<String>,
    pub local_day: i64,
    pub created_at: i64,
    pub settled_at: Option<i64>,
}

/// Which lines of a spend log.
#[derive(Clone, Debug, Default)]
pub struct SpendFilter {
    pub key: Option<ApiKeyId>,
    pub user: Option<UserId>,
    pub request_id: Option<String>,
    /// First and last day of the tenant's calendar.
    pub days: Option<(i64, i64)>,
    /// Older than this call.
    pub before: Option<Uuid>,
}

/// Settled calls, newest first, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn spend_lines(books: Books, tx: &mut Tx, filter: &SpendFilter, limit: i64) -> Result<Vec<SpendLine>> {
    tx.query(
        "SELECT c.id, c.request_id, k.public_id, c.user_id, c.purpose, c.client_format, c.provider, c.model, \
         c.input_tokens + c.cache_read_tokens + c.cache_write_5m_tokens + c.cache_write_1h_tokens AS input_tokens, \
         c.output_tokens, c.cost_pico_usd, c.quality, c.local_day, c.created_at, c.settled_at \
         FROM model_calls c LEFT JOIN api_keys k ON k.tenant_id = c.tenant_id AND k.id = c.key_id \
         WHERE c.tenant_id = $1 AND c.state = 'settled' AND ($2 = FALSE OR c.key_id = $3) \
         AND ($4 = FALSE OR c.user_id = $5) AND ($6 = '' OR c.request_id = $6) \
         AND c.local_day >= $7 AND c.local_day <= $8 AND ($9 = FALSE OR c.id < $10) ORDER BY c.id DESC LIMIT $11",
    )
    .bind(books.tenant())
    .bind(filter.key.is_some())
    .bind(filter.key)
    .bind(filter.user.is_some())
    .bind(filter.user)
    .bind(filter.request_id.as_deref().unwrap_or_default())
    .bind(filter.days.map_or(0, |days| days.0))
    .bind(filter.days.map_or(i64::MAX, |days| days.1))
    .bind(filter.before.is_some())
    .bind(filter.before)
    .bind(limit)
    .all()
    .await
}

/// What a person's calls of one model cost on a day.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DaySpend {
    pub local_day: i64,
    pub user_id: Uuid,
    pub model: String,
    pub spent: i64,
}

/// Spending by day, person and model between two days, at most `limit` rows.
///
/// # Errors
/// Database errors.
pub async fn day_spend(books: Books, tx: &mut Tx, filter: &SpendFilter, limit: i64) -> Result<Vec<DaySpend>> {
    tx.query(
        "SELECT c.local_day, c.user_id, c.model, CAST(SUM(c.cost_pico_usd) AS BIGINT) AS spent FROM model_calls c \
         WHERE c.tenant_id = $1 AND c.state = 'settled' AND ($2 = FALSE OR c.key_id = $3) \
         AND ($4 = FALSE OR c.user_id = $5) AND c.local_day >= $6 AND c.local_day <= $7 \
         GROUP BY c.local_day, c.user_id, c.model ORDER BY c.local_day, c.user_id, c.model LIMIT $8",
    )
    .bind(books.tenant())
    .bind(filter.key.is_some())
    .bind(filter.key)
    .bind(filter.user.is_some())
    .bind(filter.user)
    .bind(filter.days.map_or(0, |days| days.0))
    .bind(filter.days.map_or(i64::MAX, |days| days.1))
    .bind(limit)
    .all()
    .await
}
