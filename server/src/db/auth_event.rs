//! What happened around signing in: append-only.

use app::model::{SessionId, Timestamp, UserId};
use uuid::Uuid;

use super::{Result, Tx};

/// A line of the record.
#[derive(Clone, Debug)]
pub struct AuthEvent<'a> {
    pub id: Uuid,
    pub at: Timestamp,
    /// e.g. `signed_in`.
    pub event: &'static str,
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    pub ip: &'a str,
    pub request_id: &'a str,
}

/// # Errors
/// Database errors.
pub async fn auth_event_insert(tx: &mut Tx, event: &AuthEvent<'_>) -> Result<()> {
    tx.query(
        "INSERT INTO auth_events (id, at, event, user_id, session_id, ip, request_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event.id)
    .bind(event.at)
    .bind(event.event)
    .bind(event.user)
    .bind(event.session)
    .bind(event.ip)
    .bind(event.request_id)
    .execute()
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct EventRow {
    event: String,
}

/// A person's events, oldest first, at most 1,000: for tests and administration.
///
/// # Errors
/// Database errors.
pub async fn auth_event_list(tx: &mut Tx, user: UserId) -> Result<Vec<String>> {
    let rows = tx
        .query("SELECT event FROM auth_events WHERE user_id = $1 ORDER BY at, id LIMIT 1000")
        .bind(user)
        .all::<EventRow>()
        .await?;
    Ok(rows.into_iter().map(|row| row.event).collect())
}
