//! Words around what a model wrote: code, tables, images, footnotes.

use crate::model::Lang;

super::phrases! {
    code = "Code" | "Kode";
    copy_code = "Copy code" | "Salin kode";
    copy_table = "Copy table" | "Salin tabel";
    csv = "CSV" | "CSV";
    done = "Done" | "Selesai";
    download_csv = "Download as CSV" | "Unduh sebagai CSV";
    back_to_text = "Back to the text" | "Kembali ke teks";
    embedded = "embedded" | "tertanam";
    footnote = "Footnote" | "Catatan kaki";
    formula = "Formula" | "Rumus";
    image = "Image" | "Gambar";
    no_description = "no description" | "tanpa deskripsi";
    not_copied = "Not copied" | "Tidak tersalin";
    not_done = "Not done" | "Belum selesai";
    table = "Table" | "Tabel";
    text = "text" | "teks";
    wrap = "Wrap" | "Lipat";
    wrap_lines = "Wrap long lines" | "Lipat baris panjang";
}

/// The link to an image that is not loaded; it opens elsewhere.
#[must_use]
pub fn load_image(lang: Lang, host: &str) -> String {
    let mut label = String::from(match lang {
        Lang::English => "Load image from ",
        Lang::Indonesian => "Muat gambar dari ",
    });
    label.push_str(host);
    label
}

/// Below a long table of which only the beginning is shown.
#[must_use]
pub fn show_all_rows(lang: Lang, rows: usize) -> String {
    let (before, separator, after) = match lang {
        Lang::English => ("Show all ", ',', " rows"),
        Lang::Indonesian => ("Tampilkan semua ", '.', " baris"),
    };
    let digits = rows.to_string();
    let mut label = String::from(before);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            label.push(separator);
        }
        label.push(digit);
    }
    label.push_str(after);
    label
}
