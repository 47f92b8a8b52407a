//! Profiles: a name for model, instructions, limits and cost rules, used in a client's base URL.
//!
//! What must hold: a profile is never deleted and its id never changes, so that books and budgets keep it under any name.

use app::model::{Money, ProfileId, Timestamp};
use uuid::Uuid;

use super::{Error, Query, Result, Tx, ledger::Books};

/// A profile as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub id: ProfileId,
    /// As in the URL.
    pub slug: String,
    pub name: String,
    /// The exact id of the model that answers whatever a request names; `None`: the request's own.
    pub model: Option<String>,
    /// Exact ids of what is asked when that model does not answer, in order; empty: as the server is set up.
    pub fallbacks: Vec<String>,
    /// Put before a request's own; empty: nothing.
    pub system_prompt: String,
    pub allows_tools: bool,
    /// Output tokens of one answer at most; `None`: the model's.
    pub max_output: Option<i64>,
    pub is_disabled: bool,
    /// See `gateway::rules`.
    pub cheaper_model: Option<String>,
    pub cheaper_below_tokens: Option<i64>,
    pub cheaper_when_budget_below: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct ProfileRow {
    id: Uuid,
    slug: String,
    name: String,
    model: String,
    fallbacks: String,
    system_prompt: String,
    allows_tools: bool,
    max_output_tokens: Option<i64>,
    is_disabled: bool,
    cheaper_model: String,
    cheaper_below_tokens: Option<i64>,
    cheaper_when_budget_below: Option<i64>,
}

impl ProfileRow {
    fn profile(self) -> Result<Profile> {
        let corrupt = |error: serde_json::Error| Error::Corrupt {
            table: "profiles",
            column: "fallbacks",
            row: self.id.to_string(),
            problem: error.to_string(),
        };
        let fallbacks = serde_json::from_str(&self.fallbacks).map_err(corrupt)?;
        let unless_empty = |text: String| (!text.is_empty()).then_some(text);
        Ok(Profile {
            id: ProfileId(self.id),
            slug: self.slug,
            name: self.name,
            model: unless_empty(self.model),
            fallbacks,
            system_prompt: self.system_prompt,
            allows_tools: self.allows_tools,
            max_output: self.max_output_tokens,
            is_disabled: self.is_disabled,
            cheaper_model: unless_empty(self.cheaper_model),
            cheaper_below_tokens: self.cheaper_below_tokens,
            cheaper_when_budget_below: self.cheaper_when_budget_below,
        })
    }
}

/// Runs a statement that names the columns in this order.
async fn write(books: Books, query: Query<'_>, profile: &Profile, now: Timestamp) -> Result<()> {
    let fallbacks = serde_json::to_string(&profile.fallbacks).map_err(|error| Error::Misuse(error.to_string()))?;
    query
        .bind(books.tenant())
        .bind(profile.id)
        .bind(&profile.slug)
        .bind(&profile.name)
        .bind(profile.model.as_deref().unwrap_or_default())
        .bind(fallbacks)
        .bind(&profile.system_prompt)
        .bind(profile.allows_tools)
        .bind(profile.max_output)
        .bind(profile.is_disabled)
        .bind(profile.cheaper_model.as_deref().unwrap_or_default())
        .bind(profile.cheaper_below_tokens)
        .bind(profile.cheaper_when_budget_below)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}

/// Makes a profile.
///
/// # Errors
/// [`Error::Duplicate`] when its slug is taken.
pub async fn profile_insert(books: Books, tx: &mut Tx, profile: &Profile, now: Timestamp) -> Result<()> {
    let query = tx.query(
        "INSERT INTO profiles (tenant_id, id, slug, name, model, fallbacks, system_prompt, allows_tools, \
         max_output_tokens, is_disabled, cheaper_model, cheaper_below_tokens, cheaper_when_budget_below, created_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)",
    );
    write(books, query, profile, now).await
}

