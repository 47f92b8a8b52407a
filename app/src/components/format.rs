//! Numbers and durations as people read them.

/// `1234567` → `1,234,567`.
#[must_use]
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        out.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Milliseconds as `412 ms`, `2.3 s` or `1 min 5 s`.
#[must_use]
pub fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => {
            let tenths = (ms + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// Bytes as `512 B`, `3.1 KB` or `2.0 MB` (1 KB = 1,000 B).
#[must_use]
pub fn bytes(count: i64) -> String {
    let count = count.max(0);
    let tenths = |unit: i64| {
        let tenths = count.saturating_add(unit / 20) / (unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} KB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// `1 tool`, `2 tools`.
#[must_use]
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// What to call somebody in a greeting.
#[must_use]
pub fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}

/// Text for the document's title. `leptos_meta` 0.8 writes it into the page without escaping, so what could end the
/// element is replaced by a sign that looks like it.
#[must_use]
pub fn document_title(text: &str) -> String {
    text.replace('<', "‹")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_234_567, "-1,234,567"),
            (i64::MIN, "-9,223,372,036,854,775,808"),
        ] {
            assert_eq!(thousands(number), expected);
        }
    }

    #[test]
    fn durations_fit_their_size() {
        for (ms, expected) in [
            (-1, "0 ms"),
            (412, "412 ms"),
            (1_000, "1.0 s"),
            (2_349, "2.3 s"),
            (59_949, "59.9 s"),
            (65_000, "1 min 5 s"),
        ] {
            assert_eq!(duration(ms), expected);
        }
    }

    #[test]
    fn sizes_are_rounded_to_one_decimal() {
        for (count, expected) in [(999, "999 B"), (3_149, "3.1 KB"), (3_150, "3.2 KB"), (2_000_000, "2.0 MB")] {
            assert_eq!(bytes(count), expected);
        }
        assert!(bytes(i64::MAX).ends_with("MB"));
    }
}
