//! Tenants and memberships.

use std::str::FromStr;

use app::model::{Role, TenantCode, TenantId, Timestamp, UserId};
use uuid::Uuid;

use super::{Error, Result, SystemTx, TenantScope, Tx};

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

#[derive(sqlx::FromRow)]
struct ScopeRow {
    tenant_id: Uuid,
    user_id: Uuid,
    role: String,
    code: String,
    tenant_name: String,
    user_name: String,
    time_zone: String,
}

impl ScopeRow {
    fn scope(self) -> Result<TenantScope> {
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "tenants",
            column,
            row: self.tenant_id.to_string(),
            problem,
        };
        let role = Role::from_str(&self.role).map_err(|e| corrupt("role", e.to_owned()))?;
        let code = TenantCode::from_str(&self.code).map_err(|e| corrupt("code", e.to_owned()))?;
        let zone = chrono_tz::Tz::from_str(&self.time_zone).map_err(|e| corrupt("time_zone", e.to_string()))?;
        Ok(TenantScope::new(
            TenantId(self.tenant_id),
            UserId(self.user_id),
            role,
            code,
            self.tenant_name,
            self.user_name,
            zone,
        ))
    }
}

/// The live membership of a person in a tenant, as a scope; `None` when tenant or person are disabled, too. Needs
/// [`super::Db::read_memberships_of`] that person.
///
/// # Errors
/// Database errors.
pub async fn membership_scope(tx: &mut Tx, user: UserId, tenant: &TenantCode) -> Result<Option<TenantScope>> {
    tx.query(
        "SELECT m.tenant_id, m.user_id, m.role, t.code, t.name AS tenant_name, u.name AS user_name, t.time_zone \
         FROM memberships m JOIN tenants t ON t.id = m.tenant_id JOIN users u ON u.id = m.user_id \
         WHERE m.user_id = $1 AND t.code = $2 AND t.is_disabled = FALSE AND u.is_disabled = FALSE",
    )
    .bind(user)
    .bind(tenant.as_str())
    .optional::<ScopeRow>()
    .await?
    .map(ScopeRow::scope)
    .transpose()
}

/// The scope of somebody as they were, with the least role: for settling what they spent. Membership is not asked.
///
/// # Errors
/// Database errors.
pub async fn past_scope(tx: &mut SystemTx, tenant: TenantId, user: UserId) -> Result<Option<TenantScope>> {
    tx.query(
        "SELECT t.id AS tenant_id, u.id AS user_id, 'member' AS role, t.code, t.name AS tenant_name, u.name AS user_name, \
         t.time_zone FROM tenants t, users u WHERE t.id = $1 AND u.id = $2",
    )
    .bind(tenant)
    .bind(user)
    .optional::<ScopeRow>()
    .await?
    .map(ScopeRow::scope)
    .transpose()
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

/// Gives a person a role in a tenant, replacing the one they had.
///
/// # Errors
/// Database errors.
pub async fn membership_put(
    tx: &mut SystemTx,
    tenant: TenantId,
    user: UserId,
    role: Role,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO memberships (tenant_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role",
    )
    .bind(tenant)
    .bind(user)
    .bind(role.as_str())
    .bind(now)
    .execute()
    .await?;
    Ok(())
}
