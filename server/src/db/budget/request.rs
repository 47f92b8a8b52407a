//! People who ask for more than a budget gives them in its window, and what became of it.
//!
//! What must hold: a person has one open request for a window; it leaves the state `open` once, by the compare-and-set of
//! [`request_decide`].

use app::model::{Timestamp, UserId};
use uuid::Uuid;

use crate::db::{
    Error, Result, TenantScope, Tx,
    ledger::{Books, WindowKey},
    words::words,
};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    Open,
    Granted,
    Declined,
}

words!(RequestState, "not the state of a request", {
    Open = "open",
    Granted = "granted",
    Declined = "declined",
});

/// A request as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetRequest {
    pub id: Uuid,
    pub window: WindowKey,
    pub window_end: Timestamp,
    pub user: UserId,
    pub user_name: String,
    pub user_email: String,
    pub reason: String,
    pub state: RequestState,
    /// What the administrator said.
    pub answer: String,
    pub decided_by: String,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct RequestRow {
    id: Uuid,
    budget_id: Uuid,
    window_start: i64,
    window_end: i64,
    user_id: Uuid,
    name: String,
    email: String,
    reason: String,
    state: String,
    answer: String,
    decided_by: String,
    created_at: i64,
}

impl RequestRow {
    fn request(self) -> Result<BudgetRequest> {
        let state = self.state.parse().map_err(|problem: &str| Error::Corrupt {
            table: "budget_requests",
            column: "state",
            row: self.id.to_string(),
            problem: problem.to_owned(),
        })?;
        Ok(BudgetRequest {
            id: self.id,
            window: WindowKey { budget: self.budget_id, start: Timestamp(self.window_start) },
            window_end: Timestamp(self.window_end),
            user: UserId(self.user_id),
            user_name: self.name,
            user_email: self.email,
            reason: self.reason,
            state,
            answer: self.answer,
            decided_by: self.decided_by,
            created_at: Timestamp(self.created_at),
        })
    }
}

/// Asks for more; `false`: the person has an open request for this window already.
///
/// # Errors
/// Database errors.
pub async fn request_insert(
    scope: &TenantScope,
    tx: &mut Tx,
    id: Uuid,
    window: WindowKey,
    reason: &str,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "INSERT INTO budget_requests (tenant_id, id, budget_id, window_start, user_id, reason, state, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'open', $7) \
             ON CONFLICT (tenant_id, budget_id, window_start, user_id) WHERE state = 'open' DO NOTHING",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(window.budget)
        .bind(window.start)
        .bind(scope.user())
        .bind(reason)
        .bind(now)
        .execute()
        .await?;
    Ok(changed == 1)
}

macro_rules! requests {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.budget_id, r.window_start, w.window_end, r.user_id, u.name, u.email, r.reason, r.state, \
             r.answer, r.decided_by, r.created_at FROM budget_requests r JOIN users u ON u.id = r.user_id \
             JOIN budget_windows w ON w.tenant_id = r.tenant_id AND w.budget_id = r.budget_id \
             AND w.window_start = r.window_start WHERE r.tenant_id = $1 ",
            $rest
        )
    };
}

/// Requests of windows that are not over, after `after` (an id; the nil id comes first), oldest first, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn request_list(
    books: Books,
    tx: &mut Tx,
    now: Timestamp,
    after: Uuid,
    limit: i64,
    only_open: bool,
) -> Result<Vec<BudgetRequest>> {
    let rows: Vec<RequestRow> = tx
        .query(requests!(
            "AND w.window_end > $2 AND r.id > $3 AND ($5 = FALSE OR r.state = 'open') ORDER BY r.id LIMIT $4"
        ))
        .bind(books.tenant())
        .bind(now)
        .bind(after)
        .bind(limit)
        .bind(only_open)
        .all()
        .await?;
    rows.into_iter().map(RequestRow::request).collect()
}

/// A person's own requests of windows that are not over, newest first, at most 50.
///
/// # Errors
/// Database errors.
pub async fn request_list_own(scope: &TenantScope, tx: &mut Tx, now: Timestamp) -> Result<Vec<BudgetRequest>> {
    let rows: Vec<RequestRow> = tx
        .query(requests!("AND w.window_end > $2 AND r.user_id = $3 ORDER BY r.id DESC LIMIT 50"))
        .bind(scope.tenant())
        .bind(now)
        .bind(scope.user())
        .all()
        .await?;
    rows.into_iter().map(RequestRow::request).collect()
}

/// One request.
///
/// # Errors
/// Database errors.
pub async fn request_find(books: Books, tx: &mut Tx, id: Uuid) -> Result<Option<BudgetRequest>> {
    let row: Option<RequestRow> = tx.query(requests!("AND r.id = $2")).bind(books.tenant()).bind(id).optional().await?;
    row.map(RequestRow::request).transpose()
}

/// Decides an open request; `false`: somebody else has.
///
/// # Errors
/// Database errors.
pub async fn request_decide(
    books: Books,
    tx: &mut Tx,
    id: Uuid,
    state: RequestState,
    answer: &str,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE budget_requests SET state = $3, answer = $4, decided_by = $5, decided_at = $6 \
             WHERE tenant_id = $1 AND id = $2 AND state = 'open'",
        )
        .bind(books.tenant())
        .bind(id)
        .bind(state.as_str())
        .bind(answer)
        .bind(by)
        .bind(now)
        .execute()
        .await?;
    Ok(changed == 1)
}
