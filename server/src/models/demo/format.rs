//! Numbers, periods and tables as people read them.

use serde_json::Value;

use super::words::Language;

/// More rows than this do not help anybody in a chat; the tool card has the rest.
pub(super) const MAX_ROWS: usize = 31;

/// A number with thousands separators, rounded to what its size deserves.
pub(super) fn number(value: f64, language: Language) -> String {
    let places = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    decimals(value, places, language)
}

/// A number with so many decimals.
fn decimals(value: f64, places: usize, language: Language) -> String {
    let written = format!("{:.places$}", value.abs());
    let (whole, fraction) = written.split_once('.').unwrap_or((&written, ""));
    let (thousands, point) = language.pick((',', '.'), ('.', ','));
    let mut text = String::new();
    if value < 0.0 && written.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0') {
        text.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(thousands);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

pub(super) fn kwh(value: &Value, language: Language) -> String {
    amount(value, "kwh", "kWh", language)
}

/// A numeric field with its unit; a dash when it is absent.
pub(super) fn amount(value: &Value, field: &str, unit: &str, language: Language) -> String {
    match value[field].as_f64() {
        None => "–".to_owned(),
        Some(amount) if unit.is_empty() => number(amount, language),
        Some(amount) => format!("{} {unit}", number(amount, language)),
    }
}

pub(super) fn percent(value: &Value, field: &str, language: Language) -> String {
    value[field].as_f64().map_or("–".to_owned(), |share| format!("{} %", decimals(share, 1, language)))
}

/// A percentage with its direction, e.g. `+4.2 %`.
pub(super) fn change(value: &Value, field: &str, language: Language) -> String {
    let Some(share) = value[field].as_f64() else { return "–".to_owned() };
    let sign = if share > 0.0 { "+" } else { "" };
    format!("{sign}{} %", decimals(share, 1, language))
}

/// Text of a field, safe inside Markdown.
pub(super) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().map_or("–".to_owned(), escape)
}

/// An amount of money as a tool wrote it, in the language's way, whichever it was written in: `Rp1,234.50` →
/// `Rp1.234,50`. Of its separators only the last can be the decimal one, and only before exactly two digits.
pub(super) fn money(value: &Value, field: &str, language: Language) -> String {
    let written = text(value, field);
    let (thousands, point) = language.pick((',', '.'), ('.', ','));
    let last = written.rfind([',', '.']).filter(|at| written.len() - at == 3);
    let separator = |at| if Some(at) == last { point } else { thousands };
    written.char_indices().map(|(at, c)| if matches!(c, ',' | '.') { separator(at) } else { c }).collect()
}

/// Names come from data: they must not become markup.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#' | '\\') {
            escaped.push('\\');
        }
        escaped.push(if c.is_control() { ' ' } else { c });
    }
    escaped
}

/// A period as the tools describe it, e.g. "last week (2026-11-09 to 2026-11-15)".
pub(super) fn period(period: &Value, language: Language) -> String {
    let (from, to) = (text(period, "from"), text(period, "to"));
    let days = if from == to { from.clone() } else { format!("{from} {} {to}", language.pick("to", "s.d.")) };
    let label = period["label"].as_str().unwrap_or_default();
    let label = language.pick(label, translated(label));
    if label.is_empty() || label.contains(&from) { days } else { format!("{} ({days})", escape(label)) }
}

/// The words for a period that was asked for by name.
pub(super) fn label(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "today" => "today so far",
        "yesterday" => "yesterday",
        "this_week" => "this week so far",
        "last_week" => "last week",
        "this_month" => "this month so far",
        "last_month" => "last month",
        "last_7_days" => "the last 7 days",
        "last_30_days" => "the last 30 days",
        _ => return None,
    })
}

/// These words in Indonesian; none for what is only dates.
fn translated(label: &str) -> &'static str {
    match label {
        "today so far" => "hari ini sejauh ini",
        "yesterday" => "kemarin",
        "this week so far" => "minggu ini sejauh ini",
        "last week" => "minggu lalu",
        "this month so far" => "bulan ini sejauh ini",
        "last month" => "bulan lalu",
        "the last 7 days" => "7 hari terakhir",
        "the last 30 days" => "30 hari terakhir",
        _ => "",
    }
}

/// The tool's remark about its numbers.
pub(super) fn note(value: &Value, language: Language) -> String {
    match value["note"].as_str().filter(|note| !note.trim().is_empty()) {
        Some(note) => format!("\n\n_{}: {}_", language.pick("Note", "Catatan"), escape(note)),
        None => String::new(),
    }
}

/// A Markdown table; `numeric` columns are right-aligned. Empty without rows.
pub(super) fn table(heads: &[(&str, bool)], rows: &[Vec<String>], language: Language) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n\n|");
    for (head, _) in heads {
        text.push_str(&format!(" {head} |"));
    }
    text.push_str("\n|");
    for (_, numeric) in heads {
        text.push_str(if *numeric { " ---: |" } else { " --- |" });
    }
    for row in rows.iter().take(MAX_ROWS) {
        text.push_str("\n| ");
        text.push_str(&row.join(" | "));
        text.push_str(" |");
    }
    let left_out = rows.len().saturating_sub(MAX_ROWS);
    if left_out > 0 {
        let more = language.pick("more rows in the tool's result", "baris lain ada di hasil alat");
        text.push_str(&format!("\n\n({left_out} {more}.)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_written_as_the_language_does() {
        let both = |value| (number(value, Language::English), number(value, Language::Indonesian));
        assert_eq!(both(1_234_567.8), ("1,234,568".into(), "1.234.568".into()));
        assert_eq!(both(-12.34), ("−12.3".into(), "−12,3".into()));
        assert_eq!(both(0.0), ("0.00".into(), "0,00".into()));
        assert_eq!(both(-0.001), ("0.00".into(), "0,00".into()));
        assert_eq!(both(100.0), ("100.0".into(), "100,0".into()));
    }

    #[test]
    fn money_is_written_as_the_language_does() {
        let value = json!({"cost_text": "Rp1,234,568", "price": "$1.050,25"});
        assert_eq!(money(&value, "cost_text", Language::English), "Rp1,234,568");
        assert_eq!(money(&value, "price", Language::English), "$1,050.25");
        assert_eq!(money(&value, "cost_text", Language::Indonesian), "Rp1.234.568");
        assert_eq!(money(&value, "price", Language::Indonesian), "$1.050,25");
        assert_eq!(money(&value, "nothing", Language::Indonesian), "–");
    }

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(text(&json!({"name": "A|B *x* <b>"}), "name"), "A\\|B \\*x\\* \\<b\\>");
    }

    #[test]
    fn a_period_is_named_once() {
        let week = json!({"label": "last week", "from": "2026-11-09", "to": "2026-11-15"});
        assert_eq!(period(&week, Language::English), "last week (2026-11-09 to 2026-11-15)");
        assert_eq!(period(&week, Language::Indonesian), "minggu lalu (2026-11-09 s.d. 2026-11-15)");
        let day = json!({"label": "2026-11-09", "from": "2026-11-09", "to": "2026-11-09"});
        assert_eq!(period(&day, Language::English), "2026-11-09");
    }
}
