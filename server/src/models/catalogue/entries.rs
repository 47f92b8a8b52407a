//! What the catalogue holds.
//!
//! Prices: the provider's page "Pricing" (platform.claude.com/docs/en/about-claude/pricing) and the model overviews, read
//! in November 2026. `valid_from` is the model's release, or an earlier day when it is not known to us.
//! OpenAI's: the pages of the models; requests with more than 272K input tokens cost twice the input and half as much
//! again of the output, all of their tokens. Claude Sonnet 4.5 has one tier: its page names a window of 200K tokens and one
//! price (the longer window with its dearer tier was a beta that ended).

use app::model::{Date, Timestamp};

use super::{DEMO_BRIEF_MODEL, DEMO_MODEL, Entry, Model, ModelId, PriceVersion, ProviderKind};
use crate::models::{PriceTier, TokenPrices};

/// Other names of a model: the dated snapshot behind each id.
pub(super) const ALIASES: [(&str, &str); 3] = [
    ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
    ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
    ("claude-opus-4-5-20251101", "claude-opus-4-5"),
];

const ALWAYS_THINKS: &str =
    "it answers with hidden thinking, which Steward cannot account for yet; use claude-sonnet-5 or claude-opus-5";

/// Known, but not to be had, and why.
pub(super) const NOT_OFFERED: [(&str, &str); 8] = [
    ("claude-sonnet-4-20250514", "its provider has retired it; use claude-sonnet-5"),
    ("claude-sonnet-4-0", "its provider has retired it; use claude-sonnet-5"),
    ("claude-opus-4-20250514", "its provider has retired it; use claude-opus-5"),
    ("claude-opus-4-0", "its provider has retired it; use claude-opus-5"),
    ("claude-opus-5-5", ALWAYS_THINKS),
    ("claude-sonnet-5-5", ALWAYS_THINKS),
    ("claude-haiku-5-5", ALWAYS_THINKS),
    ("claude-fable-5-1", ALWAYS_THINKS),
];

/// Prices in pico-dollars per token; $1 per million tokens is 1,000,000.
struct Prices {
    input: i64,
    output: i64,
    cache_write_5m: i64,
    cache_write_1h: i64,
    cache_read: i64,
}

const HAIKU_4_5: Prices = Prices {
    input: 1_000_000,
    output: 5_000_000,
    cache_write_5m: 1_250_000,
    cache_write_1h: 2_000_000,
    cache_read: 100_000,
};
const SONNET_4: Prices = Prices {
    input: 3_000_000,
    output: 15_000_000,
    cache_write_5m: 3_750_000,
    cache_write_1h: 6_000_000,
    cache_read: 300_000,
};
const SONNET_5: Prices = Prices {
    input: 2_000_000,
    output: 10_000_000,
    cache_write_5m: 2_500_000,
    cache_write_1h: 4_000_000,
    cache_read: 200_000,
};
const OPUS: Prices = Prices {
    input: 5_000_000,
    output: 25_000_000,
    cache_write_5m: 6_250_000,
    cache_write_1h: 10_000_000,
    cache_read: 500_000,
};
/// Made up and small, so that money is visible in the demo.
const DEMO: Prices =
    Prices { input: 500_000, output: 2_500_000, cache_write_5m: 500_000, cache_write_1h: 500_000, cache_read: 500_000 };

/// OpenAI's pages of the models, read in November 2026. Writing to its cache costs what reading the prompt does.
const GPT_5_4_MINI: Prices =
    Prices { input: 750_000, output: 4_500_000, cache_write_5m: 750_000, cache_write_1h: 750_000, cache_read: 75_000 };
const GPT_5_4: Prices = Prices {
    input: 2_500_000,
    output: 15_000_000,
    cache_write_5m: 2_500_000,
    cache_write_1h: 2_500_000,
    cache_read: 250_000,
};
const GPT_5_4_LONG: Prices = Prices {
    input: 5_000_000,
    output: 22_500_000,
    cache_write_5m: 5_000_000,
    cache_write_1h: 5_000_000,
    cache_read: 500_000,
};
const GPT_5_5: Prices = Prices {
    input: 5_000_000,
    output: 30_000_000,
    cache_write_5m: 5_000_000,
    cache_write_1h: 5_000_000,
    cache_read: 500_000,
};
const GPT_5_5_LONG: Prices = Prices {
    input: 10_000_000,
    output: 45_000_000,
    cache_write_5m: 10_000_000,
    cache_write_1h: 10_000_000,
    cache_read: 1_000_000,
};
/// Above so many input tokens the longer request's prices hold.
const OPENAI_LONG_ABOVE: i64 = 272_000;
const GPT_4O_MINI: Prices =
    Prices { input: 150_000, output: 600_000, cache_write_5m: 150_000, cache_write_1h: 150_000, cache_read: 75_000 };

/// What is assumed of a model an operator names.
const NAMED_CONTEXT_TOKENS: i64 = 128_000;
const NAMED_MAX_OUTPUT_TOKENS: i64 = 16_384;

/// A model an operator names: Ollama's costs nothing, another's price is unknown.
pub(super) fn named(provider: ProviderKind, id: &str) -> Entry {
    let model = Model {
        id: ModelId(id.to_owned()),
        name: id.to_owned(),
        provider,
        context_tokens: NAMED_CONTEXT_TOKENS,
        max_output_tokens: NAMED_MAX_OUTPUT_TOKENS,
        sees_images: false,
    };
    if provider != ProviderKind::Ollama {
        return Entry { model, prices: Vec::new() };
    }
    const NOTHING: Prices = Prices { input: 0, output: 0, cache_write_5m: 0, cache_write_1h: 0, cache_read: 0 };
    entry(model, Date { year: 1970, month: 1, day: 1 }, &NOTHING)
}

