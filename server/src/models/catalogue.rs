//! The models that can be asked, by exact id, and their prices.
//!
//! To add a model: one entry in [`Catalogue::built_in`], its prices as on the provider's page on that day. A changed
//! price is a **new** version with its own `valid_from`; a version never changes, because calls refer to it. Versions that
//! an administrator approved (`steward prices`) lie beside those built in; the later one holds.
//!
//! Only models whose hidden thinking can be switched off are offered: thinking is billed as output without being shown,
//! so an answer that is broken off could not be bounded by what was received (accounting.md §3), and its blocks would
//! have to be replayed in a tool loop, which [`super::Content`] does not carry yet. That leaves out the 5.5 family.

mod entries;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use app::model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PriceVersion, wire::WireFormat};

/// The demo model's id.
pub const DEMO_MODEL: &str = "steward-demo";
/// The demo model that answers in one sentence, so that there is something to choose.
pub const DEMO_BRIEF_MODEL: &str = "steward-demo-brief";
/// What is asked when an operator gives a key and names no model.
pub const DEFAULT_CLAUDE_MODEL: &str = "claude-sonnet-5";

/// A provider's exact model id, e.g. `claude-haiku-4-5`. Aliases are resolved before this type is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who answers for a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Built in and scripted.
    Demo,
    Anthropic,
    /// OpenAI, or a server that speaks its format.
    OpenAi,
    Ollama,
}

impl ProviderKind {
    /// What its servers speak; the demo model is asked like Claude.
    #[must_use]
    pub fn format(self) -> WireFormat {
        match self {
            Self::Demo | Self::Anthropic => WireFormat::Anthropic,
            Self::OpenAi => WireFormat::OpenAi,
            Self::Ollama => WireFormat::Ollama,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
        }
    }
}

/// A model and its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub id: ModelId,
    /// As people see it.
    pub name: String,
    pub provider: ProviderKind,
    /// Input and output together, tokens.
    pub context_tokens: i64,
    pub max_output_tokens: i64,
    /// Images may be sent to it.
    pub sees_images: bool,
}

/// A model with its price versions, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    model: Model,
    prices: Vec<PriceVersion>,
}

/// Price versions by model, oldest first.
pub type PriceBook = HashMap<String, Vec<PriceVersion>>;

/// Every model known. Clones share the prices that were approved since ([`Catalogue::take_up`]).
#[derive(Clone, Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
    approved: Arc<RwLock<Arc<PriceBook>>>,
}

/// A model id that is not offered, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnknownModel {
    message: String,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::built_in()
    }
}

/// Why a model that people may know is not offered.
#[must_use]
pub fn why_not(id: &str) -> Option<&'static str> {
    entries::NOT_OFFERED.iter().find(|(model, _)| *model == id).map(|(_, reason)| *reason)
}

impl Catalogue {
    /// The demo model and Claude.
    #[must_use]
    pub fn built_in() -> Self {
        Self { entries: entries::all(), approved: Arc::default() }
    }

