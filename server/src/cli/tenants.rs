//! `steward tenant …`: client organisations.

mod settings;

use app::model::{DisplayName, TenantCode};
use clap::{Args, Subcommand};

use self::settings::{LogoChange, Wanted};
use crate::{
    db::{
        Db, SystemReason, SystemTx,
        tenant::{self, NewTenant, Tenant},
        tenant_logo::{tenant_logo_delete, tenant_logo_put},
    },
    error::{Error, Result},
    usage,
    world::World,
};

/// Rows read at a time.
pub(super) const PAGE: i64 = 500;
pub(super) const PAGE_LEN: usize = 500;

/// What a command fails with; its text is for the person at the terminal.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Without the words that tell variants apart in logs.
pub(super) fn in_plain_words(error: Error) -> Failure {
    match error {
        Error::Invalid { field, message } => format!("{field}: {message}").into(),
        Error::Conflict(message) => message.into(),
        other => other.into(),
    }
}

#[derive(Subcommand)]
pub enum TenantCommand {
    /// Add a tenant, with the default monthly budget.
    Add {
        /// Short name in addresses: 2 to 32 of a-z, 0-9 and -.
        code: String,
        /// Name as shown.
        #[arg(long)]
        name: String,
        /// IANA time zone, e.g. Asia/Jakarta: its days and months are the tenant's.
        #[arg(long)]
        time_zone: String,
        /// ISO 4217 code of its currency, e.g. IDR.
        #[arg(long)]
        currency: String,
        /// The assistant's name.
        #[arg(long, default_value = "Steward")]
        assistant: String,
        /// Whom to ask about access and budgets.
        #[arg(long, default_value = "")]
        contact: String,
    },
    /// Show all tenants.
    List,
    /// Show a tenant's settings, as `set` takes them.
    Show { code: String },
    /// Change a tenant. What is not named stays.
    Set {
        code: String,
        #[command(flatten)]
        changes: Changes,
        /// name=…, assistant=…, contact=…, currency=…, time-zone=…, instructions=…, welcome=… (greeting of the empty
        /// page), locale=en|id, accent=#rrggbb|oklch(L C H), logo=@FILE (PNG, JPEG, WebP, at most 200 KB), prompt=… and
        /// prompt+=… (example questions), command.NAME=title|text (what `/NAME` writes; {{words}} in it are asked for),
        /// shows-cost=yes|no, public-links=yes|no, markup=15%, disabled=yes|no. Without a value: the built-in one, or none.
        #[arg(value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
}

/// What can be changed about a tenant.
#[derive(Args, Default)]
pub struct Changes {
    /// Name as shown.
    #[arg(long)]
    pub name: Option<String>,
    /// IANA time zone, e.g. Asia/Jakarta.
    #[arg(long)]
    pub time_zone: Option<String>,
    /// ISO 4217 code, e.g. IDR.
    #[arg(long)]
    pub currency: Option<String>,
    /// The assistant's name.
    #[arg(long)]
    pub assistant: Option<String>,
    /// Whom to ask about access and budgets; empty for nobody.
    #[arg(long)]
    pub contact: Option<String>,
    /// The closing part of the assistant's instructions; empty for the built-in one.
    #[arg(long)]
    pub instructions: Option<String>,
    /// An example question; may be repeated. Replaces all.
    #[arg(long = "prompt")]
    pub prompts: Vec<String>,
    /// What the tenant pays on top of the providers' prices, e.g. 15% or 2.5%; 0% for nothing.
    #[arg(long)]
    pub markup: Option<String>,
    /// `true`: nobody can enter. `false`: they can again.
    #[arg(long)]
    pub disabled: Option<bool>,
}

impl TenantCommand {
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
            Self::Add { code, name, time_zone, currency, assistant, contact } => {
                let new = NewTenant {
                    id: world.id(),
                    code: parse_code(&code)?,
                    name: line("--name", &name)?,
                    assistant: line("--assistant", &assistant)?,
                    time_zone: parse_zone(&time_zone)?,
                    currency: parse_currency(&currency)?,
                    prompts: Vec::new(),
                    contact: optional_line("--contact", &contact)?,
                };
                add(db, world, &new).await
            }
            Self::List => list(db).await,
            Self::Show { code } => show(db, &code).await,
            Self::Set { code, changes, settings } => set(db, world, &code, changes, &settings).await,
        }
    }
}

