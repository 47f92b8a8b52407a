//! Tenants and memberships.

use std::str::FromStr;

use app::model::{Role, TenantChoice, TenantCode, TenantId, Timestamp, UserId};
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

/// Takes a person out of a tenant; `false`: they were not in it.
///
/// # Errors
/// Database errors.
pub async fn membership_delete(tx: &mut SystemTx, tenant: TenantId, user: UserId) -> Result<bool> {
    let deleted = tx
        .query("DELETE FROM memberships WHERE tenant_id = $1 AND user_id = $2")
        .bind(tenant)
        .bind(user)
        .execute()
        .await?;
    Ok(deleted > 0)
}

#[derive(sqlx::FromRow)]
struct ChoiceRow {
    code: String,
    name: String,
    role: String,
}

/// The tenants a person may enter, by name, at most 200. Needs [`super::Db::read_memberships_of`] that person.
///
/// # Errors
/// Database errors, [`Error::Corrupt`].
pub async fn membership_choices(tx: &mut Tx, user: UserId) -> Result<Vec<TenantChoice>> {
    let rows = tx
        .query(
            "SELECT t.code, t.name, m.role FROM memberships m JOIN tenants t ON t.id = m.tenant_id \
             JOIN users u ON u.id = m.user_id WHERE m.user_id = $1 AND t.is_disabled = FALSE AND u.is_disabled = FALSE \
             ORDER BY t.name, t.code LIMIT 200",
        )
        .bind(user)
        .all::<ChoiceRow>()
        .await?;
    let corrupt = |column, problem: &str| Error::Corrupt {
        table: "memberships",
        column,
        row: user.to_string(),
        problem: problem.to_owned(),
    };
    rows.into_iter()
        .map(|row| {
            Ok(TenantChoice {
                code: row.code.parse().map_err(|e| corrupt("code", e))?,
                name: row.name,
                role: row.role.parse().map_err(|e| corrupt("role", e))?,
            })
        })
        .collect()
}

/// A membership with the names an administrator reads.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct MembershipLine {
    pub email: String,
    pub code: String,
    pub role: String,
}

/// Memberships by tenant and e-mail, at most `limit` after `after` = (code, e-mail). `tenant`: only this one.
///
/// # Errors
/// Database errors.
pub async fn membership_list(
    tx: &mut SystemTx,
    tenant: Option<&TenantCode>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<MembershipLine>> {
    tx.query(
        "SELECT u.email, t.code, m.role FROM memberships m JOIN tenants t ON t.id = m.tenant_id \
         JOIN users u ON u.id = m.user_id WHERE (t.code > $1 OR (t.code = $1 AND u.email > $2)) AND ($3 = '' OR t.code = $3) \
         ORDER BY t.code, u.email LIMIT $4",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(tenant.map_or("", TenantCode::as_str))
    .bind(limit)
    .all::<MembershipLine>()
    .await
}
