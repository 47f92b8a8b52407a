//! Tenants. Who may enter them is in [`super::membership`].

use std::str::FromStr;

use app::model::{Lang, Prompt, TenantCode, TenantId, Timestamp};
use uuid::Uuid;

use super::{Error, Result, SystemTx, TenantScope, Tx};

pub use super::membership::membership_put;

/// A tenant to create.
#[derive(Clone, Debug)]
pub struct NewTenant {
    pub id: TenantId,
    pub code: TenantCode,
    pub name: String,
    pub assistant: String,
    /// IANA name.
    pub time_zone: chrono_tz::Tz,
    /// ISO 4217.
    pub currency: String,
    pub prompts: Vec<String>,
    pub contact: String,
}

/// Creates a tenant.
///
/// # Errors
/// [`Error::Duplicate`] when the code is taken.
pub async fn tenant_insert(tx: &mut SystemTx, tenant: &NewTenant, now: Timestamp) -> Result<()> {
    let prompts = serde_json::to_string(&tenant.prompts).unwrap_or_else(|_| "[]".to_owned());
    tx.query(
        "INSERT INTO tenants (id, code, name, assistant, time_zone, currency, prompts, contact, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(tenant.id)
    .bind(tenant.code.as_str())
    .bind(&tenant.name)
    .bind(&tenant.assistant)
    .bind(tenant.time_zone.name())
    .bind(&tenant.currency)
    .bind(prompts)
    .bind(&tenant.contact)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// A tenant as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub code: TenantCode,
    pub name: String,
    pub assistant: String,
    pub time_zone: chrono_tz::Tz,
    pub currency: String,
    pub prompts: Vec<String>,
    pub contact: String,
    /// Replaces the built-in system prompt's closing part when not empty.
    pub instructions: String,
    pub is_disabled: bool,
    /// How dates, numbers and money are written.
    pub locale: Lang,
    /// Greeting of the empty page; empty: the built-in one.
    pub welcome: String,
    /// `#rrggbb`; `None`: Steward's own.
    pub accent: Option<String>,
    /// What the composer offers behind `/`.
    pub commands: Vec<Prompt>,
    pub shows_cost: bool,
    pub allows_public_links: bool,
    /// What it pays on top of the providers' prices, hundredths of a percent.
    pub markup_bp: i64,
    /// The logo's hash; `None`: there is none. Written by [`tenant_logo_put`] only.
    pub logo_hash: Option<String>,
}

#[derive(sqlx::FromRow)]
struct TenantRow {
    id: Uuid,
    code: String,
    name: String,
    assistant: String,
    time_zone: String,
    currency: String,
    prompts: String,
    contact: String,
    instructions: String,
    is_disabled: bool,
    locale: String,
    welcome: String,
    accent: String,
    commands: String,
    shows_cost: bool,
    allows_public_links: bool,
    markup_bp: i64,
    logo_hash: Option<String>,
}

impl TenantRow {
    fn tenant(self) -> Result<Tenant> {
        let id = self.id;
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "tenants",
            column,
            row: id.to_string(),
            problem,
        };
        Ok(Tenant {
            id: TenantId(id),
            code: TenantCode::from_str(&self.code).map_err(|e| corrupt("code", e.to_owned()))?,
            name: self.name,
            assistant: self.assistant,
            time_zone: chrono_tz::Tz::from_str(&self.time_zone).map_err(|e| corrupt("time_zone", e.to_string()))?,
            currency: self.currency,
            prompts: serde_json::from_str(&self.prompts).map_err(|e| corrupt("prompts", e.to_string()))?,
            contact: self.contact,
            instructions: self.instructions,
            is_disabled: self.is_disabled,
            locale: Lang::parse(&self.locale).ok_or_else(|| corrupt("locale", self.locale.clone()))?,
            welcome: self.welcome,
            accent: (!self.accent.is_empty()).then_some(self.accent),
            commands: serde_json::from_str(&self.commands).map_err(|e| corrupt("commands", e.to_string()))?,
            shows_cost: self.shows_cost,
            allows_public_links: self.allows_public_links,
            markup_bp: self.markup_bp,
            logo_hash: self.logo_hash,
        })
    }
}

/// The columns of tenants, and which of them.
macro_rules! select_tenants {
    ($rest:literal) => {
        concat!(
            "SELECT id, code, name, assistant, time_zone, currency, prompts, contact, instructions, is_disabled, locale, \
             welcome, accent, commands, shows_cost, allows_public_links, markup_bp, \
             (SELECT l.hash FROM tenant_logos l WHERE l.tenant_id = tenants.id) AS logo_hash FROM tenants ",
            $rest
        )
    };
}