async fn add(db: &Db, world: &World, new: &NewTenant) -> Result<String> {
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    match tenant::tenant_insert(&mut tx, new, world.now()).await {
        Err(crate::db::Error::Duplicate(_)) => return Err(Error::Conflict(format!("{} exists already", new.code))),
        other => other?,
    }
    usage::set_budget(&mut tx, world, new.id, usage::default_limits()).await?;
    tx.commit(world.id(), world.now(), "tenant add").await?;
    Ok(format!("{} was added. Let people in with `steward membership add EMAIL {}`.\n", new.name, new.code))
}

async fn list(db: &Db) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let tenants = list_all!(after, limit => tenant::tenant_list(&mut tx, &after, limit).await?, |tenant: &Tenant| tenant.code.to_string());
    if tenants.is_empty() {
        return Ok("There is no tenant yet. Add the first one with `steward tenant add`.\n".to_owned());
    }
    let mut text = String::new();
    for tenant in tenants {
        let state = if tenant.is_disabled { "disabled" } else { "active" };
        let zone = tenant.time_zone.name();
        text.push_str(&format!("{:<32} {:<9} {:<24} {} {}\n", tenant.code, state, zone, tenant.currency, tenant.name));
    }
    Ok(text)
}

async fn show(db: &Db, code: &str) -> Result<String> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    Ok(settings::show(&get_tenant(&mut tx, code).await?))
}

async fn set(db: &Db, world: &World, code: &str, changes: Changes, settings: &[String]) -> Result<String> {
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    let before = get_tenant(&mut tx, code).await?;
    let Wanted { tenant: after, logo } = settings::apply_all(apply(before.clone(), changes)?, settings)?;
    if after == before && logo == LogoChange::Keep {
        return Ok(format!("Nothing to change. See `steward tenant set {} --help`.\n", before.code));
    }
    tenant::tenant_update(&mut tx, &after).await?;
    match &logo {
        LogoChange::Keep => {}
        LogoChange::Remove => {
            tenant_logo_delete(&mut tx, after.id).await?;
        }
        LogoChange::Put(logo) => tenant_logo_put(&mut tx, after.id, logo, world.now()).await?,
    }
    tx.commit(world.id(), world.now(), "tenant set").await?;
    Ok(format!("{} was changed.\n", after.code))
}

fn apply(mut tenant: Tenant, changes: Changes) -> Result<Tenant> {
    if let Some(name) = changes.name {
        tenant.name = line("--name", &name)?;
    }
    if let Some(time_zone) = changes.time_zone {
        tenant.time_zone = parse_zone(&time_zone)?;
    }
    if let Some(currency) = changes.currency {
        tenant.currency = parse_currency(&currency)?;
    }
    if let Some(assistant) = changes.assistant {
        tenant.assistant = line("--assistant", &assistant)?;
    }
    if let Some(contact) = changes.contact {
        tenant.contact = optional_line("--contact", &contact)?;
    }
    if let Some(instructions) = changes.instructions {
        tenant.instructions = instructions_text(&instructions)?;
    }
    if !changes.prompts.is_empty() {
        const MAX_PROMPTS: usize = 12;
        if changes.prompts.len() > MAX_PROMPTS {
            return Err(Error::invalid("--prompt", format!("at most {MAX_PROMPTS} example questions")));
        }
        tenant.prompts = changes.prompts.iter().map(|prompt| prompt_text(prompt)).collect::<Result<_>>()?;
    }
    if let Some(markup) = changes.markup {
        tenant.markup_bp = basis_points("--markup", &markup)?;
    }
    if let Some(is_disabled) = changes.disabled {
        tenant.is_disabled = is_disabled;
    }
    Ok(tenant)
}

/// The tenant with this code, as typed.
pub(super) async fn get_tenant(tx: &mut SystemTx, code: &str) -> Result<Tenant> {
    let code = parse_code(code)?;
    let found = tenant::tenant_find_by_code(tx, &code).await?;
    found.ok_or_else(|| Error::Conflict(format!("there is no tenant {code}")))
}

/// Reads a whole paged list: `list_all!(after, limit => page, |last| key of the last row)`.
macro_rules! list_all {
    ($after:ident, $limit:ident => $page:expr, $key:expr) => {{
        let $limit = $crate::cli::tenants::PAGE;
        let mut $after = String::new();
        let mut all = Vec::new();
        loop {
            let page = $page;
            let is_last = page.len() < $crate::cli::tenants::PAGE_LEN;
            if let Some(last) = page.last() {
                $after = $key(last);
            }
            all.extend(page);
            if is_last {
                break all;
            }
        }
    }};
}
pub(super) use list_all;

fn parse_code(code: &str) -> Result<TenantCode> {
    code.parse().map_err(|problem: &str| Error::invalid("code", problem))
}

