//! Limits as they are typed.

use std::str::FromStr;

use app::model::Money;

use crate::usage;

/// A count, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountLimit(pub Option<i64>);

impl FromStr for CountLimit {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a limit is a whole number (zero or more) or \"unlimited\"";
        if s == "unlimited" {
            return Ok(Self(None));
        }
        if s.is_empty() || !s.bytes().all(|b| b.is_ascii_digit()) {
            return Err(WRONG);
        }
        s.parse().map(|limit| Self(Some(limit))).map_err(|_| "this limit is too large")
    }
}

/// An amount of dollars, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyLimit(pub Option<Money>);

impl FromStr for MoneyLimit {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if s == "unlimited" {
            return Ok(Self(None));
        }
        usage::dollars(s).map(|money| Self(Some(money)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_numbers_or_unlimited() {
        assert_eq!("1000000".parse(), Ok(CountLimit(Some(1_000_000))));
        assert_eq!("0".parse(), Ok(CountLimit(Some(0))));
        assert_eq!("unlimited".parse(), Ok(CountLimit(None)));
        for wrong in ["", "-1", "+1", "1.5", "1e6", " 1", "none", "99999999999999999999"] {
            assert!(wrong.parse::<CountLimit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn money_is_exact_to_the_last_decimal() {
        let pico = |text: &str| text.parse::<MoneyLimit>().map(|limit| limit.0.map(|money| money.0));
        assert_eq!(pico("25"), Ok(Some(25_000_000_000_000)));
        assert_eq!(pico("12.50"), Ok(Some(12_500_000_000_000)));
        assert_eq!(pico("0.000000000001"), Ok(Some(1)));
        assert_eq!(pico("9223372.036854775807"), Ok(Some(i64::MAX)));
        assert_eq!(pico("unlimited"), Ok(None));
        for wrong in ["", ".", "1.", ".5", "-1", "$5", "1,000", "0.0000000000001", "9223373", "1e3", "1.2.3"] {
            assert!(pico(wrong).is_err(), "{wrong}");
        }
    }
}
