//! `steward prices …`: the price book. Versions come in as drafts and hold once they are approved; nothing is changed.

mod book;
mod dollars;

use std::path::{Path, PathBuf};

use app::model::Date;
use clap::{Args, Subcommand};

use self::book::{Book, same};
use super::tenants::{Failure, in_plain_words};
use crate::{
    db::{
        Db, SystemReason,
        price::{NewVersion, price_version_insert},
    },
    error::{Error, Result},
    models::price::file::{self, ListedPrice, PriceFile},
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
                let changes = read.prices.iter().map(|listed| {
                    book.change(&listed.model, &book.with_fee(&listed.model, &listed.price), &listed.note)
                });
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

impl Import {
    async fn execute(self, db: &Db, world: &World, book: &Book) -> Result<String> {
        let read = read_file(&self.file, &self.models, book)?;
        let today = Date::from_days(world.now().0.div_euclid(DAY_MS));
        let source = read.source.clone().or(self.source).unwrap_or_else(|| LITELLM.to_owned());
        let read_on = read.read_on.or(self.read_on).unwrap_or(today);
        let drafts = book.drafts();
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let (mut text, mut known) = (String::new(), 0);
        for ListedPrice { model, wanted_from, price, note } in &read.prices {
            let price = &book.with_fee(model, price);
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
