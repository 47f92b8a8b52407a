//! The page of a tenant's usage.

use crate::model::Lang;

super::phrases! {
    title = "Usage" | "Pemakaian";
    usage_of = "Usage of " | "Pemakaian ";
    for_admins = "Only administrators see what everybody has used. Your own answers show their usage in their details." | "Hanya administrator yang melihat pemakaian semua orang. Jawaban Anda sendiri menampilkan pemakaiannya di rinciannya.";
    month = "Month" | "Bulan";
    previous = "Previous" | "Sebelumnya";
    next = "Next" | "Berikutnya";
    current = "Current" | "Bulan ini";
    exact_all = "100 % exact" | "100 % tepat";
    // Limits
    no_limit_set = "No limit is set" | "Belum ada batas";
    resets_on = "Resets on " | "Diatur ulang pada ";
    no_limit = "no limit" | "tanpa batas";
    of = "of " | "dari ";
    input_tokens = "Input tokens" | "Token masukan";
    output_tokens = "Output tokens" | "Token keluaran";
    requests = "Requests" | "Permintaan";
    cost = "Cost" | "Biaya";
    tokens = "Tokens" | "Token";
    // Chart
    by_day = " by day" | " per hari";
    as_table = "Show as a table" | "Tampilkan sebagai tabel";
    unsure = "Bars of the other colour hold figures that are not exact. " | "Batang berwarna lain berisi angka yang tidak tepat. ";
    // Tables
    day = "Day" | "Hari";
    person = "Person" | "Orang";
    by_person = "By person" | "Per orang";
    usage_by_day = "Usage by day" | "Pemakaian per hari";
    usage_by_person = "Usage by person" | "Pemakaian per orang";
    figures = "Figures" | "Angka";
    exact = "exact" | "tepat";
    estimated = "estimated" | "perkiraan";
    unconfirmed = "unconfirmed" | "belum dipastikan";
}

/// The whole budget in words.
#[must_use]
pub fn percent_used(lang: Lang, percent: i64) -> String {
    match lang {
        Lang::English => format!("{percent} % of this month's budget is used"),
        Lang::Indonesian => format!("{percent} % anggaran bulan ini sudah terpakai"),
    }
}

#[must_use]
pub fn nothing_used(lang: Lang, month: &str) -> String {
    match lang {
        Lang::English => format!("Nothing was used in {month}."),
        Lang::Indonesian => format!("Tidak ada pemakaian pada {month}."),
    }
}

#[must_use]
pub fn days_of(lang: Lang, zone: &str) -> String {
    match lang {
        Lang::English => format!("Days are those of {zone}."),
        Lang::Indonesian => format!("Hari dihitung menurut {zone}."),
    }
}

/// `2 days`.
#[must_use]
pub fn days(lang: Lang, count: usize) -> String {
    match (lang, count) {
        (Lang::English, 1) => "1 day".to_owned(),
        (Lang::English, _) => format!("{count} days"),
        (Lang::Indonesian, _) => format!("{count} hari"),
    }
}

/// `12 requests`; the number comes written.
#[must_use]
pub fn request_count(lang: Lang, count: &str) -> String {
    match lang {
        Lang::English => format!("{count} requests"),
        Lang::Indonesian => format!("{count} permintaan"),
    }
}

/// The chart in one sentence: days with usage, the highest and its day.
#[must_use]
pub fn chart_sentence(lang: Lang, count: usize, highest: &str, day: &str) -> String {
    let days = days(lang, count);
    match lang {
        Lang::English => format!("{days} with usage; the highest is {highest} on {day}."),
        Lang::Indonesian => format!("{days} dengan pemakaian; tertinggi {highest} pada {day}."),
    }
}

#[must_use]
pub fn chart_empty(lang: Lang, month: &str) -> String {
    match lang {
        Lang::English => format!("No usage in {month}."),
        Lang::Indonesian => format!("Tidak ada pemakaian pada {month}."),
    }
}
