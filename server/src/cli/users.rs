//! `steward user …` and `steward membership …`: people, and which tenants they may enter. The first administrator is made
//! here; nobody signs up to become one.

use std::io::Read;

use app::model::{DisplayName, Role, TenantCode, UserId};
use clap::Subcommand;

use super::tenants::{Failure, get_tenant, in_plain_words, list_all};
use crate::{
    db::{Db, SystemReason, SystemTx, membership, session, user},
    error::{Error, Result},
    identity::{Email, Passwords, password_policy},
    world::World,
};

/// Passwords read from standard input are cut off beyond this.
const MAX_INPUT_BYTES: u64 = 4096;

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a person. Prints a generated password, unless one is given.
    Add {
        email: String,
        /// Name as shown.
        #[arg(long)]
        name: String,
        /// Read the password from the first line of standard input instead of generating one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show everybody.
    List,
    /// End a person's sessions and refuse new ones.
    Disable { email: String },
    /// Undo `disable`.
    Enable { email: String },
    /// Set a new password and end all sessions. Prints a generated one, unless one is given.
    Password {
        email: String,
        /// Read the password from the first line of standard input instead of generating one.
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Subcommand)]
pub enum MembershipCommand {
    /// Let a person into a tenant, or change their role there.
    Add {
        email: String,
        tenant: String,
        /// `member` or `admin`.
        #[arg(long, default_value = "member")]
        role: String,
    },
    /// Take a person out of a tenant.
    Remove { email: String, tenant: String },
    /// Show who is where.
    List {
        /// Only this tenant.
        tenant: Option<String>,
    },
}

impl UserCommand {
    /// Runs it and prints what was done.
    ///
    /// # Errors
    /// In words for the person at the terminal.
    pub async fn run(self, db: &Db, world: &World) -> std::result::Result<(), Failure> {
        print!("{}", self.execute(db, world, &mut std::io::stdin()).await.map_err(in_plain_words)?);
        Ok(())
    }

    /// Runs it; gives what is to be printed. `input`: where a password may be read from.
    ///
    /// # Errors
    /// In words for the person at the terminal.
    pub async fn execute(self, db: &Db, world: &World, input: &mut dyn Read) -> Result<String> {
        match self {
            Self::Add { email, name, password_stdin } => {
                let given = if password_stdin { Some(read_password(input)?) } else { None };
                add(db, world, &email, &name, given).await
            }
            Self::List => list(db).await,
            Self::Disable { email } => set_disabled(db, world, &email, true).await,
            Self::Enable { email } => set_disabled(db, world, &email, false).await,
            Self::Password { email, password_stdin } => {
                let given = if password_stdin { Some(read_password(input)?) } else { None };
                set_password(db, world, &email, given).await
            }
        }
    }
}

impl MembershipCommand {
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
            Self::Add { email, tenant, role } => {
                let role: Role = role.parse().map_err(|problem: &str| Error::invalid("--role", problem))?;
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let user = get_user(&mut tx, &email).await?;
                let tenant = get_tenant(&mut tx, &tenant).await?;
                membership::membership_put(&mut tx, tenant.id, user.id, role, world.now()).await?;
                let done = format!("{} is {} of {}.\n", user.email, role.as_str(), tenant.code);
                commit(tx, world, "membership add").await?;
                Ok(done)
            }
            Self::Remove { email, tenant } => {
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let user = get_user(&mut tx, &email).await?;
                let tenant = get_tenant(&mut tx, &tenant).await?;
                if !membership::membership_delete(&mut tx, tenant.id, user.id).await? {
                    return Err(Error::Conflict(format!("{} is not in {}", user.email, tenant.code)));
                }
                commit(tx, world, "membership remove").await?;
                Ok(format!("{} is no longer in {}.\n", user.email, tenant.code))
            }
            Self::List { tenant } => list_memberships(db, tenant.as_deref()).await,
        }
    }
}

async fn add(db: &Db, world: &World, email: &str, name: &str, given: Option<String>) -> Result<String> {
    let email = parse_email(email)?;
    let name = DisplayName::parse(name).map_err(|problem| Error::invalid("--name", problem.to_string()))?;
    let (hash, shown) = new_password(world, given, &[email.as_str(), name.as_str()]).await?;
    let id: UserId = world.id();
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    match user::user_insert(&mut tx, id, email.as_str(), name.as_str(), Some(&hash), world.now()).await {
        Err(crate::db::Error::Duplicate(_)) => return Err(Error::Conflict(format!("{email} exists already"))),
        other => other?,
    }
    commit(tx, world, "user add").await?;
    Ok(format!("{email} was added.\n{shown}"))
}

