//! Reading the rollup: a range of days, added up by one thing.
//!
//! A list is read page by page, in the order of its keys (`after` the last one), so that a long one needs no memory; or the
//! dearest first, when only the top is wanted.

use app::model::{Date, UserId};
use uuid::Uuid;

use super::DaySums;
use crate::db::{Bind, Query, Record, Result, Tx, ledger::Books};

/// Which days, and whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    pub books: Books,
    pub first: Date,
    /// Itself included.
    pub last: Date,
    /// `None`: everybody's.
    pub user: Option<UserId>,
}

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<K> {
    /// Keys after this one; `None`: from the first.
    pub after: Option<K>,
    pub dearest_first: bool,
    pub limit: i64,
}

/// What one key of a list comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum<K> {
    pub key: K,
    /// `None`: what it names is no longer here.
    pub name: Option<String>,
    /// What tells it from others of the same name: an e-mail address, a key's public part.
    pub detail: Option<String>,
    pub sums: DaySums,
}

#[derive(sqlx::FromRow)]
struct SumsRow {
    requests: i64,
    estimated_calls: i64,
    unknown_calls: i64,
    input_tokens: i64,
    cache_read_tokens: i64,
    cache_write_5m_tokens: i64,
    cache_write_1h_tokens: i64,
    output_tokens: i64,
    cost_pico_usd: i64,
    list_cost_pico: i64,
    baseline_cost_pico: i64,
    adjusted_pico_usd: i64,
    adjusted_list_pico: i64,
}

impl SumsRow {
    fn sums(&self) -> DaySums {
        DaySums {
            requests: self.requests,
            estimated_calls: self.estimated_calls,
            unknown_calls: self.unknown_calls,
            tokens: app::model::Tokens {
                input: self.input_tokens,
                cache_read: self.cache_read_tokens,
                cache_write_5m: self.cache_write_5m_tokens,
                cache_write_1h: self.cache_write_1h_tokens,
                output: self.output_tokens,
            },
            cost_pico: self.cost_pico_usd,
            list_cost_pico: self.list_cost_pico,
            baseline_cost_pico: self.baseline_cost_pico,
            adjusted_pico: self.adjusted_pico_usd,
            adjusted_list_pico: self.adjusted_list_pico,
        }
    }
}

#[derive(sqlx::FromRow)]
struct DayRow {
    id: i64,
    #[sqlx(flatten)]
    sums: SumsRow,
}

#[derive(sqlx::FromRow)]
struct IdRow {
    id: Uuid,
    name: Option<String>,
    detail: Option<String>,
    #[sqlx(flatten)]
    sums: SumsRow,
}

#[derive(sqlx::FromRow)]
struct TextRow {
    id: String,
    #[sqlx(flatten)]
    sums: SumsRow,
}

/// `SELECT {what}, the sums of d {from}`.
macro_rules! summed {
    ($what:literal, $from:literal) => {
        concat!(
            "SELECT ",
            $what,
            "CAST(COALESCE(SUM(d.requests), 0) AS BIGINT) AS requests, \
             CAST(COALESCE(SUM(d.estimated_calls), 0) AS BIGINT) AS estimated_calls, \
             CAST(COALESCE(SUM(d.unknown_calls), 0) AS BIGINT) AS unknown_calls, \
             CAST(COALESCE(SUM(d.input_tokens), 0) AS BIGINT) AS input_tokens, \
             CAST(COALESCE(SUM(d.cache_read_tokens), 0) AS BIGINT) AS cache_read_tokens, \
             CAST(COALESCE(SUM(d.cache_write_5m_tokens), 0) AS BIGINT) AS cache_write_5m_tokens, \
             CAST(COALESCE(SUM(d.cache_write_1h_tokens), 0) AS BIGINT) AS cache_write_1h_tokens, \
             CAST(COALESCE(SUM(d.output_tokens), 0) AS BIGINT) AS output_tokens, \
             CAST(COALESCE(SUM(d.cost_pico_usd), 0) AS BIGINT) AS cost_pico_usd, \
             CAST(COALESCE(SUM(d.list_cost_pico), 0) AS BIGINT) AS list_cost_pico, \
             CAST(COALESCE(SUM(d.baseline_cost_pico), 0) AS BIGINT) AS baseline_cost_pico, \
             CAST(COALESCE(SUM(d.adjusted_pico_usd), 0) AS BIGINT) AS adjusted_pico_usd, \
             CAST(COALESCE(SUM(d.adjusted_list_pico), 0) AS BIGINT) AS adjusted_list_pico ",
            $from
        )
    };
}

/// The sums of `d` by `id`, with names; a page of them. Binds: tenant, first, last, user, after, whether the dearest come first,
/// limit.
macro_rules! listed {
    ($names:literal, $inner:expr, $joins:literal) => {
        concat!(
            "SELECT s.*",
            $names,
            " FROM (",
            $inner,
            ") s ",
            $joins,
            " WHERE ($5 IS NULL OR s.id > $5) \
             ORDER BY CASE WHEN $6 THEN s.cost_pico_usd + s.adjusted_pico_usd ELSE 0 END DESC, \
             CASE WHEN $6 THEN s.requests ELSE 0 END DESC, s.id LIMIT $7"
        )
    };
}

