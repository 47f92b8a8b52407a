//! The errors a page can react to, and nothing else. What happened inside stays on the server, under the request id.

use leptos::prelude::ServerFnErrorErr;
use leptos::{prelude::FromServerFnError, server_fn::codec::JsonEncoding};
use serde::{Deserialize, Serialize};

use crate::{
    model::{BudgetRefusal, InvalidText, Lang},
    words,
};

/// An error as a person meets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "error")]
pub enum AppError {
    #[error("Your session has ended. Sign in again to go on.")]
    SignedOut,
    /// Also for what exists but is not the caller's to see.
    #[error("This does not exist, or you have no access to it.")]
    NotFound,
    /// The thing may be seen, the action is not the caller's to take.
    #[error("You may not do this.")]
    Forbidden,
    /// `field` names the input, empty when it is the whole.
    #[error("{message}")]
    Invalid { field: String, message: String },
    #[error("{message}")]
    Conflict { message: String },
    #[error("{}", words::errors::text(Lang::English, self))]
    OverBudget(BudgetRefusal),
    #[error("Too many attempts. Try again in {retry_after_s} seconds.")]
    RateLimited { retry_after_s: u32 },
    #[error("This is too large: {max_bytes} bytes at most.")]
    TooLarge { max_bytes: u64 },
    /// A part the server needs is away for now (database, shutdown).
    #[error("Steward is not available right now. Try again in a moment. (Request {request_id})")]
    Unavailable { request_id: String },
    #[error("Something went wrong on our side. (Request {request_id})")]
    Internal { request_id: String },
    /// The request never reached the server, or the answer never came back.
    #[error("No connection to Steward. Check your network and try again.")]
    Offline,
}

impl AppError {
    /// The HTTP status this error is answered with.
    #[must_use]
    pub fn status_code(&self) -> u16 {
        match self {
            Self::SignedOut => 401,
            Self::OverBudget(_) => 402,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::Invalid { .. } => 422,
            Self::RateLimited { .. } => 429,
            Self::Internal { .. } => 500,
            Self::Unavailable { .. } | Self::Offline => 503,
        }
    }

    /// An input that does not pass, named.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), message: message.into() }
    }
}

impl From<InvalidText> for AppError {
    fn from(error: InvalidText) -> Self {
        Self::invalid("", error.to_string())
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // `Serialization`: a form in the browser whose fields do not make the arguments, e.g. a blank name.
            ServerFnErrorErr::Args(message)
            | ServerFnErrorErr::MissingArg(message)
            | ServerFnErrorErr::Serialization(message) => {
                Self::Invalid { field: String::new(), message: format!("This request could not be read: {message}") }
            }
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Offline
            }
            _ => Self::Internal { request_id: String::new() },
        }
    }
}
