//! Teams: groups of a tenant with what LiteLLM's clients say of them, their people, and what was spent.

use app::model::{ApiKeyId, GroupId, Money, Timestamp, UserId};
use uuid::Uuid;

use super::{
    Error, Result, Tx,
    budget::{Period, ScopeKind},
    ledger::Books,
};

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
    tx.query("INSERT INTO groups (tenant_id, id, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(books.tenant())
        .bind(team.group)
        .bind(&team.name)
        .bind(team.created_at)
        .execute()
        .await?;
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

/// Puts a member of the tenant into a group; nothing changes when they are in it.
///
/// # Errors
/// Database errors.
pub async fn team_member_put(books: Books, tx: &mut Tx, group: GroupId, user: UserId) -> Result<()> {
    tx.query(
        "INSERT INTO group_members (tenant_id, group_id, user_id) SELECT m.tenant_id, $2, m.user_id FROM memberships m \
         WHERE m.tenant_id = $1 AND m.user_id = $3 ON CONFLICT (tenant_id, group_id, user_id) DO NOTHING",
    )
    .bind(books.tenant())
    .bind(group)
    .bind(user)
    .execute()
    .await?;
    Ok(())
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

/// A budget in money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyBudget {
    pub period: Period,
    pub limit: Money,
}

#[derive(sqlx::FromRow)]
struct BudgetRow {
    id: Uuid,
    period: String,
    limit_pico_usd: i64,
}

/// The budget in money of a group, a key or a person; the one of the longest period if there are several.
///
/// # Errors
/// Database errors.
pub async fn money_budget(books: Books, tx: &mut Tx, scope: ScopeKind, id: Uuid) -> Result<Option<MoneyBudget>> {
    let row: Option<BudgetRow> = tx
        .query(
            "SELECT id, period, limit_pico_usd FROM budgets WHERE tenant_id = $1 AND scope_kind = $2 AND scope_id = $3 \
             AND limit_pico_usd IS NOT NULL \
             ORDER BY CASE period WHEN 'none' THEN 0 WHEN 'month' THEN 1 WHEN 'week' THEN 2 ELSE 3 END LIMIT 1",
        )
        .bind(books.tenant())
        .bind(scope.as_str())
        .bind(id)
        .optional()
        .await?;
    row.map(|row| {
        let period = row.period.parse().map_err(|e: &str| Error::Corrupt {
            table: "budgets",
            column: "period",
            row: row.id.to_string(),
            problem: e.to_owned(),
        })?;
        Ok(MoneyBudget { period, limit: Money(row.limit_pico_usd) })
    })
    .transpose()
}

/// Lifts the limits in money of the budgets of a scope, but for one period's.
///
/// # Errors
/// Database errors.
pub async fn money_budget_lift(
    books: Books,
    tx: &mut Tx,
    scope: ScopeKind,
    id: Uuid,
    but: Option<Period>,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "UPDATE budgets SET limit_pico_usd = NULL, updated_at = $5 WHERE tenant_id = $1 AND scope_kind = $2 \
         AND scope_id = $3 AND period <> $4 AND limit_pico_usd IS NOT NULL",
    )
    .bind(books.tenant())
    .bind(scope.as_str())
    .bind(id)
    .bind(but.map_or("", Period::as_str))
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct SpentRow {
    spent: i64,
}

/// What settled calls of the gateway and the chat cost since a day: those of one key, one person or one group's people.
///
/// # Errors
/// Database errors.
pub async fn spent(books: Books, tx: &mut Tx, scope: ScopeKind, id: Uuid, since_day: i64) -> Result<Money> {
    let row: SpentRow = tx
        .query(
            "SELECT CAST(COALESCE(SUM(c.cost_pico_usd), 0) AS BIGINT) AS spent FROM model_calls c \
             WHERE c.tenant_id = $1 AND c.local_day >= $4 AND c.state = 'settled' \
             AND (($2 = 'key' AND c.key_id = $3) OR ($2 = 'user' AND c.user_id = $3) \
             OR ($2 = 'group' AND EXISTS (SELECT 1 FROM group_members g WHERE g.tenant_id = c.tenant_id \
             AND g.group_id = $3 AND g.user_id = c.user_id)))",
        )
        .bind(books.tenant())
        .bind(scope.as_str())
        .bind(id)
        .bind(since_day)
        .one()
        .await?;
    Ok(Money(row.spent))
}

/// A settled call, as a line of a spend log.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SpendLine {
    pub id: Uuid,
    pub request_id: Option<String>,
    /// Of the key.
    pub public_id: Option<String>,
    pub user_id: Uuid,
    pub purpose: String,
    pub client_format: Option<String>,
    pub provider: String,
    pub model: String,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cost_pico_usd: i64,
    pub quality: Option<String>,
    pub local_day: i64,
    pub created_at: i64,
    pub settled_at: Option<i64>,
}

