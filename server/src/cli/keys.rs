//! `steward key …`: keys for programs at the gateway. Changing one is in [`set`].

mod set;

use app::model::{DisplayName, Timestamp};
use clap::{Args, Subcommand};

use super::tenants::{Failure, PAGE, PAGE_LEN, get_tenant, in_plain_words};
use crate::{
    db::{
        Db, SystemReason, SystemTx,
        api_key::{ApiKey, Scopes, UnknownPerson, api_key_end, api_key_find, api_key_list, change::api_key_former_end},
        front_end::{front_end_person_bind, front_end_person_unbind},
        ledger::Books,
        profile::profile_by_slug,
        team::person_find,
        user::user_find_by_email,
    },
    error::{Error, Result},
    identity::api_keys::{self, WantedKey},
    models::Catalogue,
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
    /// Give a key another secret and print it; the one before ends after a while. Limits, budgets and people stay.
    Rotate {
        /// The twelve letters after `stw_`.
        id: String,
        /// Hours that the old secret goes on.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(0..=8_760))]
        grace_hours: i64,
    },
    /// Change what is named of a key.
    Set(set::Set),
    /// Say whom a front end means by an id of its own.
    Bind {
        /// The twelve letters after `stw_`.
        id: String,
        /// `archestra:ID` or `openwebui:ID`.
        external_id: String,
        /// The e-mail of a member of the key's tenant.
        email: String,
    },
    /// Forget whom a front end means by an id of its own.
    Unbind {
        /// The twelve letters after `stw_`.
        id: String,
        /// `archestra:ID` or `openwebui:ID`.
        external_id: String,
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
    /// What happens to somebody it names who has no account: "refuse", or "provision" (an account that cannot sign in).
    #[arg(long, value_name = "refuse|provision", default_value = "refuse", requires = "trusted_front_end")]
    pub unknown: UnknownPerson,
    /// A profile of the tenant, by its short name: requests with this key come under it at every address.
    #[arg(long)]
    pub profile: Option<String>,
    /// It may administer its tenant in LiteLLM's way, too: a service's key.
    #[arg(long, conflicts_with_all = ["user", "trusted_front_end"])]
    pub admin: bool,
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
                let books = Books::within(&tx, key.tenant);
                let what = if key.former_until.is_some() {
                    api_key_former_end(books, &mut tx, &key.public_id, world.now()).await?;
                    "former secret"
                } else {
                    api_key_end(books, &mut tx, key.id, world.now(), true).await?;
                    "key"
                };
                tx.commit(world.id(), world.now(), &format!("key revoke {}", key.public_id)).await?;
                Ok(format!("The {what} {} ({}) of {} is revoked.\n", key.public_id, key.name, key.tenant_code))
            }
            Self::Rotate { id, grace_hours } => {
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let key = get(&mut tx, &id).await?;
                if !key.is_usable(world.now()) {
                    return Err(Error::Conflict(format!("the key {} is over; make a new one", key.public_id)));
                }
                let text = api_keys::rotate(&mut tx, world, &key, grace_hours * HOUR_MS).await?;
                tx.commit(world.id(), world.now(), &format!("key rotate {}", key.public_id)).await?;
                Ok(shown(&text.reveal(), &format!("The old secret ends in {grace_hours} hours.\n")))
            }
            Self::Set(set) => set.execute(db, world).await,
            Self::Bind { id, external_id, email } => {
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let key = get(&mut tx, &id).await?;
                let found = user_find_by_email(&mut tx, &email.trim().to_lowercase()).await?;
                let user = found.ok_or_else(|| Error::invalid("email", format!("there is nobody with {email}")))?.id;
                check_external_id(&external_id)?;
                let books = Books::within(&tx, key.tenant);
                front_end_person_unbind(books, &mut tx, key.id, &external_id).await?;
                front_end_person_bind(books, &mut tx, key.id, &external_id, user, world.now()).await?;
                let detail = format!("key bind {} {external_id} to {user}", key.public_id);
                tx.commit(world.id(), world.now(), &detail).await?;
                Ok(format!("{external_id} is {email} for the key {}.\n", key.public_id))
            }
            Self::Unbind { id, external_id } => {
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let key = get(&mut tx, &id).await?;
                let books = Books::within(&tx, key.tenant);
                if !front_end_person_unbind(books, &mut tx, key.id, &external_id).await? {
                    return Err(Error::invalid("external-id", format!("the key knows no {external_id}")));
                }
                tx.commit(world.id(), world.now(), &format!("key unbind {} {external_id}", key.public_id)).await?;
                Ok(format!("{external_id} is nobody for the key {} any more.\n", key.public_id))
            }
        }
    }
}

