//! `steward reconcile`: a provider's invoice beside the books, and corrections of them.

use std::{collections::BTreeMap, fs, path::PathBuf};

use app::model::{Date, Money, TenantCode, TenantId};
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};

use super::tenants::{Failure, get_tenant, in_plain_words, list_all};
use crate::{
    db::{
        Db, SystemReason,
        tenant::{Tenant, tenant_list},
    },
    error::{Error, Result},
    usage::{
        reconcile::{
            Authority, Bounds, Compared, Comparison, book, compare,
            invoice::{self, Columns},
        },
        report::csv::dollars,
    },
    world::World,
};

/// Largest export.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Compares what a provider billed with what was booked of it, by UTC day and model. Without --book nothing is changed.
#[derive(Args, Clone, Debug)]
pub struct ReconcileArgs {
    /// The tenant the invoice is of; or --all.
    #[arg(required_unless_present = "all")]
    pub code: Option<TenantCode>,
    /// The invoice is of all tenants together.
    #[arg(long, conflicts_with = "code")]
    pub all: bool,
    /// Whose invoice it is.
    #[arg(long, value_enum)]
    pub provider: Provider,
    /// The export: CSV with a heading (Anthropic Console: Cost, export; OpenAI: Usage, costs, export).
    #[arg(long, value_name = "FILE.csv")]
    pub file: PathBuf,
    /// Which column is which, where they are not called as usual: day=NAME,model=NAME,cost=NAME,unit=dollars|cents.
    #[arg(long, value_parser = Columns::parse, default_value = "")]
    pub columns: Columns,
    /// Book the differences as corrections.
    #[arg(long, requires = "reason", requires = "author")]
    pub book: bool,
    /// Why, as it is written in the books.
    #[arg(long)]
    pub reason: Option<String>,
    /// Who, as it is written in the books.
    #[arg(long)]
    pub author: Option<String>,
    /// Days and models that the export does not mention were not billed.
    #[arg(long)]
    pub absent_is_zero: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Anthropic,
    Openai,
}

impl ReconcileArgs {
    /// Runs it and prints the comparison.
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
    /// In words for the person at the terminal; nothing is booked then.
    pub async fn execute(self, db: &Db, world: &World) -> Result<String> {
        let bytes = self.bytes()?;
        let invoice =
            invoice::read(bytes.as_slice(), &self.columns).map_err(|problem| Error::invalid("--file", problem))?;
        if invoice.is_empty() {
            return Err(Error::invalid("--file", "there is nothing in it"));
        }
        let provider = match self.provider {
            Provider::Anthropic => "anthropic",
            Provider::Openai => "openai",
        };
        // Looking keeps nobody from writing.
        let mut tx = if self.book {
            db.begin_system(SystemReason::Administration).await?
        } else {
            db.read_system(SystemReason::Administration).await?
        };
        let tenants: Vec<TenantId> = match &self.code {
            Some(code) => vec![get_tenant(&mut tx, code.as_str()).await?.id],
            None => {
                let all: Vec<Tenant> = list_all!(after, limit => tenant_list(&mut tx, &after, limit).await?,
                    |last: &Tenant| last.code.to_string());
                all.into_iter().map(|tenant| tenant.id).collect()
            }
        };
        let comparison = compare(&mut tx, &tenants, provider, &invoice).await?;
        let mut text = table(&comparison);
        if !self.book {
            text.push_str(if differs(&comparison) { "Nothing was booked: see --book.\n" } else { "They agree.\n" });
            return Ok(text);
        }
        let authority = Authority {
            author: line("--author", self.author.as_deref())?,
            reason: line("--reason", self.reason.as_deref())?,
            source: self.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            source_sha256: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let bounds = Bounds { is_of_one_tenant: self.code.is_some(), absent_is_zero: self.absent_is_zero };
        let (corrected, left) = book(&mut tx, world, provider, &comparison, &authority, bounds).await?;
        let detail =
            format!("reconcile {provider} {} by {}: {corrected} corrections", authority.source, authority.author);
        tx.commit(world.id(), world.now(), &detail).await?;
        text.push_str(&format!("{corrected} calls were corrected.\n"));
        text.push_str(&unexplained(&left));
        Ok(text)
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        let unreadable = |error: std::io::Error| Error::invalid("--file", format!("{}: {error}", self.file.display()));
        if fs::metadata(&self.file).map_err(unreadable)?.len() > MOST_BYTES {
            return Err(Error::invalid("--file", "it is larger than 256 MB"));
        }
        fs::read(&self.file).map_err(unreadable)
    }
}

/// What goes into the books: one line.
fn line(field: &'static str, text: Option<&str>) -> Result<String> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() || text.len() > 500 || text.contains(char::is_control) {
        return Err(Error::invalid(field, "write one line of 1 to 500 letters"));
    }
    Ok(text.to_owned())
}

fn differs(comparison: &Comparison) -> bool {
    comparison.values().any(|row| row.difference_pico() != 0)
}

fn table(comparison: &Comparison) -> String {
    let mut text = format!(
        "{:<10}  {:<34} {:>18} {:>18} {:>18}  what may explain it\n",
        "day (UTC)", "model", "invoice", "books", "difference"
    );
    let mut sums = [0_i64; 3];
    for ((day, _), row) in comparison {
        let figures = [row.invoiced_pico.unwrap_or(0), row.booked_pico, row.difference_pico()];
        for (sum, figure) in sums.iter_mut().zip(figures) {
            *sum = sum.saturating_add(figure);
        }
        let [invoiced, booked, difference] = figures.map(|pico| dollars(Money(pico)));
        let invoiced = if row.invoiced_pico.is_none() { "not mentioned".to_owned() } else { invoiced };
        text.push_str(&format!(
            "{day}  {:<34} {invoiced:>18} {booked:>18} {difference:>18}  {}\n",
            row.model,
            explanation(row)
        ));
    }
    let [invoiced, booked, difference] = sums.map(|pico| dollars(Money(pico)));
    text.push_str(&format!("{:<10}  {:<34} {invoiced:>18} {booked:>18} {difference:>18}\n", "all", ""));
    text
}

fn explanation(row: &Compared) -> String {
    if row.difference_pico() == 0 {
        return "–".to_owned();
    }
    if row.calls == 0 {
        return "no such calls here: was the provider's key used elsewhere?".to_owned();
    }
    let mut words = Vec::new();
    for (count, pico, what) in [
        (row.unknown_calls, row.unknown_pico, "never heard of"),
        (row.estimated_calls, row.estimated_pico, "estimated"),
    ] {
        if count > 0 {
            words.push(format!("{count} {what} at {}", dollars(Money(pico))));
        }
    }
    if words.is_empty() { "all calls are exact".to_owned() } else { words.join(", ") }
}

fn unexplained(left: &BTreeMap<(Date, String), i64>) -> String {
    let mut text = String::new();
    for ((day, model), pico) in left {
        text.push_str(&format!("Not booked, because no call explains it: {day} {model} {}\n", dollars(Money(*pico))));
    }
    text
}
