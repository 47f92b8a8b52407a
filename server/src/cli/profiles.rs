//! `steward profile …`: profiles of a tenant, and which keys are bound to them.

use std::path::PathBuf;

use app::model::DisplayName;
use clap::{Args, Subcommand};

use super::tenants::{Failure, get_tenant, in_plain_words, list_all};
use crate::{
    db::{
        Db, SystemReason,
        ledger::Books,
        profile::{
            Profile, Savings, profile_by_slug, profile_insert, profile_list, profile_of_key, profile_savings,
            profile_update,
        },
    },
    error::{Error, Result},
    gateway::profile::MAX_SLUG,
    models::Catalogue,
    world::World,
};

/// Longest instructions: every request pays for them.
const MAX_PROMPT_BYTES: usize = 64 * 1024;
const MAX_FALLBACKS: usize = 4;

#[derive(Subcommand)]
pub enum ProfileCommand {
    /// Make a profile: clients come under it by its name in their base URL.
    Create {
        /// The tenant's short name.
        tenant: String,
        /// Its name in addresses: 2 to 64 of a-z, 0-9 and -.
        slug: String,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Change what is named of a profile.
    Set {
        tenant: String,
        slug: String,
        /// Another name in addresses; books and budgets stay with it.
        #[arg(long)]
        rename: Option<String>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Show a tenant's profiles.
    List {
        tenant: String,
        /// What their cost rules have saved.
        #[arg(long)]
        savings: bool,
    },
    /// Refuse requests under a profile, as if it were not there.
    Disable { tenant: String, slug: String },
    /// Allow them again.
    Enable { tenant: String, slug: String },
    /// Bind a key to a profile: its requests come under it at every address, and under no other.
    Bind {
        tenant: String,
        slug: String,
        /// The twelve letters after `stw_`.
        key: String,
    },
    /// Let a key use any profile of its tenant, or none.
    Unbind {
        tenant: String,
        /// The twelve letters after `stw_`.
        key: String,
    },
}

/// What a profile says. What is not named stays.
#[derive(Args, Clone, Debug, Default)]
pub struct Settings {
    /// As shown.
    #[arg(long)]
    pub name: Option<String>,
    /// The model that answers whatever a request names, exact id; empty: the request's own.
    #[arg(long)]
    pub model: Option<String>,
    /// What is asked when it does not answer, in order, exact ids with commas between them; empty: as the server is set up.
    #[arg(long = "fallback", value_delimiter = ',')]
    pub fallbacks: Option<Vec<String>>,
    /// A file with instructions that are put before a request's own.
    #[arg(long, value_name = "FILE")]
    pub prompt_file: Option<PathBuf>,
    /// No instructions.
    #[arg(long, conflicts_with = "prompt_file")]
    pub no_prompt: bool,
    /// Requests may bring tools.
    #[arg(long)]
    pub tools: bool,
    /// Requests that bring tools are refused.
    #[arg(long, conflicts_with = "tools")]
    pub no_tools: bool,
    /// Output tokens of one answer at most; 0: the model's.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    pub max_output: Option<i64>,
    /// Where easy requests go, exact id; empty: nowhere else.
    #[arg(long)]
    pub cheaper_model: Option<String>,
    /// Easy are requests without tools whose input has fewer tokens than this, for certain (bytes are counted); 0: none.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    pub cheaper_below_tokens: Option<i64>,
    /// All requests go there while the tightest budget has less than so many percent left; 0: never.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..=100))]
    pub cheaper_when_budget_below: Option<i64>,
}

impl ProfileCommand {
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
        match self {
            Self::Create { tenant, slug, settings } => create(db, world, &tenant, &slug, *settings).await,
            Self::Set { tenant, slug, rename, settings } => {
                change(db, world, &tenant, &slug, |profile| {
                    if let Some(rename) = &rename {
                        profile.slug = parse_slug(rename)?;
                    }
                    settings.apply(profile)
                })
                .await
            }
            Self::List { tenant, savings } => list(db, &tenant, savings).await,
            Self::Disable { tenant, slug } => {
                change(db, world, &tenant, &slug, |profile| {
                    profile.is_disabled = true;
                    Ok(())
                })
                .await
            }
            Self::Enable { tenant, slug } => {
                change(db, world, &tenant, &slug, |profile| {
                    profile.is_disabled = false;
                    Ok(())
                })
                .await
            }
            Self::Bind { tenant, slug, key } => bind(db, world, &tenant, Some(&slug), &key).await,
            Self::Unbind { tenant, key } => bind(db, world, &tenant, None, &key).await,
        }
    }
}

async fn create(db: &Db, world: &World, tenant: &str, slug: &str, settings: Settings) -> Result<String> {
    let slug = parse_slug(slug)?;
    let mut profile = Profile {
        id: world.id(),
        name: slug.clone(),
        slug,
        model: None,
        fallbacks: Vec::new(),
        system_prompt: String::new(),
        allows_tools: true,
        max_output: None,
        is_disabled: false,
        cheaper_model: None,
        cheaper_below_tokens: None,
        cheaper_when_budget_below: None,
    };
    settings.apply(&mut profile)?;
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    let tenant = get_tenant(&mut tx, tenant).await?;
    let books = Books::within(&tx, tenant.id);
    match profile_insert(books, &mut tx, &profile, world.now()).await {
        Err(crate::db::Error::Duplicate(_)) => return Err(taken(&profile.slug)),
        other => other?,
    }
    tx.commit(world.id(), world.now(), &format!("profile create {} of {}", profile.slug, tenant.code)).await?;
    let slug = &profile.slug;
    Ok(format!(
        "The profile {slug} was made. Base URLs: …/v1/openai/{slug} (OpenAI), …/v1/anthropic/{slug} (Anthropic), …/ollama/{slug} (Ollama).\n{}",
        unknown_models(&profile)
    ))
}

async fn change(
    db: &Db,
    world: &World,
    tenant: &str,
    slug: &str,
    change: impl FnOnce(&mut Profile) -> Result<()>,
) -> Result<String> {
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    let tenant = get_tenant(&mut tx, tenant).await?;
    let books = Books::within(&tx, tenant.id);
    let found = profile_by_slug(books, &mut tx, slug).await?;
    let mut profile = found.ok_or_else(|| Error::Conflict(format!("there is no profile {slug} in {}", tenant.code)))?;
    change(&mut profile)?;
    match profile_update(books, &mut tx, &profile, world.now()).await {
        Err(crate::db::Error::Duplicate(_)) => return Err(taken(&profile.slug)),
        other => other?,
    }
    tx.commit(world.id(), world.now(), &format!("profile set {} of {}", profile.slug, tenant.code)).await?;
    Ok(format!("{}\n{}", in_words(&profile), unknown_models(&profile)))
}

async fn bind(db: &Db, world: &World, tenant: &str, slug: Option<&str>, key: &str) -> Result<String> {
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    let tenant = get_tenant(&mut tx, tenant).await?;
    let books = Books::within(&tx, tenant.id);
    let profile = match slug {
        Some(slug) => {
            let found = profile_by_slug(books, &mut tx, slug).await?;
            let missing = || Error::Conflict(format!("there is no profile {slug} in {}", tenant.code));
            Some(found.ok_or_else(missing)?.id)
        }
        None => None,
    };
    let key = key.strip_prefix("stw_").unwrap_or(key);
    if !profile_of_key(books, &mut tx, key, profile).await? {
        return Err(Error::Conflict(format!("there is no key {key} in {}", tenant.code)));
    }
    tx.commit(world.id(), world.now(), &format!("profile of key {key}: {}", slug.unwrap_or("none"))).await?;
    Ok(match slug {
        Some(slug) => format!("Requests with the key {key} come under the profile {slug}.\n"),
        None => format!("The key {key} is bound to no profile.\n"),
    })
}

async fn list(db: &Db, tenant: &str, with_savings: bool) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let tenant = get_tenant(&mut tx, tenant).await?;
    let books = Books::within(&tx, tenant.id);
    let profiles = list_all!(after, limit => profile_list(books, &mut tx, &after, limit).await?, |last: &Profile| last.slug.clone());
    if profiles.is_empty() {
        return Ok(format!("{0} has no profiles. Make one with `steward profile create {0} NAME`.\n", tenant.code));
    }
    let savings = if with_savings { profile_savings(books, &mut tx).await? } else { Vec::new() };
    let mut text = String::new();
    for profile in &profiles {
        text.push_str(&in_words(profile));
        if with_savings {
            let of_it = savings.iter().find(|savings| savings.profile == profile.id);
            text.push_str(&of_it.map_or_else(|| "; its rules chose nothing yet".to_owned(), saved));
        }
        text.push('\n');
    }
    Ok(text)
}

