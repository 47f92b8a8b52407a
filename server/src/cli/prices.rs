//! `steward prices …`: the price book. Versions come in as drafts and hold once they are approved; nothing is changed.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
};

use app::model::{Date, Timestamp};
use clap::{Args, Subcommand};

use super::tenants::{Failure, in_plain_words};
use crate::{
    db::{
        Db, SystemReason,
        price::{NewVersion, StoredVersion, price_approve, price_version_insert},
    },
    error::{Error, Result},
    models::{
        Catalogue, ModelId, PriceVersion, TokenPrices,
        price::file::{self, ListedPrice, PriceFile},
    },
    usage::prices::{book_of, effective_from, version_id, versions},
    world::World,
};

/// Longest file that is read.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
const DAY_MS: i64 = 86_400_000;
/// Where a file without a source of its own comes from.
const LITELLM: &str = "LiteLLM, model_prices_and_context_window.json";

#[derive(Subcommand)]
pub enum PricesCommand {
    /// Show the prices that hold, those to come, and drafts. Dollars for a million tokens.
    List {
        /// Only this model.
        #[arg(long)]
        model: Option<String>,
    },
    /// Take prices from a file as drafts; what holds already is left out.
    Import(Import),
    /// Show what a file, or the drafts, would change.
    Diff(Selection),
    /// Let drafts hold, from now or from the day they name.
    Approve {
        /// Numbers of drafts.
        #[arg(required_unless_present = "all")]
        numbers: Vec<i64>,
        /// The latest draft of every model.
        #[arg(long, conflicts_with = "numbers")]
        all: bool,
        /// Who approves, as it is kept.
        #[arg(long, env = "USER", default_value = "operator")]
        by: String,
    },
}

/// Which prices of which file.
#[derive(Args, Clone, Debug)]
pub struct Selection {
    /// Our own format (dollars for a million tokens), or LiteLLM's `model_prices_and_context_window.json`.
    pub file: Option<PathBuf>,
    /// Models to take, exact ids with commas between them. Without: those that are known here.
    #[arg(long, value_delimiter = ',')]
    pub models: Vec<String>,
}

/// A file to import.
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// Our own format (dollars for a million tokens), or LiteLLM's `model_prices_and_context_window.json`.
    pub file: PathBuf,
    /// Models to take, exact ids with commas between them. Without: those that are known here.
    #[arg(long, value_delimiter = ',')]
    pub models: Vec<String>,
    /// Where the prices were read, if the file does not say it.
    #[arg(long)]
    pub source: Option<String>,
    /// The day they were read, YYYY-MM-DD, if the file does not say it. Without: today.
    #[arg(long)]
    pub read_on: Option<Date>,
}

impl PricesCommand {
    /// Runs it and prints what was done.
    ///
    /// # Errors
    /// In words for the person at the terminal.
    pub async fn run(self, db: &Db, world: &World) -> std::result::Result<(), Failure> {
        print!("{}", self.execute(db, world).await.map_err(in_plain_words)?);
        Ok(())
    }

    /// Runs it; gives what is to be printed.
    ///
    /// # Errors
    /// In words for the person at the terminal.
    pub async fn execute(self, db: &Db, world: &World) -> Result<String> {
        let book = Book::read(db, world).await?;
        match self {
            Self::List { model } => Ok(book.list(model.as_deref())),
            Self::Import(import) => import.execute(db, world, &book).await,
            Self::Diff(Selection { file: Some(file), models }) => {
                let read = read_file(&file, &models, &book)?;
                let changes = read.prices.iter().map(|listed| book.change(&listed.model, &listed.price, &listed.note));
                Ok(changes.collect::<String>() + &refusals(&read))
            }
            Self::Diff(Selection { file: None, .. }) => {
                let drafts = book.drafts();
                let changes = drafts.iter().map(|draft| {
                    let version = &draft.version;
                    format!("draft {}, ", draft.number) + &book.change(&version.model, &version.price, &version.note)
                });
                let text: String = changes.collect();
                Ok(if text.is_empty() { "There are no drafts.\n".to_owned() } else { text })
            }
            Self::Approve { numbers, all, by } => {
                let numbers = if all { book.drafts().iter().map(|draft| draft.number).collect() } else { numbers };
                book.approve(db, world, &numbers, &by).await
            }
        }
    }
}

/// Everything that is known of prices.
struct Book {
    stored: Vec<StoredVersion>,
    catalogue: Catalogue,
    now: Timestamp,
}

