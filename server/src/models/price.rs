//! Prices: immutable, effective-dated versions for exact model ids.

use app::model::{Money, Timestamp, Tokens};

/// One version of a model's price, in pico-dollars per token. `None` is unknown, which is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceVersion {
    /// Stable name stored with each call, e.g. `claude-haiku-4-5@2026-01-01`.
    pub id: String,
    pub valid_from: Timestamp,
    pub input: i64,
    pub cache_read: i64,
    pub cache_write_5m: i64,
    pub cache_write_1h: i64,
    pub output: i64,
    pub per_request: i64,
}

/// A cost that does not fit 64 bits of pico-dollars (about $9.2 million).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cost does not fit: more than 9.2 million dollars")]
pub struct CostOverflow;

impl PriceVersion {
    /// `Σ tokensᵢ × priceᵢ`: no division, no rounding.
    ///
    /// # Errors
    /// [`CostOverflow`]; negative token counts are refused the same way.
    pub fn cost(&self, tokens: &Tokens) -> Result<Money, CostOverflow> {
        let classes = [
            (tokens.input, self.input),
            (tokens.cache_read, self.cache_read),
            (tokens.cache_write_5m, self.cache_write_5m),
            (tokens.cache_write_1h, self.cache_write_1h),
            (tokens.output, self.output),
        ];
        let mut total = self.per_request;
        for (count, price) in classes {
            if count < 0 {
                return Err(CostOverflow);
            }
            total = count.checked_mul(price).and_then(|cost| total.checked_add(cost)).ok_or(CostOverflow)?;
        }
        Ok(Money(total))
    }

    /// The dearest price an input token can have: what a hold is computed with.
    #[must_use]
    pub fn dearest_input(&self) -> i64 {
        self.input.max(self.cache_read).max(self.cache_write_5m).max(self.cache_write_1h)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn haiku() -> PriceVersion {
        PriceVersion {
            id: "claude-haiku-4-5@2026-01-01".into(),
            valid_from: Timestamp(0),
            input: 1_000_000,
            cache_read: 100_000,
            cache_write_5m: 1_250_000,
            cache_write_1h: 2_000_000,
            output: 5_000_000,
            per_request: 0,
        }
    }

    #[test]
    fn a_million_tokens_cost_what_the_price_list_says() {
        let million = Tokens { input: 1_000_000, output: 1_000_000, ..Tokens::default() };
        assert_eq!(haiku().cost(&million).map(|cost| cost.to_string()), Ok("$6.00".to_owned()));
        let one = Tokens { cache_read: 1, ..Tokens::default() };
        assert_eq!(haiku().cost(&one), Ok(Money(100_000)));
    }

    #[test]
    fn a_request_can_cost_by_itself() {
        let price = PriceVersion { per_request: 42, ..haiku() };
        assert_eq!(price.cost(&Tokens::default()), Ok(Money(42)));
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_so_is_less_than_nothing() {
        let tokens = Tokens { output: i64::MAX, ..Tokens::default() };
        assert_eq!(haiku().cost(&tokens), Err(CostOverflow));
        let sum = Tokens { input: i64::MAX / 1_000_000, output: 1, ..Tokens::default() };
        assert_eq!(haiku().cost(&sum), Err(CostOverflow));
        let negative = Tokens { cache_write_5m: -1, ..Tokens::default() };
        assert_eq!(haiku().cost(&negative), Err(CostOverflow));
    }

    #[test]
    fn the_dearest_input_is_the_highest_of_its_classes() {
        assert_eq!(haiku().dearest_input(), 2_000_000);
        assert_eq!(PriceVersion { input: 9_000_000, ..haiku() }.dearest_input(), 9_000_000);
    }

    proptest! {
        /// T9: against an oracle that counts in decimal dollars with twelve places, as a person would on paper.
        #[test]
        fn costs_agree_with_a_decimal_oracle(
            counts in proptest::array::uniform5(0..2_000_000_000i64),
            micro_dollars_per_million in proptest::array::uniform5(0..100_000_000i64),
            per_request in 0..1_000_000_000_000i64,
        ) {
            // A price list in micro-dollars per million tokens is a pico-dollar per token each.
            let [input, cache_read, cache_write_5m, cache_write_1h, output] = micro_dollars_per_million;
            let price = PriceVersion {
                id: "m@1".into(), valid_from: Timestamp(0), input, cache_read, cache_write_5m, cache_write_1h, output,
                per_request,
            };
            let tokens = Tokens {
                input: counts[0], cache_read: counts[1], cache_write_5m: counts[2], cache_write_1h: counts[3],
                output: counts[4],
            };
            let mut pico = i128::from(per_request);
            for (count, micro_per_million) in counts.into_iter().zip(micro_dollars_per_million) {
                // count × (micro-dollars / 1e6 tokens), in 1e-12 dollars: × 1e6 (micro → pico) ÷ 1e6 (million).
                let exact = i128::from(count) * i128::from(micro_per_million) * 1_000_000;
                prop_assert_eq!(exact % 1_000_000, 0, "no rounding");
                pico += exact / 1_000_000;
            }
            match i64::try_from(pico) {
                Ok(pico) => prop_assert_eq!(price.cost(&tokens), Ok(Money(pico))),
                Err(_) => prop_assert_eq!(price.cost(&tokens), Err(CostOverflow)),
            }
        }
    }
}
