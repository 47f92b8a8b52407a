//! Keys made, shown and looked up by an administrator's key, and what was spent with them.

use app::model::{DisplayName, Money, Timestamp};

use super::{BudgetWish, Desk, Spending, teams::TeamView};
use crate::{
    db::{
        api_key::{ApiKey, KeyKind, api_key_count, api_key_find, api_key_get, api_key_page},
        budget::ScopeKind,
        ledger::Books,
        team::{
            DaySpend, Person, SpendFilter, SpendLine, day_spend, spend_lines, team_find, team_member_put, team_people,
        },
    },
    error::{Error, Result},
    identity::api_keys::{self, KeyText, WantedKey},
};

/// Keys of services in a tenant that open something.
const MOST_KEYS: i64 = 10_000;
/// People of a team that are looked through.
const MOST_PEOPLE: i64 = 10_000;
/// Rows a summary is made from.
const MOST_DAYS: i64 = 50_000;
/// Keys shown of a person.
const SHOWN: i64 = 200;

/// A key a client asks for.
#[derive(Clone, Debug, Default)]
pub struct KeyOrder {
    pub name: Option<DisplayName>,
    /// Id or e-mail of a member; `None`: a service's.
    pub user: Option<String>,
    pub team_id: Option<String>,
    pub models: Vec<String>,
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    pub max_concurrent: Option<i64>,
    /// Until it ends.
    pub lasts_ms: Option<i64>,
}

/// A key with what is shown of it.
#[derive(Clone, Debug)]
pub struct KeyView {
    pub key: ApiKey,
    pub team_id: Option<String>,
    pub spending: Spending,
}

/// A person with what is shown of them.
#[derive(Clone, Debug)]
pub struct PersonView {
    pub person: Person,
    pub spending: Spending,
    pub keys: Vec<KeyView>,
    pub teams: Vec<TeamView>,
}

