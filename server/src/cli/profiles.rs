//! `steward profile …`: profiles of a tenant, and which keys are bound to them.

mod settings;

use clap::Subcommand;

pub use self::settings::Settings;
use self::settings::parse_slug;
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
    models::Catalogue,
    world::World,
};

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