/// Writes everything of a profile but its id.
///
/// # Errors
/// [`Error::Duplicate`] when its new slug is taken.
pub async fn profile_update(books: Books, tx: &mut Tx, profile: &Profile, now: Timestamp) -> Result<()> {
    let query = tx.query(
        "UPDATE profiles SET slug = $3, name = $4, model = $5, fallbacks = $6, system_prompt = $7, allows_tools = $8, \
         max_output_tokens = $9, is_disabled = $10, cheaper_model = $11, cheaper_below_tokens = $12, \
         cheaper_when_budget_below = $13, updated_at = $14 WHERE tenant_id = $1 AND id = $2",
    );
    write(books, query, profile, now).await
}

/// The columns of a tenant's profiles, and which of them.
macro_rules! select_profiles {
    ($which:literal) => {
        concat!(
            "SELECT id, slug, name, model, fallbacks, system_prompt, allows_tools, max_output_tokens, is_disabled, \
             cheaper_model, cheaper_below_tokens, cheaper_when_budget_below FROM profiles WHERE tenant_id = $1 AND ",
            $which
        )
    };
}

/// The tenant's profile of that slug, disabled ones too.
///
/// # Errors
/// Database errors.
pub async fn profile_by_slug(books: Books, tx: &mut Tx, slug: &str) -> Result<Option<Profile>> {
    let row: Option<ProfileRow> =
        tx.query(select_profiles!("slug = $2")).bind(books.tenant()).bind(slug).optional().await?;
    row.map(ProfileRow::profile).transpose()
}

/// The tenant's profile of that id, disabled ones too.
///
/// # Errors
/// Database errors.
pub async fn profile_by_id(books: Books, tx: &mut Tx, id: ProfileId) -> Result<Option<Profile>> {
    let row: Option<ProfileRow> =
        tx.query(select_profiles!("id = $2")).bind(books.tenant()).bind(id).optional().await?;
    row.map(ProfileRow::profile).transpose()
}

/// A tenant's profiles after `after` (a slug), by slug, at most `limit`.
///
/// # Errors
/// Database errors.
pub async fn profile_list(books: Books, tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Profile>> {
    let rows: Vec<ProfileRow> = tx
        .query(select_profiles!("slug > $2 ORDER BY slug LIMIT $3"))
        .bind(books.tenant())
        .bind(after)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(ProfileRow::profile).collect()
}

/// Binds a key to a profile, or to none; `false`: there is no such key of the tenant.
///
/// # Errors
/// Database errors.
pub async fn profile_of_key(books: Books, tx: &mut Tx, public_id: &str, profile: Option<ProfileId>) -> Result<bool> {
    let changed = tx
        .query("UPDATE api_keys SET profile_id = $3 WHERE tenant_id = $1 AND public_id = $2")
        .bind(books.tenant())
        .bind(public_id)
        .bind(profile)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// What a profile's cost rules came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savings {
    pub profile: ProfileId,
    /// Settled calls that went to the cheaper model.
    pub calls: i64,
    pub cost: Money,
    /// What the same tokens would have cost at the model they were to go to.
    pub baseline: Money,
}

#[derive(sqlx::FromRow)]
struct SavingsRow {
    profile_id: Uuid,
    calls: i64,
    cost_pico: i64,
    baseline_pico: i64,
}

/// What the cost rules of the tenant's profiles came to, ever; only of profiles that have such calls.
///
/// # Errors
/// Database errors.
pub async fn profile_savings(books: Books, tx: &mut Tx) -> Result<Vec<Savings>> {
    let rows: Vec<SavingsRow> = tx
        .query(
            "SELECT profile_id, COUNT(*) AS calls, CAST(SUM(cost_pico_usd) AS BIGINT) AS cost_pico, \
             CAST(SUM(baseline_cost_pico) AS BIGINT) AS baseline_pico FROM model_calls \
             WHERE tenant_id = $1 AND state = 'settled' AND profile_id IS NOT NULL AND baseline_cost_pico IS NOT NULL \
             GROUP BY profile_id ORDER BY profile_id LIMIT 10000",
        )
        .bind(books.tenant())
        .all()
        .await?;
    let savings = |row: &SavingsRow| Savings {
        profile: ProfileId(row.profile_id),
        calls: row.calls,
        cost: Money(row.cost_pico),
        baseline: Money(row.baseline_pico),
    };
    Ok(rows.iter().map(savings).collect())
}
