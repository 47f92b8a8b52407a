//! Reading the books twice: what the windows say, and what follows from holds, ledger and calls. The comparison is the
//! services' (`usage::audit_books`); a repair is nobody's, books are corrected by entries.

use app::model::{TenantId, Timestamp};
use uuid::Uuid;

use super::{Amounts, WindowKey};
use crate::db::{
    Result, SystemTx,
    budget::grant::{Granted, GrantedRow},
};

/// A tenant to audit.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
struct TenantRow {
    id: Uuid,
    code: String,
}

/// Tenants whose code comes after `after`, at most 500, by code.
///
/// # Errors
/// Database errors.
pub async fn audit_tenants(tx: &mut SystemTx, after: &str) -> Result<Vec<(TenantId, String)>> {
    let rows: Vec<TenantRow> =
        tx.query("SELECT id, code FROM tenants WHERE code > $1 ORDER BY code LIMIT 500").bind(after).all().await?;
    Ok(rows.into_iter().map(|row| (TenantId(row.id), row.code)).collect())
}

/// A window's own figures.
#[derive(Clone, Debug)]
pub struct AuditedWindow {
    pub key: WindowKey,
    pub reserved: Amounts,
    pub settled: Amounts,
    pub overrun: Amounts,
    /// Input, output, requests, money; `None`: unlimited.
    pub ceiling: [Option<i64>; 4],
    /// Of input and output together.
    pub ceiling_tokens: Option<i64>,
    pub granted: Granted,
    pub classes: Classes,
}

/// Figures that follow from the calls behind the settled amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Classes {
    pub cache_read_tokens: i64,
    pub cache_write_5m_tokens: i64,
    pub cache_write_1h_tokens: i64,
    pub estimated_calls: i64,
    pub unknown_calls: i64,
}

#[derive(sqlx::FromRow)]
struct WindowRow {
    budget_id: Uuid,
    window_start: i64,
    reserved_input_tokens: i64,
    reserved_output_tokens: i64,
    reserved_requests: i64,
    reserved_pico_usd: i64,
    settled_input_tokens: i64,
    settled_output_tokens: i64,
    settled_requests: i64,
    settled_pico_usd: i64,
    overrun_input_tokens: i64,
    overrun_output_tokens: i64,
    overrun_requests: i64,
    overrun_pico_usd: i64,
    ceiling_input_tokens: Option<i64>,
    ceiling_output_tokens: Option<i64>,
    ceiling_requests: Option<i64>,
    ceiling_pico_usd: Option<i64>,
    ceiling_tokens: Option<i64>,
    #[sqlx(flatten)]
    granted: GrantedRow,
    #[sqlx(flatten)]
    classes: Classes,
}

/// All windows of a tenant: a handful for each month it has been served.
///
/// # Errors
/// Database errors.
pub async fn audit_windows(tx: &mut SystemTx, tenant: TenantId) -> Result<Vec<AuditedWindow>> {
    let rows: Vec<WindowRow> = tx
        .query(
            "SELECT budget_id, window_start, reserved_input_tokens, reserved_output_tokens, reserved_requests, \
             reserved_pico_usd, settled_input_tokens, settled_output_tokens, settled_requests, settled_pico_usd, \
             overrun_input_tokens, overrun_output_tokens, overrun_requests, overrun_pico_usd, ceiling_input_tokens, \
             ceiling_output_tokens, ceiling_requests, ceiling_pico_usd, ceiling_tokens, granted_input_tokens, \
             granted_output_tokens, granted_tokens, granted_requests, granted_pico_usd, cache_read_tokens, cache_write_5m_tokens, \
             cache_write_1h_tokens, estimated_calls, unknown_calls \
             FROM budget_windows WHERE tenant_id = $1 ORDER BY budget_id, window_start",
        )
        .bind(tenant)
        .all()
        .await?;
    let amounts =
        |input_tokens, output_tokens, requests, pico_usd| Amounts { input_tokens, output_tokens, requests, pico_usd };
    Ok(rows
        .into_iter()
        .map(|w| AuditedWindow {
            key: WindowKey { budget: w.budget_id, start: Timestamp(w.window_start) },
            reserved: amounts(
                w.reserved_input_tokens,
                w.reserved_output_tokens,
                w.reserved_requests,
                w.reserved_pico_usd,
            ),
            settled: amounts(w.settled_input_tokens, w.settled_output_tokens, w.settled_requests, w.settled_pico_usd),
            overrun: amounts(w.overrun_input_tokens, w.overrun_output_tokens, w.overrun_requests, w.overrun_pico_usd),
            ceiling: [w.ceiling_input_tokens, w.ceiling_output_tokens, w.ceiling_requests, w.ceiling_pico_usd],
            ceiling_tokens: w.ceiling_tokens,
            granted: w.granted.granted(),
            classes: w.classes,
        })
        .collect())
}