/// Which lines of a spend log.
#[derive(Clone, Debug, Default)]
pub struct SpendFilter {
    pub key: Option<ApiKeyId>,
    pub user: Option<UserId>,
    pub request_id: Option<String>,
    /// First and last day of the tenant's calendar.
    pub days: Option<(i64, i64)>,
    /// Older than this call.
    pub before: Option<Uuid>,
}

/// Settled calls, newest first, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn spend_lines(books: Books, tx: &mut Tx, filter: &SpendFilter, limit: i64) -> Result<Vec<SpendLine>> {
    tx.query(
        "SELECT c.id, c.request_id, k.public_id, c.user_id, c.purpose, c.client_format, c.provider, c.model, \
         c.input_tokens + c.cache_read_tokens + c.cache_write_5m_tokens + c.cache_write_1h_tokens AS input_tokens, \
         c.output_tokens, c.cost_pico_usd, c.quality, c.local_day, c.created_at, c.settled_at \
         FROM model_calls c LEFT JOIN api_keys k ON k.tenant_id = c.tenant_id AND k.id = c.key_id \
         WHERE c.tenant_id = $1 AND c.state = 'settled' AND ($2 = FALSE OR c.key_id = $3) \
         AND ($4 = FALSE OR c.user_id = $5) AND ($6 = '' OR c.request_id = $6) \
         AND c.local_day >= $7 AND c.local_day <= $8 AND ($9 = FALSE OR c.id < $10) ORDER BY c.id DESC LIMIT $11",
    )
    .bind(books.tenant())
    .bind(filter.key.is_some())
    .bind(filter.key)
    .bind(filter.user.is_some())
    .bind(filter.user)
    .bind(filter.request_id.as_deref().unwrap_or_default())
    .bind(filter.days.map_or(0, |days| days.0))
    .bind(filter.days.map_or(i64::MAX, |days| days.1))
    .bind(filter.before.is_some())
    .bind(filter.before)
    .bind(limit)
    .all()
    .await
}

/// What a person's calls of one model cost on a day.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DaySpend {
    pub local_day: i64,
    pub user_id: Uuid,
    pub model: String,
    pub spent: i64,
}

/// Spending by day, person and model between two days, at most `limit` rows.
///
/// # Errors
/// Database errors.
pub async fn day_spend(books: Books, tx: &mut Tx, filter: &SpendFilter, limit: i64) -> Result<Vec<DaySpend>> {
    tx.query(
        "SELECT c.local_day, c.user_id, c.model, CAST(SUM(c.cost_pico_usd) AS BIGINT) AS spent FROM model_calls c \
         WHERE c.tenant_id = $1 AND c.state = 'settled' AND ($2 = FALSE OR c.key_id = $3) \
         AND ($4 = FALSE OR c.user_id = $5) AND c.local_day >= $6 AND c.local_day <= $7 \
         GROUP BY c.local_day, c.user_id, c.model ORDER BY c.local_day, c.user_id, c.model LIMIT $8",
    )
    .bind(books.tenant())
    .bind(filter.key.is_some())
    .bind(filter.key)
    .bind(filter.user.is_some())
    .bind(filter.user)
    .bind(filter.days.map_or(0, |days| days.0))
    .bind(filter.days.map_or(i64::MAX, |days| days.1))
    .bind(limit)
    .all()
    .await
}
