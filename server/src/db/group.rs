//! Groups: people of a tenant who share a budget.

use app::model::{GroupId, Timestamp, UserId};
use uuid::Uuid;

use super::{Result, Tx, ledger::Books};

/// A group as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub members: i64,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    id: Uuid,
    name: String,
    members: i64,
    created_at: i64,
}

impl GroupRow {
    fn group(self) -> Group {
        Group { id: GroupId(self.id), name: self.name, members: self.members, created_at: Timestamp(self.created_at) }
    }
}

/// Makes a group.
///
/// # Errors
/// [`super::Error::Duplicate`] when the tenant has one of this name.
pub async fn group_insert(books: Books, tx: &mut Tx, id: GroupId, name: &str, now: Timestamp) -> Result<()> {
    tx.query("INSERT INTO groups (tenant_id, id, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(books.tenant())
        .bind(id)
        .bind(name)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// A group by its name.
///
/// # Errors
/// Database errors.
pub async fn group_find(books: Books, tx: &mut Tx, name: &str) -> Result<Option<Group>> {
    let row: Option<GroupRow> = tx
        .query(
            "SELECT g.id, g.name, (SELECT COUNT(*) FROM group_members m WHERE m.tenant_id = g.tenant_id \
             AND m.group_id = g.id) AS members, g.created_at FROM groups g WHERE g.tenant_id = $1 AND g.name = $2",
        )
        .bind(books.tenant())
        .bind(name)
        .optional()
        .await?;
    Ok(row.map(GroupRow::group))
}

/// A tenant's groups whose name comes after `after`, by name, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn group_list(books: Books, tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Group>> {
    let rows: Vec<GroupRow> = tx
        .query(
            "SELECT g.id, g.name, (SELECT COUNT(*) FROM group_members m WHERE m.tenant_id = g.tenant_id \
             AND m.group_id = g.id) AS members, g.created_at FROM groups g WHERE g.tenant_id = $1 AND g.name > $2 \
             ORDER BY g.name LIMIT $3",
        )
        .bind(books.tenant())
        .bind(after)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(GroupRow::group).collect())
}

/// Removes a group and who is in it. Its budgets stay, on nobody's path; `false`: there is none.
///
/// # Errors
/// Database errors.
pub async fn group_delete(books: Books, tx: &mut Tx, id: GroupId) -> Result<bool> {
    let changed =
        tx.query("DELETE FROM groups WHERE tenant_id = $1 AND id = $2").bind(books.tenant()).bind(id).execute().await?;
    Ok(changed == 1)
}

/// Puts a member of the tenant into a group; `false`: this is no member of the tenant.
///
/// # Errors
/// Database errors.
pub async fn group_member_put(books: Books, tx: &mut Tx, group: GroupId, user: UserId) -> Result<bool> {
    let changed = tx
        .query(
            "INSERT INTO group_members (tenant_id, group_id, user_id) SELECT m.tenant_id, $2, m.user_id \
             FROM memberships m WHERE m.tenant_id = $1 AND m.user_id = $3 \
             ON CONFLICT (tenant_id, group_id, user_id) DO UPDATE SET user_id = excluded.user_id",
        )
        .bind(books.tenant())
        .bind(group)
        .bind(user)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Takes somebody out of a group; `false`: they were not in it.
///
/// # Errors
/// Database errors.
pub async fn group_member_delete(books: Books, tx: &mut Tx, group: GroupId, user: UserId) -> Result<bool> {
    let changed = tx
        .query("DELETE FROM group_members WHERE tenant_id = $1 AND group_id = $2 AND user_id = $3")
        .bind(books.tenant())
        .bind(group)
        .bind(user)
        .execute()
        .await?;
    Ok(changed == 1)
}

#[derive(sqlx::FromRow)]
struct EmailRow {
    email: String,
}

/// The e-mails of a group's members that come after `after`, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn group_members(books: Books, tx: &mut Tx, group: GroupId, after: &str, limit: i64) -> Result<Vec<String>> {
    let rows: Vec<EmailRow> = tx
        .query(
            "SELECT u.email FROM group_members g JOIN users u ON u.id = g.user_id \
             WHERE g.tenant_id = $1 AND g.group_id = $2 AND u.email > $3 ORDER BY u.email LIMIT $4",
        )
        .bind(books.tenant())
        .bind(group)
        .bind(after)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.email).collect())
}
