//! `steward group …`: people of a tenant who share a budget.

use app::model::{DisplayName, GroupId};
use clap::Subcommand;

use super::tenants::{Failure, PAGE, PAGE_LEN, get_tenant, in_plain_words};
use crate::{
    db::{
        self, Db, SystemReason, SystemTx,
        group::{
            Group, group_delete, group_find, group_insert, group_list, group_member_delete, group_member_put,
            group_members,
        },
        ledger::Books,
        tenant::Tenant,
        user::user_find_by_email,
    },
    error::{Error, Result},
    world::World,
};

#[derive(Subcommand)]
pub enum GroupCommand {
    /// Make a group.
    Create { tenant: String, name: String },
    /// Put a member of the tenant into a group.
    Add { tenant: String, name: String, email: String },
    /// Take somebody out of a group.
    Remove { tenant: String, name: String, email: String },
    /// Show a tenant's groups, or who is in one.
    List { tenant: String, name: Option<String> },
    /// Remove a group. Its budget no longer counts for anybody; what was spent stays in the books.
    Delete { tenant: String, name: String },
}

impl GroupCommand {
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
            Self::Create { tenant, name } => create(db, world, &tenant, &name).await,
            Self::Add { tenant, name, email } => change(db, world, &tenant, &name, &email, true).await,
            Self::Remove { tenant, name, email } => change(db, world, &tenant, &name, &email, false).await,
            Self::List { tenant, name: None } => list(db, &tenant).await,
            Self::List { tenant, name: Some(name) } => members(db, &tenant, &name).await,
            Self::Delete { tenant, name } => {
                let mut tx = db.begin_system(SystemReason::Administration).await?;
                let (tenant, group) = get(&mut tx, &tenant, &name).await?;
                group_delete(Books::within(&tx, tenant.id), &mut tx, group.id).await?;
                tx.commit(world.id(), world.now(), &format!("group delete {} {}", tenant.code, group.name)).await?;
                Ok(format!("The group {} of {} is gone.\n", group.name, tenant.code))
            }
        }
    }
}

async fn get(tx: &mut SystemTx, tenant: &str, name: &str) -> Result<(Tenant, Group)> {
    let tenant = get_tenant(tx, tenant).await?;
    let group = group_find(Books::within(tx, tenant.id), tx, name.trim()).await?;
    let group = group.ok_or_else(|| Error::invalid("name", format!("{} has no group {name}", tenant.code)))?;
    Ok((tenant, group))
}

async fn create(db: &Db, world: &World, tenant: &str, name: &str) -> Result<String> {
    let name = DisplayName::parse(name).map_err(|problem| Error::invalid("name", problem.to_string()))?;
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    let tenant = get_tenant(&mut tx, tenant).await?;
    let id: GroupId = world.id();
    match group_insert(Books::within(&tx, tenant.id), &mut tx, id, name.as_str(), world.now()).await {
        Err(db::Error::Duplicate(_)) => {
            return Err(Error::Conflict(format!("{} has a group {} already", tenant.code, name.as_str())));
        }
        done => done?,
    }
    tx.commit(world.id(), world.now(), &format!("group create {} {}", tenant.code, name.as_str())).await?;
    Ok(format!("{} has a group {}.\n", tenant.code, name.as_str()))
}

async fn change(db: &Db, world: &World, tenant: &str, name: &str, email: &str, is_in: bool) -> Result<String> {
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    let (tenant, group) = get(&mut tx, tenant, name).await?;
    let email = email.trim().to_lowercase();
    let user = user_find_by_email(&mut tx, &email).await?;
    let user = user.ok_or_else(|| Error::invalid("email", format!("there is nobody with {email}")))?.id;
    let books = Books::within(&tx, tenant.id);
    let (done, word) = if is_in {
        (group_member_put(books, &mut tx, group.id, user).await?, "add")
    } else {
        (group_member_delete(books, &mut tx, group.id, user).await?, "remove")
    };
    if !done {
        let problem = if is_in {
            format!("{email} is not a member of {}", tenant.code)
        } else {
            format!("{email} is not in the group {}", group.name)
        };
        return Err(Error::invalid("email", problem));
    }
    let detail = format!("group {word} {} {} {email}", tenant.code, group.name);
    tx.commit(world.id(), world.now(), &detail).await?;
    let is = if is_in { "is in" } else { "is no longer in" };
    Ok(format!("{email} {is} the group {} of {}.\n", group.name, tenant.code))
}

async fn list(db: &Db, tenant: &str) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let tenant = get_tenant(&mut tx, tenant).await?;
    let books = Books::within(&tx, tenant.id);
    let (mut text, mut after) = (String::new(), String::new());
    loop {
        let page = group_list(books, &mut tx, &after, PAGE).await?;
        for group in &page {
            text.push_str(&format!("{:<32} {} members\n", group.name, group.members));
        }
        match page.last() {
            Some(last) if page.len() == PAGE_LEN => after.clone_from(&last.name),
            _ => break,
        }
    }
    if text.is_empty() {
        text = format!("{} has no groups. Make one with `steward group create {} NAME`.\n", tenant.code, tenant.code);
    }
    Ok(text)
}

async fn members(db: &Db, tenant: &str, name: &str) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let (tenant, group) = get(&mut tx, tenant, name).await?;
    let books = Books::within(&tx, tenant.id);
    let (mut text, mut after) = (String::new(), String::new());
    loop {
        let page = group_members(books, &mut tx, group.id, &after, PAGE).await?;
        for email in &page {
            text.push_str(email);
            text.push('\n');
        }
        match page.last() {
            Some(last) if page.len() == PAGE_LEN => after.clone_from(last),
            _ => break,
        }
    }
    if text.is_empty() {
        text = format!("Nobody is in the group {}.\n", group.name);
    }
    Ok(text)
}
