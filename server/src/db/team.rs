//! Teams: groups of a tenant with what LiteLLM's clients say of them, and their people. Their budgets in money are in
//! [`money`], what was spent in [`spend`].

mod money;
mod spend;

use app::model::{GroupId, Timestamp, UserId};
use uuid::Uuid;

pub use self::{
    money::{MoneyBudget, money_budget, money_budget_lift},
    spend::{DaySpend, SpendFilter, SpendLine, day_spend, spend_lines, spent},
};
use super::{Error, Result, Tx, group::group_insert, ledger::Books};

/// A team as stored: a group, and its row in `teams` if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub group: GroupId,
    /// Chosen by a client, or the group's id.
    pub team_id: String,
    pub name: String,
    /// Of each key made for it.
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    /// Exact model ids for such keys; empty: all.
    pub models: Vec<String>,
    /// A JSON object.
    pub metadata: String,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct TeamRow {
    id: Uuid,
    team_id: Option<String>,
    name: String,
    requests_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    models: Option<String>,
    metadata: Option<String>,
    created_at: i64,
}

impl TeamRow {
    fn team(self) -> Result<Team> {
        let models = self.models.as_deref().unwrap_or("[]");
        let models = serde_json::from_str(models).map_err(|e| Error::Corrupt {
            table: "teams",
            column: "models",
            row: self.id.to_string(),
            problem: e.to_string(),
        })?;
        Ok(Team {
            group: GroupId(self.id),
            team_id: self.team_id.unwrap_or_else(|| self.id.to_string()),
            name: self.name,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            models,
            metadata: self.metadata.unwrap_or_else(|| "{}".to_owned()),
            created_at: Timestamp(self.created_at),
        })
    }
}

/// The columns of a team, and the rest of the statement.
macro_rules! select_teams {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, t.team_id, g.name, t.requests_per_minute, t.tokens_per_minute, t.models, t.metadata, ",
            "g.created_at FROM groups g LEFT JOIN teams t ON t.tenant_id = g.tenant_id AND t.group_id = g.id ",
            $rest
        )
    };
}

/// Makes a team, with its group.
///
/// # Errors
/// [`Error::Duplicate`] when the tenant has one of this name or id.
pub async fn team_insert(books: Books, tx: &mut Tx, team: &Team) -> Result<()> {
    group_insert(books, tx, team.group, &team.name, team.created_at).await?;
    team_describe(books, tx, team).await
}

/// Writes a team's name and what clients say of it.
///
/// # Errors
/// [`Error::Duplicate`] when the tenant has another one of this name.
pub async fn team_set(books: Books, tx: &mut Tx, team: &Team) -> Result<()> {
    tx.query("UPDATE groups SET name = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(books.tenant())
        .bind(team.group)
        .bind(&team.name)
        .execute()
        .await?;
    team_describe(books, tx, team).await
}

async fn team_describe(books: Books, tx: &mut Tx, team: &Team) -> Result<()> {
    let models = serde_json::to_string(&team.models).map_err(|e| Error::Misuse(e.to_string()))?;
    tx.query(
        "INSERT INTO teams (tenant_id, group_id, team_id, requests_per_minute, tokens_per_minute, models, metadata) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, group_id) DO UPDATE SET \
         requests_per_minute = excluded.requests_per_minute, tokens_per_minute = excluded.tokens_per_minute, \
         models = excluded.models, metadata = excluded.metadata",
    )
    .bind(books.tenant())
    .bind(team.group)
    .bind(&team.team_id)
    .bind(team.requests_per_minute)
    .bind(team.tokens_per_minute)
    .bind(models)
    .bind(&team.metadata)
    .execute()
    .await?;
    Ok(())
}

/// A team by its id, a client's or the group's.
///
/// # Errors
/// Database errors.
pub async fn team_find(books: Books, tx: &mut Tx, team_id: &str) -> Result<Option<Team>> {
    let row: Option<TeamRow> = tx
        .query(select_teams!("WHERE g.tenant_id = $1 AND (t.team_id = $2 OR (t.team_id IS NULL AND g.id = $3))"))
        .bind(books.tenant())
        .bind(team_id)
        .bind(Uuid::try_parse(team_id).ok())
        .optional()
        .await?;
    row.map(TeamRow::team).transpose()
}

/// A team by its group.
///
/// # Errors
/// Database errors.
pub async fn team_get(books: Books, tx: &mut Tx, group: GroupId) -> Result<Option<Team>> {
    let row: Option<TeamRow> = tx
        .query(select_teams!("WHERE g.tenant_id = $1 AND g.id = $2"))
        .bind(books.tenant())
        .bind(group)
        .optional()
        .await?;
    row.map(TeamRow::team).transpose()
}

/// Teams by name, at most `limit`; only those this person is in, if one is named.
///
/// # Errors
/// Database errors.
pub async fn team_list(books: Books, tx: &mut Tx, member: Option<UserId>, limit: i64) -> Result<Vec<Team>> {
    let rows: Vec<TeamRow> = tx
        .query(select_teams!(
            "WHERE g.tenant_id = $1 AND ($2 = FALSE OR EXISTS (SELECT 1 FROM group_members m \
             WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND m.user_id = $3)) ORDER BY g.name LIMIT $4"
        ))
        .bind(books.tenant())
        .bind(member.is_some())
        .bind(member)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(TeamRow::team).collect()
}

#[derive(sqlx::FromRow)]
struct CountRow {
    count: i64,
}

/// How many groups a tenant has.
///
/// # Errors
/// Database errors.
pub async fn team_count(books: Books, tx: &mut Tx) -> Result<i64> {
    let row: CountRow =
        tx.query("SELECT COUNT(*) AS count FROM groups WHERE tenant_id = $1").bind(books.tenant()).one().await?;
    Ok(row.count)
}

/// A member of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub name: String,
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    email: String,
    name: String,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self { id: UserId(row.id), email: row.email, name: row.name }
    }
}

/// A member of the tenant by id or by e-mail (lower case).
///
/// # Errors
/// Database errors.
pub async fn person_find(books: Books, tx: &mut Tx, id: Option<UserId>, email: &str) -> Result<Option<Person>> {
    let row: Option<PersonRow> = tx
        .query(
            "SELECT u.id, u.email, u.name FROM memberships m JOIN users u ON u.id = m.user_id \
             WHERE m.tenant_id = $1 AND (u.id = $2 OR u.email = $3)",
        )
        .bind(books.tenant())
        .bind(id)
        .bind(email)
        .optional()
        .await?;
    Ok(row.map(Person::from))
}

/// Who is in a group, by e-mail, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn team_people(books: Books, tx: &mut Tx, group: GroupId, limit: i64) -> Result<Vec<Person>> {
    let rows: Vec<PersonRow> = tx
        .query(
            "SELECT u.id, u.email, u.name FROM group_members g JOIN users u ON u.id = g.user_id \
             WHERE g.tenant_id = $1 AND g.group_id = $2 ORDER BY u.email LIMIT $3",
        )
        .bind(books.tenant())
        .bind(group)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(Person::from).collect())
}
