//! Budgets as a person sees them: how full they are, asking for more, deciding on it.

use crate::model::Lang;

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
    put_away = "Do not show this again" | "Jangan tampilkan lagi";
}

/// `81 % of PRS Textile's monthly budget is used; it begins anew on ` and the date.
#[must_use]
pub fn nearly(lang: Lang, percent: u32, budget: &str) -> String {
    let percent = percent.to_string();
    match lang {
        Lang::English => [&percent, " % of ", budget, " is used. It begins anew on "].concat(),
        Lang::Indonesian => [&percent, " % dari ", budget, " sudah terpakai. Dimulai lagi pada "].concat(),
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
