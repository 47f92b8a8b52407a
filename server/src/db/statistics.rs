//! What the database's planner knows of its tables.

use super::{Db, Engine, Result};

#[derive(sqlx::FromRow)]
struct Refreshed {
    tables: i64,
}

/// Has tables read anew by PostgreSQL's planner that are ten times as large as when it last did; gives their number. For
/// the first minutes of a database, before autovacuum comes (see the migration). Nothing on SQLite.
///
/// # Errors
/// Database errors.
pub async fn statistics_refresh(db: &Db) -> Result<i64> {
    if db.engine() == Engine::Sqlite {
        return Ok(0);
    }
    let mut tx = db.begin_directory().await?;
    let refreshed: Refreshed = tx.query("SELECT refresh_statistics() AS tables").one().await?;
    tx.commit().await?;
    Ok(refreshed.tables)
}
