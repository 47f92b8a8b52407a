//! Operators' notes on devices.

use app::model::Timestamp;

use crate::db::{Result, TenantScope, Tx};

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DeviceNote {
    /// As people name it; unique in the tenant.
    pub number: i64,
    pub device_id: i64,
    /// The instant it is about, milliseconds since the epoch.
    pub at: i64,
    pub text: String,
    /// The name of who wrote it.
    pub author: String,
}

#[derive(sqlx::FromRow)]
struct NumberRow {
    number: i64,
}

/// Adds a note of the caller; its number.
///
/// # Errors
/// [`crate::db::Error::Duplicate`]: somebody took the number at the same moment; try again.
pub async fn note_insert(
    scope: &TenantScope,
    tx: &mut Tx,
    device_id: i64,
    at: Timestamp,
    text: &str,
    now: Timestamp,
) -> Result<i64> {
    let row = tx
        .query(
            "INSERT INTO device_notes (tenant_id, number, device_id, at, text, author, created_by, created_at) \
             SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6, $7 FROM device_notes WHERE tenant_id = $1 \
             RETURNING number",
        )
        .bind(scope.tenant())
        .bind(device_id)
        .bind(at)
        .bind(text)
        .bind(scope.user_name())
        .bind(scope.user())
        .bind(now)
        .one::<NumberRow>()
        .await?;
    Ok(row.number)
}

/// Notes of one device or of all, the latest first.
///
/// # Errors
/// Database errors.
pub async fn note_list(
    scope: &TenantScope,
    tx: &mut Tx,
    device_id: Option<i64>,
    limit: i64,
) -> Result<Vec<DeviceNote>> {
    tx.query(
        "SELECT number, device_id, at, text, author FROM device_notes \
         WHERE tenant_id = $1 AND ($2 = 0 OR device_id = $2) ORDER BY at DESC, number DESC LIMIT $3",
    )
    .bind(scope.tenant())
    .bind(device_id.unwrap_or(0))
    .bind(limit)
    .all()
    .await
}

/// Removes a note for good; what it was.
///
/// # Errors
/// Database errors.
pub async fn note_delete(scope: &TenantScope, tx: &mut Tx, number: i64) -> Result<Option<DeviceNote>> {
    tx.query(
        "DELETE FROM device_notes WHERE tenant_id = $1 AND number = $2 \
         RETURNING number, device_id, at, text, author",
    )
    .bind(scope.tenant())
    .bind(number)
    .optional()
    .await
}
