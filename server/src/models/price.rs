//! Prices: immutable, effective-dated versions for exact model ids.
//!
//! What must hold: a version never changes once a call refers to it; a price is a whole number of pico-dollars, so that a
//! cost is a sum of products without rounding; what a hold is computed with bounds what can be billed, which is why a tier
//! is never cheaper than the one below it ([`PriceVersion::problem`]).

pub mod file;

use app::model::{Money, Timestamp, Tokens};
use serde::{Deserialize, Serialize};

/// Hundredths of a percent in the whole.
const BASIS_POINTS: i64 = 10_000;

/// One version of a model's price, in pico-dollars per token. `None` is unknown, which is not zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceVersion {
    /// Stable name stored with each call, e.g. `claude-haiku-4-5@2026-01-01`; with a markup `…@2026-01-01+1500bp`.
    pub id: String,
    pub valid_from: Timestamp,
    pub input: i64,
    pub cache_read: i64,
    pub cache_write_5m: i64,
    pub cache_write_1h: i64,
    pub output: i64,
    pub per_request: i64,
    /// One search on the web that the provider runs; `None`: unknown.
    #[serde(default)]
    pub per_search: Option<i64>,
    /// What holds instead for longer requests, by rising length; mostly none.
    pub tiers: Vec<PriceTier>,
    /// What is in these prices on top of the provider's, hundredths of a percent.
    pub markup_bp: i64,
}

/// Prices of tokens by class, pico-dollars each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPrices {
    pub input: i64,
    pub cache_read: i64,
    pub cache_write_5m: i64,
    pub cache_write_1h: i64,
    pub output: i64,
}

/// Prices of a request whose input, cached or not, is longer than `above` tokens: of all its tokens, not only of those
/// beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTier {
    pub above: i64,
    pub prices: TokenPrices,
}

/// A cost that does not fit 64 bits of pico-dollars (about $9.2 million).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cost does not fit: more than 9.2 million dollars")]
pub struct CostOverflow;

impl TokenPrices {
    /// The dearest price an input token can have.
    #[must_use]
    pub fn dearest_input(&self) -> i64 {
        self.input.max(self.cache_read).max(self.cache_write_5m).max(self.cache_write_1h)
    }

    /// Each class, by the name an administrator knows it by.
    #[must_use]
    pub fn classes(&self) -> [(&'static str, i64); 5] {
        [
            ("input", self.input),
            ("cache read", self.cache_read),
            ("cache write 5m", self.cache_write_5m),
            ("cache write 1h", self.cache_write_1h),
            ("output", self.output),
        ]
    }

    fn try_map(&self, change: impl Fn(i64) -> Result<i64, CostOverflow>) -> Result<Self, CostOverflow> {
        Ok(Self {
            input: change(self.input)?,
            cache_read: change(self.cache_read)?,
            cache_write_5m: change(self.cache_write_5m)?,
            cache_write_1h: change(self.cache_write_1h)?,
            output: change(self.output)?,
        })
    }
}

impl PriceVersion {
    /// The prices of a request with so many input tokens of all classes.
    #[must_use]
    pub fn prices_at(&self, input_total: i64) -> TokenPrices {
        let tier = self.tiers.iter().rev().find(|tier| input_total > tier.above);
        tier.map_or_else(|| self.base(), |tier| tier.prices)
    }

    /// The prices of a short request.
    #[must_use]
    pub fn base(&self) -> TokenPrices {
        TokenPrices {
            input: self.input,
            cache_read: self.cache_read,
            cache_write_5m: self.cache_write_5m,
            cache_write_1h: self.cache_write_1h,
            output: self.output,
        }
    }

