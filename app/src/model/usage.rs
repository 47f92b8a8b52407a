//! Budgets and usage as shown. Money is whole pico-dollars; rounding happens in the display, never in storage.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Date, Timestamp};

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

    /// Both together. Saturates.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write_5m: self.cache_write_5m.saturating_add(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
            output: self.output.saturating_add(other.output),
        }
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
    /// When counting begins anew; `None`: never.
    pub resets_at: Option<Timestamp>,
}

/// Why the next call was not allowed: which limit, until when, whom to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRefusal {
    /// e.g. "PRS Textile's monthly budget".
    pub budget: String,
    /// e.g. "1,000,000 input tokens".
    pub limit: String,
    /// When counting begins anew; `None`: never.
    pub resets_at: Option<Timestamp>,
    pub contact: String,
    /// Nothing is left; else what is left is too little for what was asked.
    #[serde(default)]
    pub is_used_up: bool,
    /// What is left of its money; `None`: it does not limit that.
    #[serde(default)]
    pub left: Option<Money>,
}

/// One month of a tenant's usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// First day of the month in the tenant's zone.
    pub month: Date,
    pub meter: UsageMeter,
    /// Only days with usage, oldest first.
    pub by_day: Vec<UsageByDay>,
    pub breakdown: UsageBreakdown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageByDay {
    pub day: Date,
    pub tokens: Tokens,
    pub requests: i64,
    pub cost: Money,
    pub quality: Quality,
}

/// What usage is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageBy {
    /// Not at all: one row.
    Tenant,
    Day,
    #[default]
    Person,
    /// The sums of those who are members today; who is in two groups counts in both.
    Group,
    /// The key a program used.
    Key,
    Profile,
    Model,
    /// Answers, titles, programs at the gateway.
    Purpose,
    /// What a program spoke.
    Format,
    /// Tool calls, which have no tokens.
    Tool,
}

impl UsageBy {
    pub const ALL: [Self; 10] = [
        Self::Tenant,
        Self::Day,
        Self::Person,
        Self::Group,
        Self::Key,
        Self::Profile,
        Self::Model,
        Self::Purpose,
        Self::Format,
        Self::Tool,
    ];

    /// As in addresses and commands.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Day => "day",
            Self::Person => "person",
            Self::Group => "group",
            Self::Key => "key",
            Self::Profile => "profile",
            Self::Model => "model",
            Self::Purpose => "purpose",
            Self::Format => "format",
            Self::Tool => "tool",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == word)
    }
}

/// Usage divided by one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageBreakdown {
    pub by: UsageBy,
    /// Everything, whatever it is divided by.
    pub total: UsageRow,
    /// Highest cost first (days in their order). Empty for tools.
    pub rows: Vec<UsageRow>,
    /// Only for tools: called most first.
    pub tools: Vec<ToolUse>,
    /// There are more than these.
    pub more: bool,
}

/// What one person, key, model … used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// An id, a day, `provider/model`, a word; empty: no key, no profile, the chat.
    pub key: String,
    /// `None`: it has none, or is no longer here.
    pub name: Option<String>,
    /// What tells it from others of the same name: an e-mail address, a key's public part.
    pub detail: Option<String>,
    /// All settled calls, and those of them that are not exact.
    pub requests: i64,
    pub estimated_calls: i64,
    pub unknown_calls: i64,
    pub tokens: Tokens,
    /// What is charged, corrections included.
    pub cost: Money,
    /// Part of the cost: what was booked later, by reconciliation. May be negative.
    pub adjusted: Money,
    /// What the provider asks for it, corrections included.
    pub list_cost: Money,
    /// How much less it cost than at the models that were asked for, because a rule chose another.
    pub saving: Money,
}

impl UsageRow {
    /// The worst quality in it.
    #[must_use]
    pub fn quality(&self) -> Quality {
        match (self.estimated_calls, self.unknown_calls) {
            (_, 1..) => Quality::Unknown,
            (1.., _) => Quality::Estimated,
            _ => Quality::Exact,
        }
    }

    /// Calls whose figures are the provider's own.
    #[must_use]
    pub fn exact_calls(&self) -> i64 {
        self.requests.saturating_sub(self.estimated_calls).saturating_sub(self.unknown_calls)
    }
}

/// What a tool's calls come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolUse {
    /// e.g. `energy_and_cost`.
    pub tool: String,
    pub calls: i64,
    pub failed_calls: i64,
    /// Not run, because the person said no or did not answer.
    pub denied_calls: i64,
    /// Wall time of all calls together.
    pub duration_ms: i64,
    /// Answers that called it.
    pub turns: i64,
    /// What these answers cost, other tools' part included; only when all of them are exact.
    pub turns_cost: Option<Money>,
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
