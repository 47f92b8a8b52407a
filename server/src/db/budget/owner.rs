//! Whose budgets there can be: the ids of those who are named.

use uuid::Uuid;

use super::ScopeKind;
use crate::db::{Result, Tx, ledger::Books};

#[derive(sqlx::FromRow)]
struct IdRow {
    id: Uuid,
}

/// The id of what a tenant has under a name: a member's e-mail, a group's name, a profile's slug, a key's public id. A
/// tenant's own name is its code.
///
/// # Errors
/// Database errors.
pub async fn owner_find(books: Books, tx: &mut Tx, scope: ScopeKind, name: &str) -> Result<Option<Uuid>> {
    let sql = match scope {
        ScopeKind::Tenant => "SELECT id FROM tenants WHERE id = $1 AND code = $2",
        ScopeKind::User => {
            "SELECT u.id FROM users u JOIN memberships m ON m.user_id = u.id WHERE m.tenant_id = $1 AND u.email = $2"
        }
        ScopeKind::Group => "SELECT id FROM groups WHERE tenant_id = $1 AND name = $2",
        ScopeKind::Profile => "SELECT id FROM profiles WHERE tenant_id = $1 AND slug = $2",
        ScopeKind::Key => "SELECT id FROM api_keys WHERE tenant_id = $1 AND public_id = $2",
    };
    let row: Option<IdRow> = tx.query(sql).bind(books.tenant()).bind(name).optional().await?;
    Ok(row.map(|row| row.id))
}
