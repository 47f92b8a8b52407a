//! Demo data: three client organisations with people, meters, five weeks of readings up to now, and budgets. Names and
//! numbers of each tenant are recognisable, so that a leak would be seen.
//!
//! Readings are a function of plant, meter and time alone ([`generator`]), not of the run: a later start appends what is
//! missing and changes nothing else. What somebody changed meanwhile (names, passwords, budgets, tags) stays; a tenant
//! of the same code that is not ours is left alone.

mod generator;
mod meters;
mod plants;

use app::model::{Prompt, Role, TenantCode, TenantId, UserId};
use uuid::Uuid;

use self::plants::{COMMANDS, PEOPLE, PLANTS, Person, Plant};
use crate::{
    db::{
        Db, SystemReason, SystemTx, TenantScope,
        tenant::{NewTenant, membership_put, tenant_find_by_code, tenant_insert, tenant_update},
        user::{user_find_by_email, user_insert},
    },
    error::{Error, Result},
    tenancy,
    usage::{default_limits, set_budget},
    world::World,
};

/// The password of every demo person. It is printed at start; demo data is not for production.
pub const PASSWORD: &str = "meter-turbine-2026";

/// A demo person, for printing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoLogin {
    pub email: &'static str,
    pub name: &'static str,
    pub password: &'static str,
    /// e.g. "PRS Textile (administrator)"; "no tenant yet" for none.
    pub access: String,
}

/// Creates what is missing and appends readings up to the last complete quarter hour. `hash` makes a password hash; it
/// is asked only when a person is created. The logins are those of people who still exist as created here.
///
/// # Errors
/// Database errors, and those of `hash`.
pub async fn seed<H>(db: &Db, world: &World, hash: H) -> Result<Vec<DemoLogin>>
where
    H: AsyncFn(&str) -> Result<String>,
{
    // Hashing takes long; no transaction waits for it.
    let password_hash = if somebody_is_missing(db).await? { Some(hash(PASSWORD).await?) } else { None };
    let mut tx = db.begin_system(SystemReason::DemoSeed).await?;
    let mut changed = false;
    for person in &PEOPLE {
        changed |= add_person(&mut tx, world, person, password_hash.as_deref()).await?;
    }
    let mut scopes = Vec::new();
    for plant in &PLANTS {
        let (scope, is_new) = add_tenant(&mut tx, world, plant).await?;
        changed |= is_new;
        scopes.extend(scope.map(|scope| (plant, scope)));
    }
    if changed {
        tx.commit(world.id(), world.now(), "demo tenants and people").await?;
    } else {
        drop(tx);
    }
    for (plant, scope) in &scopes {
        meters::fill(db, world, plant, scope).await?;
    }
    Ok(PEOPLE.iter().map(login).collect())
}

fn login(person: &Person) -> DemoLogin {
    let places: Vec<String> = person
        .memberships
        .iter()
        .filter_map(|(code, role)| {
            let plant = PLANTS.iter().find(|plant| plant.code == *code)?;
            let role = if *role == Role::Admin { "administrator" } else { "member" };
            Some(format!("{} ({role})", plant.name))
        })
        .collect();
    let access = if places.is_empty() { "no tenant yet".to_owned() } else { places.join(", ") };
    DemoLogin { email: person.email, name: person.name, password: PASSWORD, access }
}

async fn somebody_is_missing(db: &Db) -> Result<bool> {
    let mut tx = db.read_directory().await?;
    for person in &PEOPLE {
        if user_find_by_email(&mut tx, person.email).await?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the person is new.
async fn add_person(tx: &mut SystemTx, world: &World, person: &Person, hash: Option<&str>) -> Result<bool> {
    if user_find_by_email(tx, person.email).await?.is_some() {
        return Ok(false);
    }
    let id = UserId(Uuid::from_u128(person.id));
    user_insert(tx, id, person.email, person.name, hash, world.now()).await?;
    Ok(true)
}

/// The tenant's scope, unless its code is somebody else's, and whether it is new. Memberships are given once, with the
/// tenant: what an administrator changes later stays.
async fn add_tenant(tx: &mut SystemTx, world: &World, plant: &Plant) -> Result<(Option<TenantScope>, bool)> {
    let id = TenantId(Uuid::from_u128(plant.id));
    let code = plant.code.parse().map_err(|problem: &str| Error::internal(problem))?;
    let existing = tenant_find_by_code(tx, &code).await?;
    if existing.as_ref().is_some_and(|tenant| tenant.id != id) {
        tracing::warn!(tenant = plant.code, "this tenant is not the demo's; it is left alone");
        return Ok((None, false));
    }
    let is_new = existing.is_none();
    if is_new {
        let tenant = NewTenant {
            id,
            code,
            name: plant.name.to_owned(),
            assistant: plant.assistant.to_owned(),
            time_zone: chrono_tz::Asia::Jakarta,
            currency: "IDR".to_owned(),
            prompts: plant.prompts.iter().map(|prompt| (*prompt).to_owned()).collect(),
            contact: plant.contact.to_owned(),
        };
        tenant_insert(tx, &tenant, world.now()).await?;
        dress(tx, &tenant.code, plant).await?;
        set_budget(tx, world, id, default_limits()).await?;
        for person in &PEOPLE {
            let Some(user) = user_find_by_email(tx, person.email).await? else { continue };
            for (_, role) in person.memberships.iter().filter(|(code, _)| *code == plant.code) {
                membership_put(tx, id, user.id, *role, world.now()).await?;
            }
        }
    }
    let admin = PEOPLE.iter().find(|person| person.memberships.contains(&(plant.code, Role::Admin)));
    let Some(admin) = admin else { return Ok((None, is_new)) };
    let Some(user) = user_find_by_email(tx, admin.email).await? else { return Ok((None, is_new)) };
    Ok((tenancy::resume(tx, id, user.id).await?, is_new))
}

/// How a new tenant looks and what its composer offers.
async fn dress(tx: &mut SystemTx, code: &TenantCode, plant: &Plant) -> Result<()> {
    let Some(mut tenant) = tenant_find_by_code(tx, code).await? else { return Ok(()) };
    let command = |(name, title, text): (&str, &str, &str)| Prompt {
        name: name.to_owned(),
        title: title.to_owned(),
        text: text.to_owned(),
    };
    tenant.accent = Some(plant.accent.to_owned());
    tenant.welcome = plant.welcome.to_owned();
    tenant.locale = plant.locale;
    tenant.commands = COMMANDS.map(command).into();
    Ok(tenant_update(tx, &tenant).await?)
}
