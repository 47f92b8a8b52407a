//! Memberships: who may enter which tenant, and the scopes made from that.

use std::str::FromStr;

use app::model::{Lang, Role, TenantChoice, TenantCode, TenantId, Timestamp, UserId};
use uuid::Uuid;

use super::{Error, Result, SystemTx, TenantScope, Tx};

#[derive(sqlx::FromRow)]
struct ScopeRow {
    tenant_id: Uuid,
    user_id: Uuid,
    role: String,
    code: String,
    tenant_name: String,
    user_name: String,
    time_zone: String,
    locale: String,
    markup_bp: i64,
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
        let locale = Lang::parse(&self.locale).ok_or_else(|| corrupt("locale", self.locale.clone()))?;
        Ok(TenantScope::new(
            TenantId(self.tenant_id),
            UserId(self.user_id),
            role,
            code,
            self.tenant_name,
            self.user_name,
            zone,
            locale,
            self.markup_bp,
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
        "SELECT m.tenant_id, m.user_id, m.role, t.code, t.name AS tenant_name, u.name AS user_name, t.time_zone, t.locale, \
         t.markup_bp \
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
         t.time_zone, t.locale, t.markup_bp FROM tenants t, users u WHERE t.id = $1 AND u.id = $2",
    )
    .bind(tenant)
    .bind(user)
    .optional::<ScopeRow>()
    .await?
    .map(ScopeRow::scope)
    .transpose()
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
