//! `GET /api/usage`: this month against the budget.

use app::model::{Quality, Tokens};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ApiCaller, ApiError};
use crate::state::AppState;

/// The tenant's current month.
#[derive(Serialize, ToSchema)]
pub struct Usage {
    pub tokens: TokenCounts,
    pub requests: i64,
    /// Pico-dollars (1e-12 USD), exact.
    pub cost_pico_usd: i64,
    /// The same in dollars, rounded for reading.
    pub cost: String,
    /// `exact`, `estimated` or `unknown`: the weakest figure in it.
    pub quality: &'static str,
    pub limits: Limits,
    /// How full the fullest limit is; absent when there is none.
    pub percent: Option<u32>,
    /// RFC 3339, UTC: when the month ends in the tenant's time zone.
    pub resets_at: String,
}

#[derive(Serialize, ToSchema)]
pub struct TokenCounts {
    pub input: i64,
    pub cache_read: i64,
    pub cache_write_5m: i64,
    pub cache_write_1h: i64,
    pub output: i64,
}

/// Absent means unlimited.
#[derive(Serialize, ToSchema)]
pub struct Limits {
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub requests: Option<i64>,
    pub cost_pico_usd: Option<i64>,
}

impl From<Tokens> for TokenCounts {
    fn from(t: Tokens) -> Self {
        Self {
            input: t.input,
            cache_read: t.cache_read,
            cache_write_5m: t.cache_write_5m,
            cache_write_1h: t.cache_write_1h,
            output: t.output,
        }
    }
}

/// The word for a quality.
#[must_use]
pub fn quality_word(quality: Quality) -> &'static str {
    match quality {
        Quality::Exact => "exact",
        Quality::Estimated => "estimated",
        Quality::Unknown => "unknown",
    }
}

/// What the tenant has used of its budget this month.
#[utoipa::path(get, path = "/api/usage", tag = "usage", security(("bearer" = [])),
    responses((status = 200, body = Usage), (status = 401, description = "Not signed in")))]
pub async fn usage(State(state): State<AppState>, api: ApiCaller) -> Result<Json<Usage>, ApiError> {
    let meter = state.backend.usage_meter(&api.caller, &api.tenant).await?;
    Ok(Json(Usage {
        tokens: meter.used.into(),
        requests: meter.requests,
        cost_pico_usd: meter.cost.0,
        cost: meter.cost.to_string(),
        quality: quality_word(meter.quality),
        limits: Limits {
            input_tokens: meter.limits.input_tokens,
            output_tokens: meter.limits.output_tokens,
            requests: meter.limits.requests,
            cost_pico_usd: meter.limits.cost.map(|money| money.0),
        },
        percent: meter.percent,
        resets_at: meter.resets_at.to_string(),
    }))
}