/// What a window's figures are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Open holds: what is reserved.
    Holds,
    /// Ledger, `reserve − release`: what is reserved.
    LedgerReserved,
    /// Ledger, `settle + adjust`: what is settled.
    LedgerSettled,
    /// Ledger, what each `settle` exceeds its `release` by, and what corrections added: what is overrun.
    LedgerOverrun,
}

impl Source {
    pub const ALL: [Self; 4] = [Self::Holds, Self::LedgerReserved, Self::LedgerSettled, Self::LedgerOverrun];

    fn sql(self) -> &'static str {
        match self {
            Self::Holds => {
                "SELECT budget_id, window_start, CAST(SUM(input_tokens) AS BIGINT) AS input_tokens, \
                 CAST(SUM(output_tokens) AS BIGINT) AS output_tokens, CAST(SUM(requests) AS BIGINT) AS requests, \
                 CAST(SUM(pico_usd) AS BIGINT) AS pico_usd \
                 FROM holds WHERE tenant_id = $1 GROUP BY budget_id, window_start"
            }
            Self::LedgerReserved => {
                "SELECT budget_id, window_start, \
                 CAST(SUM(CASE kind WHEN 'reserve' THEN input_tokens ELSE -input_tokens END) AS BIGINT) AS input_tokens, \
                 CAST(SUM(CASE kind WHEN 'reserve' THEN output_tokens ELSE -output_tokens END) AS BIGINT) AS output_tokens, \
                 CAST(SUM(CASE kind WHEN 'reserve' THEN requests ELSE -requests END) AS BIGINT) AS requests, \
                 CAST(SUM(CASE kind WHEN 'reserve' THEN pico_usd ELSE -pico_usd END) AS BIGINT) AS pico_usd \
                 FROM ledger WHERE tenant_id = $1 AND kind IN ('reserve', 'release') GROUP BY budget_id, window_start"
            }
            Self::LedgerSettled => {
                "SELECT budget_id, window_start, CAST(SUM(input_tokens) AS BIGINT) AS input_tokens, \
                 CAST(SUM(output_tokens) AS BIGINT) AS output_tokens, CAST(SUM(requests) AS BIGINT) AS requests, \
                 CAST(SUM(pico_usd) AS BIGINT) AS pico_usd \
                 FROM ledger WHERE tenant_id = $1 AND kind IN ('settle', 'adjust') GROUP BY budget_id, window_start"
            }
            Self::LedgerOverrun => {
                // One pass: the ledger is not joined with itself, which would be quadratic on a bad plan.
                "SELECT budget_id, window_start, \
                 CAST(SUM(CASE WHEN input_tokens > 0 THEN input_tokens ELSE 0 END) AS BIGINT) AS input_tokens, \
                 CAST(SUM(CASE WHEN output_tokens > 0 THEN output_tokens ELSE 0 END) AS BIGINT) AS output_tokens, \
                 CAST(SUM(CASE WHEN requests > 0 THEN requests ELSE 0 END) AS BIGINT) AS requests, \
                 CAST(SUM(CASE WHEN pico_usd > 0 THEN pico_usd ELSE 0 END) AS BIGINT) AS pico_usd FROM \
                 (SELECT call_id, budget_id, window_start, \
                 SUM(CASE kind WHEN 'settle' THEN input_tokens ELSE -input_tokens END) AS input_tokens, \
                 SUM(CASE kind WHEN 'settle' THEN output_tokens ELSE -output_tokens END) AS output_tokens, \
                 SUM(CASE kind WHEN 'settle' THEN requests ELSE -requests END) AS requests, \
                 SUM(CASE kind WHEN 'settle' THEN pico_usd ELSE -pico_usd END) AS pico_usd \
                 FROM ledger WHERE tenant_id = $1 AND kind IN ('settle', 'release') \
                 GROUP BY call_id, budget_id, window_start \
                 UNION ALL SELECT call_id, budget_id, window_start, 0, 0, 0, pico_usd \
                 FROM ledger WHERE tenant_id = $1 AND kind = 'adjust') AS per_call GROUP BY budget_id, window_start"
            }
        }
    }
}