/// The scope's own tenant; `None` when it was removed meanwhile.
///
/// # Errors
/// Database errors, [`Error::Corrupt`].
pub async fn tenant_find(scope: &TenantScope, tx: &mut Tx) -> Result<Option<Tenant>> {
    tx.query(select_tenants!("WHERE id = $1"))
        .bind(scope.tenant())
        .optional::<TenantRow>()
        .await?
        .map(TenantRow::tenant)
        .transpose()
}

/// Any tenant by its code, disabled ones too.
///
/// # Errors
/// Database errors, [`Error::Corrupt`].
pub async fn tenant_find_by_code(tx: &mut SystemTx, code: &TenantCode) -> Result<Option<Tenant>> {
    tx.query(select_tenants!("WHERE code = $1"))
        .bind(code.as_str())
        .optional::<TenantRow>()
        .await?
        .map(TenantRow::tenant)
        .transpose()
}

/// Tenants by code, after `after` (empty: from the start), at most `limit`.
///
/// # Errors
/// Database errors, [`Error::Corrupt`].
pub async fn tenant_list(tx: &mut SystemTx, after: &str, limit: i64) -> Result<Vec<Tenant>> {
    let rows = tx
        .query(select_tenants!("WHERE code > $1 ORDER BY code LIMIT $2"))
        .bind(after)
        .bind(limit)
        .all::<TenantRow>()
        .await?;
    rows.into_iter().map(TenantRow::tenant).collect()
}

/// Writes everything of a tenant but its id, code and logo.
///
/// # Errors
/// Database errors.
pub async fn tenant_update(tx: &mut SystemTx, tenant: &Tenant) -> Result<()> {
    let commands = serde_json::to_string(&tenant.commands).unwrap_or_else(|_| "[]".to_owned());
    let prompts = serde_json::to_string(&tenant.prompts).unwrap_or_else(|_| "[]".to_owned());
    tx.query(
        "UPDATE tenants SET name = $2, assistant = $3, time_zone = $4, currency = $5, prompts = $6, contact = $7, \
         instructions = $8, is_disabled = $9, locale = $10, welcome = $11, accent = $12, commands = $13, shows_cost = $14, \
         allows_public_links = $15, markup_bp = $16 WHERE id = $1",
    )
    .bind(tenant.id)
    .bind(&tenant.name)
    .bind(&tenant.assistant)
    .bind(tenant.time_zone.name())
    .bind(&tenant.currency)
    .bind(prompts)
    .bind(&tenant.contact)
    .bind(&tenant.instructions)
    .bind(tenant.is_disabled)
    .bind(tenant.locale.code())
    .bind(&tenant.welcome)
    .bind(tenant.accent.as_deref().unwrap_or_default())
    .bind(commands)
    .bind(tenant.shows_cost)
    .bind(tenant.allows_public_links)
    .bind(tenant.markup_bp)
    .execute()
    .await?;
    Ok(())
}

/// What is set up in a tenant, for the administrator's list of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TenantProgress {
    /// An administrator has hidden the list.
    pub is_dismissed: bool,
    /// There is something to measure.
    pub has_devices: bool,
    /// A budget of the whole tenant with any limit.
    pub has_budget: bool,
    /// Somebody besides the one who asks.
    pub has_colleagues: bool,
}

/// What is set up in the scope's tenant.
///
/// # Errors
/// Database errors.
pub async fn tenant_progress(scope: &TenantScope, tx: &mut Tx) -> Result<TenantProgress> {
    tx.query(
        "SELECT EXISTS (SELECT 1 FROM tenants t WHERE t.id = $1 AND t.setup_dismissed = TRUE) AS is_dismissed, \
         EXISTS (SELECT 1 FROM en_device d WHERE d.tenant_id = $1) AS has_devices, \
         EXISTS (SELECT 1 FROM budgets b WHERE b.tenant_id = $1 AND b.scope_kind = 'tenant' \
         AND (b.limit_input_tokens IS NOT NULL OR b.limit_output_tokens IS NOT NULL OR b.limit_requests IS NOT NULL \
         OR b.limit_pico_usd IS NOT NULL)) AS has_budget, \
         EXISTS (SELECT 1 FROM memberships m WHERE m.tenant_id = $1 AND m.user_id <> $2) AS has_colleagues",
    )
    .bind(scope.tenant())
    .bind(scope.user())
    .one::<TenantProgress>()
    .await
}

/// Hides the list of steps from the tenant's administrators.
///
/// # Errors
/// Database errors.
pub async fn tenant_dismiss_setup(scope: &TenantScope, tx: &mut Tx) -> Result<()> {
    tx.query("UPDATE tenants SET setup_dismissed = TRUE WHERE id = $1").bind(scope.tenant()).execute().await?;
    Ok(())
}
