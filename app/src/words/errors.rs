//! Why something was not done. What the server says in its own words (a refused input, a conflict) stays as it came.

use super::budget;
use crate::{components::format::date_time, error::AppError, model::Lang};

super::phrases! {
    signed_out = "Your session has ended. Sign in again to go on." | "Sesi Anda telah berakhir. Masuk lagi untuk melanjutkan.";
    not_found = "This does not exist, or you have no access to it." | "Ini tidak ada, atau Anda tidak memiliki akses.";
    forbidden = "You may not do this." | "Anda tidak boleh melakukan ini.";
    offline = "No connection to Steward. Check your network and try again." | "Tidak ada sambungan ke Steward. Periksa jaringan Anda lalu coba lagi.";
    unavailable = "Steward is not available right now. Try again in a moment." | "Steward sedang tidak tersedia. Coba lagi sebentar lagi.";
    internal = "Something went wrong on our side." | "Terjadi kesalahan di pihak kami.";
    request = " (Request " | " (Permintaan ";
}

/// An error in the reader's language.
#[must_use]
pub fn text(lang: Lang, error: &AppError) -> String {
    match error {
        AppError::SignedOut => signed_out(lang).into(),
        AppError::NotFound => not_found(lang).into(),
        AppError::Forbidden => forbidden(lang).into(),
        AppError::Offline => offline(lang).into(),
        AppError::Invalid { message, .. } | AppError::Conflict { message } => sentence(message),
        AppError::Unavailable { request_id } => with_request(lang, unavailable(lang), request_id),
        AppError::Internal { request_id } => with_request(lang, internal(lang), request_id),
        AppError::RateLimited { retry_after_s } => match lang {
            Lang::English => format!("Too many attempts. Try again in {retry_after_s} seconds."),
            Lang::Indonesian => format!("Terlalu banyak percobaan. Coba lagi dalam {retry_after_s} detik."),
        },
        AppError::TooLarge { max_bytes } => match lang {
            Lang::English => format!("This is too large: {max_bytes} bytes at most."),
            Lang::Indonesian => format!("Ini terlalu besar: paling banyak {max_bytes} byte."),
        },
        AppError::OverBudget(refusal) => {
            let mut text = budget::refused(lang, refusal);
            if let Some(at) = refusal.resets_at {
                text.push_str(budget::resets_on(lang));
                // Where no tenant's zone is at hand.
                text.push_str(&date_time(at, 0, lang));
                text.push_str(" UTC.");
            }
            text
        }
    }
}

/// As [`text`], with whom to ask where that helps.
#[must_use]
pub fn in_full(lang: Lang, error: &AppError) -> String {
    let mut said = text(lang, error);
    if let AppError::OverBudget(refusal) = error {
        said.push_str(&budget::whom_to_ask(lang, &refusal.contact));
    }
    said
}

fn with_request(lang: Lang, what: &str, request_id: &str) -> String {
    let mut text = what.to_owned();
    if !request_id.is_empty() {
        text.push_str(request(lang));
        text.push_str(request_id);
        text.push(')');
    }
    text
}

/// A message as a sentence: begins with a capital, ends with a mark.
#[must_use]
pub fn sentence(message: &str) -> String {
    let message = message.trim();
    let mut text = super::case::capitalized(message);
    if !message.is_empty() && !message.ends_with(['.', '!', '?', ')', '…']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("write something first"), "Write something first.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(" "), "");
    }

    #[test]
    fn a_request_is_named_only_when_known() {
        let known = AppError::Internal { request_id: "r-1".into() };
        assert!(text(Lang::Indonesian, &known).ends_with("(Permintaan r-1)"));
        let unknown = AppError::Internal { request_id: String::new() };
        assert_eq!(text(Lang::English, &unknown), "Something went wrong on our side.");
    }
}
