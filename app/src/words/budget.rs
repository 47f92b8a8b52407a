//! Budgets as a person sees them: how full they are, asking for more, deciding on it.

use super::refusals::of_budget;
use crate::model::{BudgetRefusal, Lang};

super::phrases! {
    title = "Your budgets" | "Anggaran Anda";
    used = "used" | "terpakai";
    no_limit = "Nothing is limited." | "Tidak ada yang dibatasi.";
    total_tokens = "Tokens in all" | "Jumlah token";
    reason = "What do you need more for?" | "Untuk apa Anda membutuhkan lebih banyak?";
    ask = "Ask for more" | "Minta tambahan";
    asked = "Your request is with the administrators. They answer on this page." | "Permintaan Anda sudah di administrator. Jawabannya muncul di halaman ini.";
    granted = "Granted, until this budget begins anew." | "Disetujui, sampai anggaran ini dimulai lagi.";
    declined = "Declined." | "Ditolak.";
    back = "← Back to the chat" | "← Kembali ke obrolan";
    to_usage = "← Usage" | "← Pemakaian";
    // Administrators
    requests_title = "Requests for more" | "Permintaan tambahan";
    no_requests = "Nobody asks for more." | "Tidak ada yang meminta tambahan.";
    more = "More of each, for this window only. What stays empty is not changed." | "Tambahan untuk masing-masing, hanya untuk periode ini. Yang dikosongkan tidak berubah.";
    answer = "Answer (may be empty)" | "Jawaban (boleh kosong)";
    grant = "Grant for this window" | "Setujui untuk periode ini";
    decline = "Decline" | "Tolak";
    done = "It is decided." | "Sudah diputuskan.";
    dollars = "dollars" | "dolar";
    // In the chat
    resets_on = " It resets on " | " Diatur ulang pada ";
    put_away = "Do not show this again" | "Jangan tampilkan lagi";
}

/// `81 % of PRS Textile's monthly budget is used.`
#[must_use]
pub fn nearly(lang: Lang, percent: u32, budget: &str) -> String {
    let (percent, budget) = (percent.to_string(), of_budget(lang, budget));
    match lang {
        Lang::English => [&percent, " % of ", &budget, " is used."].concat(),
        Lang::Indonesian => [&percent, " % dari ", &budget, " sudah terpakai."].concat(),
    }
}

/// Why there was no call: `PRS Textile's monthly budget is used up (1,000,000 input tokens).` Where something is left that
/// is too little, or a price is not known: `… does not allow this (…).`
#[must_use]
pub fn refused(lang: Lang, refusal: &BudgetRefusal) -> String {
    let verb = match (refusal.is_used_up, lang) {
        (true, Lang::English) => " is used up (",
        (true, Lang::Indonesian) => " sudah habis (",
        (false, Lang::English) => " does not allow this (",
        (false, Lang::Indonesian) => " tidak mengizinkan ini (",
    };
    [of_budget(lang, &refusal.budget).as_str(), verb, &of_budget(lang, &refusal.limit), ")."].concat()
}

/// ` Ask ana@prs.example for more.`; nothing where nobody is named.
#[must_use]
pub fn whom_to_ask(lang: Lang, contact: &str) -> String {
    match (contact, lang) {
        ("", _) => String::new(),
        (_, Lang::English) => [" Ask ", contact, " for more."].concat(),
        (_, Lang::Indonesian) => [" Minta tambahan kepada ", contact, "."].concat(),
    }
}

/// Who asks; the reason and the budget follow.
#[must_use]
pub fn asks(lang: Lang, person: &str) -> String {
    match lang {
        Lang::English => [person, " asks for more:"].concat(),
        Lang::Indonesian => [person, " meminta tambahan:"].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_whether_something_is_left() {
        let refusal = |is_used_up| BudgetRefusal {
            budget: "PRS Textile's monthly budget".to_owned(),
            limit: "1,000 input tokens".to_owned(),
            resets_at: None,
            contact: String::new(),
            is_used_up,
            left: None,
        };
        let told = |lang, is_used_up| refused(lang, &refusal(is_used_up));
        assert_eq!(told(Lang::English, true), "PRS Textile's monthly budget is used up (1,000 input tokens).");
        assert_eq!(
            told(Lang::English, false),
            "PRS Textile's monthly budget does not allow this (1,000 input tokens)."
        );
        assert_eq!(told(Lang::Indonesian, true), "Anggaran bulanan PRS Textile sudah habis (1.000 token masukan).");
    }

    #[test]
    fn nobody_is_sent_to_nobody() {
        assert_eq!(whom_to_ask(Lang::English, ""), "");
        assert_eq!(whom_to_ask(Lang::English, "ana@prs.example"), " Ask ana@prs.example for more.");
    }
}