fn saved(savings: &Savings) -> String {
    let saved = savings.baseline.0.saturating_sub(savings.cost.0);
    let share = if savings.baseline.0 > 0 { i128::from(saved) * 100 / i128::from(savings.baseline.0) } else { 0 };
    format!(
        "; {} calls went to the cheaper model: {} instead of {}, {share}% saved",
        savings.calls, savings.cost, savings.baseline
    )
}

fn taken(slug: &str) -> Error {
    Error::Conflict(format!("there is a profile {slug} already"))
}

fn parse_slug(slug: &str) -> Result<String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_fine = (2..=MAX_SLUG).contains(&slug.len()) && slug.bytes().all(allowed) && !slug.starts_with('-');
    is_fine.then(|| slug.to_owned()).ok_or_else(|| {
        Error::invalid("slug", format!("a profile's name in addresses is 2 to {MAX_SLUG} of a-z, 0-9 and -"))
    })
}

/// An exact id; empty: none.
fn parse_model(field: &'static str, id: &str) -> Result<Option<String>> {
    let id = id.trim();
    if id.len() > 200 || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(field, "this is not the id of a model"));
    }
    Ok((!id.is_empty()).then(|| id.to_owned()))
}

impl Settings {
    fn apply(&self, profile: &mut Profile) -> Result<()> {
        if let Some(name) = &self.name {
            let name = DisplayName::parse(name).map_err(|problem| Error::invalid("--name", problem.to_string()))?;
            profile.name = name.as_str().to_owned();
        }
        if let Some(model) = &self.model {
            profile.model = parse_model("--model", model)?;
        }
        if let Some(fallbacks) = &self.fallbacks {
            let ids = fallbacks.iter().map(|id| parse_model("--fallback", id));
            profile.fallbacks = ids.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
            if profile.fallbacks.len() > MAX_FALLBACKS {
                return Err(Error::invalid("--fallback", format!("at most {MAX_FALLBACKS} models")));
            }
        }
        if let Some(path) = &self.prompt_file {
            profile.system_prompt = prompt(path)?;
        }
        if self.no_prompt {
            profile.system_prompt = String::new();
        }
        if self.tools || self.no_tools {
            profile.allows_tools = self.tools;
        }
        let unless_zero = |number: i64| (number > 0).then_some(number);
        profile.max_output = self.max_output.map_or(profile.max_output, unless_zero);
        if let Some(model) = &self.cheaper_model {
            profile.cheaper_model = parse_model("--cheaper-model", model)?;
        }
        profile.cheaper_below_tokens = self.cheaper_below_tokens.map_or(profile.cheaper_below_tokens, unless_zero);
        profile.cheaper_when_budget_below =
            self.cheaper_when_budget_below.map_or(profile.cheaper_when_budget_below, unless_zero);
        Ok(())
    }
}

