//! Prices in words, exact.

use crate::models::{PriceVersion, TokenPrices};

/// `$2.50 in, $15.00 out, …`.
pub(super) fn in_words(price: &PriceVersion) -> String {
    let of = |prices: &TokenPrices| {
        let each = prices.classes().map(|(class, price)| format!("{class} {}", per_million(price)));
        each.join(", ")
    };
    let mut text = of(&price.base());
    for tier in &price.tiers {
        text.push_str(&format!("; above {} tokens: {}", tier.above, of(&tier.prices)));
    }
    if price.per_request > 0 {
        text.push_str(&format!("; a request {}", dollars(price.per_request)));
    }
    if let Some(fee) = price.per_search {
        text.push_str(&format!("; a search {}", dollars(fee)));
    }
    text
}

/// Pico-dollars a token as dollars for a million, exact.
pub(super) fn per_million(pico: i64) -> String {
    decimal(pico, 1_000_000, 6)
}

/// Pico-dollars as dollars, exact.
pub(super) fn dollars(pico: i64) -> String {
    decimal(pico, 1_000_000_000_000, 12)
}

fn decimal(value: i64, unit: i64, places: usize) -> String {
    let decimals = format!("{:0places$}", value % unit);
    let trimmed = decimals.trim_end_matches('0');
    format!("${}.{trimmed:0<2}", value / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_shown_exactly() {
        let shown = |pico| per_million(pico);
        assert_eq!(
            (shown(2_500_000).as_str(), shown(75_000).as_str(), shown(0).as_str()),
            ("$2.50", "$0.075", "$0.00")
        );
        assert_eq!(shown(1), "$0.000001");
        assert_eq!(dollars(10_000_000_000), "$0.01");
    }
}