const DAY_MS: i64 = 86_400_000;

fn claude(
    id: &str,
    name: &str,
    since: (i32, u8, u8),
    context_tokens: i64,
    max_output_tokens: i64,
    prices: &Prices,
) -> Entry {
    sold(ProviderKind::Anthropic, id, name, since, context_tokens, max_output_tokens, prices)
}

fn openai(
    id: &str,
    name: &str,
    since: (i32, u8, u8),
    context_tokens: i64,
    max_output_tokens: i64,
    prices: &Prices,
) -> Entry {
    sold(ProviderKind::OpenAi, id, name, since, context_tokens, max_output_tokens, prices)
}

fn sold(
    provider: ProviderKind,
    id: &str,
    name: &str,
    since: (i32, u8, u8),
    context_tokens: i64,
    max_output_tokens: i64,
    prices: &Prices,
) -> Entry {
    let (year, month, day) = since;
    let day = Date { year, month, day };
    entry(
        Model {
            id: ModelId(id.to_owned()),
            name: name.to_owned(),
            provider,
            context_tokens,
            max_output_tokens,
            sees_images: true,
        },
        day,
        prices,
    )
}

/// $10 for 1,000 (Anthropic, "Web search tool", read in November 2026), whatever the model.
const ANTHROPIC_SEARCH: i64 = 10_000_000_000;

fn entry(model: Model, since: Date, prices: &Prices) -> Entry {
    let price = PriceVersion {
        id: format!("{}@{since}", model.id),
        valid_from: Timestamp(since.to_days() * DAY_MS),
        input: prices.input,
        cache_read: prices.cache_read,
        cache_write_5m: prices.cache_write_5m,
        cache_write_1h: prices.cache_write_1h,
        output: prices.output,
        per_request: 0,
        per_search: (model.provider == ProviderKind::Anthropic).then_some(ANTHROPIC_SEARCH),
        tiers: Vec::new(),
        markup_bp: 0,
    };
    Entry { model, prices: vec![price] }
}

impl Entry {
    /// With other prices for requests whose input is longer.
    fn above(mut self, above: i64, prices: &Prices) -> Self {
        let prices = TokenPrices {
            input: prices.input,
            cache_read: prices.cache_read,
            cache_write_5m: prices.cache_write_5m,
            cache_write_1h: prices.cache_write_1h,
            output: prices.output,
        };
        for version in &mut self.prices {
            version.tiers.push(PriceTier { above, prices });
        }
        self
    }
}

pub(super) fn all() -> Vec<Entry> {
    let demo = |id: &str, name: &str| {
        let model = Model {
            id: ModelId(id.to_owned()),
            name: name.to_owned(),
            provider: ProviderKind::Demo,
            context_tokens: 200_000,
            max_output_tokens: 8_192,
            sees_images: true,
        };
        entry(model, Date { year: 1970, month: 1, day: 1 }, &DEMO)
    };
    vec![
        demo(DEMO_MODEL, "Demo model (scripted)"),
        demo(DEMO_BRIEF_MODEL, "Demo, brief (scripted)"),
        claude("claude-haiku-4-5", "Claude Haiku 4.5", (2025, 10, 1), 200_000, 64_000, &HAIKU_4_5),
        claude("claude-sonnet-5", "Claude Sonnet 5", (2026, 6, 30), 1_000_000, 128_000, &SONNET_5),
        claude("claude-sonnet-4-6", "Claude Sonnet 4.6", (2026, 1, 1), 200_000, 64_000, &SONNET_4),
        claude("claude-sonnet-4-5", "Claude Sonnet 4.5", (2025, 9, 29), 200_000, 64_000, &SONNET_4),
        claude("claude-opus-5", "Claude Opus 5", (2026, 7, 24), 1_000_000, 128_000, &OPUS),
        claude("claude-opus-4-8", "Claude Opus 4.8", (2026, 1, 1), 200_000, 64_000, &OPUS),
        claude("claude-opus-4-7", "Claude Opus 4.7", (2026, 1, 1), 200_000, 64_000, &OPUS),
        claude("claude-opus-4-6", "Claude Opus 4.6", (2026, 1, 1), 200_000, 64_000, &OPUS),
        claude("claude-opus-4-5", "Claude Opus 4.5", (2025, 11, 1), 200_000, 64_000, &OPUS),
        openai("gpt-5.5", "GPT-5.5", (2026, 4, 24), 1_050_000, 128_000, &GPT_5_5)
            .above(OPENAI_LONG_ABOVE, &GPT_5_5_LONG),
        openai("gpt-5.4", "GPT-5.4", (2026, 3, 5), 1_050_000, 128_000, &GPT_5_4)
            .above(OPENAI_LONG_ABOVE, &GPT_5_4_LONG),
        openai("gpt-5.4-mini", "GPT-5.4 mini", (2026, 3, 17), 400_000, 128_000, &GPT_5_4_MINI),
        openai("gpt-4o-mini", "GPT-4o mini", (2024, 7, 18), 128_000, 16_384, &GPT_4O_MINI),
    ]
}
