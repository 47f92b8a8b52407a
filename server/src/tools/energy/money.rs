//! Energy and money as the tenant's people write them: whole arithmetic, rounded only for display.

use app::{
    components::format::{fixed, money},
    model::Lang,
};

/// How a tenant writes: its language, and its currency (ISO 4217).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    pub lang: Lang,
    pub currency: String,
}

impl Style {
    /// An amount in micro-units of the currency: `Rp1.234.568`, `$12.35`.
    #[must_use]
    pub fn money(&self, micro: i64) -> String {
        money(&self.currency, micro, self.lang)
    }
}

/// Micro-kWh as `1,234.5 kWh`: three digits after the point below 10 kWh, one below 10,000, else none.
#[must_use]
pub fn format_kwh(micro: i64, lang: Lang) -> String {
    let decimals = match micro.unsigned_abs() {
        ..10_000_000 => 3,
        10_000_000..10_000_000_000 => 1,
        _ => 0,
    };
    format!("{} kWh", scaled(micro, decimals, lang))
}

/// A percentage as `12.3 %`, `12,3 %`.
#[must_use]
pub fn format_percent(value: f64, lang: Lang) -> String {
    format!("{} %", decimal(value, 1, lang))
}

/// A measured number with so many decimals (at most 6); `–` when it is beyond what [`micro`] holds.
#[must_use]
pub fn decimal(value: f64, decimals: u32, lang: Lang) -> String {
    micro(value).map_or_else(|| "–".to_owned(), |micro| scaled(micro, decimals, lang))
}

/// Millionths with so many decimals (at most 6), rounded half away from zero.
fn scaled(micro: i64, decimals: u32, lang: Lang) -> String {
    let decimals = decimals.min(6);
    let unit = 10_i64.pow(6 - decimals);
    let (whole, rest) = (micro / unit, micro % unit);
    let away = if rest.abs() * 2 >= unit { micro.signum() } else { 0 };
    fixed(whole + away, decimals as usize, Some(lang))
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
    fn money_is_written_as_the_tenant_does() {
        let style = |lang, currency: &str| Style { lang, currency: currency.to_owned() };
        assert_eq!(style(Lang::Indonesian, "IDR").money(1_234_567_500_000), "Rp1.234.568");
        assert_eq!(style(Lang::English, "IDR").money(1_234_567_500_000), "Rp1,234,568");
        assert_eq!(style(Lang::Indonesian, "USD").money(-12_345_000), "-$12,35");
    }

    #[test]
    fn energy_keeps_the_digits_that_matter() {
        assert_eq!(format_kwh(3_170_000, Lang::English), "3.170 kWh");
        assert_eq!(format_kwh(1_234_560_000, Lang::English), "1,234.6 kWh");
        assert_eq!(format_kwh(12_345_600_000, Lang::English), "12,346 kWh");
        assert_eq!(format_kwh(0, Lang::Indonesian), "0,000 kWh");
        assert_eq!(format_kwh(-10_000_000, Lang::English), "-10.0 kWh");
        assert_eq!(format_kwh(i64::MIN, Lang::Indonesian), "-9.223.372.036.855 kWh");
        assert_eq!(decimal(1_234.567, 2, Lang::Indonesian), "1.234,57");
        assert_eq!(decimal(-0.004, 2, Lang::English), "0.00");
        assert_eq!(format_percent(12.34, Lang::Indonesian), "12,3 %");
    }
}
