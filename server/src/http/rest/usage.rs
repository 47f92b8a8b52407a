//! `GET /api/usage`: this month against the budget; with `by`, a report.

use app::{
    error::AppError,
    model::{Date, Lang, Quality, Tokens, ToolUse, UsageBy, UsageRow},
    words::usage::row_name,
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ApiCaller, ApiError};
use crate::{
    http::usage_export,
    state::AppState,
    usage::report::{Reader, csv::dollars},
};

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

#[derive(Deserialize, IntoParams)]
pub struct UsageQuery {
    /// `tenant`, `day`, `person`, `group`, `key`, `profile`, `model`, `purpose`, `format` or `tool`: a report, for
    /// administrators; other members see their own usage by `day` and `model`. Absent: this month against the budget.
    by: Option<String>,
    /// First day, `YYYY-MM-DD` in the tenant's zone; absent: the first of this month.
    from: Option<String>,
    /// Last day, itself included; absent: the last of this month.
    to: Option<String>,
    /// `json` (the default) in pages, or `csv`, the whole report as a file.
    format: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of a page, 1–500; 100 unless named.
    limit: Option<i64>,
    /// Only for browser sessions; a token names its tenant itself.
    #[expect(dead_code, reason = "read by ApiCaller; named here for the document")]
    tenant: Option<String>,
}

/// A page of a report.
#[derive(Serialize, ToSchema)]
pub struct Report {
    by: &'static str,
    /// `YYYY-MM-DD`, both included, in `time_zone`.
    from: String,
    to: String,
    time_zone: String,
    /// Everything in the range, not only on this page.
    total: ReportRow,
    rows: Vec<ReportRow>,
    /// Only by tool.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ReportTool>,
    /// Give it as `after` for the next page; absent on the last.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ReportRow {
    /// An id, a day, `provider/model`, a word; empty: no key, no profile, the chat.
    key: String,
    name: String,
    /// What tells it from others of the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    requests: i64,
    /// Calls whose figures are the provider's own, upper bounds, and not heard of.
    exact: i64,
    estimated: i64,
    unknown: i64,
    tokens: TokenCounts,
    /// Pico-dollars (1e-12 USD), corrections included.
    cost_pico_usd: i64,
    /// The same in dollars, exactly.
    cost_usd: String,
    /// Part of the cost: corrections after comparing with an invoice.
    corrections_pico_usd: i64,
    /// How much less it cost than at the models that were asked for.
    saving_pico_usd: i64,
    saving_usd: String,
}

#[derive(Serialize, ToSchema)]
pub struct ReportTool {
    tool: String,
    calls: i64,
    failed_calls: i64,
    denied_calls: i64,
    duration_ms: i64,
    /// Answers that called it.
    answers: i64,
    /// What these answers cost; absent unless all of it is exact.
    answers_cost_pico_usd: Option<i64>,
    answers_cost_usd: Option<String>,
}

/// What is answered: without `by` and with it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum UsageAnswer {
    Month(Usage),
    Report(Report),
}

fn report_row(by: UsageBy, row: &UsageRow) -> ReportRow {
    ReportRow {
        key: row.key.clone(),
        name: row_name(Lang::English, by, row),
        detail: row.detail.clone(),
        requests: row.requests,
        exact: row.exact_calls(),
        estimated: row.estimated_calls,
        unknown: row.unknown_calls,
        tokens: row.tokens.into(),
        cost_pico_usd: row.cost.0,
        cost_usd: dollars(row.cost),
        corrections_pico_usd: row.adjusted.0,
        saving_pico_usd: row.saving.0,
        saving_usd: dollars(row.saving),
    }
}

fn report_tool(tool: ToolUse) -> ReportTool {
    ReportTool {
        tool: tool.tool,
        calls: tool.calls,
        failed_calls: tool.failed_calls,
        denied_calls: tool.denied_calls,
        duration_ms: tool.duration_ms,
        answers: tool.turns,
        answers_cost_pico_usd: tool.turns_cost.map(|cost| cost.0),
        answers_cost_usd: tool.turns_cost.map(dollars),
    }
}

/// Rows of a page unless named, and at most.
const ROWS: i64 = 100;
const MOST_ROWS: i64 = 500;

/// What the tenant has used: of its budget this month, or with `by` in a report, as pages of JSON or as a CSV file.
#[utoipa::path(get, path = "/api/usage", params(UsageQuery), tag = "usage", security(("bearer" = [])),
    responses((status = 200, body = UsageAnswer), (status = 401, description = "Not signed in"),
        (status = 403, description = "A report for administrators"), (status = 422, description = "No such report")))]
pub async fn usage(
    State(state): State<AppState>,
    api: ApiCaller,
    query: Result<Query<UsageQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|_| AppError::invalid("limit", "this is no number"))?;
    let Some(by) = query.by else {
        return Ok(Json(UsageAnswer::Month(month(&state, &api).await?)).into_response());
    };
    let by = UsageBy::parse(&by).ok_or_else(|| {
        let known: Vec<&str> = UsageBy::ALL.into_iter().map(UsageBy::as_str).collect();
        AppError::invalid("by", format!("choose one of: {}", known.join(", ")))
    })?;
    let limit = query.limit.unwrap_or(ROWS);
    if !(1..=MOST_ROWS).contains(&limit) {
        return Err(AppError::invalid("limit", "choose from 1 to 500").into());
    }
    let request_id = api.caller.request_id.clone();
    let for_caller = |error: crate::error::Error| ApiError(error.into_app(&request_id));
    let reader = Reader {
        db: state.db.clone(),
        world: state.world.clone(),
        caller: api.caller,
        tenant: api.tenant,
        by,
        first: day("from", query.from)?,
        last: day("to", query.to)?,
    };
    match query.format.as_deref().unwrap_or("json") {
        "csv" => usage_export::csv(reader).await.map_err(for_caller),
        "json" => {
            let head = reader.head().await.map_err(for_caller)?;
            let listing = reader.part(query.after.as_deref(), limit).await.map_err(for_caller)?;
            Ok(Json(UsageAnswer::Report(Report {
                by: by.as_str(),
                from: head.first.to_string(),
                to: head.last.to_string(),
                time_zone: head.time_zone,
                total: report_row(UsageBy::Tenant, &head.total),
                rows: listing.rows.iter().map(|row| report_row(by, row)).collect(),
                tools: listing.tools.into_iter().map(report_tool).collect(),
                next: listing.next,
            }))
            .into_response())
        }
        _ => Err(AppError::invalid("format", "choose json or csv").into()),
    }
}

fn day(field: &'static str, text: Option<String>) -> Result<Option<Date>, AppError> {
    let parsed = text.filter(|text| !text.is_empty()).map(|text| text.parse());
    parsed.transpose().map_err(|problem: &str| AppError::invalid(field, problem))
}

async fn month(state: &AppState, api: &ApiCaller) -> Result<Usage, ApiError> {
    let meter = state.backend.usage_meter(&api.caller, &api.tenant).await?;
    Ok(Usage {
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
    })
}
