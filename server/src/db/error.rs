//! What can go wrong with the database, as far as callers branch on it.

/// A database error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row holds something no version of the program writes.
    #[error("corrupt data in {table}.{column} of row {row}: {problem}")]
    Corrupt { table: &'static str, column: &'static str, row: String, problem: String },
    /// A unique or primary key exists already.
    #[error("already exists")]
    Duplicate(#[source] sqlx::Error),
    /// The database cannot be reached or has no connection free in time.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// More waits for the database than may wait.
    #[error("too much waits for the database")]
    Busy,
    #[error("database error")]
    Sql(#[source] sqlx::Error),
    #[error("migration failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The start-up guard refuses this database.
    #[error("{0}")]
    Refused(String),
    /// A programming error found by the façade, such as a missing bind.
    #[error("wrong use of the database: {0}")]
    Misuse(String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Duplicate(error),
            sqlx::Error::Database(inner) if inner.code().is_some_and(|code| is_away(&code)) => Self::Unavailable(error),
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
                Self::Unavailable(error)
            }
            _ => Self::Sql(error),
        }
    }
}

/// Whether a code of the engine says that it cannot now and that the same may work later.
///
/// PostgreSQL ("Error Codes", five characters): 57P (admin shutdown, crash, cannot connect now), 08 (connection exceptions),
/// 53 (no disk, memory or connection left). SQLite ("Result Codes", a number whose low byte is the kind): another process
/// writes, the disk is full or does not work, the file cannot be opened.
fn is_away(code: &str) -> bool {
    const BUSY: u32 = 5;
    const IO: u32 = 10;
    const FULL: u32 = 13;
    const CANNOT_OPEN: u32 = 14;
    if code.len() == 5 {
        return ["57P", "08", "53"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, BUSY | IO | FULL | CANNOT_OPEN))
}

#[cfg(test)]
mod tests {
    use super::is_away;

    #[test]
    fn what_may_work_later_is_told_from_what_is_wrong() {
        for away in ["57P01", "57P03", "08006", "53100", "53300", "5", "517", "13", "10", "778", "14"] {
            assert!(is_away(away), "{away}");
        }
        for wrong in ["23505", "42P01", "40001", "57014", "1", "19", "2067", "1299", "11", "", "x"] {
            assert!(!is_away(wrong), "{wrong}");
        }
    }
}
