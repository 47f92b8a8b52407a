//! Calls that nobody has settled yet, for those who settle in somebody else's place.

use app::model::{ModelCallId, TenantId, Timestamp, TurnId};
use uuid::Uuid;

use crate::{
    db::{Error, Result, SystemTx, Tx, ledger::Books},
    models::{PriceVersion, ReportedUsage},
};

/// A call that nobody has settled yet, with its last checkpoint.
#[derive(Clone, Debug)]
pub struct OpenCall {
    pub tenant: TenantId,
    pub id: ModelCallId,
    pub turn: Option<TurnId>,
    pub price: Option<PriceVersion>,
    /// The price of the model that a cost rule passed over.
    pub baseline: Option<PriceVersion>,
    pub input_bound: i64,
    pub output_cap: i64,
    pub search_bound: i64,
    pub seen: ReportedUsage,
    pub received_bytes: i64,
}

impl OpenCall {
    /// Whether something came before its last checkpoint.
    #[must_use]
    pub fn is_heard_of(&self) -> bool {
        self.received_bytes > 0 || self.seen != ReportedUsage::default()
    }
}

#[derive(sqlx::FromRow)]
struct OpenRow {
    tenant_id: Uuid,
    id: Uuid,
    turn_id: Option<Uuid>,
    price_version: Option<String>,
    price_input: Option<i64>,
    price_cache_read: Option<i64>,
    price_cache_write_5m: Option<i64>,
    price_cache_write_1h: Option<i64>,
    price_output: Option<i64>,
    price_request: Option<i64>,
    price_search: Option<i64>,
    price_tiers: Option<String>,
    markup_bp: i64,
    baseline_price: Option<String>,
    input_bound: i64,
    output_cap: i64,
    search_bound: i64,
    seen_input: Option<i64>,
    seen_cache_read: Option<i64>,
    seen_cache_write_5m: Option<i64>,
    seen_cache_write_1h: Option<i64>,
    seen_output: Option<i64>,
    seen_searches: Option<i64>,
    seen_final: bool,
    received_bytes: i64,
    created_at: i64,
}

impl OpenRow {
    /// As it was at admission; `None`: it was unknown.
    fn price(&self) -> Result<Option<PriceVersion>> {
        let tiers = self.json("price_tiers", self.price_tiers.as_deref())?.unwrap_or_default();
        Ok(self.flat_price().map(|price| PriceVersion { tiers, ..price }))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str, text: Option<&str>) -> Result<Option<T>> {
        let corrupt = |error: serde_json::Error| Error::Corrupt {
            table: "model_calls",
            column,
            row: self.id.to_string(),
            problem: error.to_string(),
        };
        text.map(serde_json::from_str).transpose().map_err(corrupt)
    }

    fn flat_price(&self) -> Option<PriceVersion> {
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
            per_search: self.price_search,
            tiers: Vec::new(),
            markup_bp: self.markup_bp,
        })
    }

    fn call(self) -> Result<OpenCall> {
        let price = self.price()?;
        let baseline = self.json("baseline_price", self.baseline_price.as_deref())?;
        Ok(OpenCall {
            tenant: TenantId(self.tenant_id),
            id: ModelCallId(self.id),
            turn: self.turn_id.map(TurnId),
            price,
            baseline,
            input_bound: self.input_bound,
            output_cap: self.output_cap,
            search_bound: self.search_bound,
            seen: ReportedUsage {
                input: self.seen_input,
                cache_read: self.seen_cache_read,
                cache_write_5m: self.seen_cache_write_5m,
                cache_write_1h: self.seen_cache_write_1h,
                output: self.seen_output,
                searches: self.seen_searches,
                open_rounds: 0,
                is_final: self.seen_final,
            },
            received_bytes: self.received_bytes,
        })
    }
}

/// Open calls, and which of them.
macro_rules! open_calls {
    ($which:literal) => {
        concat!(
            "SELECT tenant_id, id, turn_id, price_version, price_input, price_cache_read, price_cache_write_5m, \
             price_cache_write_1h, price_output, price_request, price_search, price_tiers, markup_bp, \
             baseline_price, input_bound, output_cap, search_bound, seen_input, seen_cache_read, seen_cache_write_5m, \
             seen_cache_write_1h, seen_output, seen_searches, seen_final, received_bytes, created_at FROM model_calls WHERE state = 'open' AND ",
            $which
        )
    };
}

/// The calls a turn left open. A turn has a bounded number of steps.
///
/// # Errors
/// Database errors.
pub async fn call_open_of_turn(books: Books, tx: &mut Tx, turn: TurnId) -> Result<Vec<OpenCall>> {
    let rows: Vec<OpenRow> = tx
        .query(open_calls!("tenant_id = $1 AND turn_id = $2 ORDER BY id"))
        .bind(books.tenant())
        .bind(turn)
        .all()
        .await?;
    rows.into_iter().map(OpenRow::call).collect()
}

/// One call, while it is open.
///
/// # Errors
/// Database errors.
pub async fn call_open(books: Books, tx: &mut Tx, call: ModelCallId) -> Result<Option<OpenCall>> {
    let row: Option<OpenRow> =
        tx.query(open_calls!("tenant_id = $1 AND id = $2")).bind(books.tenant()).bind(call).optional().await?;
    row.map(OpenRow::call).transpose()
}

/// Open calls of all tenants whose lease ran out before `now`, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn call_expired(tx: &mut SystemTx, now: Timestamp, limit: i64) -> Result<Vec<OpenCall>> {
    let rows: Vec<OpenRow> =
        tx.query(open_calls!("lease_until < $1 ORDER BY lease_until, id LIMIT $2")).bind(now).bind(limit).all().await?;
    rows.into_iter().map(OpenRow::call).collect()
}
