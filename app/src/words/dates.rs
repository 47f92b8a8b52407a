//! Days and months in words.

use crate::model::{Date, Lang};

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const INDONESIAN: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

/// The name of a month, 1–12; nothing for what is no month.
#[must_use]
pub fn month(lang: Lang, month: u8) -> &'static str {
    let names = match lang {
        Lang::English => ENGLISH,
        Lang::Indonesian => INDONESIAN,
    };
    names.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or("")
}

/// `November 2026`.
#[must_use]
pub fn month_of_year(lang: Lang, year: i32, number: u8) -> String {
    let mut text = String::from(month(lang, number));
    text.push(' ');
    text.push_str(&year.to_string());
    text
}

/// `1 December 2026`, in both languages in this order.
#[must_use]
pub fn day(lang: Lang, date: Date) -> String {
    let mut text = date.day.to_string();
    text.push(' ');
    text.push_str(&month_of_year(lang, date.year, date.month));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_out() {
        let date = Date { year: 2026, month: 12, day: 1 };
        assert_eq!(day(Lang::English, date), "1 December 2026");
        assert_eq!(day(Lang::Indonesian, date), "1 Desember 2026");
        assert_eq!(month(Lang::English, 0), "");
        assert_eq!(month(Lang::English, 13), "");
    }
}