fn check_external_id(id: &str) -> Result<()> {
    let is_fine = id.len() <= 220
        && !id.chars().any(char::is_control)
        && ["archestra:", "openwebui:"].iter().any(|front_end| id.len() > front_end.len() && id.starts_with(front_end));
    is_fine.then_some(()).ok_or_else(|| Error::invalid("external-id", "an id is archestra:… or openwebui:…"))
}

impl Create {
    async fn execute(self, db: &Db, world: &World) -> Result<String> {
        let name = DisplayName::parse(&self.name).map_err(|problem| Error::invalid("--name", problem.to_string()))?;
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let tenant = get_tenant(&mut tx, &self.tenant).await?;
        let user = match &self.user {
            None => None,
            Some(email) => {
                let books = Books::within(&tx, tenant.id);
                let member = person_find(books, &mut tx, None, &email.trim().to_lowercase()).await?;
                let nobody = || Error::invalid("--user", format!("{email} is not a member of {}", tenant.code));
                Some(member.ok_or_else(nobody)?.id)
            }
        };
        let profile = match &self.profile {
            None => None,
            Some(slug) => {
                let found = profile_by_slug(Books::within(&tx, tenant.id), &mut tx, slug).await?;
                let missing = || Error::invalid("--profile", format!("there is no profile {slug} in {}", tenant.code));
                Some(found.ok_or_else(missing)?.id)
            }
        };
        let expires_at = self.days.map(|days| Timestamp(world.now().0.saturating_add(days.saturating_mul(DAY_MS))));
        let wanted = WantedKey {
            name: name.as_str().to_owned(),
            user,
            profile,
            is_trusted_front_end: self.trusted_front_end,
            unknown_person: self.unknown,
            scopes: Scopes { asks: true, administers: self.admin },
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            max_concurrent: self.concurrent,
            models: self.models,
            expires_at,
            ..WantedKey::default()
        };
        let catalogue = Catalogue::built_in();
        let unknown: Vec<&str> =
            wanted.models.iter().map(String::as_str).filter(|id| catalogue.find(id).is_err()).collect();
        let note = if unknown.is_empty() {
            String::new()
        } else {
            let unknown = unknown.join(", ");
            format!(
                "Note: {unknown} is not in the catalogue; the key can ask it only where the server is told of it.\n"
            )
        };
        let text = api_keys::create(&mut tx, world, tenant.id, None, &wanted).await?;
        tx.commit(world.id(), world.now(), &format!("key create {} for {}", text.public_id(), tenant.code)).await?;
        Ok(shown(&text.reveal(), &note))
    }
}

/// What is special about a key.
fn marks(key: &ApiKey) -> String {
    let mut marks = String::new();
    if key.is_trusted_front_end {
        marks.push_str(", names its people");
        marks.push_str(if key.jwt_secret.is_some() { " (signed)" } else { "" });
        marks.push_str(if key.unknown_person == UnknownPerson::Provision { ", makes accounts" } else { "" });
    }
    if key.scopes != Scopes::default() {
        marks.push_str(&format!(", may {}", key.scopes));
    }
    marks
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
                "stw_{} {:<8} {:<8} {:<32} {:<32} {used}{}\n",
                key.public_id,
                state,
                key.kind.as_str(),
                key.user_email,
                key.name,
                marks(key)
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
