//! The page of a tenant's usage.

use crate::model::{Lang, UsageBy, UsageRow};

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
    // What it is divided by
    divided = "Divided by" | "Dibagi menurut";
    group = "Group" | "Grup";
    key = "Key" | "Kunci";
    profile = "Profile" | "Profil";
    model = "Model" | "Model";
    purpose = "Purpose" | "Tujuan";
    format = "Format" | "Format";
    tool = "Tool" | "Alat";
    everything = "Everything" | "Semuanya";
    no_key = "In the chat" | "Di obrolan";
    no_profile = "Without a profile" | "Tanpa profil";
    no_longer_here = "(no longer here)" | "(tidak ada lagi)";
    answers = "Answers" | "Jawaban";
    titles = "Titles" | "Judul";
    programs = "Programs" | "Program";
    groups_today = "A group is the sum of those who are its members today; who is in two groups counts in both." | "Grup adalah jumlah dari anggotanya hari ini; yang ada di dua grup dihitung di keduanya.";
    tools_note = "Tools have no tokens. The cost is that of the answers that called them, other tools included, and only where all of it is exact." | "Alat tidak memakai token. Biayanya adalah biaya jawaban yang memanggilnya, termasuk alat lain, dan hanya bila semuanya tepat.";
    nothing_of_it = "There is nothing of this in the month." | "Tidak ada pada bulan ini.";
    download = "Download as CSV" | "Unduh sebagai CSV";
    and_more = "There are more; the CSV file holds all of them." | "Masih ada lagi; berkas CSV memuat semuanya.";
    calls = "Calls" | "Panggilan";
    failed = "Failed" | "Gagal";
    denied = "Denied" | "Ditolak";
    time = "Time" | "Waktu";
    answers_cost = "Cost of the answers" | "Biaya jawaban";
    // Tables
    day = "Day" | "Hari";
    person = "Person" | "Orang";
    usage_by_day = "Usage by day" | "Pemakaian per hari";
    figures = "Figures" | "Angka";
    exact = "exact" | "tepat";
    estimated = "estimated" | "perkiraan";
    unconfirmed = "unconfirmed" | "belum dipastikan";
}

/// What the rows of a report are.
#[must_use]
pub fn kind(lang: Lang, by: UsageBy) -> &'static str {
    match by {
        UsageBy::Tenant => everything(lang),
        UsageBy::Day => day(lang),
        UsageBy::Person => person(lang),
        UsageBy::Group => group(lang),
        UsageBy::Key => key(lang),
        UsageBy::Profile => profile(lang),
        UsageBy::Model => model(lang),
        UsageBy::Purpose => purpose(lang),
        UsageBy::Format => format(lang),
        UsageBy::Tool => tool(lang),
    }
}

/// What a row is called.
#[must_use]
pub fn row_name(lang: Lang, by: UsageBy, row: &UsageRow) -> String {
    if let Some(name) = &row.name {
        return name.clone();
    }
    let word = match (by, row.key.as_str()) {
        (UsageBy::Tenant, _) => everything(lang),
        (UsageBy::Profile, "") => no_profile(lang),
        (UsageBy::Key | UsageBy::Format, "") => no_key(lang),
        (UsageBy::Purpose, "answer") => answers(lang),
        (UsageBy::Purpose, "title") => titles(lang),
        (UsageBy::Purpose, "gateway") => programs(lang),
        (UsageBy::Person | UsageBy::Group | UsageBy::Key | UsageBy::Profile, _) => no_longer_here(lang),
        (_, key) => return key.to_owned(),
    };
    word.to_owned()
}

/// How sure the figures are: `100 % exact`, or how much is not.
#[must_use]
pub fn certainty(lang: Lang, row: &UsageRow) -> String {
    let mut words = String::new();
    for (count, kind) in [(row.estimated_calls, estimated(lang)), (row.unknown_calls, unconfirmed(lang))] {
        if count > 0 {
            words.push_str(if words.is_empty() { "" } else { ", " });
            words.push_str(&request_count(lang, &count.to_string()));
            words.push(' ');
            words.push_str(kind);
        }
    }
    if words.is_empty() { exact_all(lang).to_owned() } else { words }
}

/// What rules saved; the amount comes written.
#[must_use]
pub fn saved(lang: Lang, amount: &str) -> String {
    match lang {
        Lang::English => format!("Rules that choose a cheaper model saved {amount}."),
        Lang::Indonesian => format!("Aturan yang memilih model lebih murah menghemat {amount}."),
    }
}

/// Part of the cost was corrected; the amount comes written.
#[must_use]
pub fn corrected(lang: Lang, amount: &str) -> String {
    match lang {
        Lang::English => format!("Corrections after comparing with the provider's invoice: {amount}."),
        Lang::Indonesian => format!("Koreksi setelah dibandingkan dengan tagihan penyedia: {amount}."),
    }
}

/// A table's label.
#[must_use]
pub fn usage_by(lang: Lang, by: UsageBy) -> String {
    let kind = kind(lang, by).to_lowercase();
    match lang {
        Lang::English => format!("Usage by {kind}"),
        Lang::Indonesian => format!("Pemakaian per {kind}"),
    }
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
        Lang::English if count == "1" => "1 request".to_owned(),
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
