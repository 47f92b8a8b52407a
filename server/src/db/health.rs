//! Whether the database answers.

use super::{Result, Tx};

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