async fn set_password(db: &Db, world: &World, email: &str, given: Option<String>) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let person = get_user(&mut tx, email).await?;
    drop(tx);
    let (hash, shown) = new_password(world, given, &[&person.email, &person.name]).await?;
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    user::user_set_password(&mut tx, person.id, &hash, world.now()).await?;
    let ended = session::session_delete_others(&mut tx, person.id, None).await?;
    commit(tx, world, "user password").await?;
    Ok(format!("{} has a new password; sessions ended: {ended}.\n{shown}", person.email))
}

async fn set_disabled(db: &Db, world: &World, email: &str, is_disabled: bool) -> Result<String> {
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    let person = get_user(&mut tx, email).await?;
    user::user_set_disabled(&mut tx, person.id, is_disabled).await?;
    let (detail, done) = if is_disabled {
        let ended = session::session_delete_others(&mut tx, person.id, None).await?;
        ("user disable", format!("{} is disabled; sessions ended: {ended}.\n", person.email))
    } else {
        ("user enable", format!("{} is enabled.\n", person.email))
    };
    commit(tx, world, detail).await?;
    Ok(done)
}

async fn list(db: &Db) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let people = list_all!(after, limit => user::user_list(&mut tx, &after, limit).await?, |person: &user::User| person.email.clone());
    if people.is_empty() {
        return Ok("There is nobody yet. Add the first person with `steward user add`.\n".to_owned());
    }
    let mut text = String::new();
    for person in people {
        let state = match (person.is_disabled, &person.password_hash) {
            (true, _) => "disabled",
            (false, None) => "no password",
            (false, Some(_)) => "active",
        };
        text.push_str(&format!("{:<40} {:<12} {}\n", person.email, state, person.name));
    }
    Ok(text)
}

async fn list_memberships(db: &Db, only: Option<&str>) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let only: Option<TenantCode> = match only {
        Some(code) => Some(get_tenant(&mut tx, code).await?.code),
        None => None,
    };
    let mut text = String::new();
    let mut after = (String::new(), String::new());
    loop {
        let lines =
            membership::membership_list(&mut tx, only.as_ref(), (&after.0, &after.1), super::tenants::PAGE).await?;
        for line in &lines {
            text.push_str(&format!("{:<32} {:<8} {}\n", line.code, line.role, line.email));
        }
        match lines.last() {
            Some(last) if lines.len() == super::tenants::PAGE_LEN => after = (last.code.clone(), last.email.clone()),
            _ => break,
        }
    }
    Ok(if text.is_empty() { "There are no memberships yet.\n".to_owned() } else { text })
}

fn parse_email(text: &str) -> Result<Email> {
    Email::parse(text).map_err(|problem| Error::invalid("e-mail", problem))
}

async fn get_user(tx: &mut SystemTx, email: &str) -> Result<user::User> {
    let email = parse_email(email)?;
    let found = user::user_find_by_email(tx, email.as_str()).await?;
    found.ok_or_else(|| Error::Conflict(format!("there is nobody with the e-mail {email}")))
}

/// The hash, and what to print: a generated password is shown once, a given one never.
async fn new_password(world: &World, given: Option<String>, own_words: &[&str]) -> Result<(String, String)> {
    let (password, shown) = match given {
        Some(password) => (password, String::new()),
        None => {
            let password = generated(world);
            let shown = format!("Password, shown only now: {password}\n");
            (password, shown)
        }
    };
    password_policy::check(&password, own_words).map_err(|weak| Error::invalid("password", weak.to_string()))?;
    Ok((Passwords::new(world, 2)?.hash(&password).await?, shown))
}

/// 100 random bits in five groups, without letters that look alike.
fn generated(world: &World) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letters = world.bytes::<20>().map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

fn read_password(input: &mut dyn Read) -> Result<String> {
    let mut text = String::new();
    input
        .take(MAX_INPUT_BYTES)
        .read_to_string(&mut text)
        .map_err(|_| Error::invalid("password", "standard input is not UTF-8 text"))?;
    let line = text.split('\n').next().unwrap_or_default();
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

async fn commit(tx: SystemTx, world: &World, detail: &str) -> Result<()> {
    Ok(tx.commit(world.id(), world.now(), detail).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_passes_the_policy() {
        for _ in 0..20 {
            let password = generated(&World::real());
            assert_eq!((password.len(), password_policy::check(&password, &[])), (24, Ok(())), "{password}");
        }
    }

    #[test]
    fn a_password_is_the_first_line_of_the_input() {
        let read = |text: &str| read_password(&mut text.as_bytes()).expect("text");
        assert_eq!(read(" mosaic tundra \r\nmore"), " mosaic tundra ");
        assert_eq!(read(""), "");
        assert!(read_password(&mut [0xff, 0xfe].as_slice()).is_err());
    }
}