    /// `Σ tokensᵢ × priceᵢ` at the tier of the input, and the fees: no division, no rounding. A search of unknown price
    /// costs nothing here.
    ///
    /// # Errors
    /// [`CostOverflow`]; negative counts are refused the same way.
    pub fn cost(&self, tokens: &Tokens, searches: i64) -> Result<Money, CostOverflow> {
        let prices = self.prices_at(tokens.input_total());
        let classes = [
            (tokens.input, prices.input),
            (tokens.cache_read, prices.cache_read),
            (tokens.cache_write_5m, prices.cache_write_5m),
            (tokens.cache_write_1h, prices.cache_write_1h),
            (tokens.output, prices.output),
            (searches, self.per_search.unwrap_or(0)),
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

    /// The dearest price an input token of a short request can have.
    #[must_use]
    pub fn dearest_input(&self) -> i64 {
        self.base().dearest_input()
    }

    /// With `bp` hundredths of a percent on top of every price, rounded up to a pico-dollar.
    ///
    /// # Errors
    /// A price that does not fit any more.
    pub fn marked_up(&self, bp: i64) -> Result<Self, CostOverflow> {
        if bp == 0 {
            return Ok(self.clone());
        }
        let factor = i128::from(BASIS_POINTS) + i128::from(bp);
        let up = |price: i64| {
            let exact = i128::from(price) * factor;
            let whole = exact / i128::from(BASIS_POINTS) + i128::from(exact % i128::from(BASIS_POINTS) > 0);
            i64::try_from(whole).map_err(|_| CostOverflow)
        };
        let id = format!("{}+{bp}bp", self.id);
        self.with_each(id, bp, up)
    }

    /// What the provider charges: the prices before the markup. Exact, although marked-up prices were rounded: rounding up
    /// added less than one pico-dollar, and taking a factor of at least one away again rounds down to where it began.
    #[must_use]
    pub fn list(&self) -> Self {
        if self.markup_bp == 0 {
            return self.clone();
        }
        let factor = i128::from(BASIS_POINTS) + i128::from(self.markup_bp);
        let down = |price: i64| {
            i64::try_from(i128::from(price) * i128::from(BASIS_POINTS) / factor.max(1)).map_err(|_| CostOverflow)
        };
        let suffix = format!("+{}bp", self.markup_bp);
        let id = self.id.strip_suffix(suffix.as_str()).unwrap_or(&self.id).to_owned();
        // A price that is divided by one or more fits.
        self.with_each(id, 0, down).unwrap_or_else(|_| self.clone())
    }

    fn with_each(
        &self,
        id: String,
        markup_bp: i64,
        change: impl Fn(i64) -> Result<i64, CostOverflow>,
    ) -> Result<Self, CostOverflow> {
        let base = self.base().try_map(&change)?;
        let tier = |tier: &PriceTier| Ok(PriceTier { above: tier.above, prices: tier.prices.try_map(&change)? });
        Ok(Self {
            id,
            valid_from: self.valid_from,
            input: base.input,
            cache_read: base.cache_read,
            cache_write_5m: base.cache_write_5m,
            cache_write_1h: base.cache_write_1h,
            output: base.output,
            per_request: change(self.per_request)?,
            per_search: self.per_search.map(&change).transpose()?,
            tiers: self.tiers.iter().map(tier).collect::<Result<_, _>>()?,
            markup_bp,
        })
    }

    /// Why this cannot be a price, in words.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if self.per_request < 0
            || self.per_search.is_some_and(|fee| fee < 0)
            || self.base().classes().iter().any(|(_, price)| *price < 0)
        {
            return Some("a price is negative".to_owned());
        }
        let (mut above, mut below) = (0, self.base());
        for tier in &self.tiers {
            if tier.above <= above {
                return Some(format!("the tiers must rise: {} comes after {above} tokens", tier.above));
            }
            let pairs = tier.prices.classes().into_iter().zip(below.classes());
            for ((class, price), (_, before)) in pairs {
                if price < before {
                    return Some(format!(
                        "above {} tokens {class} is cheaper than below, so that the shorter request could be the dearer",
                        tier.above
                    ));
                }
            }
            (above, below) = (tier.above, tier.prices);
        }
        None
    }
}

#[cfg(test)]
mod tests;
