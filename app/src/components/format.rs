//! Numbers, money, days and durations as people read them. Everything with a `locale` follows the tenant's, whatever
//! language the page is in; nothing asks the browser, so server and browser write the same.

use crate::{
    model::{Lang, Money, Timestamp},
    words::dates,
};

/// `1234567` → `1,234,567`.
#[must_use]
pub fn thousands(number: i64) -> String {
    fixed(number, 0, Some(Lang::English))
}

/// A whole number as the tenant writes it: `1,234,567` or `1.234.567`.
#[must_use]
pub fn number(number: i64, locale: Lang) -> String {
    fixed(number, 0, Some(locale))
}

/// An amount in millionths of a currency (ISO 4217), rounded half away from zero to the decimals people use for it:
/// `Rp1.250.000`, `$1,250.00`, `CHF 12,35`.
#[must_use]
pub fn money(currency: &str, micro: i64, locale: Lang) -> String {
    let (symbol, space, decimals) = match currency {
        "IDR" => ("Rp", "", 0),
        "USD" => ("$", "", 2),
        "EUR" => ("€", "", 2),
        "GBP" => ("£", "", 2),
        "JPY" | "KRW" | "VND" | "CLP" => (currency, " ", 0),
        _ => (currency, " ", 2),
    };
    let unit = if decimals == 0 { 1_000_000 } else { 10_000 };
    let size = micro.unsigned_abs();
    let rounded = size / unit + u64::from(size % unit >= unit / 2);
    let mut out = String::new();
    if micro < 0 && rounded > 0 {
        out.push('-');
    }
    out.push_str(symbol);
    out.push_str(space);
    out.push_str(&fixed(i64::try_from(rounded).unwrap_or(i64::MAX), decimals, Some(locale)));
    out
}

/// What models cost: dollars with 2 decimals from a cent on, 4 below, rounded half up: `$12.35`, `$0,0031`.
#[must_use]
pub fn usd(money: Money, locale: Lang) -> String {
    let size = money.0.unsigned_abs();
    let (decimals, unit) = if size == 0 || size >= 10_000_000_000 { (2, 10_000_000_000) } else { (4, 100_000_000) };
    let rounded = size / unit + u64::from(size % unit >= unit / 2);
    let amount = fixed(i64::try_from(rounded).unwrap_or(i64::MAX), decimals, Some(locale));
    [if money.0 < 0 { "-$" } else { "$" }, &amount].concat()
}

/// An instant in a zone that is `offset_minutes` ahead of UTC: `3 Nov 2026, 14:05`, `3 Nov 2026, 14.05`.
#[must_use]
pub fn date_time(at: Timestamp, offset_minutes: i32, locale: Lang) -> String {
    let local = Timestamp(at.0.saturating_add(i64::from(offset_minutes) * 60_000));
    let date = local.date_utc();
    let minute = local.0.div_euclid(60_000).rem_euclid(1_440);
    let two = |number: i64| [if number < 10 { "0" } else { "" }, &number.to_string()].concat();
    // The short names of both languages are the first three letters.
    let month = dates::month(locale, date.month).get(..3).unwrap_or_default();
    let colon = if locale == Lang::Indonesian { "." } else { ":" };
    [&date.day.to_string(), " ", month, " ", &date.year.to_string(), ", ", &two(minute / 60), colon, &two(minute % 60)]
        .concat()
}

/// Beyond this a double no longer holds every whole number (2^53); such a value is written as if it were this one.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// A measured value with the digits that matter: `0.1235`, `3.125`, `41.25`, `1,234.5`, `12,345,678`; in Indonesian
/// `1.234,5`. Empty: not a finite number. Whole arithmetic after one multiplication, so that server and browser agree.
#[must_use]
pub fn decimal(value: f64, lang: Lang) -> String {
    let size = value.abs();
    let decimals = if size < 1.0 {
        4
    } else if size < 10.0 {
        3
    } else if size < 100.0 {
        2
    } else if size < 1e6 {
        1
    } else {
        0
    };
    rounded(value, decimals, Some(lang))
}

/// A value for machines: a point, no grouping, at most six decimals. Empty: not a finite number.
#[must_use]
pub fn plain_decimal(value: f64) -> String {
    rounded(value, 6, None)
}

