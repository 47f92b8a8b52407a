//! Price lists as files: our own format, and LiteLLM's `model_prices_and_context_window.json`. Pure.
//!
//! Ours, in dollars for a million tokens (a request, a thousand searches); numbers are best written as strings:
//!
//! ```json
//! {"source": "https://…", "read_on": "2026-11-22", "models": {"gpt-5.4": {
//!   "valid_from": "2026-12-01", "input": "2.50", "output": "15", "cache_read": "0.25", "cache_write_5m": "2.50",
//!   "cache_write_1h": "2.50", "per_request": "0", "web_search_per_1000": "10",
//!   "tiers": [{"above_input_tokens": 272000, "input": "5", "output": "22.50", "cache_read": "0.50",
//!              "cache_write_5m": "5", "cache_write_1h": "5"}]}}}
//! ```
//!
//! What must hold: decimals are read as they are written, never through a float; what is not a whole number of
//! pico-dollars is refused; absent is not zero.

use std::collections::{BTreeMap, BTreeSet};

use app::model::{Date, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{PriceTier, PriceVersion, TokenPrices};

/// Nothing costs more than a dollar a token, or 1,000 dollars a request.
const MOST_PER_TOKEN: i64 = 1_000_000_000_000;
const MOST_PER_REQUEST: i64 = 1_000_000_000_000_000;
const DAY_MS: i64 = 86_400_000;

/// A price from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPrice {
    /// Exact id.
    pub model: String,
    pub wanted_from: Option<Timestamp>,
    /// Without id and beginning.
    pub price: PriceVersion,
    /// What had to be assumed.
    pub note: String,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceFile {
    /// As the file names it.
    pub source: Option<String>,
    pub read_on: Option<Date>,
    pub prices: Vec<ListedPrice>,
    /// Models whose prices cannot be taken, and why.
    pub refused: Vec<(String, String)>,
}

type Raw = Box<RawValue>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnFile {
    source: String,
    read_on: String,
    models: BTreeMap<String, OwnPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnPrice {
    valid_from: Option<String>,
    input: Raw,
    output: Raw,
    cache_read: Raw,
    cache_write_5m: Raw,
    cache_write_1h: Raw,
    per_request: Option<Raw>,
    web_search_per_1000: Option<Raw>,
    #[serde(default)]
    tiers: Vec<OwnTier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnTier {
    above_input_tokens: i64,
    input: Raw,
    output: Raw,
    cache_read: Raw,
    cache_write_5m: Raw,
    cache_write_1h: Raw,
}

/// Reads a file. Of LiteLLM's only the models that `wants` takes, for it has thousands.
///
/// # Errors
/// In words: neither format.
pub fn read(text: &str, wants: impl Fn(&str) -> bool) -> Result<PriceFile, String> {
    let members: BTreeMap<String, Raw> =
        serde_json::from_str(text).map_err(|error| format!("it is not a JSON object: {error}"))?;
    if members.contains_key("models") {
        let file: OwnFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
        return own(file);
    }
    let mut read = PriceFile::default();
    for (model, raw) in members.iter().filter(|(model, _)| *model != "sample_spec" && wants(model)) {
        let fields: Result<BTreeMap<String, Raw>, _> = serde_json::from_str(raw.get());
        let Ok(fields) = fields else {
            read.refused.push((model.clone(), "it is not an object".to_owned()));
            continue;
        };
        if text_of(&fields, "mode").is_some_and(|mode| mode != "chat" && mode != "responses") {
            continue;
        }
        match litellm(model, &fields) {
            Ok(price) => read.prices.push(price),
            Err(problem) => read.refused.push((model.clone(), problem)),
        }
    }
    Ok(read)
}

fn own(file: OwnFile) -> Result<PriceFile, String> {
    let read_on = file.read_on.parse().map_err(|_| format!("read_on: {:?} is not a day", file.read_on))?;
    let mut read = PriceFile { source: Some(file.source), read_on: Some(read_on), ..PriceFile::default() };
    for (model, price) in file.models {
        match own_price(&model, &price) {
            Ok(price) => read.prices.push(price),
            Err(problem) => read.refused.push((model, problem)),
        }
    }
    Ok(read)
}

/// Dollars for a million tokens are 10⁶ pico-dollars a token.
const PER_MILLION: u32 = 6;
/// Dollars are 10¹² pico-dollars.
const PER_DOLLAR: u32 = 12;
/// Dollars for a thousand searches.
const PER_THOUSAND: u32 = 9;

fn own_price(model: &str, own: &OwnPrice) -> Result<ListedPrice, String> {
    let per_token =
        |name: &str, raw: &Raw| exact(raw, PER_MILLION, MOST_PER_TOKEN).map_err(|why| format!("{name}: {why}"));
    let base = TokenPrices {
        input: per_token("input", &own.input)?,
        cache_read: per_token("cache_read", &own.cache_read)?,
        cache_write_5m: per_token("cache_write_5m", &own.cache_write_5m)?,
        cache_write_1h: per_token("cache_write_1h", &own.cache_write_1h)?,
        output: per_token("output", &own.output)?,
    };
    let tier = |tier: &OwnTier| {
        let prices = TokenPrices {
            input: per_token("tiers: input", &tier.input)?,
            cache_read: per_token("tiers: cache_read", &tier.cache_read)?,
            cache_write_5m: per_token("tiers: cache_write_5m", &tier.cache_write_5m)?,
            cache_write_1h: per_token("tiers: cache_write_1h", &tier.cache_write_1h)?,
            output: per_token("tiers: output", &tier.output)?,
        };
        Ok::<_, String>(PriceTier { above: tier.above_input_tokens, prices })
    };
    let tiers = own.tiers.iter().map(tier).collect::<Result<_, _>>()?;
    let fee = |name: &str, raw: &Option<Raw>, scale| {
        let read = raw.as_ref().map(|raw| exact(raw, scale, MOST_PER_REQUEST)).transpose();
        read.map_err(|why| format!("{name}: {why}"))
    };
    let per_request = fee("per_request", &own.per_request, PER_DOLLAR)?.unwrap_or(0);
    let per_search = fee("web_search_per_1000", &own.web_search_per_1000, PER_THOUSAND)?;
    let day = |text: &String| {
        let day: Date = text.parse().map_err(|_| format!("valid_from: {text:?} is not a day"))?;
        Ok::<_, String>(Timestamp(day.to_days() * DAY_MS))
    };
    let wanted_from = own.valid_from.as_ref().map(day).transpose()?;
    listed(model, wanted_from, base, tiers, Fees { per_request, per_search }, String::new())
}

/// What is not by the token.
struct Fees {
    per_request: i64,
    per_search: Option<i64>,
}

fn listed(
    model: &str,
    wanted_from: Option<Timestamp>,
    base: TokenPrices,
    tiers: Vec<PriceTier>,
    fees: Fees,
    note: String,
) -> Result<ListedPrice, String> {
    if model.is_empty() || model.len() > 200 || model.chars().any(char::is_control) {
        return Err("this is not the id of a model".to_owned());
    }
    let price = PriceVersion {
        id: String::new(),
        valid_from: Timestamp(0),
        input: base.input,
        cache_read: base.cache_read,
        cache_write_5m: base.cache_write_5m,
        cache_write_1h: base.cache_write_1h,
        output: base.output,
        per_request: fees.per_request,
        per_search: fees.per_search,
        tiers,
        markup_bp: 0,
    };
    match price.problem() {
        Some(problem) => Err(problem),
        None => Ok(ListedPrice { model: model.to_owned(), wanted_from, price, note }),
    }
}

fn text_of(fields: &BTreeMap<String, Raw>, name: &str) -> Option<String> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}

/// The figures of one of LiteLLM's entries, with what had to be assumed.
struct Figures<'a> {
    fields: &'a BTreeMap<String, Raw>,
    /// What the provider takes for writing its cache is more than the input, so it has to be said.
    needs_cache: bool,
    assumed: BTreeSet<&'static str>,
}

impl Figures<'_> {
    fn get(&self, name: &str) -> Result<Option<i64>, String> {
        let raw = self.fields.get(name).filter(|raw| raw.get() != "null");
        raw.map(|raw| exact(raw, PER_DOLLAR, MOST_PER_TOKEN).map_err(|why| format!("{name}: {why}"))).transpose()
    }

    fn required(&self, name: &str) -> Result<i64, String> {
        self.get(name)?.ok_or_else(|| format!("{name} is not given"))
    }

    /// A class of the cache: as given, or as input.
    fn cache(&mut self, class: &'static str, name: &str, input: i64) -> Result<i64, String> {
        match self.get(name)? {
            Some(price) => Ok(price),
            None if self.needs_cache => Err(format!("{name} is not given")),
            None => {
                self.assumed.insert(class);
                Ok(input)
            }
        }
    }

    /// The prices of a tier; `suffix` is empty for the base.
    fn prices(&mut self, suffix: &str) -> Result<TokenPrices, String> {
        let input = self.required(&format!("input_cost_per_token{suffix}"))?;
        let output = self.required(&format!("output_cost_per_token{suffix}"))?;
        Ok(TokenPrices {
            input,
            cache_read: self.cache("cache read", &format!("cache_read_input_token_cost{suffix}"), input)?,
            cache_write_5m: self.cache("cache write 5m", &format!("cache_creation_input_token_cost{suffix}"), input)?,
            cache_write_1h: self.cache(
                "cache write 1h",
                &format!("cache_creation_input_token_cost_above_1hr{suffix}"),
                input,
            )?,
            output,
        })
    }
}