#[derive(sqlx::FromRow)]
struct SumRow {
    budget_id: Uuid,
    window_start: i64,
    input_tokens: i64,
    output_tokens: i64,
    requests: i64,
    pico_usd: i64,
}

/// A tenant's sums from one source, by window.
///
/// # Errors
/// Database errors.
pub async fn audit_sums(tx: &mut SystemTx, tenant: TenantId, source: Source) -> Result<Vec<(WindowKey, Amounts)>> {
    let rows: Vec<SumRow> = tx.query(source.sql()).bind(tenant).all().await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let key = WindowKey { budget: row.budget_id, start: Timestamp(row.window_start) };
            let amounts = Amounts {
                input_tokens: row.input_tokens,
                output_tokens: row.output_tokens,
                requests: row.requests,
                pico_usd: row.pico_usd,
            };
            (key, amounts)
        })
        .collect())
}

#[derive(sqlx::FromRow)]
struct ClassRow {
    budget_id: Uuid,
    window_start: i64,
    #[sqlx(flatten)]
    classes: Classes,
}

/// Classes and qualities of the calls behind each window's settled amounts.
///
/// # Errors
/// Database errors.
pub async fn audit_classes(tx: &mut SystemTx, tenant: TenantId) -> Result<Vec<(WindowKey, Classes)>> {
    let rows: Vec<ClassRow> = tx
        .query(
            "SELECT l.budget_id, l.window_start, CAST(SUM(c.cache_read_tokens) AS BIGINT) AS cache_read_tokens, \
             CAST(SUM(c.cache_write_5m_tokens) AS BIGINT) AS cache_write_5m_tokens, \
             CAST(SUM(c.cache_write_1h_tokens) AS BIGINT) AS cache_write_1h_tokens, \
             CAST(SUM(CASE WHEN c.quality = 'estimated' THEN 1 ELSE 0 END) AS BIGINT) AS estimated_calls, \
             CAST(SUM(CASE WHEN c.quality = 'unknown' THEN 1 ELSE 0 END) AS BIGINT) AS unknown_calls \
             FROM ledger l JOIN model_calls c ON c.tenant_id = l.tenant_id AND c.id = l.call_id \
             WHERE l.tenant_id = $1 AND l.kind = 'settle' GROUP BY l.budget_id, l.window_start",
        )
        .bind(tenant)
        .all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (WindowKey { budget: row.budget_id, start: Timestamp(row.window_start) }, row.classes))
        .collect())
}

