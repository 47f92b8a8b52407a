//! Searching conversations.

use crate::model::Lang;

super::phrases! {
    title = "Search conversations" | "Cari percakapan";
    placeholder = "Words in titles and messages" | "Kata dalam judul dan pesan";
    results = "Results" | "Hasil";
    recent = "Recent conversations" | "Percakapan terbaru";
    searching = "Searching…" | "Mencari…";
    nothing = "Nothing was found. Try fewer or other words." | "Tidak ada yang ditemukan. Coba kata yang lebih sedikit atau lain.";
    more = "More results" | "Hasil lainnya";
    you = "You" | "Anda";
    archived = "Archived" | "Diarsipkan";
}

/// For screen readers, while typing.
#[must_use]
pub fn found(lang: Lang, count: usize, more: bool) -> String {
    let more = if more { "+" } else { "" };
    match lang {
        Lang::English if count == 1 && more.is_empty() => "1 result".to_owned(),
        Lang::English => format!("{count}{more} results"),
        Lang::Indonesian => format!("{count}{more} hasil"),
    }
}
