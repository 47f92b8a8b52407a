//! The price book: versions that were imported, and which of them are approved. Everybody's, so of no tenant.
//!
//! What must hold: nothing here is ever changed or removed, for calls refer to it; a version is effective by its approval.

use app::model::{Date, Timestamp};

use super::{Error, Result, Tx};
use crate::models::{PriceTier, PriceVersion, TokenPrices};

/// A version to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// Exact id.
    pub model: String,
    pub source: String,
    /// The day the source was read.
    pub read_on: Date,
    /// From when it is to hold; `None`: from its approval.
    pub wanted_from: Option<Timestamp>,
    /// Its `id` and `valid_from` mean nothing before it is approved.
    pub price: PriceVersion,
    /// What had to be assumed; empty: nothing.
    pub note: String,
}

/// A version as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// As shown; later versions have higher numbers.
    pub number: i64,
    /// Of an approved one with the `id` and `valid_from` of its approval.
    pub version: NewVersion,
    /// By whom, if it is.
    pub approved_by: Option<String>,
}

#[derive(sqlx::FromRow)]
struct VersionRow {
    number: i64,
    model: String,
    source: String,
    read_on: String,
    wanted_from: Option<i64>,
    input: i64,
    cache_read: i64,
    cache_write_5m: i64,
    cache_write_1h: i64,
    output: i64,
    per_request: i64,
    web_search: Option<i64>,
    note: String,
    id: Option<String>,
    valid_from: Option<i64>,
    approved_by: Option<String>,
}

impl VersionRow {
    fn stored(self, tiers: &[TierRow]) -> Result<StoredVersion> {
        let read_on = self.read_on.parse().map_err(|_| Error::Corrupt {
            table: "price_versions",
            column: "read_on",
            row: self.number.to_string(),
            problem: self.read_on.clone(),
        })?;
        let tiers = tiers.iter().filter(|tier| tier.number == self.number).map(TierRow::tier).collect();
        let price = PriceVersion {
            id: self.id.unwrap_or_else(|| format!("{} (draft {})", self.model, self.number)),
            valid_from: Timestamp(self.valid_from.unwrap_or_default()),
            input: self.input,
            cache_read: self.cache_read,
            cache_write_5m: self.cache_write_5m,
            cache_write_1h: self.cache_write_1h,
            output: self.output,
            per_request: self.per_request,
            per_search: self.web_search,
            tiers,
            markup_bp: 0,
        };
        let version = NewVersion {
            model: self.model,
            source: self.source,
            read_on,
            wanted_from: self.wanted_from.map(Timestamp),
            price,
            note: self.note,
        };
        Ok(StoredVersion { number: self.number, version, approved_by: self.approved_by })
    }
}

#[derive(sqlx::FromRow)]
struct TierRow {
    number: i64,
    above_input_tokens: i64,
    input: i64,
    cache_read: i64,
    cache_write_5m: i64,
    cache_write_1h: i64,
    output: i64,
}

impl TierRow {
    fn tier(&self) -> PriceTier {
        let prices = TokenPrices {
            input: self.input,
            cache_read: self.cache_read,
            cache_write_5m: self.cache_write_5m,
            cache_write_1h: self.cache_write_1h,
            output: self.output,
        };
        PriceTier { above: self.above_input_tokens, prices }
    }
}

#[derive(sqlx::FromRow)]
struct NumberRow {
    number: i64,
}

/// Imports a version; its number.
///
/// # Errors
/// Database errors; [`Error::Duplicate`] when two import at the same moment.
pub async fn price_version_insert(tx: &mut Tx, new: &NewVersion, now: Timestamp) -> Result<i64> {
    let next: NumberRow = tx.query("SELECT COALESCE(MAX(number), 0) + 1 AS number FROM price_versions").one().await?;
    let price = &new.price;
    tx.query(
        "INSERT INTO price_versions (number, model, source, read_on, wanted_from, input, cache_read, cache_write_5m, \
         cache_write_1h, output, per_request, web_search, note, imported_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(next.number)
    .bind(&new.model)
    .bind(&new.source)
    .bind(new.read_on.to_string())
    .bind(new.wanted_from)
    .bind(price.input)
    .bind(price.cache_read)
    .bind(price.cache_write_5m)
    .bind(price.cache_write_1h)
    .bind(price.output)
    .bind(price.per_request)
    .bind(price.per_search)
    .bind(&new.note)
    .bind(now)
    .execute()
    .await?;
    for PriceTier { above, prices } in &price.tiers {
        tx.query(
            "INSERT INTO price_tiers (number, above_input_tokens, input, cache_read, cache_write_5m, cache_write_1h, \
             output) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(next.number)
        .bind(*above)
        .bind(prices.input)
        .bind(prices.cache_read)
        .bind(prices.cache_write_5m)
        .bind(prices.cache_write_1h)
        .bind(prices.output)
        .execute()
        .await?;
    }
    Ok(next.number)
}

/// Approves a version: it is effective from `valid_from`.
///
/// # Errors
/// [`Error::Duplicate`] when it is approved already, or the id is taken.
pub async fn price_approve(
    tx: &mut Tx,
    number: i64,
    id: &str,
    valid_from: Timestamp,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO price_approvals (number, id, valid_from, approved_by, approved_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(number)
    .bind(id)
    .bind(valid_from)
    .bind(by)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// How many versions are approved: it only grows, so it tells whether something changed.
///
/// # Errors
/// Database errors.
pub async fn price_approvals_count(tx: &mut Tx) -> Result<i64> {
    let row: NumberRow = tx.query("SELECT COUNT(*) AS number FROM price_approvals").one().await?;
    Ok(row.number)
}

/// Versions after `after` (a number), by number, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn price_version_list(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<StoredVersion>> {
    let rows: Vec<VersionRow> = tx
        .query(
            "SELECT v.number, v.model, v.source, v.read_on, v.wanted_from, v.input, v.cache_read, v.cache_write_5m, \
             v.cache_write_1h, v.output, v.per_request, v.web_search, v.note, a.id, a.valid_from, a.approved_by \
             FROM price_versions v LEFT JOIN price_approvals a ON a.number = v.number \
             WHERE v.number > $1 ORDER BY v.number LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .all()
        .await?;
    let last = rows.last().map_or(after, |row| row.number);
    let tiers: Vec<TierRow> = tx
        .query(
            "SELECT number, above_input_tokens, input, cache_read, cache_write_5m, cache_write_1h, output \
             FROM price_tiers WHERE number > $1 AND number <= $2 ORDER BY number, above_input_tokens",
        )
        .bind(after)
        .bind(last)
        .all()
        .await?;
    rows.into_iter().map(|row| row.stored(&tiers)).collect()
}