fn prompt(path: &std::path::Path) -> Result<String> {
    let problem = |why: String| Error::invalid("--prompt-file", format!("{}: {why}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?.len();
    if length > MAX_PROMPT_BYTES as u64 {
        return Err(problem(format!("at most {MAX_PROMPT_BYTES} bytes of text")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    if text.contains('\0') {
        return Err(problem("this is not a text".to_owned()));
    }
    Ok(text.trim().to_owned())
}

/// Models that do not come with the program: they may be the server's own, or mistyped.
fn unknown_models(profile: &Profile) -> String {
    let catalogue = Catalogue::built_in();
    let named = profile.model.iter().chain(&profile.cheaper_model).chain(&profile.fallbacks);
    let unknown: Vec<&str> =
        named.map(String::as_str).filter(|id| catalogue.models().all(|model| model.id.0 != *id)).collect();
    if unknown.is_empty() {
        return String::new();
    }
    format!("Not built in, so the server has to be told of it: {}.\n", unknown.join(", "))
}

fn in_words(profile: &Profile) -> String {
    let mut text = format!("{:<24} {}", profile.slug, profile.model.as_deref().unwrap_or("any model"));
    if !profile.fallbacks.is_empty() {
        text.push_str(&format!(", then {}", profile.fallbacks.join(", then ")));
    }
    if !profile.system_prompt.is_empty() {
        text.push_str(&format!("; {} bytes of instructions", profile.system_prompt.len()));
    }
    if !profile.allows_tools {
        text.push_str("; no tools");
    }
    if let Some(most) = profile.max_output {
        text.push_str(&format!("; {most} output tokens at most"));
    }
    if let Some(cheaper) = &profile.cheaper_model {
        let short = profile.cheaper_below_tokens.map(|below| format!("below {below} tokens without tools"));
        let budget =
            profile.cheaper_when_budget_below.map(|below| format!("while less than {below}% of a budget is left"));
        let rules: Vec<String> = short.into_iter().chain(budget).collect();
        let when = if rules.is_empty() { "never".to_owned() } else { rules.join(", or ") };
        text.push_str(&format!("; {cheaper} {when}"));
    }
    if profile.is_disabled {
        text.push_str("; disabled");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_names_in_addresses() {
        for fine in ["ab", "support-bot-2", &"a".repeat(64)] {
            assert!(parse_slug(fine).is_ok(), "{fine}");
        }
        for wrong in ["", "a", "A-bot", "a bot", "-bot", "a/b", "..", "ä-bot", &"a".repeat(65)] {
            assert!(parse_slug(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn models_are_ids_or_nothing() {
        assert_eq!(parse_model("--model", " gpt-5.4 ").ok().flatten().as_deref(), Some("gpt-5.4"));
        assert_eq!(parse_model("--model", "").ok(), Some(None));
        assert!(parse_model("--model", "a b").is_err());
    }
}
