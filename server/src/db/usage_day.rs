//! What was settled, by day and by everything a report asks for: one row for each day, person, model, purpose, key, profile
//! and format. A report adds up a month's rows, of which there are as many as people and models, not as calls.
//!
//! What must hold: rows are written ([`usage_days_insert`]) in the transaction that settles the calls, and by `reconcile`
//! in the one that corrects them, and by nobody else; [`audit`] compares them with the calls. To count one more thing: a
//! column, [`DaySums`], the upsert, the audit.

pub mod audit;
pub mod sums;

use std::collections::BTreeMap;

use app::model::{Quality, Tokens};
use uuid::Uuid;

use super::{DbValue, Insert, Result, Tx, ledger::Books, model_call::BookedCall};

/// Where a call is counted. Rows are written in this order, so that no two settlements wait for each other in a circle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayKey {
    pub books: Books,
    /// The day of admission in the tenant's zone, days since 1970-01-01.
    pub local_day: i64,
    pub user: Uuid,
    pub provider: String,
    pub model: String,
    pub purpose: String,
    /// Zeros: none.
    pub key: Uuid,
    /// Zeros: none.
    pub profile: Uuid,
    /// Empty: the chat.
    pub client_format: String,
}

/// A call's columns that make its [`DayKey`].
#[derive(sqlx::FromRow)]
pub struct DayRow {
    local_day: i64,
    user_id: Uuid,
    provider: String,
    model: String,
    purpose: String,
    profile_id: Option<Uuid>,
    client_format: Option<String>,
}

impl DayRow {
    #[must_use]
    pub fn key(self, books: Books, key: Option<Uuid>) -> DayKey {
        DayKey {
            books,
            local_day: self.local_day,
            user: self.user_id,
            provider: self.provider,
            model: self.model,
            purpose: self.purpose,
            key: key.unwrap_or_default(),
            profile: self.profile_id.unwrap_or_default(),
            client_format: self.client_format.unwrap_or_default(),
        }
    }
}

/// What calls come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySums {
    pub requests: i64,
    pub estimated_calls: i64,
    pub unknown_calls: i64,
    pub tokens: Tokens,
    pub cost_pico: i64,
    /// What the provider asks for it.
    pub list_cost_pico: i64,
    /// What it would have cost at the model that was asked for.
    pub baseline_cost_pico: i64,
    /// Corrections, which may be negative.
    pub adjusted_pico: i64,
    pub adjusted_list_pico: i64,
}

impl DaySums {
    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            estimated_calls: self.estimated_calls.saturating_add(other.estimated_calls),
            unknown_calls: self.unknown_calls.saturating_add(other.unknown_calls),
            tokens: self.tokens.and(&other.tokens),
            cost_pico: self.cost_pico.saturating_add(other.cost_pico),
            list_cost_pico: self.list_cost_pico.saturating_add(other.list_cost_pico),
            baseline_cost_pico: self.baseline_cost_pico.saturating_add(other.baseline_cost_pico),
            adjusted_pico: self.adjusted_pico.saturating_add(other.adjusted_pico),
            adjusted_list_pico: self.adjusted_list_pico.saturating_add(other.adjusted_list_pico),
        }
    }
}

/// What a transaction settles, by where it counts.
#[derive(Debug, Default)]
pub struct Days(BTreeMap<DayKey, DaySums>);

impl Days {
    /// One more settled call. One that was given back counts nowhere.
    pub fn add(&mut self, key: DayKey, booked: &BookedCall) {
        if !booked.is_billed {
            return;
        }
        let sums = self.0.entry(key).or_default();
        *sums = sums.and(&DaySums {
            requests: 1,
            estimated_calls: i64::from(booked.quality == Quality::Estimated),
            unknown_calls: i64::from(booked.quality == Quality::Unknown),
            tokens: booked.tokens,
            cost_pico: booked.cost.0,
            list_cost_pico: booked.list_cost.0,
            baseline_cost_pico: booked.baseline_cost.unwrap_or(booked.cost).0,
            ..DaySums::default()
        });
    }

    /// A correction of a call.
    pub fn adjust(&mut self, key: DayKey, pico: i64, list_pico: i64) {
        let sums = self.0.entry(key).or_default();
        sums.adjusted_pico = sums.adjusted_pico.saturating_add(pico);
        sums.adjusted_list_pico = sums.adjusted_list_pico.saturating_add(list_pico);
    }
}

/// Columns of [`usage_days_insert`].
const COLUMNS: usize = 22;

/// Adds what was settled: one statement, as many rows as the calls differ in where they count.
///
/// # Errors
/// Database errors.
pub async fn usage_days_add(tx: &mut Tx, days: &Days) -> Result<()> {
    tx.insert_together(&[usage_days_insert(days)]).await
}

/// As [`usage_days_add`], with others.
#[must_use]
pub fn usage_days_insert(days: &Days) -> Insert {
    let mut values = Vec::with_capacity(days.0.len() * COLUMNS);
    for (key, sums) in &days.0 {
        values.extend([DbValue::Id(key.books.tenant().0), DbValue::Int(key.local_day), DbValue::Id(key.user)]);
        values.extend([&key.provider, &key.model, &key.purpose].map(|text| DbValue::Text(text.clone())));
        values.extend([DbValue::Id(key.key), DbValue::Id(key.profile), DbValue::Text(key.client_format.clone())]);
        values.extend(
            [
                sums.requests,
                sums.estimated_calls,
                sums.unknown_calls,
                sums.tokens.input,
                sums.tokens.cache_read,
                sums.tokens.cache_write_5m,
                sums.tokens.cache_write_1h,
                sums.tokens.output,
                sums.cost_pico,
                sums.list_cost_pico,
                sums.baseline_cost_pico,
                sums.adjusted_pico,
                sums.adjusted_list_pico,
            ]
            .map(DbValue::Int),
        );
    }
    Insert {
        into: "INSERT INTO usage_days (tenant_id, local_day, user_id, provider, model, purpose, key_id, profile_id, \
         client_format, requests, estimated_calls, unknown_calls, input_tokens, cache_read_tokens, \
         cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, cost_pico_usd, list_cost_pico, \
         baseline_cost_pico, adjusted_pico_usd, adjusted_list_pico)",
        columns: COLUMNS,
        values,
        suffix: "ON CONFLICT (tenant_id, local_day, user_id, provider, model, purpose, key_id, profile_id, client_format) \
         DO UPDATE SET requests = usage_days.requests + excluded.requests, \
         estimated_calls = usage_days.estimated_calls + excluded.estimated_calls, \
         unknown_calls = usage_days.unknown_calls + excluded.unknown_calls, \
         input_tokens = usage_days.input_tokens + excluded.input_tokens, \
         cache_read_tokens = usage_days.cache_read_tokens + excluded.cache_read_tokens, \
         cache_write_5m_tokens = usage_days.cache_write_5m_tokens + excluded.cache_write_5m_tokens, \
         cache_write_1h_tokens = usage_days.cache_write_1h_tokens + excluded.cache_write_1h_tokens, \
         output_tokens = usage_days.output_tokens + excluded.output_tokens, \
         cost_pico_usd = usage_days.cost_pico_usd + excluded.cost_pico_usd, \
         list_cost_pico = usage_days.list_cost_pico + excluded.list_cost_pico, \
         baseline_cost_pico = usage_days.baseline_cost_pico + excluded.baseline_cost_pico, \
         adjusted_pico_usd = usage_days.adjusted_pico_usd + excluded.adjusted_pico_usd, \
         adjusted_list_pico = usage_days.adjusted_list_pico + excluded.adjusted_list_pico",
    }
}
