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
            // SQLSTATE class 57P (admin shutdown, crash, cannot connect now) and 08 (connection exceptions).
            sqlx::Error::Database(inner)
                if inner.code().is_some_and(|c| c.starts_with("57P") || c.starts_with("08") || c == "53300") =>
            {
                Self::Unavailable(error)
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
                Self::Unavailable(error)
            }
            _ => Self::Sql(error),
        }
    }
}