fn parse_zone(zone: &str) -> Result<chrono_tz::Tz> {
    zone.parse()
        .map_err(|_| Error::invalid("--time-zone", format!("{zone:?} is not an IANA time zone such as Asia/Jakarta")))
}

fn parse_currency(currency: &str) -> Result<String> {
    if currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(currency.to_owned());
    }
    Err(Error::invalid("--currency", "a currency is three capital letters such as IDR"))
}

/// One line of at most 80 characters, like a person's name.
fn line(field: &'static str, text: &str) -> Result<String> {
    DisplayName::parse(text).map(String::from).map_err(|problem| Error::invalid(field, problem.to_string()))
}

fn optional_line(field: &'static str, text: &str) -> Result<String> {
    if text.trim().is_empty() { Ok(String::new()) } else { line(field, text) }
}

fn prompt_text(text: &str) -> Result<String> {
    const MAX_CHARS: usize = 200;
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_CHARS || text.chars().any(char::is_control) {
        return Err(Error::invalid(
            "--prompt",
            format!("an example question is one line of at most {MAX_CHARS} characters"),
        ));
    }
    Ok(text.to_owned())
}

/// `15%`, `2.5%`, `0.01%` as hundredths of a percent.
fn basis_points(field: &'static str, text: &str) -> Result<i64> {
    const MOST: i64 = 100_000;
    let wrong =
        || Error::invalid(field, "a markup is a percentage such as 15% or 2.5%, two decimals at most, up to 1000%");
    let number = text.trim().strip_suffix('%').unwrap_or(text.trim()).trim();
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 2 || whole.len() > 4 {
        return Err(wrong());
    }
    let hundredths: i64 = format!("{whole}{decimals:0<2}").parse().map_err(|_| wrong())?;
    if hundredths > MOST { Err(wrong()) } else { Ok(hundredths) }
}

/// Every request pays for these, so they are bounded.
fn instructions_text(text: &str) -> Result<String> {
    const MAX_BYTES: usize = 16 * 1024;
    if text.len() > MAX_BYTES || text.contains('\0') {
        return Err(Error::invalid("--instructions", format!("at most {MAX_BYTES} bytes of text")));
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use uuid::Uuid;

    pub fn tenant() -> Tenant {
        Tenant {
            id: app::model::TenantId(Uuid::nil()),
            code: "prs".parse().expect("a code"),
            name: "PRS".into(),
            assistant: "Wira".into(),
            time_zone: chrono_tz::Asia::Jakarta,
            currency: "IDR".into(),
            prompts: vec!["Old?".into()],
            contact: "ask@prs.example".into(),
            instructions: "Be brief.".into(),
            is_disabled: false,
            locale: app::model::Lang::English,
            welcome: String::new(),
            accent: None,
            commands: vec![],
            shows_cost: false,
            allows_public_links: false,
            markup_bp: 0,
            logo_hash: None,
        }
    }

    #[test]
    fn what_is_not_named_stays() {
        assert_eq!(apply(tenant(), Changes::default()).expect("fine"), tenant());
        let changes = Changes { contact: Some(String::new()), instructions: Some(String::new()), ..Changes::default() };
        let expected = Tenant { contact: String::new(), instructions: String::new(), ..tenant() };
        assert_eq!(apply(tenant(), changes).expect("fine"), expected);
    }

    #[test]
    fn a_markup_is_exact() {
        let bp = |text: &str| basis_points("markup", text).ok();
        assert_eq!(
            (bp("15%"), bp("2.5 %"), bp("0.01"), bp("1000%"), bp("0%")),
            (Some(1_500), Some(250), Some(1), Some(100_000), Some(0))
        );
        for wrong in ["", "%", "-1%", "1.234%", "1000.01%", "1e3", "15%%", ".5", "99999999999999999999"] {
            assert_eq!(bp(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let text = |text: &str| Some(text.to_owned());
        for changes in [
            Changes { name: text(" "), ..Changes::default() },
            Changes { name: text("a\u{202E}b"), ..Changes::default() },
            Changes { time_zone: text("Jakarta"), ..Changes::default() },
            Changes { currency: text("idr"), ..Changes::default() },
            Changes { currency: text("RUPIAH"), ..Changes::default() },
            Changes { assistant: text(""), ..Changes::default() },
            Changes { instructions: text("a\0b"), ..Changes::default() },
            Changes { prompts: vec!["a\nb".into()], ..Changes::default() },
            Changes { prompts: vec!["a".into(); 13], ..Changes::default() },
        ] {
            assert!(matches!(apply(tenant(), changes), Err(Error::Invalid { .. })));
        }
    }
}
