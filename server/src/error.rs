//! The server's error: everything a service can fail with, with its sources. It becomes an [`AppError`] for people in one
//! place, [`Error::into_app`], which is also the one place that logs it.

use app::{error::AppError, model::BudgetRefusal};

/// What a service can fail with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not signed in")]
    SignedOut,
    #[error("not found")]
    NotFound,
    #[error("forbidden")]
    Forbidden,
    /// `field`: the input's name, empty for the whole; `message`: for the person.
    #[error("invalid {field}: {message}")]
    Invalid { field: &'static str, message: String },
    #[error("conflict: {0}")]
    Conflict(String),
    #[error("over budget")]
    OverBudget(BudgetRefusal),
    #[error("rate limited for {retry_after_s} s")]
    RateLimited { retry_after_s: u32 },
    #[error("too large")]
    TooLarge { max_bytes: u64 },
    #[error(transparent)]
    Db(#[from] crate::db::Error),
    /// A part is away for now; the text is for the log.
    #[error("unavailable: {0}")]
    Unavailable(String),
    #[error("internal error: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A fault of ours.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// An input that does not pass.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }

    /// For people, logging what they must not see under the request id they do see.
    #[must_use]
    pub fn into_app(self, request_id: &str) -> AppError {
        let request_id = request_id.to_owned();
        match self {
            Self::SignedOut => AppError::SignedOut,
            Self::NotFound => AppError::NotFound,
            Self::Forbidden => AppError::Forbidden,
            Self::Invalid { field, message } => AppError::invalid(field, message),
            Self::Conflict(message) => AppError::Conflict { message },
            Self::OverBudget(refusal) => AppError::OverBudget(refusal),
            Self::RateLimited { retry_after_s } => AppError::RateLimited { retry_after_s },
            Self::TooLarge { max_bytes } => AppError::TooLarge { max_bytes },
            Self::Db(crate::db::Error::Busy) => {
                tracing::warn!(request_id, "too much waits for the database");
                AppError::Unavailable { request_id }
            }
            Self::Db(crate::db::Error::Unavailable(source)) => {
                tracing::warn!(request_id, error = %source, "the database is not available");
                AppError::Unavailable { request_id }
            }
            Self::Unavailable(reason) => {
                tracing::warn!(request_id, reason, "not available");
                AppError::Unavailable { request_id }
            }
            Self::Db(error) => {
                tracing::error!(request_id, error = &error as &dyn std::error::Error, "database error");
                AppError::Internal { request_id }
            }
            Self::Internal(error) => {
                tracing::error!(request_id, error = &*error as &dyn std::error::Error, "internal error");
                AppError::Internal { request_id }
            }
        }
    }
}
