//! Whether the database answers, and what is open in it.

use super::{Result, SystemTx, Tx};

#[derive(sqlx::FromRow)]
struct One {
    #[expect(dead_code, reason = "it only has to arrive")]
    one: i64,
}

/// One round trip.
///
/// # Errors
/// Database errors.
pub async fn ping(tx: &mut Tx) -> Result<()> {
    tx.query("SELECT CAST(1 AS BIGINT) AS one").one::<One>().await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct OpenRow {
    open: i64,
}

/// Calls of all tenants that hold something.
///
/// # Errors
/// Database errors.
pub async fn calls_open(tx: &mut SystemTx) -> Result<i64> {
    let row: OpenRow = tx.query("SELECT COUNT(*) AS open FROM model_calls WHERE state = 'open'").one().await?;
    Ok(row.open)
}