/// What every single call must satisfy, with the statement that finds those which do not (at most 100 of each).
const CALL_RULES: [(&str, &str); 7] = [
    (
        "its cost is not its tokens times its prices",
        "SELECT id FROM model_calls WHERE tenant_id = $1 AND state = 'settled' AND cost_pico_usd <> \
         CASE WHEN price_version IS NULL THEN 0 ELSE input_tokens * price_input + cache_read_tokens * price_cache_read \
         + cache_write_5m_tokens * price_cache_write_5m + cache_write_1h_tokens * price_cache_write_1h \
         + output_tokens * price_output + searches * COALESCE(price_search, 0) + price_request END \
         ORDER BY id LIMIT 100",
    ),
    (
        "its list cost is more than its cost, or another without a markup",
        "SELECT id FROM model_calls WHERE tenant_id = $1 AND (list_cost_pico > cost_pico_usd \
         OR (markup_bp = 0 AND list_cost_pico <> cost_pico_usd)) ORDER BY id LIMIT 100",
    ),
    (
        "it is open without a hold, or closed with one",
        "SELECT c.id FROM model_calls c WHERE c.tenant_id = $1 AND ((c.state = 'open' AND NOT EXISTS \
         (SELECT 1 FROM holds h WHERE h.tenant_id = c.tenant_id AND h.call_id = c.id)) OR (c.state <> 'open' AND EXISTS \
         (SELECT 1 FROM holds h WHERE h.tenant_id = c.tenant_id AND h.call_id = c.id))) ORDER BY c.id LIMIT 100",
    ),
    (
        "its ledger lines do not fit its state",
        "SELECT c.id FROM model_calls c LEFT JOIN ledger l ON l.tenant_id = c.tenant_id AND l.call_id = c.id \
         WHERE c.tenant_id = $1 GROUP BY c.id, c.state \
         HAVING SUM(CASE WHEN l.kind = 'reserve' THEN 1 ELSE 0 END) = 0 \
         OR SUM(CASE WHEN l.kind = 'release' THEN 1 ELSE 0 END) <> \
          CASE c.state WHEN 'open' THEN 0 ELSE SUM(CASE WHEN l.kind = 'reserve' THEN 1 ELSE 0 END) END \
         OR SUM(CASE WHEN l.kind = 'settle' THEN 1 ELSE 0 END) <> \
          CASE c.state WHEN 'settled' THEN SUM(CASE WHEN l.kind = 'reserve' THEN 1 ELSE 0 END) ELSE 0 END \
         ORDER BY c.id LIMIT 100",
    ),
    (
        "it was settled with other amounts than it says",
        "SELECT c.id FROM model_calls c JOIN ledger l ON l.tenant_id = c.tenant_id AND l.call_id = c.id \
         WHERE c.tenant_id = $1 AND l.kind = 'settle' AND NOT (l.requests = 1 AND l.output_tokens = c.output_tokens \
         AND l.pico_usd = c.cost_pico_usd AND l.input_tokens = c.input_tokens + c.cache_read_tokens \
         + c.cache_write_5m_tokens + c.cache_write_1h_tokens) ORDER BY c.id LIMIT 100",
    ),
    (
        "what was released is not what was reserved",
        "SELECT call_id AS id FROM ledger WHERE tenant_id = $1 AND kind IN ('reserve', 'release') \
         GROUP BY call_id, budget_id HAVING COUNT(*) = 2 AND NOT (MIN(window_start) = MAX(window_start) \
         AND MIN(input_tokens) = MAX(input_tokens) AND MIN(output_tokens) = MAX(output_tokens) \
         AND MIN(requests) = MAX(requests) AND MIN(pico_usd) = MAX(pico_usd)) ORDER BY call_id LIMIT 100",
    ),
    (
        "it was released, and yet it says that it used something",
        "SELECT id FROM model_calls WHERE tenant_id = $1 AND state = 'released' AND input_tokens + cache_read_tokens \
         + cache_write_5m_tokens + cache_write_1h_tokens + output_tokens + searches + cost_pico_usd > 0 \
         ORDER BY id LIMIT 100",
    ),
];

#[derive(sqlx::FromRow)]
struct CallIdRow {
    id: Uuid,
}

/// Calls that break a rule, with the rule.
///
/// # Errors
/// Database errors.
pub async fn audit_calls(tx: &mut SystemTx, tenant: TenantId) -> Result<Vec<(Uuid, &'static str)>> {
    let mut broken = Vec::new();
    for (rule, sql) in CALL_RULES {
        let rows: Vec<CallIdRow> = tx.query(sql).bind(tenant).all().await?;
        broken.extend(rows.into_iter().map(|row| (row.id, rule)));
    }
    Ok(broken)
}