impl Book {
    async fn read(db: &Db, world: &World) -> Result<Self> {
        let mut tx = db.read_directory().await?;
        let stored = versions(&mut tx).await?;
        let catalogue = Catalogue::built_in();
        catalogue.take_up(book_of(stored.clone()));
        Ok(Self { stored, catalogue, now: world.now() })
    }

    fn knows(&self, model: &str) -> bool {
        self.catalogue.models().any(|known| known.id.0 == model)
            || self.stored.iter().any(|stored| stored.version.model == model)
    }

    fn price(&self, model: &str) -> Option<PriceVersion> {
        self.catalogue.price(&ModelId(model.to_owned()), self.now, 0)
    }

    /// The latest version of each model, where that is not approved yet.
    fn drafts(&self) -> Vec<&StoredVersion> {
        let mut latest: BTreeMap<&str, &StoredVersion> = BTreeMap::new();
        for stored in &self.stored {
            latest.insert(&stored.version.model, stored);
        }
        latest.into_values().filter(|stored| stored.approved_by.is_none()).collect()
    }

    fn list(&self, only: Option<&str>) -> String {
        let built_in = self.catalogue.models().map(|model| model.id.0.clone());
        let models: BTreeSet<String> =
            built_in.chain(self.stored.iter().map(|stored| stored.version.model.clone())).collect();
        let drafts = self.drafts();
        let mut text = String::new();
        for model in models.iter().filter(|model| only.is_none_or(|only| only == *model)) {
            let now = self.price(model);
            let mut lines = Vec::new();
            for price in self.catalogue.built_in_prices(model) {
                lines.push((price.valid_from, price.clone(), "built in".to_owned()));
            }
            for stored in self.stored.iter().filter(|stored| stored.version.model == *model) {
                let version = &stored.version;
                let from = format!("read {} at {}", version.read_on, version.source);
                if let Some(by) = &stored.approved_by {
                    lines.push((version.price.valid_from, version.price.clone(), format!("{from}, approved by {by}")));
                }
            }
            lines.sort_by_key(|(from, ..)| *from);
            for (from, price, origin) in lines {
                let state = match &now {
                    Some(now) if now.id == price.id => "holds",
                    _ if from > self.now => "to come",
                    _ => "over",
                };
                text.push_str(&format!("{:<36} {state:<8} {} ({origin})\n", price.id, in_words(&price)));
            }
            for draft in drafts.iter().filter(|draft| draft.version.model == *model) {
                let note =
                    if draft.version.note.is_empty() { String::new() } else { format!("; {}", draft.version.note) };
                let name = format!("{model}, draft {}", draft.number);
                let NewVersion { price, read_on, source, .. } = &draft.version;
                text.push_str(&format!("{name:<36} draft    {} (read {read_on} at {source}{note})\n", in_words(price)));
            }
        }
        if text.is_empty() { "There is no such price.\n".to_owned() } else { text }
    }

    /// What a price would change, by class.
    fn change(&self, model: &str, new: &PriceVersion, note: &str) -> String {
        let old = self.price(model);
        let mut text = match &old {
            Some(old) if same(old, new) => return format!("{model}: as it is\n"),
            Some(old) => format!("{model}, now {}:\n", old.id),
            None => format!("{model}, now without a price:\n"),
        };
        let mut edges: BTreeSet<i64> = new.tiers.iter().map(|tier| tier.above).collect();
        edges.extend(old.iter().flat_map(|old| old.tiers.iter().map(|tier| tier.above)));
        for above in std::iter::once(0).chain(edges) {
            let at = above.saturating_add(1);
            let before = old.as_ref().map(|old| old.prices_at(at).classes());
            for (place, (class, price)) in new.prices_at(at).classes().into_iter().enumerate() {
                let before = before.as_ref().and_then(|classes| classes.get(place)).map(|(_, price)| *price);
                if before != Some(price) {
                    let tier = if above == 0 { String::new() } else { format!(" above {above} tokens") };
                    let before = before.map_or_else(|| "unknown".to_owned(), per_million);
                    text.push_str(&format!("  {class}{tier}: {before} → {}\n", per_million(price)));
                }
            }
        }
        let before = old.as_ref().map_or(0, |old| old.per_request);
        if before != new.per_request {
            text.push_str(&format!("  a request: {} → {}\n", dollars(before), dollars(new.per_request)));
        }
        if !note.is_empty() {
            text.push_str(&format!("  ({note})\n"));
        }
        text
    }

