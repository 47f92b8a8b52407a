//! The event log of running turns. When a turn ends its events are folded into its message and removed.

use app::model::{TurnEvent, TurnId};

use super::{DbValue, Error, Result, TenantScope, Tx, changes::Change, turn::seq_raw};

/// An event to append.
#[derive(Clone, Debug)]
pub struct NewTurnEvent<'a> {
    pub scope: &'a TenantScope,
    pub turn: TurnId,
    pub seq: u64,
    pub event: TurnEvent,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    seq: i64,
    payload: String,
}

/// Appends events, of several turns at once. The caller has just renewed the lease of each in this transaction
/// ([`super::turn::turn_renew`]). One that is there already stays as it is.
///
/// # Errors
/// Database errors.
pub async fn turn_events_append(tx: &mut Tx, events: Vec<NewTurnEvent<'_>>) -> Result<()> {
    let mut values = Vec::with_capacity(events.len() * 4);
    for new in events {
        let payload = serde_json::to_string(&new.event)
            .map_err(|error| Error::Misuse(format!("an event cannot be written as JSON: {error}")))?;
        tx.announce(new.scope, Change::TurnWritten(new.turn));
        values.push(DbValue::Id(new.scope.tenant().0));
        values.push(DbValue::Id(new.turn.0));
        values.push(DbValue::Int(seq_raw(new.seq)));
        values.push(DbValue::Text(payload));
    }
    tx.insert_many(
        "INSERT INTO turn_events (tenant_id, turn_id, seq, payload)",
        4,
        values,
        "ON CONFLICT (tenant_id, turn_id, seq) DO NOTHING",
    )
    .await?;
    Ok(())
}

/// What follows `after`, in order, at most `limit`. The caller has found the turn first.
///
/// # Errors
/// Database errors.
pub async fn turn_events_after(
    scope: &TenantScope,
    tx: &mut Tx,
    turn: TurnId,
    after: u64,
    limit: i64,
) -> Result<Vec<(u64, TurnEvent)>> {
    let rows = tx
        .query(
            "SELECT seq, payload FROM turn_events WHERE tenant_id = $1 AND turn_id = $2 AND seq > $3 \
             ORDER BY seq LIMIT $4",
        )
        .bind(scope.tenant())
        .bind(turn)
        .bind(seq_raw(after))
        .bind(limit)
        .all::<EventRow>()
        .await?;
    rows.into_iter()
        .map(|row| {
            let corrupt = |column: &'static str, problem: String| Error::Corrupt {
                table: "turn_events",
                column,
                row: format!("{turn} {}", row.seq),
                problem,
            };
            let seq = u64::try_from(row.seq).map_err(|error| corrupt("seq", error.to_string()))?;
            let event = serde_json::from_str(&row.payload).map_err(|error| corrupt("payload", error.to_string()))?;
            Ok((seq, event))
        })
        .collect()
}

/// Removes a turn's log: its message holds everything now.
///
/// # Errors
/// Database errors.
pub async fn turn_events_delete(scope: &TenantScope, tx: &mut Tx, turn: TurnId) -> Result<()> {
    tx.query("DELETE FROM turn_events WHERE tenant_id = $1 AND turn_id = $2")
        .bind(scope.tenant())
        .bind(turn)
        .execute()
        .await?;
    Ok(())
}
