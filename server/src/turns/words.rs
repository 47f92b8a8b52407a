//! Why a turn failed, in words for the person who asked.

use app::{
    error::AppError,
    model::{BudgetRefusal, Lang, Timestamp, TurnError, TurnErrorCode},
    words::{errors, refusals::in_words},
};

use crate::models::{ProviderError, ProviderErrorKind};

/// A provider that does not say how long to wait is asked again after this long, milliseconds …
const RETRY_AFTER_MS: u64 = 60_000;
/// … and one that asks for longer is asked again after this long.
const RETRY_AFTER_MAX_MS: u64 = 60 * 60_000;

fn error(code: TurnErrorCode, message: &str, request_id: &str) -> TurnError {
    TurnError { code, message: message.to_owned(), request_id: request_id.to_owned(), refusal: None, retry_at: None }
}

/// In the language of the tenant: everybody who reads the conversation reads the same.
pub(super) fn told(mut error: TurnError, lang: Lang) -> TurnError {
    error.message = match &error.refusal {
        Some(refusal) => errors::in_full(lang, &AppError::OverBudget(refusal.clone())),
        None => in_words(lang, &error.message),
    };
    error
}

/// The provider's failure at `now`; its own words stay in the log.
pub(super) fn provider(failure: &ProviderError, now: Timestamp, request_id: &str) -> TurnError {
    let (code, message) = match failure.kind {
        ProviderErrorKind::Unavailable => {
            (TurnErrorCode::ModelUnavailable, "The model could not be reached. Try again in a moment.")
        }
        ProviderErrorKind::RateLimited => {
            (TurnErrorCode::RateLimited, "The model is asked too often right now. Try again in a minute.")
        }
        ProviderErrorKind::Unauthorized => (
            TurnErrorCode::ModelMisconfigured,
            "The model provider does not accept this server's key. Tell your administrator.",
        ),
        ProviderErrorKind::ContextTooLong => (
            TurnErrorCode::ContextTooLong,
            "This is more than the model can read at once. Shorten the message or start a new conversation.",
        ),
        ProviderErrorKind::NoSuchModel => (
            TurnErrorCode::ModelMisconfigured,
            "The model provider does not know this model. Choose another one, or tell your administrator.",
        ),
        ProviderErrorKind::Rejected => {
            (TurnErrorCode::ModelRefused, "The model provider refused this request. Put it in other words.")
        }
        ProviderErrorKind::Protocol => (TurnErrorCode::ModelUnavailable, "The model's answer broke off. Try again."),
    };
    let retry_at = (code == TurnErrorCode::RateLimited).then(|| {
        let wait = failure.retry_after_ms.unwrap_or(RETRY_AFTER_MS).min(RETRY_AFTER_MAX_MS);
        Timestamp(now.0.saturating_add_unsigned(wait))
    });
    TurnError { retry_at, ..error(code, message, request_id) }
}

/// The model itself declined.
pub(super) fn declined(request_id: &str) -> TurnError {
    error(TurnErrorCode::ModelRefused, "The model declined to answer this. Put it in other words.", request_id)
}

/// The model ended without a word.
pub(super) fn silent(request_id: &str) -> TurnError {
    error(TurnErrorCode::ModelUnavailable, "The model gave no answer. Try again.", request_id)
}

pub(super) fn context_full(request_id: &str) -> TurnError {
    error(
        TurnErrorCode::ContextTooLong,
        "The conversation has filled what the model can read at once. Start a new one to go on.",
        request_id,
    )
}

/// The answer reached its cap; `clamped`: because the budget allowed no more.
pub(super) fn cut_off(clamped: bool, request_id: &str) -> TurnError {
    let message = if clamped {
        "The answer was cut off: what is left of the budget allowed no longer one."
    } else {
        "The answer reached its greatest length. Ask to go on for the rest."
    };
    error(TurnErrorCode::CutOff, message, request_id)
}

pub(super) fn too_many_steps(steps: i64, request_id: &str) -> TurnError {
    let message = format!("The answer needed more than {steps} steps and was ended. Ask something narrower.");
    error(TurnErrorCode::LimitReached, &message, request_id)
}

pub(super) fn too_slow(minutes: u64, request_id: &str) -> TurnError {
    let message = format!("The answer took longer than {minutes} minutes and was ended. Ask something narrower.");
    error(TurnErrorCode::LimitReached, &message, request_id)
}

pub(super) fn over_budget(refusal: BudgetRefusal, request_id: &str) -> TurnError {
    let message = errors::in_full(Lang::English, &AppError::OverBudget(refusal.clone()));
    TurnError { refusal: Some(refusal), ..error(TurnErrorCode::OverBudget, &message, request_id) }
}

pub(super) fn interrupted(request_id: &str) -> TurnError {
    error(
        TurnErrorCode::Interrupted,
        "The server stopped while the answer was being written. What was written is kept; ask again for the rest.",
        request_id,
    )
}

pub(super) fn internal(request_id: &str) -> TurnError {
    error(TurnErrorCode::Internal, "Something went wrong on our side. Try again.", request_id)
}
