//! Words of the charts.

use crate::model::Lang;

super::phrases! {
    category = "Category" | "Kategori";
    data = "Data table" | "Tabel data";
    download_csv = "Download as CSV" | "Unduh sebagai CSV";
    download_png = "Download as PNG" | "Unduh sebagai PNG";
    empty = "There is nothing to draw." | "Tidak ada data untuk digambar.";
    legend = "Series shown" | "Seri yang ditampilkan";
    missing = "no reading" | "tidak ada data";
    other = "Other" | "Lainnya";
    read_values = "left and right arrow keys read the values" | "tombol panah kiri dan kanan membacakan nilainya";
    share = "Share" | "Porsi";
    time = "Time" | "Waktu";
    value = "Value" | "Nilai";
}

/// The short name of a month, 1 to 12.
#[must_use]
pub fn month(month: u8, lang: Lang) -> &'static str {
    const ENGLISH: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const INDONESIAN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"];
    let names = match lang {
        Lang::English => &ENGLISH,
        Lang::Indonesian => &INDONESIAN,
    };
    names.get(usize::from(month.saturating_sub(1))).copied().unwrap_or_default()
}

/// What stands after a number in units of 10^`exponent` (6, 9 or 12; otherwise nothing).
#[must_use]
pub fn magnitude(exponent: i32, lang: Lang) -> &'static str {
    match (exponent, lang) {
        (6, Lang::English) => " M",
        (9, Lang::English) => " B",
        (12, _) => " T",
        (6, Lang::Indonesian) => " jt",
        (9, Lang::Indonesian) => " M",
        _ => "",
    }
}

/// Below bars that are too many to be drawn.
#[must_use]
pub fn more_in_table(count: usize, lang: Lang) -> String {
    let mut text = String::from("+ ");
    text.push_str(&count.to_string());
    text.push_str(match lang {
        Lang::English => " more in the data table",
        Lang::Indonesian => " lagi di tabel data",
    });
    text
}
