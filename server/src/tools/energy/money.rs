//! Energy and money as people write them: whole arithmetic, rounded only for display.

/// An amount in micro-units of a currency, e.g. `Rp 1,234,568`, `$12.35`. Rounded half away from zero to the decimals
/// people use for the currency.
#[must_use]
pub fn format_money(currency: &str, micro: i64) -> String {
    let (symbol, decimals): (&str, u32) = match currency {
        "IDR" => ("Rp ", 0),
        "USD" => ("$", 2),
        "EUR" => ("€", 2),
        "GBP" => ("£", 2),
        "JPY" | "KRW" | "VND" | "CLP" => ("", 0),
        _ => ("", 2),
    };
    let sign = if micro < 0 { "-" } else { "" };
    let number = grouped(i128::from(micro).abs(), decimals);
    if symbol.is_empty() { format!("{currency} {sign}{number}") } else { format!("{sign}{symbol}{number}") }
}

/// Micro-kWh as `1,234.5 kWh`: three digits after the point below 10 kWh, one below 10,000, else none.
#[must_use]
pub fn format_kwh(micro: i64) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    let size = i128::from(micro).abs();
    let decimals = match size {
        ..10_000_000 => 3,
        10_000_000..10_000_000_000 => 1,
        _ => 0,
    };
    format!("{sign}{} kWh", grouped(size, decimals))
}

/// A percentage as `12.3 %`.
#[must_use]
pub fn format_percent(value: f64) -> String {
    format!("{value:.1} %")
}

/// Thousands separated by commas, `decimals` digits after the point (at most 6), from millionths.
fn grouped(micro: i128, decimals: u32) -> String {
    let unit = 10_i128.pow(6 - decimals.min(6));
    let rounded = (micro + unit / 2) / unit;
    let scale = 10_i128.pow(decimals.min(6));
    let whole = (rounded / scale).to_string();
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals > 0 {
        let width = decimals as usize;
        text.push_str(&format!(".{:0width$}", rounded % scale));
    }
    text
}

/// Millionths as a JSON number: for showing, never for summing.
#[must_use]
pub fn number(micro: i64) -> f64 {
    micro as f64 / 1e6
}

/// A measured number in millionths, rounded; `None`: not a number, or beyond 64 bits.
#[must_use]
pub fn micro(value: f64) -> Option<i64> {
    // 2^53 / 10^6: up to here a double holds every millionth, more than any register shows.
    const LARGEST: f64 = 9_007_199_254.0;
    (value.abs() <= LARGEST).then(|| (value * 1e6).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_the_currency_is_used() {
        assert_eq!(format_money("IDR", 1_234_567_500_000), "Rp 1,234,568");
        assert_eq!(format_money("IDR", 999_499_999), "Rp 999");
        assert_eq!(format_money("USD", -12_345_000), "-$12.35");
        assert_eq!(format_money("JPY", 5_000_000_000), "JPY 5,000");
        assert_eq!(format_money("CHF", 1_005_000), "CHF 1.01");
        assert_eq!(format_money("IDR", i64::MIN), "-Rp 9,223,372,036,855");
    }

    #[test]
    fn energy_keeps_the_digits_that_matter() {
        assert_eq!(format_kwh(3_170_000), "3.170 kWh");
        assert_eq!(format_kwh(1_234_560_000), "1,234.6 kWh");
        assert_eq!(format_kwh(12_345_600_000), "12,346 kWh");
        assert_eq!(format_kwh(0), "0.000 kWh");
        assert_eq!(format_kwh(-10_000_000), "-10.0 kWh");
    }
}
