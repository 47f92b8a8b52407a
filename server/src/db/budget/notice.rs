//! What people are told about a window: that it is nearly used up, that it is used up, that more was billed than held.
//! Each kind once in a window; who has put one away does not see it again.

use app::model::{BudgetLimits, Timestamp, UserId};
use uuid::Uuid;

use super::{
    grant::{Granted, GrantedRow},
    row::LimitsRow,
};
use crate::db::{
    Error, Result, TenantScope, Tx,
    ledger::{Amounts, Books, WindowKey},
    words::words,
};

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// The soft threshold was passed.
    Soft,
    /// A limit was reached.
    Hard,
    /// More was billed than was held.
    Overrun,
}

words!(NoticeKind, "not a kind of notice", {
    Soft = "soft",
    Hard = "hard",
    Overrun = "overrun",
});

/// A window as it stands, for who decides whether people are to be told.
#[derive(Clone, Debug)]
pub struct Standing {
    /// With what was granted.
    pub limits: BudgetLimits,
    pub soft_percent: Option<i64>,
    pub settled: Amounts,
    pub has_soft: bool,
    pub has_hard: bool,
    pub has_overrun: bool,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    #[sqlx(flatten)]
    limits: LimitsRow,
    soft_percent: Option<i64>,
    settled_input_tokens: i64,
    settled_output_tokens: i64,
    settled_requests: i64,
    settled_pico_usd: i64,
    #[sqlx(flatten)]
    granted: GrantedRow,
    has_soft: bool,
    has_hard: bool,
    has_overrun: bool,
}

/// How a window stands, within the transaction that has just written it; `None`: its budget limits nothing.
///
/// # Errors
/// Database errors.
pub async fn window_standing(books: Books, tx: &mut Tx, window: WindowKey) -> Result<Option<Standing>> {
    let row: Option<StandingRow> = tx
        .query(
            "SELECT b.limit_input_tokens, b.limit_output_tokens, b.limit_requests, b.limit_pico_usd, b.limit_tokens, \
             b.soft_percent, w.settled_input_tokens, w.settled_output_tokens, w.settled_requests, w.settled_pico_usd, \
             w.granted_input_tokens, w.granted_output_tokens, w.granted_tokens, w.granted_requests, w.granted_pico_usd, \
             EXISTS (SELECT 1 FROM budget_notices n WHERE n.tenant_id = $1 AND n.budget_id = $2 \
             AND n.window_start = $3 AND n.kind = 'soft') AS has_soft, \
             EXISTS (SELECT 1 FROM budget_notices n WHERE n.tenant_id = $1 AND n.budget_id = $2 \
             AND n.window_start = $3 AND n.kind = 'hard') AS has_hard, \
             EXISTS (SELECT 1 FROM budget_notices n WHERE n.tenant_id = $1 AND n.budget_id = $2 \
             AND n.window_start = $3 AND n.kind = 'overrun') AS has_overrun \
             FROM budget_windows w JOIN budgets b ON b.tenant_id = w.tenant_id AND b.id = w.budget_id \
             WHERE w.tenant_id = $1 AND w.budget_id = $2 AND w.window_start = $3 AND b.is_active = TRUE",
        )
        .bind(books.tenant())
        .bind(window.budget)
        .bind(window.start)
        .optional()
        .await?;
    Ok(row.map(|row| {
        let granted: Granted = row.granted.granted();
        Standing {
            limits: granted.on_top_of(&row.limits.limits()),
            soft_percent: row.soft_percent,
            settled: Amounts {
                input_tokens: row.settled_input_tokens,
                output_tokens: row.settled_output_tokens,
                requests: row.settled_requests,
                pico_usd: row.settled_pico_usd,
            },
            has_soft: row.has_soft,
            has_hard: row.has_hard,
            has_overrun: row.has_overrun,
        }
    }))
}

/// Notes that people are to be told; `false`: they are already.
///
/// # Errors
/// Database errors.
pub async fn notice_put(
    books: Books,
    tx: &mut Tx,
    window: WindowKey,
    kind: NoticeKind,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "INSERT INTO budget_notices (tenant_id, budget_id, window_start, kind, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant_id, budget_id, window_start, kind) DO NOTHING",
        )
        .bind(books.tenant())
        .bind(window.budget)
        .bind(window.start)
        .bind(kind.as_str())
        .bind(now)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// A notice as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    pub window: WindowKey,
    pub kind: NoticeKind,
    pub at: Timestamp,
    /// The asking person has put it away.
    pub is_seen: bool,
}

#[derive(sqlx::FromRow)]
struct NoticeRow {
    budget_id: Uuid,
    window_start: i64,
    kind: String,
    at: i64,
    is_seen: bool,
}

/// The notices of windows that are not over, at most 200, newest first.
///
/// # Errors
/// Database errors.
pub async fn notice_list(scope: &TenantScope, tx: &mut Tx, now: Timestamp) -> Result<Vec<Notice>> {
    let rows: Vec<NoticeRow> = tx
        .query(
            "SELECT n.budget_id, n.window_start, n.kind, n.at, EXISTS (SELECT 1 FROM budget_notices_seen s \
             WHERE s.tenant_id = n.tenant_id AND s.user_id = $2 AND s.budget_id = n.budget_id \
             AND s.window_start = n.window_start AND s.kind = n.kind) AS is_seen FROM budget_notices n \
             JOIN budget_windows w ON w.tenant_id = n.tenant_id AND w.budget_id = n.budget_id \
             AND w.window_start = n.window_start WHERE n.tenant_id = $1 AND w.window_start <= $3 AND w.window_end > $3 \
             ORDER BY n.at DESC, n.budget_id, n.kind LIMIT 200",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(now)
        .all()
        .await?;
    rows.into_iter()
        .map(|row| {
            let kind = row.kind.parse().map_err(|problem: &str| Error::Corrupt {
                table: "budget_notices",
                column: "kind",
                row: row.budget_id.to_string(),
                problem: problem.to_owned(),
            })?;
            Ok(Notice {
                window: WindowKey { budget: row.budget_id, start: Timestamp(row.window_start) },
                kind,
                at: Timestamp(row.at),
                is_seen: row.is_seen,
            })
        })
        .collect()
}

/// The person puts a notice away; `false`: there is no such notice.
///
/// # Errors
/// Database errors.
pub async fn notice_see(
    scope: &TenantScope,
    tx: &mut Tx,
    window: WindowKey,
    kind: NoticeKind,
    now: Timestamp,
) -> Result<bool> {
    let user: UserId = scope.user();
    let changed = tx
        .query(
            "INSERT INTO budget_notices_seen (tenant_id, user_id, budget_id, window_start, kind, at) \
             SELECT n.tenant_id, $2, n.budget_id, n.window_start, n.kind, $6 FROM budget_notices n \
             WHERE n.tenant_id = $1 AND n.budget_id = $3 AND n.window_start = $4 AND n.kind = $5 \
             ON CONFLICT (tenant_id, user_id, budget_id, window_start, kind) DO UPDATE SET at = excluded.at",
        )
        .bind(scope.tenant())
        .bind(user)
        .bind(window.budget)
        .bind(window.start)
        .bind(kind.as_str())
        .bind(now)
        .execute()
        .await?;
    Ok(changed == 1)
}