/// At most so many decimals, without zeros at their end; rounded half away from zero.
fn rounded(value: f64, mut decimals: usize, lang: Option<Lang>) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let value = value.clamp(-LARGEST, LARGEST);
    let mut factor = 1.0;
    for _ in 0..decimals {
        factor *= 10.0;
    }
    while decimals > 0 && value.abs() * factor > LARGEST {
        factor /= 10.0;
        decimals -= 1;
    }
    let half = if value < 0.0 { -0.5 } else { 0.5 };
    let mut number = (value * factor + half) as i64;
    while decimals > 0 && number % 10 == 0 {
        number /= 10;
        decimals -= 1;
    }
    fixed(number, decimals, lang)
}

/// `number` × 10^-`decimals`, written as the language does; `None`: for machines.
#[must_use]
pub fn fixed(number: i64, decimals: usize, lang: Option<Lang>) -> String {
    let (group, point) = match lang {
        Some(Lang::English) => (Some(','), '.'),
        Some(Lang::Indonesian) => (Some('.'), ','),
        None => (None, '.'),
    };
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + decimals + 2);
    if number < 0 {
        out.push('-');
    }
    let missing = (decimals + 1).saturating_sub(digits.len());
    let all = std::iter::repeat_n('0', missing).chain(digits.chars());
    let whole = digits.len() + missing - decimals;
    for (place, digit) in all.enumerate() {
        if place == whole {
            out.push(point);
        } else if place > 0 && place < whole && (whole - place).is_multiple_of(3) {
            out.extend(group);
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
    fn money_is_written_as_the_currency_and_the_tenant_do() {
        let (en, id) = (Lang::English, Lang::Indonesian);
        for (currency, micro, locale, expected) in [
            ("IDR", 1_250_000_000_000, id, "Rp1.250.000"),
            ("IDR", 1_250_000_000_000, en, "Rp1,250,000"),
            ("USD", 1_250_000_000, en, "$1,250.00"),
            ("USD", -12_345_000, id, "-$12,35"),
            ("USD", -4_999, en, "$0.00"),
            ("JPY", 5_000_500_000, en, "JPY 5,001"),
            ("CHF", 1_005_000, id, "CHF 1,01"),
            ("IDR", i64::MIN, id, "-Rp9.223.372.036.855"),
        ] {
            assert_eq!(money(currency, micro, locale), expected);
        }
        assert_eq!(usd(Money(12_345_000_000_000), en), "$12.35");
        assert_eq!(usd(Money(3_100_000_000), id), "$0,0031");
        assert_eq!(usd(Money(-50_000_000_000), id), "-$0,05");
    }

    #[test]
    fn instants_are_written_in_the_tenants_zone_and_way() {
        let at = Timestamp(1_798_736_700_000); // 2026-12-31T17:05Z
        assert_eq!(date_time(at, 0, Lang::English), "31 Dec 2026, 17:05");
        assert_eq!(date_time(at, 7 * 60, Lang::Indonesian), "1 Jan 2027, 00.05");
        assert_eq!(date_time(Timestamp(-1), 0, Lang::Indonesian), "31 Des 1969, 23.59");
    }

    #[test]
    fn values_keep_the_digits_that_matter_in_both_languages() {
        for (value, english, indonesian) in [
            (0.0, "0", "0"),
            (-0.0, "0", "0"),
            (0.123_46, "0.1235", "0,1235"),
            (-0.5, "-0.5", "-0,5"),
            (3.125, "3.125", "3,125"),
            (41.256, "41.26", "41,26"),
            (1_234.5, "1,234.5", "1.234,5"),
            (999.96, "1,000", "1.000"),
            (12_345_678.9, "12,345,679", "12.345.679"),
            (1e12, "1,000,000,000,000", "1.000.000.000.000"),
            (f64::NAN, "", ""),
            (f64::INFINITY, "", ""),
        ] {
            assert_eq!(decimal(value, Lang::English), english);
            assert_eq!(decimal(value, Lang::Indonesian), indonesian);
        }
        assert_eq!(decimal(f64::MAX, Lang::English), "9,007,199,254,740,992");
        assert_eq!(plain_decimal(-1_234.567_891_2), "-1234.567891");
        assert_eq!(plain_decimal(1e12 + 0.25), "1000000000000.25");
        assert_eq!(
            (fixed(5, 2, None), fixed(-1_234_567, 2, Some(Lang::English))),
            ("0.05".into(), "-12,345.67".into())
        );
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
