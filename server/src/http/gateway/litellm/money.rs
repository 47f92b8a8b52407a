//! Dollars as JSON numbers, exactly: 12 decimals are pico-dollars, and no float is between the text and the integer.

use app::model::Money;

/// Decimals of a dollar in a pico-dollar.
const DECIMALS: i32 = 12;

/// An amount as a JSON number: `0.0`, `12.5`, `0.000000000001`.
#[must_use]
pub fn written(amount: Money) -> String {
    let pico = i128::from(amount.0).abs();
    let sign = if amount.0 < 0 { "-" } else { "" };
    let (whole, part) = (pico / 1_000_000_000_000, pico % 1_000_000_000_000);
    let decimals = format!("{part:012}");
    let decimals = decimals.trim_end_matches('0');
    let decimals = if decimals.is_empty() { "0" } else { decimals };
    format!("{sign}{whole}.{decimals}")
}

/// An amount from the text of a JSON number, or of a string that holds one; never negative.
///
/// # Errors
/// In words: not a number, negative, finer than a pico-dollar, or too large.
pub fn read(text: &str) -> Result<Money, &'static str> {
    const WRONG: &str = "this is an amount of dollars, such as 25 or 12.50";
    const TOO_FINE: &str = "an amount of dollars has 12 decimals at most";
    const TOO_LARGE: &str = "this amount is too large: 9223372 dollars at most";
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    if text.starts_with('-') {
        return Err("an amount is zero or more");
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| WRONG)?),
        None => (text, 0),
    };
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, decimals].concat();
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WRONG);
    }
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('0').is_empty() {
        return Ok(Money(0));
    }
    let dropped = i32::try_from(digits.len() - significant.len()).map_err(|_| TOO_LARGE)?;
    let decimals = i32::try_from(decimals.len()).map_err(|_| TOO_FINE)?;
    let power = exponent.checked_add(dropped).and_then(|n| n.checked_sub(decimals)).ok_or(TOO_LARGE)?;
    let power = power.checked_add(DECIMALS).ok_or(TOO_LARGE)?;
    let power = u32::try_from(power).map_err(|_| TOO_FINE)?;
    let digits: i64 = significant.trim_start_matches('0').parse().map_err(|_| TOO_LARGE)?;
    let scale = 10_i64.checked_pow(power).ok_or(TOO_LARGE)?;
    digits.checked_mul(scale).map(Money).ok_or(TOO_LARGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_exact() {
        for (text, pico) in [
            ("0", 0),
            ("0.0", 0),
            ("0e9", 0),
            ("10", 10_000_000_000_000),
            ("10.0", 10_000_000_000_000),
            ("0.1", 100_000_000_000),
            ("1e-12", 1),
            ("2.5E-7", 250_000),
            ("1e2", 100_000_000_000_000),
            ("\"12.50\"", 12_500_000_000_000),
            ("100000e-5", 1_000_000_000_000),
            ("0.000000000001000", 1),
        ] {
            assert_eq!(read(text), Ok(Money(pico)), "{text}");
        }
        for wrong in [
            "",
            "-1",
            "-0.1",
            ".5",
            "1e",
            "x",
            "1,5",
            "0x1",
            "1e-13",
            "0.30000000000000004",
            "9223373",
            "1e99",
            "1e2147483647",
            "NaN",
            "1.2.3",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_written_in_full() {
        for (pico, text) in
            [(0, "0.0"), (1, "0.000000000001"), (12_500_000_000_000, "12.5"), (-1_000_000_000_000, "-1.0")]
        {
            assert_eq!(written(Money(pico)), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(pico in 0..=i64::MAX) {
            prop_assert_eq!(read(&written(Money(pico))), Ok(Money(pico)));
        }

        #[test]
        fn reading_never_panics(text in "[-+0-9.eE\" ]{0,30}") {
            let _ = read(&text);
        }
    }
}
