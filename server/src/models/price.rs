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