    async fn approve(&self, db: &Db, world: &World, numbers: &[i64], by: &str) -> Result<String> {
        let mut taken: HashSet<String> = self.stored.iter().map(|stored| stored.version.price.id.clone()).collect();
        for model in self.catalogue.models() {
            taken.extend(self.catalogue.built_in_prices(&model.id.0).iter().map(|price| price.id.clone()));
        }
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let mut text = String::new();
        for number in numbers {
            let found = self.stored.iter().find(|stored| stored.number == *number);
            let draft = found.ok_or_else(|| Error::Conflict(format!("there is no draft {number}")))?;
            if draft.approved_by.is_some() {
                return Err(Error::Conflict(format!("{number} is approved already: {}", draft.version.price.id)));
            }
            let NewVersion { model, wanted_from, .. } = &draft.version;
            let has_price = self.price(model).is_some();
            let from = effective_from(*wanted_from, self.now, has_price)
                .map_err(|why| Error::Conflict(format!("draft {number} of {model}: {why}; import it again")))?;
            let id = version_id(model, from, &taken);
            price_approve(&mut tx, *number, &id, from, by, self.now).await?;
            text.push_str(&format!("{id} holds from {from}.\n"));
            taken.insert(id);
        }
        if text.is_empty() {
            return Ok("There are no drafts.\n".to_owned());
        }
        tx.commit(world.id(), world.now(), &format!("prices approve {numbers:?} by {by}")).await?;
        text.push_str("Running servers take them up within 5 seconds.\n");
        Ok(text)
    }
}

impl Import {
    async fn execute(self, db: &Db, world: &World, book: &Book) -> Result<String> {
        let read = read_file(&self.file, &self.models, book)?;
        let today = Date::from_days(world.now().0.div_euclid(DAY_MS));
        let source = read.source.clone().or(self.source).unwrap_or_else(|| LITELLM.to_owned());
        let read_on = read.read_on.or(self.read_on).unwrap_or(today);
        let drafts = book.drafts();
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let (mut text, mut known) = (String::new(), 0);
        for ListedPrice { model, wanted_from, price, web_search, note } in &read.prices {
            let is_draft = drafts.iter().any(|draft| {
                let version = &draft.version;
                version.model == *model && same(&version.price, price) && version.wanted_from == *wanted_from
            });
            if is_draft || book.price(model).is_some_and(|now| same(&now, price)) {
                known += 1;
                continue;
            }
            let new = NewVersion {
                model: model.clone(),
                source: source.clone(),
                read_on,
                wanted_from: *wanted_from,
                price: price.clone(),
                web_search: *web_search,
                note: note.clone(),
            };
            let number = price_version_insert(&mut tx, &new, world.now()).await?;
            text.push_str(&format!("draft {number}, {}", book.change(model, price, note)));
        }
        if !text.is_empty() {
            tx.commit(world.id(), world.now(), &format!("prices import from {source}")).await?;
            text.push_str("Look at them with `steward prices diff`, then `steward prices approve NUMBER…|--all`.\n");
        }
        if known > 0 {
            text.push_str(&format!("{known} are known already.\n"));
        }
        text.push_str(&refusals(&read));
        Ok(if text.is_empty() {
            "The file has no price of a model that is known here. Name models with --models.\n".to_owned()
        } else {
            text
        })
    }
}

fn read_file(path: &Path, models: &[String], book: &Book) -> Result<PriceFile> {
    let problem = |why: String| Error::invalid("file", format!("{}: {why}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?.len();
    if length > MAX_FILE_BYTES {
        return Err(problem(format!("more than {} MB", MAX_FILE_BYTES / 1024 / 1024)));
    }
    let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    let wants = |model: &str| {
        if models.is_empty() { book.knows(model) } else { models.iter().any(|wanted| wanted == model) }
    };
    let mut read = file::read(&text, wants).map_err(problem)?;
    if !models.is_empty() {
        read.prices.retain(|listed| wants(&listed.model));
    }
    Ok(read)
}

fn refusals(read: &PriceFile) -> String {
    read.refused.iter().map(|(model, why)| format!("{model} is left out: {why}\n")).collect()
}

/// Whether two versions charge the same.
fn same(a: &PriceVersion, b: &PriceVersion) -> bool {
    (a.base(), a.per_request, &a.tiers) == (b.base(), b.per_request, &b.tiers)
}

/// `$2.50 in, $15.00 out, …`.
fn in_words(price: &PriceVersion) -> String {
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
    text
}

/// Pico-dollars a token as dollars for a million, exact.
fn per_million(pico: i64) -> String {
    decimal(pico, 1_000_000, 6)
}

/// Pico-dollars as dollars, exact.
fn dollars(pico: i64) -> String {
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
