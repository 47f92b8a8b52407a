//! LiteLLM's objects. Written field by field, so that amounts are the decimals of the integers and no floats.

use app::model::{Money, Timestamp};
use serde::Serialize;

use super::{body::period_name, money};
use crate::{
    db::{api_key::ApiKey, budget::Period, team::Person},
    identity::{
        administration::{Spending, keys::KeyView, keys::PersonView, teams::TeamView},
        api_keys::KeyText,
    },
};

/// A JSON object in the making. Names are ours and need no escaping.
pub struct Object(String);

impl Object {
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    pub fn put(self, name: &str, value: impl Serialize) -> Self {
        let text = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
        self.raw(name, &text)
    }

    pub fn money(self, name: &str, amount: Option<Money>) -> Self {
        let text = amount.map_or_else(|| "null".to_owned(), money::written);
        self.raw(name, &text)
    }

    pub fn time(self, name: &str, at: Option<Timestamp>) -> Self {
        self.put(name, at.map(|at| at.to_string()))
    }

    /// A JSON text.
    pub fn raw(mut self, name: &str, text: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(text);
        self
    }

    /// The same with an amount under a name that is not ours.
    pub fn amount_of(self, name: &str, amount: Money) -> Self {
        let name = serde_json::to_string(name).unwrap_or_default();
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or_default();
        self.money(name, Some(amount))
    }

    pub fn done(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// Spending and its budget, as every object of LiteLLM's has them.
    fn spending(self, spending: &Spending, zone: chrono_tz::Tz) -> Self {
        let period = spending.budget.map(|budget| budget.period);
        let words = period.map(|period| match period {
            Period::Month => format!("calendar month, {zone}"),
            Period::Week => format!("calendar week from Monday, {zone}"),
            Period::Day => format!("day, {zone}"),
            Period::None => "for ever".to_owned(),
        });
        self.money("spend", Some(spending.spent))
            .money("max_budget", spending.budget.map(|budget| budget.limit))
            .put("budget_duration", period.and_then(period_name))
            .time("budget_reset_at", spending.resets_at)
            .put("budget_period", words)
    }
}

/// A JSON list of JSON texts.
pub fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    ["[", &items.join(","), "]"].concat()
}

fn person(person: &Person) -> String {
    Object::new().put("user_id", person.id).put("user_email", &person.email).put("role", "user").done()
}

/// The fields of a team.
pub fn team(view: &TeamView, zone: chrono_tz::Tz) -> Object {
    let team = &view.team;
    let ids: Vec<_> = view.people.iter().map(|person| person.id).collect();
    Object::new()
        .put("team_id", &team.team_id)
        .put("team_alias", &team.name)
        .spending(&view.spending, zone)
        .put("tpm_limit", team.tokens_per_minute)
        .put("rpm_limit", team.requests_per_minute)
        // They hold for each key made for the team, and the team has no rate of its own.
        .put("limits_apply_to", "each key of the team")
        .put("models", &team.models)
        .raw("metadata", &team.metadata)
        .put("blocked", false)
        .put("organization_id", None::<String>)
        .put("admins", Vec::<String>::new())
        .put("members", ids)
        .raw("members_with_roles", &list(view.people.iter().map(person)))
        .time("created_at", Some(team.created_at))
}

/// A team with its keys, as lists have it.
pub fn team_with_keys(view: &TeamView, zone: chrono_tz::Tz) -> String {
    let keys = view.keys.iter().map(|key| named_key(key, Some(&view.team.team_id)).done());
    team(view, zone).raw("keys", &list(keys)).done()
}

/// `/team/info`.
pub fn team_info(view: &TeamView, zone: chrono_tz::Tz) -> String {
    let keys = view.keys.iter().map(|key| named_key(key, Some(&view.team.team_id)).done());
    Object::new()
        .put("team_id", &view.team.team_id)
        .raw("team_info", &team(view, zone).done())
        .raw("keys", &list(keys))
        .put("team_memberships", Vec::<String>::new())
        .done()
}

/// What names a key, and what it may; nothing that opens it.
fn named_key(key: &ApiKey, team_id: Option<&str>) -> Object {
    Object::new()
        .put("token", &key.public_id)
        .put("token_id", &key.public_id)
        .put("key_name", ["stw_", &key.public_id, "_…"].concat())
        .put("key_alias", &key.name)
        .put("user_id", key.user)
        .put("user_email", &key.user_email)
        .put("team_id", team_id)
        .put("models", &key.models)
        .put("tpm_limit", key.tokens_per_minute)
        .put("rpm_limit", key.requests_per_minute)
        .put("max_parallel_requests", key.max_concurrent)
        .put("blocked", key.revoked_at.is_some())
        .time("expires", key.expires_at)
        .time("created_at", Some(key.created_at))
        .time("last_active", key.last_used_at)
        .raw("metadata", "{}")
        .raw("aliases", "{}")
        .raw("config", "{}")
        .raw("permissions", "{}")
}

/// A key with its spending.
pub fn key(view: &KeyView, zone: chrono_tz::Tz) -> Object {
    named_key(&view.key, view.team_id.as_deref()).spending(&view.spending, zone)
}

/// `/key/generate`: the one time the key is told.
pub fn made_key(view: &KeyView, text: &KeyText, zone: chrono_tz::Tz) -> String {
    key(view, zone).put("key", text.reveal()).done()
}

/// `/key/info`.
pub fn key_info(view: &KeyView, zone: chrono_tz::Tz) -> String {
    Object::new().put("key", &view.key.public_id).raw("info", &key(view, zone).done()).done()
}

/// `/user/info`.
pub fn user_info(view: &PersonView, zone: chrono_tz::Tz) -> String {
    let teams: Vec<&str> = view.teams.iter().map(|team| team.team.team_id.as_str()).collect();
    let user = Object::new()
        .put("user_id", view.person.id)
        .put("user_email", &view.person.email)
        .put("user_alias", &view.person.name)
        .put("user_role", "internal_user")
        .spending(&view.spending, zone)
        .put("models", Vec::<String>::new())
        .put("teams", &teams)
        .raw("metadata", "{}")
        .done();
    Object::new()
        .put("user_id", view.person.id)
        .raw("user_info", &user)
        .raw("keys", &list(view.keys.iter().map(|view| key(view, zone).done())))
        .raw("teams", &list(view.teams.iter().map(|view| team(view, zone).done())))
        .done()
}
