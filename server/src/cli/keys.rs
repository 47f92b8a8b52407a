//! `steward key …`: keys for programs at the gateway.

use app::model::{DisplayName, Timestamp};
use clap::{Args, Subcommand};

use super::tenants::{Failure, PAGE, PAGE_LEN, get_tenant, in_plain_words};
use crate::{
    db::{
        Db, SystemReason, SystemTx,
        api_key::{ApiKey, api_key_end, api_key_find, api_key_list},
        ledger::Books,
        user::user_find_by_email,
    },
    error::{Error, Result},
    identity::api_keys::{self, WantedKey},
    world::World,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const HOUR_MS: i64 = 60 * 60 * 1_000;

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it, once.
    Create(Create),
    /// Show a tenant's keys.
    List { tenant: String },
    /// End a key now; programs that use it are refused within a second.
    Revoke {
        /// The twelve letters after `stw_`.
        id: String,
    },
    /// Make a key like this one and print it; the old one ends after a while.
    Rotate {
        /// The twelve letters after `stw_`.
        id: String,
        /// Hours that the old key goes on.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(0..=8_760))]
        grace_hours: i64,
    },
}

/// What a new key is for.
#[derive(Args)]
pub struct Create {
    /// The tenant's short name.
    pub tenant: String,
    /// What it is for, as shown.
    #[arg(long)]
    pub name: String,
    /// The e-mail of the member it acts as. Without: a service's key, with an account of its own.
    #[arg(long)]
    pub user: Option<String>,
    /// Its requests may name the member they are made for (`X-OpenWebUI-User-Email` and the like).
    #[arg(long)]
    pub trusted_front_end: bool,
    /// Requests a minute at most.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub requests_per_minute: Option<i64>,
    /// Tokens a minute at most.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub tokens_per_minute: Option<i64>,
    /// Requests at once at most.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    pub concurrent: Option<i64>,
    /// Models it may ask, exact ids with commas between them. Without: all.
    #[arg(long, value_delimiter = ',')]
    pub models: Vec<String>,
    /// Days until it ends. Without: it does not end by itself.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=36_500))]
    pub days: Option<i64>,
}

impl KeyCommand {
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
            Self::Create(create) => create.execute(db, world).await,
            Self::List { tenant } => list(db, world, &tenant).await,
            Self::Revoke { id } => {
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let key = get(&mut tx, &id).await?;
                api_key_end(Books::within(&tx, key.tenant), &mut tx, key.id, world.now(), true).await?;
                tx.commit(world.id(), world.now(), &format!("key revoke {}", key.public_id)).await?;
                Ok(format!("The key {} ({}) of {} is revoked.\n", key.public_id, key.name, key.tenant_code))
            }
            Self::Rotate { id, grace_hours } => {
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let key = get(&mut tx, &id).await?;
                if !key.is_usable(world.now()) {
                    return Err(Error::Conflict(format!("the key {} is over; make a new one", key.public_id)));
                }
                let text = api_keys::rotate(&mut tx, world, &key, grace_hours * HOUR_MS).await?;
                tx.commit(world.id(), world.now(), &format!("key rotate {}", key.public_id)).await?;
                Ok(shown(&text.reveal(), &format!("The old key ends in {grace_hours} hours.\n")))
            }
        }
    }
}

impl Create {
    async fn execute(self, db: &Db, world: &World) -> Result<String> {
        let name = DisplayName::parse(&self.name).map_err(|problem| Error::invalid("--name", problem.to_string()))?;
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let tenant = get_tenant(&mut tx, &self.tenant).await?;
        let user = match &self.user {
            None => None,
            Some(email) => {
                let found = user_find_by_email(&mut tx, &email.trim().to_lowercase()).await?;
                Some(found.ok_or_else(|| Error::invalid("--user", format!("there is nobody with {email}")))?.id)
            }
        };
        let expires_at = self.days.map(|days| Timestamp(world.now().0.saturating_add(days.saturating_mul(DAY_MS))));
        let wanted = WantedKey {
            name: name.as_str().to_owned(),
            user,
            profile: None,
            is_trusted_front_end: self.trusted_front_end,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            max_concurrent: self.concurrent,
            models: self.models,
            expires_at,
        };
        let text = api_keys::create(&mut tx, world, tenant.id, None, &wanted).await?;
        tx.commit(world.id(), world.now(), &format!("key create {} for {}", text.public_id(), tenant.code)).await?;
        Ok(shown(&text.reveal(), ""))
    }
}

fn shown(key: &str, more: &str) -> String {
    format!("{key}\nKeep it now: it is not shown again.\n{more}")
}

async fn get(tx: &mut SystemTx, id: &str) -> Result<ApiKey> {
    let public_id = id.strip_prefix("stw_").unwrap_or(id);
    api_key_find(tx, public_id).await?.ok_or_else(|| Error::invalid("id", format!("there is no key {public_id}")))
}

async fn list(db: &Db, world: &World, tenant: &str) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let tenant = get_tenant(&mut tx, tenant).await?;
    let books = Books::within(&tx, tenant.id);
    let (mut text, mut after) = (String::new(), String::new());
    loop {
        let page = api_key_list(books, &mut tx, None, &after, PAGE).await?;
        for key in &page {
            let state = match (key.revoked_at, key.is_usable(world.now())) {
                (Some(_), _) => "revoked",
                (None, true) => "active",
                (None, false) => "expired",
            };
            let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
            text.push_str(&format!(
                "stw_{} {:<8} {:<8} {:<32} {:<32} {used}\n",
                key.public_id,
                state,
                key.kind.as_str(),
                key.user_email,
                key.name
            ));
        }
        match page.last() {
            Some(last) if page.len() == PAGE_LEN => after.clone_from(&last.public_id),
            _ => break,
        }
    }
    if text.is_empty() {
        text = format!("{} has no keys. Make one with `steward key create {} --name …`.\n", tenant.code, tenant.code);
    }
    Ok(text)
}
