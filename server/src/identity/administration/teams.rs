//! Teams and their people.

use app::model::{DisplayName, GroupId};

use super::{BudgetWish, Desk, Spending};
use crate::{
    db::{
        Error as DbError, Tx,
        api_key::{ApiKey, api_key_of_group},
        budget::ScopeKind,
        team::{
            Person, Team, team_count, team_find, team_get, team_insert, team_list, team_member_put, team_people,
            team_set,
        },
    },
    error::{Error, Result},
};

/// Teams of a tenant.
const MOST_TEAMS: i64 = 1_000;
/// People and keys shown of a team.
const SHOWN: i64 = 1_000;
/// Teams in a list. Each is looked up by itself.
const LISTED: i64 = 200;

/// What a client says of a team; `None`: nothing.
#[derive(Clone, Debug, Default)]
pub struct TeamWish {
    pub team_id: Option<String>,
    pub name: Option<DisplayName>,
    /// The inner `None`: no limit.
    pub requests_per_minute: Option<Option<i64>>,
    pub tokens_per_minute: Option<Option<i64>>,
    pub models: Option<Vec<String>>,
    /// A JSON object.
    pub metadata: Option<String>,
    /// Ids or e-mails of members.
    pub people: Vec<String>,
}

/// A team with all that is shown of it.
#[derive(Clone, Debug)]
pub struct TeamView {
    pub team: Team,
    pub people: Vec<Person>,
    pub keys: Vec<ApiKey>,
    pub spending: Spending,
}

impl Desk<'_> {
    /// Makes a team.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Conflict`] when there is one of this name or id; database errors.
    pub async fn team_make(&self, wish: TeamWish, budget: BudgetWish) -> Result<TeamView> {
        let group: GroupId = self.world.id();
        let team_id = wish.team_id.clone().unwrap_or_else(|| group.to_string());
        let name = wish.name.as_ref().map_or_else(|| team_id.clone(), ToString::to_string);
        let mut team = Team {
            group,
            team_id,
            name,
            requests_per_minute: None,
            tokens_per_minute: None,
            models: Vec::new(),
            metadata: "{}".to_owned(),
            created_at: self.world.now(),
        };
        describe(&mut team, &wish);
        let mut tx = self.begin().await?;
        if team_count(self.books(), &mut tx).await? >= MOST_TEAMS {
            return Err(Error::Conflict(format!("a tenant has {MOST_TEAMS} teams at most")));
        }
        if team_find(self.books(), &mut tx, &team.team_id).await?.is_some() {
            return Err(Error::Conflict(format!("there is a team {} already", team.team_id)));
        }
        team_insert(self.books(), &mut tx, &team).await.map_err(|error| taken(error, &team))?;
        self.add(&mut tx, &team, &wish.people).await?;
        self.set_budget(&mut tx, ScopeKind::Group, group.0, budget).await?;
        let view = self.view(&mut tx, team).await?;
        self.commit(tx, &format!("team {} made", view.team.team_id)).await?;
        Ok(view)
    }

    /// Changes what is said of a team.
    ///
    /// # Errors
    /// [`Error::NotFound`]; as [`Desk::team_make`].
    pub async fn team_change(&self, team_id: &str, wish: TeamWish, budget: BudgetWish) -> Result<TeamView> {
        let mut tx = self.begin().await?;
        let mut team = team_find(self.books(), &mut tx, team_id).await?.ok_or(Error::NotFound)?;
        describe(&mut team, &wish);
        if let Some(name) = &wish.name {
            team.name = name.to_string();
        }
        team_set(self.books(), &mut tx, &team).await.map_err(|error| taken(error, &team))?;
        self.set_budget(&mut tx, ScopeKind::Group, team.group.0, budget).await?;
        let view = self.view(&mut tx, team).await?;
        self.commit(tx, &format!("team {} changed", view.team.team_id)).await?;
        Ok(view)
    }

    /// Puts members of the tenant into a team.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for who is no member of the tenant; database errors.
    pub async fn team_add(&self, team_id: &str, people: &[String]) -> Result<TeamView> {
        let mut tx = self.begin().await?;
        let team = team_find(self.books(), &mut tx, team_id).await?.ok_or(Error::NotFound)?;
        self.add(&mut tx, &team, people).await?;
        let view = self.view(&mut tx, team).await?;
        self.commit(tx, &format!("{} people put into team {}", people.len(), view.team.team_id)).await?;
        Ok(view)
    }

    /// A team.
    ///
    /// # Errors
    /// [`Error::NotFound`]; database errors.
    pub async fn team(&self, team_id: &str) -> Result<TeamView> {
        let mut tx = self.read().await?;
        let team = team_find(self.books(), &mut tx, team_id).await?.ok_or(Error::NotFound)?;
        self.view(&mut tx, team).await
    }

    /// The tenant's teams by name, at most [`LISTED`]; only a person's, if one is named.
    ///
    /// # Errors
    /// [`Error::Invalid`] for who is no member of the tenant; database errors.
    pub async fn teams(&self, of: Option<&str>) -> Result<Vec<TeamView>> {
        let mut tx = self.read().await?;
        let member = match of {
            Some(text) => Some(self.person(&mut tx, text).await?.id),
            None => None,
        };
        let mut views = Vec::new();
        for team in team_list(self.books(), &mut tx, member, LISTED).await? {
            views.push(self.view(&mut tx, team).await?);
        }
        Ok(views)
    }

    /// The id of the team a key was made for.
    pub(super) async fn team_id(&self, tx: &mut Tx, group: Option<GroupId>) -> Result<Option<String>> {
        let Some(group) = group else { return Ok(None) };
        Ok(team_get(self.books(), tx, group).await?.map(|team| team.team_id))
    }

    async fn add(&self, tx: &mut Tx, team: &Team, people: &[String]) -> Result<()> {
        for text in people {
            let person = self.person(tx, text).await?;
            team_member_put(self.books(), tx, team.group, person.id).await?;
        }
        Ok(())
    }

    async fn view(&self, tx: &mut Tx, team: Team) -> Result<TeamView> {
        let people = team_people(self.books(), tx, team.group, SHOWN).await?;
        let keys = api_key_of_group(self.books(), tx, team.group, SHOWN).await?;
        let spending = self.spending(tx, ScopeKind::Group, team.group.0).await?;
        Ok(TeamView { team, people, keys, spending })
    }
}

fn describe(team: &mut Team, wish: &TeamWish) {
    team.requests_per_minute = wish.requests_per_minute.unwrap_or(team.requests_per_minute);
    team.tokens_per_minute = wish.tokens_per_minute.unwrap_or(team.tokens_per_minute);
    if let Some(models) = &wish.models {
        team.models.clone_from(models);
    }
    if let Some(metadata) = &wish.metadata {
        team.metadata.clone_from(metadata);
    }
}

fn taken(error: DbError, team: &Team) -> Error {
    match error {
        DbError::Duplicate(_) => Error::Conflict(format!("there is a team called {} already", team.name)),
        other => other.into(),
    }
}
