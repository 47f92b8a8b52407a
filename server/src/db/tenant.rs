//! Tenants. Who may enter them is in [`super::membership`].

use std::str::FromStr;

use app::model::{TenantCode, TenantId, Timestamp};
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
        })
    }
}

/// The scope's own tenant; `None` when it was removed meanwhile.
///
/// # Errors
/// Database errors, [`Error::Corrupt`].
pub async fn tenant_find(scope: &TenantScope, tx: &mut Tx) -> Result<Option<Tenant>> {
    tx.query(
        "SELECT id, code, name, assistant, time_zone, currency, prompts, contact, instructions, is_disabled \
         FROM tenants WHERE id = $1",
    )
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
    tx.query(
        "SELECT id, code, name, assistant, time_zone, currency, prompts, contact, instructions, is_disabled \
         FROM tenants WHERE code = $1",
    )
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
        .query(
            "SELECT id, code, name, assistant, time_zone, currency, prompts, contact, instructions, is_disabled \
             FROM tenants WHERE code > $1 ORDER BY code LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .all::<TenantRow>()
        .await?;
    rows.into_iter().map(TenantRow::tenant).collect()
}

/// Writes everything of a tenant but its id and code.
///
/// # Errors
/// Database errors.
pub async fn tenant_update(tx: &mut SystemTx, tenant: &Tenant) -> Result<()> {
    let prompts = serde_json::to_string(&tenant.prompts).unwrap_or_else(|_| "[]".to_owned());
    tx.query(
        "UPDATE tenants SET name = $2, assistant = $3, time_zone = $4, currency = $5, prompts = $6, contact = $7, \
         instructions = $8, is_disabled = $9 WHERE id = $1",
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
    .execute()
    .await?;
    Ok(())
}