fn litellm(model: &str, fields: &BTreeMap<String, Raw>) -> Result<ListedPrice, String> {
    let provider = text_of(fields, "litellm_provider").unwrap_or_default();
    let needs_cache = provider.contains("anthropic") || model.contains("claude");
    let mut figures = Figures { fields, needs_cache, assumed: BTreeSet::new() };
    let base = figures.prices("")?;
    if let Some(reasoning) = figures.get("output_cost_per_reasoning_token")?
        && reasoning != base.output
    {
        return Err("reasoning tokens cost otherwise than output, which cannot be booked".to_owned());
    }
    let edge = |name: &String| name.strip_prefix("input_cost_per_token_above_")?.strip_suffix("k_tokens")?.parse().ok();
    let edges: BTreeSet<i64> = fields.keys().filter_map(edge).collect();
    let mut tiers = Vec::new();
    for thousand in edges {
        let prices = figures.prices(&format!("_above_{thousand}k_tokens"))?;
        tiers.push(PriceTier { above: thousand.saturating_mul(1_000), prices });
    }
    let per_request = figures.get("input_cost_per_request")?.unwrap_or(0);
    let per_search = match fields.get("search_context_cost_per_query") {
        Some(raw) => dearest_search(raw)?,
        None => None,
    };
    let assumed: Vec<&str> = figures.assumed.iter().copied().collect();
    let note =
        if assumed.is_empty() { String::new() } else { format!("not given, taken as input: {}", assumed.join(", ")) };
    listed(model, None, base, tiers, Fees { per_request, per_search }, note)
}

