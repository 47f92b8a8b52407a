//! Budgets and usage as shown. Money is whole pico-dollars; rounding happens in the display, never in storage.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Date, Timestamp, UserId};

/// Pico-dollars (1e-12 USD). $1 per million tokens is exactly 1,000,000 of these per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

impl fmt::Display for Money {
    /// Dollars with 2 decimals from a cent on, 4 below, rounded half up: `$12.35`, `$0.0031`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let pico = i128::from(self.0).abs();
        let (decimals, unit) = if pico == 0 || pico >= 10_000_000_000 { (2, 10_000_000_000) } else { (4, 100_000_000) };
        let rounded = (pico + unit / 2) / unit;
        let scale = 10_i128.pow(decimals);
        let width = decimals as usize;
        write!(f, "{sign}${}.{:0width$}", rounded / scale, rounded % scale)
    }
}

/// Tokens by class, as billed. `input` excludes cached tokens; output includes reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    pub input: i64,
    pub cache_read: i64,
    pub cache_write_5m: i64,
    pub cache_write_1h: i64,
    pub output: i64,
}

impl Tokens {
    /// Everything that counts as input for a budget. Saturates: only for display.
    #[must_use]
    pub fn input_total(&self) -> i64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }
}

/// How sure a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// As the provider reported it.
    Exact,
    /// An upper bound: the provider's report was cut off.
    Estimated,
    /// Nothing came back; the whole hold stays charged until reconciled.
    Unknown,
}

/// What one turn used, title and tool steps included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnUsage {
    pub tokens: Tokens,
    pub cost: Money,
    pub quality: Quality,
    /// Model calls.
    pub calls: i64,
    /// From send to end, wall time.
    pub duration_ms: i64,
    /// From send to the first word.
    #[serde(default)]
    pub first_token_ms: Option<i64>,
    /// Wall time spent waiting for tools.
    #[serde(default)]
    pub tool_ms: i64,
}

/// A budget's limits; `None` is unlimited, zero is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLimits {
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub requests: Option<i64>,
    pub cost: Option<Money>,
    /// Input, cache and output together.
    #[serde(default)]
    pub tokens: Option<i64>,
}

/// How much of the tenant's month is used: settled and held together, because both are gone for new requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageMeter {
    /// 0–100 (more after an overrun): the fullest of the limits. `None`: no limit is set.
    pub percent: Option<u32>,
    pub used: Tokens,
    pub requests: i64,
    pub cost: Money,
    pub limits: BudgetLimits,
    pub resets_at: Timestamp,
    pub quality: Quality,
    /// What the person should know about the budgets they spend from.
    #[serde(default)]
    pub notice: Option<BudgetNotice>,
}

/// A budget of the person's that is nearly or wholly used up, and that they have not put away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetNotice {
    /// What is handed back to put it away.
    pub key: String,
    /// e.g. "PRS Textile's monthly budget".
    pub budget: String,
    /// Of the fullest of its limits; 100 and more: used up.
    pub percent: u32,
    pub resets_at: Timestamp,
}

/// Why the next call was not allowed: which limit, until when, whom to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRefusal {
    /// e.g. "PRS Textile's monthly budget".
    pub budget: String,
    /// e.g. "1,000,000 input tokens".
    pub limit: String,
    pub resets_at: Timestamp,
    pub contact: String,
}

/// One month of a tenant's usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// First day of the month in the tenant's zone.
    pub month: Date,
    pub meter: UsageMeter,
    /// Only days with usage, oldest first.
    pub by_day: Vec<UsageByDay>,
    /// Highest cost first.
    pub by_person: Vec<UsageByPerson>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageByDay {
    pub day: Date,
    pub tokens: Tokens,
    pub requests: i64,
    pub cost: Money,
    pub quality: Quality,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageByPerson {
    pub user: UserId,
    pub name: String,
    pub tokens: Tokens,
    pub requests: i64,
    pub cost: Money,
    pub quality: Quality,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_rounded_only_for_display() {
        assert_eq!(Money(0).to_string(), "$0.00");
        assert_eq!(Money(3_100_000_000).to_string(), "$0.0031");
        assert_eq!(Money(12_345_000_000_000).to_string(), "$12.35");
        assert_eq!(Money(-12_345_000_000_000).to_string(), "-$12.35");
        assert_eq!(Money(9_999_999_999).to_string(), "$0.0100");
        assert_eq!(Money(i64::MAX).to_string(), "$9223372.04");
    }
}