/// The sums of the range by one column.
macro_rules! by_column {
    ($id:literal) => {
        summed!(
            $id,
            "FROM usage_days d WHERE d.tenant_id = $1 AND d.local_day BETWEEN $2 AND $3 \
             AND ($4 IS NULL OR d.user_id = $4) "
        )
    };
}

/// Binds what [`by_column!`] asks for.
fn in_range<'t>(query: Query<'t>, range: &DayRange) -> Query<'t> {
    query.bind(range.books.tenant()).bind(range.first.to_days()).bind(range.last.to_days()).bind(range.user)
}

/// Runs a [`listed!`].
async fn list<R: Record, K: Clone>(tx: &mut Tx, sql: &'static str, range: &DayRange, part: &Part<K>) -> Result<Vec<R>>
where
    Option<K>: Bind,
{
    let query = in_range(tx.query(sql), range);
    query.bind(part.after.clone()).bind(part.dearest_first).bind(part.limit).all().await
}

/// Everything in the range.
///
/// # Errors
/// Database errors.
pub async fn usage_total(tx: &mut Tx, range: &DayRange) -> Result<DaySums> {
    let row: SumsRow = in_range(tx.query(by_column!("")), range).one().await?;
    Ok(row.sums())
}

/// By the tenant's days; only days that have any.
///
/// # Errors
/// Database errors.
pub async fn usage_by_day(tx: &mut Tx, range: &DayRange, part: &Part<i64>) -> Result<Vec<Sum<Date>>> {
    const SQL: &str = listed!("", concat!(by_column!("d.local_day AS id, "), "GROUP BY d.local_day"), "");
    let rows: Vec<DayRow> = list(tx, SQL, range, part).await?;
    let sum = |row: DayRow| Sum { key: Date::from_days(row.id), name: None, detail: None, sums: row.sums.sums() };
    Ok(rows.into_iter().map(sum).collect())
}

/// What has an id and a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ById {
    Person,
    /// The sums of those who are members today: who is in two groups counts in both.
    Group,
    /// Zeros: no key.
    Key,
    /// Zeros: no profile.
    Profile,
}

impl ById {
    fn sql(self) -> &'static str {
        match self {
            Self::Person => listed!(
                ", u.name AS name, u.email AS detail",
                concat!(by_column!("d.user_id AS id, "), "GROUP BY d.user_id"),
                "LEFT JOIN users u ON u.id = s.id"
            ),
            Self::Group => listed!(
                ", g.name AS name, CAST(NULL AS TEXT) AS detail",
                concat!(
                    summed!("m.group_id AS id, ", "FROM ("),
                    by_column!("d.user_id AS user_id, "),
                    "GROUP BY d.user_id) d JOIN group_members m ON m.tenant_id = $1 AND m.user_id = d.user_id \
                     GROUP BY m.group_id"
                ),
                "LEFT JOIN groups g ON g.tenant_id = $1 AND g.id = s.id"
            ),
            Self::Key => listed!(
                ", k.name AS name, k.public_id AS detail",
                concat!(by_column!("d.key_id AS id, "), "GROUP BY d.key_id"),
                "LEFT JOIN api_keys k ON k.tenant_id = $1 AND k.id = s.id"
            ),
            Self::Profile => listed!(
                ", p.name AS name, p.slug AS detail",
                concat!(by_column!("d.profile_id AS id, "), "GROUP BY d.profile_id"),
                "LEFT JOIN profiles p ON p.tenant_id = $1 AND p.id = s.id"
            ),
        }
    }
}

/// By something that has an id.
///
/// # Errors
/// Database errors.
pub async fn usage_by_id(tx: &mut Tx, by: ById, range: &DayRange, part: &Part<Uuid>) -> Result<Vec<Sum<Uuid>>> {
    let rows: Vec<IdRow> = list(tx, by.sql(), range, part).await?;
    let sum = |row: IdRow| Sum { key: row.id, name: row.name, detail: row.detail, sums: row.sums.sums() };
    Ok(rows.into_iter().map(sum).collect())
}

/// What is a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByWord {
    /// `provider/model`.
    Model,
    Purpose,
    /// Empty: the chat.
    Format,
}

impl ByWord {
    fn sql(self) -> &'static str {
        match self {
            Self::Model => listed!(
                "",
                concat!(by_column!("d.provider || '/' || d.model AS id, "), "GROUP BY d.provider, d.model"),
                ""
            ),
            Self::Purpose => {
                listed!("", concat!(by_column!("d.purpose AS id, "), "GROUP BY d.purpose"), "")
            }
            Self::Format => {
                listed!("", concat!(by_column!("d.client_format AS id, "), "GROUP BY d.client_format"), "")
            }
        }
    }
}

/// By something that is a word.
///
/// # Errors
/// Database errors.
pub async fn usage_by_word(tx: &mut Tx, by: ByWord, range: &DayRange, part: &Part<String>) -> Result<Vec<Sum<String>>> {
    let rows: Vec<TextRow> = list(tx, by.sql(), range, part).await?;
    let sum = |row: TextRow| Sum { key: row.id, name: None, detail: None, sums: row.sums.sums() };
    Ok(rows.into_iter().map(sum).collect())
}