    /// With models an operator names: OpenAI's without a price, Ollama's for nothing. Those that are known already stay as
    /// they are.
    #[must_use]
    pub fn with_named(mut self, provider: ProviderKind, ids: &str) -> Self {
        for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
            if self.entries.iter().all(|entry| entry.model.id.0 != id) {
                self.entries.push(entries::named(provider, id));
            }
        }
        self
    }

    /// Other names of models: (alias, exact id).
    #[must_use]
    pub fn aliases(&self) -> Vec<(String, String)> {
        entries::ALIASES.iter().map(|(alias, id)| ((*alias).to_owned(), (*id).to_owned())).collect()
    }

    /// All models, the demo first.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.entries.iter().map(|entry| &entry.model)
    }

    /// The model of an exact id or a listed alias; nothing is guessed from a prefix.
    ///
    /// # Errors
    /// An unknown, retired or not offered id; the message says what to use instead.
    pub fn find(&self, id: &str) -> Result<&Model, UnknownModel> {
        let exact = entries::ALIASES.iter().find(|(alias, _)| *alias == id).map_or(id, |(_, exact)| exact);
        if let Some(entry) = self.entries.iter().find(|entry| entry.model.id.0 == exact) {
            return Ok(&entry.model);
        }
        let known = self.models().map(|model| model.id.0.as_str()).collect::<Vec<_>>().join(", ");
        let reason = why_not(id);
        let message = match reason {
            Some(reason) => format!("The model {id} cannot be used: {reason}. Known models: {known}."),
            None => {
                let id: String = id.chars().take(100).collect();
                format!("There is no model {id:?} here. Known models: {known}.")
            }
        };
        Err(UnknownModel { message })
    }

    /// The price of a model at an instant with so many hundredths of a percent on top: of the versions that had begun the
    /// latest, of those that began together the approved one. `None`: unknown, which is not zero.
    #[must_use]
    pub fn price(&self, id: &ModelId, at: Timestamp, markup_bp: i64) -> Option<PriceVersion> {
        let has_begun = |price: &&PriceVersion| price.valid_from <= at;
        let entry = self.entries.iter().find(|entry| entry.model.id == *id);
        let built_in = entry.and_then(|entry| entry.prices.iter().rev().find(has_begun));
        let book = self.book();
        let approved = book.get(&id.0).and_then(|versions| versions.iter().rev().find(has_begun));
        let latest = match (built_in, approved) {
            (Some(built_in), Some(approved)) if approved.valid_from < built_in.valid_from => built_in,
            (_, Some(approved)) => approved,
            (built_in, None) => built_in?,
        };
        // What does not fit is no price: a budget in money refuses it.
        latest.marked_up(markup_bp).ok()
    }

    /// The versions that came with the program, oldest first; none of a model that it does not know.
    #[must_use]
    pub fn built_in_prices(&self, id: &str) -> &[PriceVersion] {
        self.entries.iter().find(|entry| entry.model.id.0 == id).map_or(&[], |entry| &entry.prices)
    }

    /// Takes up the approved versions, for this and every clone. Calls that are admitted keep the price they were admitted
    /// at.
    pub fn take_up(&self, mut book: PriceBook) {
        for versions in book.values_mut() {
            versions.sort_by_key(|price| price.valid_from);
        }
        *self.approved.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(book);
    }

    /// The approved versions.
    #[must_use]
    pub fn book(&self) -> Arc<PriceBook> {
        self.approved.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::model::{Money, Tokens};

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    #[test]
    fn a_model_is_found_by_exact_id_or_alias_only() {
        let catalogue = Catalogue::built_in();
        let id = |text: &str| catalogue.find(text).map(|model| model.id.0.clone()).ok();
        assert_eq!(id("claude-haiku-4-5").as_deref(), Some("claude-haiku-4-5"));
        assert_eq!(id("claude-haiku-4-5-20251001").as_deref(), Some("claude-haiku-4-5"));
        for unknown in ["claude-haiku-4", "claude-haiku-4-5-2", "Claude-Haiku-4-5", "", " claude-haiku-4-5"] {
            assert_eq!(id(unknown), None, "{unknown:?}");
        }
        assert!(id(DEFAULT_CLAUDE_MODEL).is_some() && id(DEMO_MODEL).is_some());
    }

    #[test]
    fn a_retired_model_is_explained() {
        let catalogue = Catalogue::built_in();
        let message = |id: &str| catalogue.find(id).map(|_| ()).expect_err("not offered").to_string();
        let retired = message("claude-sonnet-4-20250514");
        assert!(retired.contains("retired") && retired.contains("claude-sonnet-5"), "{retired}");
        assert!(message("claude-opus-5-5").contains("thinking"));
        assert!(message("gpt-9").contains("Known models: steward-demo, "));
        assert!(message(&"x".repeat(10_000)).len() < 1_000);
    }

    #[test]
    fn every_model_has_a_price_and_ids_are_unique() {
        let catalogue = Catalogue::built_in();
        let mut ids = Vec::new();
        let mut price_ids = Vec::new();
        for entry in &catalogue.entries {
            ids.push(entry.model.id.0.clone());
            let price = catalogue.price(&entry.model.id, NOW, 0).expect("a price now");
            let dearest = price.input.max(price.cache_read).max(price.cache_write_5m).max(price.cache_write_1h);
            assert!(price.output > 0 && price.input > 0 && price.dearest_input() == dearest);
            assert_eq!(price.problem(), None);
            assert!(entry.prices.is_sorted_by(|a, b| a.valid_from < b.valid_from));
            assert!(entry.model.max_output_tokens < entry.model.context_tokens);
            price_ids.extend(entry.prices.iter().map(|price| price.id.clone()));
        }
        for mut list in [ids, price_ids] {
            let count = list.len();
            list.sort();
            list.dedup();
            assert_eq!(list.len(), count);
        }
    }

    #[test]
    fn a_price_is_dollars_per_million() {
        let catalogue = Catalogue::built_in();
        let price = catalogue.price(&ModelId("claude-haiku-4-5".into()), NOW, 0).expect("known");
        let tokens = Tokens { input: 1_000_000, cache_write_5m: 1_000_000, output: 1_000_000, ..Tokens::default() };
        assert_eq!(price.cost(&tokens, 0), Ok(Money(7_250_000_000_000)), "$1 + $1.25 + $5");
        assert_eq!(catalogue.price(&ModelId("claude-haiku-4-5".into()), Timestamp(0), 0), None, "not sold then");
        assert!(catalogue.price(&ModelId(DEMO_MODEL.into()), Timestamp(0), 0).is_some());
    }

    #[test]
    fn approved_prices_hold_from_their_day_in_every_clone() {
        let catalogue = Catalogue::built_in();
        let clone = catalogue.clone();
        let id = ModelId("claude-haiku-4-5".into());
        let built_in = clone.price(&id, NOW, 0).expect("known");
        let later = PriceVersion { id: "later".into(), valid_from: Timestamp(NOW.0 + 5), input: 7, ..built_in.clone() };
        let sooner = PriceVersion { id: "sooner".into(), valid_from: NOW, input: 9, ..built_in.clone() };
        let new = PriceVersion { id: "new".into(), ..built_in.clone() };
        catalogue.take_up(PriceBook::from([
            (id.0.clone(), vec![later.clone(), sooner.clone()]),
            ("own-model".to_owned(), vec![new.clone()]),
        ]));
        let at = |at: i64| clone.price(&id, Timestamp(at), 0).map(|price| price.id);
        assert_eq!(at(NOW.0 - 1).as_deref(), Some(built_in.id.as_str()));
        assert_eq!((at(NOW.0).as_deref(), at(NOW.0 + 5).as_deref()), (Some("sooner"), Some("later")));
        assert_eq!(clone.price(&ModelId("own-model".into()), NOW, 0), Some(new));
        assert_eq!(
            clone.price(&id, NOW, 1_000).map(|price| (price.input, price.id)),
            Some((10, "sooner+1000bp".into()))
        );
    }
}