impl Desk<'_> {
    /// Makes a key that asks models; it never administers.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field's name; [`Error::NotFound`] for an unknown team; database errors.
    pub async fn key_make(&self, order: KeyOrder, budget: BudgetWish) -> Result<(KeyView, KeyText)> {
        let now = self.world.now();
        let mut tx = self.begin().await?;
        let books = Books::within(&tx, self.holder.key.tenant);
        let person = match &order.user {
            Some(text) => Some(self.person(&mut tx, text).await?),
            None => None,
        };
        if api_key_count(books, &mut tx, KeyKind::Service, None, now).await? >= MOST_KEYS {
            return Err(Error::Conflict(format!("a tenant has {MOST_KEYS} keys of services at most")));
        }
        let team = match &order.team_id {
            Some(id) => Some(team_find(books, &mut tx, id).await?.ok_or_else(|| {
                Error::invalid("team_id", "there is no such team in this tenant; make it with /team/new")
            })?),
            None => None,
        };
        let mut wanted = WantedKey {
            name: order.name.map_or_else(|| "Made by a program".to_owned(), String::from),
            user: person.as_ref().map(|person| person.id),
            requests_per_minute: order.requests_per_minute,
            tokens_per_minute: order.tokens_per_minute,
            max_concurrent: order.max_concurrent,
            models: order.models,
            expires_at: order.lasts_ms.map(|ms| Timestamp(now.0.saturating_add(ms))),
            ..WantedKey::default()
        };
        if let Some(team) = &team {
            if let Some(person) = &person
                && !team_people(books, &mut tx, team.group, MOST_PEOPLE).await?.contains(person)
            {
                let message =
                    format!("{} is not in the team {}; add them with /team/member_add", person.email, team.team_id);
                return Err(Error::invalid("user_id", message));
            }
            if !team.models.is_empty() {
                if let Some(other) = wanted.models.iter().find(|model| !team.models.contains(model)) {
                    return Err(Error::invalid("models", format!("the team may not ask {other}")));
                }
                if wanted.models.is_empty() {
                    wanted.models.clone_from(&team.models);
                }
            }
            let least = |own: Option<i64>, teams: Option<i64>| own.into_iter().chain(teams).min();
            wanted.requests_per_minute = least(wanted.requests_per_minute, team.requests_per_minute);
            wanted.tokens_per_minute = least(wanted.tokens_per_minute, team.tokens_per_minute);
            wanted.group = Some(team.group);
        }
        let by = Some(self.holder.scope.user());
        let made = api_keys::make(&mut tx, self.world, self.holder.key.tenant, by, &wanted).await?;
        if let Some(team) = &team {
            // A service pays from its team's budget, as its people do.
            team_member_put(books, &mut tx, team.group, made.user).await?;
        }
        self.set_budget(&mut tx, ScopeKind::Key, made.id.0, budget).await?;
        let key = api_key_get(books, &mut tx, made.id).await?.ok_or_else(|| Error::internal("a key that was made"))?;
        let spending = self.spending(&mut tx, ScopeKind::Key, made.id.0).await?;
        let view = KeyView { key, team_id: team.map(|team| team.team_id), spending };
        self.commit(tx, &format!("key {} made", made.text.public_id())).await?;
        Ok((view, made.text))
    }

    /// A key of the tenant: by its text, by what names it, or the administrator's own.
    ///
    /// # Errors
    /// [`Error::NotFound`]; database errors.
    pub async fn key(&self, text: Option<&str>) -> Result<KeyView> {
        let key = match text {
            None => self.holder.key.clone(),
            Some(text) => self.key_named(text).await?,
        };
        let mut tx = self.read().await?;
        let team_id = self.team_id(&mut tx, key.group).await?;
        let spending = self.spending(&mut tx, ScopeKind::Key, key.id.0).await?;
        Ok(KeyView { key, team_id, spending })
    }

    async fn key_named(&self, text: &str) -> Result<ApiKey> {
        let named = KeyText::parse(text).map(|key| key.public_id().to_owned());
        let public_id = named.unwrap_or_else(|| text.trim().trim_start_matches("stw_").to_owned());
        let mut tx = self.db.read_system(crate::db::SystemReason::GatewayKey).await?;
        let found = api_key_find(&mut tx, &public_id).await?;
        found.filter(|key| key.tenant == self.holder.key.tenant).ok_or(Error::NotFound)
    }

    /// A person of the tenant, or the administrator's key's own account.
    ///
    /// # Errors
    /// [`Error::Invalid`] for who is no member of the tenant; database errors.
    pub async fn user(&self, text: Option<&str>) -> Result<PersonView> {
        let own = self.holder.scope.user().to_string();
        let mut tx = self.read().await?;
        let person = self.person(&mut tx, text.unwrap_or(&own)).await?;
        let spending = self.spending(&mut tx, ScopeKind::User, person.id.0).await?;
        let mut keys = Vec::new();
        for kind in [KeyKind::Personal, KeyKind::Service] {
            for key in api_key_page(self.books(), &mut tx, kind, Some(person.id), None, SHOWN).await? {
                let team_id = self.team_id(&mut tx, key.group).await?;
                let spending = self.spending(&mut tx, ScopeKind::Key, key.id.0).await?;
                keys.push(KeyView { key, team_id, spending });
            }
        }
        drop(tx);
        let teams = self.teams(Some(&person.id.to_string())).await?;
        Ok(PersonView { person, spending, keys, teams })
    }

    /// Which calls a log is about; its key and its person are of the tenant.
    ///
    /// # Errors
    /// [`Error::NotFound`] for another key; [`Error::Invalid`] for who is no member of the tenant; database errors.
    pub async fn spend_filter(&self, key: Option<&str>, user: Option<&str>, rest: SpendFilter) -> Result<SpendFilter> {
        let mut filter = rest;
        if let Some(key) = key {
            filter.key = Some(self.key_named(key).await?.id);
        }
        if let Some(user) = user {
            let mut tx = self.read().await?;
            filter.user = Some(self.person(&mut tx, user).await?.id);
        }
        Ok(filter)
    }

    /// Settled calls, newest first.
    ///
    /// # Errors
    /// Database errors.
    pub async fn spend_lines(&self, filter: &SpendFilter, limit: i64) -> Result<Vec<SpendLine>> {
        let mut tx = self.read().await?;
        Ok(spend_lines(self.books(), &mut tx, filter, limit).await?)
    }

    /// Spending by day, person and model.
    ///
    /// # Errors
    /// [`Error::Invalid`] when that is too much for one answer; database errors.
    pub async fn spend_by_day(&self, filter: &SpendFilter) -> Result<Vec<DaySpend>> {
        let mut tx = self.read().await?;
        let rows = day_spend(self.books(), &mut tx, filter, MOST_DAYS).await?;
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) >= MOST_DAYS {
            return Err(Error::invalid("start_date", "these are too many days for one answer; ask for fewer"));
        }
        Ok(rows)
    }
}

/// A sum that stays a sum.
#[must_use]
pub fn total(amounts: impl IntoIterator<Item = i64>) -> Money {
    Money(amounts.into_iter().fold(0, i64::saturating_add))
}