/// The dearest of the searches by the size of their context.
fn dearest_search(raw: &RawValue) -> Result<Option<i64>, String> {
    let sizes: BTreeMap<String, Raw> = serde_json::from_str(raw.get()).unwrap_or_default();
    let each = sizes.values().map(|raw| exact(raw, PER_DOLLAR, MOST_PER_REQUEST));
    let prices: Vec<i64> =
        each.collect::<Result<_, _>>().map_err(|why| format!("search_context_cost_per_query: {why}"))?;
    Ok(prices.into_iter().max())
}

/// A decimal as written (a number, or one in quotes) times 10^scale, if that is whole.
fn exact(raw: &RawValue, scale: u32, most: i64) -> Result<i64, String> {
    let written = raw.get().trim();
    let number = written.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(written).trim();
    let value = scaled(number, scale)
        .ok_or_else(|| format!("{written} is not a price: a decimal, not negative, of whole pico-dollars a token"))?;
    if value > most { Err(format!("{written} is more than anything costs")) } else { Ok(value) }
}

fn scaled(number: &str, scale: u32) -> Option<i64> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(decimals) || mantissa.ends_with('.') {
        return None;
    }
    let digits = format!("{whole}{decimals}");
    let significant = digits.trim_end_matches('0');
    let dropped = i32::try_from(digits.len() - significant.len()).ok()?;
    let value: i128 = match significant.trim_start_matches('0') {
        "" => return Some(0),
        digits if digits.len() > 30 => return None,
        digits => digits.parse().ok()?,
    };
    let places = i32::try_from(decimals.len()).ok()?;
    let power = exponent.checked_sub(places)?.checked_add(dropped)?.checked_add(i32::try_from(scale).ok()?)?;
    // What is left below one pico-dollar would have to be rounded.
    let factor = 10_i128.checked_pow(u32::try_from(power).ok()?)?;
    i64::try_from(value.checked_mul(factor)?).ok()
}

#[cfg(test)]
mod tests;
