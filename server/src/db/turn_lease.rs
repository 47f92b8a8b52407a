//! The lease of a running turn: it is written by whoever holds its token, and every such write asks for it.

use app::model::{ConversationId, TenantId, Timestamp, TurnId, UserId};
use uuid::Uuid;

use super::{
    Result, SystemTx, TenantScope, Tx,
    changes::Change,
    turn::{TurnStatus, seq_raw},
};

/// A turn whose lease ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LapsedTurn {
    pub tenant: TenantId,
    pub user: UserId,
    pub turn: TurnId,
    pub lease_token: Uuid,
}

#[derive(sqlx::FromRow)]
struct LapsedRow {
    tenant_id: Uuid,
    user_id: Uuid,
    id: Uuid,
    lease_token: Uuid,
}

impl LapsedRow {
    fn turn(self) -> LapsedTurn {
        LapsedTurn {
            tenant: TenantId(self.tenant_id),
            user: UserId(self.user_id),
            turn: TurnId(self.id),
            lease_token: self.lease_token,
        }
    }
}

#[derive(sqlx::FromRow)]
struct PlaceRow {
    conversation_id: Uuid,
}

#[derive(sqlx::FromRow)]
struct StopRow {
    stop_requested: bool,
}

/// Renews the lease and notes the last event written. The answer is whether somebody asked to stop; `None`: the turn is
/// over or somebody else's now, and nothing more may be written to it.
///
/// # Errors
/// Database errors.
pub async fn turn_renew(
    scope: &TenantScope,
    tx: &mut Tx,
    id: TurnId,
    lease_token: Uuid,
    lease_until: Timestamp,
    last_seq: u64,
) -> Result<Option<bool>> {
    let row = tx
        .query(
            "UPDATE turns SET lease_until = $4, last_seq = $5 \
             WHERE tenant_id = $1 AND id = $2 AND lease_token = $3 AND status = 'running' RETURNING stop_requested",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(lease_token)
        .bind(lease_until)
        .bind(seq_raw(last_seq))
        .optional::<StopRow>()
        .await?;
    Ok(row.map(|row| row.stop_requested))
}

/// Ends a running turn: the compare-and-set every ending goes through. `lapsed_before`: only if the lease ran out before
/// then (the reaper). `false`: it is over already, or somebody else's.
///
/// # Errors
/// Database errors.
pub async fn turn_end(
    scope: &TenantScope,
    tx: &mut Tx,
    id: TurnId,
    lease_token: Uuid,
    lapsed_before: Option<Timestamp>,
    (status, last_seq): (TurnStatus, u64),
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE turns SET status = $5, last_seq = $6, finished_at = $7 WHERE tenant_id = $1 AND id = $2 \
             AND lease_token = $3 AND status = 'running' AND lease_until < $4",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(lease_token)
        .bind(lapsed_before.unwrap_or(Timestamp(i64::MAX)))
        .bind(status.as_str())
        .bind(seq_raw(last_seq))
        .bind(now)
        .execute()
        .await?;
    if changed == 1 {
        tx.announce(scope, Change::TurnEnded(id));
    }
    Ok(changed == 1)
}

/// Running turns whose lease ran out before `now`, over all tenants; at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn turns_lapsed(tx: &mut SystemTx, now: Timestamp, limit: i64) -> Result<Vec<LapsedTurn>> {
    let rows = tx
        .query(
            "SELECT tenant_id, user_id, id, lease_token FROM turns WHERE status = 'running' AND waiting_until IS NULL \
             AND lease_until < $1 ORDER BY lease_until LIMIT $2",
        )
        .bind(now)
        .bind(limit)
        .all::<LapsedRow>()
        .await?;
    Ok(rows.into_iter().map(LapsedRow::turn).collect())
}

/// Waiting turns that can go on, over all tenants: nothing is asked any more, the time to answer is over, or somebody
/// asked to stop; at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn turns_waiting_due(tx: &mut SystemTx, now: Timestamp, limit: i64) -> Result<Vec<LapsedTurn>> {
    let rows = tx
        .query(
            "SELECT t.tenant_id, t.user_id, t.id, t.lease_token FROM turns t \
             WHERE t.waiting_until IS NOT NULL AND t.status = 'running' AND (t.waiting_until <= $1 OR t.stop_requested \
             OR NOT EXISTS (SELECT 1 FROM tool_questions q WHERE q.tenant_id = t.tenant_id AND q.turn_id = t.id \
             AND q.state = 'asked')) ORDER BY t.waiting_until LIMIT $2",
        )
        .bind(now)
        .bind(limit)
        .all::<LapsedRow>()
        .await?;
    Ok(rows.into_iter().map(LapsedRow::turn).collect())
}

/// Leaves a running turn to wait: it is nobody's until somebody [takes](turn_take) it. `next_token` keeps whoever had
/// it from writing any more. `false`: it is over, or somebody else's.
///
/// # Errors
/// Database errors.
pub async fn turn_park(
    scope: &TenantScope,
    tx: &mut Tx,
    id: TurnId,
    (lease_token, next_token): (Uuid, Uuid),
    waiting_until: Timestamp,
    last_seq: u64,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE turns SET waiting_until = $5, lease_token = $4, last_seq = $6 \
             WHERE tenant_id = $1 AND id = $2 AND lease_token = $3 AND status = 'running' RETURNING conversation_id",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(lease_token)
        .bind(next_token)
        .bind(waiting_until)
        .bind(seq_raw(last_seq))
        .optional::<PlaceRow>()
        .await?;
    Ok(changed_at(scope, tx, changed))
}

/// Takes a turn whose token is `lease_token` and that waits, or whose lease ran out before `lapsed_before`. One of
/// several that try gets it.
///
/// # Errors
/// Database errors.
pub async fn turn_take(
    scope: &TenantScope,
    tx: &mut Tx,
    id: TurnId,
    (lease_token, next_token): (Uuid, Uuid),
    lapsed_before: Timestamp,
    lease_until: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE turns SET waiting_until = NULL, lease_token = $4, lease_until = $6 \
             WHERE tenant_id = $1 AND id = $2 AND lease_token = $3 AND status = 'running' \
             AND (waiting_until IS NOT NULL OR lease_until < $5) \
             RETURNING conversation_id",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(lease_token)
        .bind(next_token)
        .bind(lapsed_before)
        .bind(lease_until)
        .optional::<PlaceRow>()
        .await?;
    Ok(changed_at(scope, tx, changed))
}

/// The list shows whether a turn waits.
fn changed_at(scope: &TenantScope, tx: &mut Tx, place: Option<PlaceRow>) -> bool {
    if let Some(place) = &place {
        tx.announce(scope, Change::Conversation(ConversationId(place.conversation_id)));
    }
    place.is_some()
}
