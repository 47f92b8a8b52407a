//! `/team/…`.

use axum::response::Response;
use serde::Deserialize;

use super::{
    administrator::Administrator,
    body::{Body, Query, wrong},
    shapes, worded,
};
use crate::{gateway::Refusal, identity::administration::teams::TeamWish};

/// What a team cannot have here.
const NOT_POSSIBLE: [&str; 12] = [
    "blocked",
    "budget_limits",
    "guardrails",
    "max_parallel_requests",
    "model_aliases",
    "model_max_budget",
    "model_rpm_limit",
    "model_tpm_limit",
    "object_permission",
    "organization_id",
    "soft_budget",
    "team_member_budget",
];

/// Longest id of a client's, bytes.
const MAX_ID_BYTES: usize = 200;

/// `POST /team/new`.
pub async fn make(admin: Administrator, body: Body) -> Response {
    let work = async {
        body.refuse(&NOT_POSSIBLE)?;
        let mut wish = wish(&body)?;
        wish.team_id = team_id(&body)?;
        wish.people = people(&body, "members_with_roles")?;
        wish.people.extend(body.list("members")?.unwrap_or_default());
        let view = admin.desk().team_make(wish, body.budget(false)?).await.map_err(worded)?;
        Ok(shapes::team(&view, admin.zone()).done())
    };
    admin.answer(work.await)
}

/// `POST /team/update`: what is named changes; a limit that is null is lifted.
pub async fn update(admin: Administrator, body: Body) -> Response {
    let work = async {
        body.refuse(&NOT_POSSIBLE)?;
        let team = team_id(&body)?.ok_or_else(no_team)?;
        let budget = body.budget(body.is_null("max_budget"))?;
        let view = admin.desk().team_change(&team, wish(&body)?, budget).await.map_err(worded)?;
        let data = shapes::team(&view, admin.zone()).done();
        Ok(shapes::Object::new().put("team_id", &view.team.team_id).raw("data", &data).done())
    };
    admin.answer(work.await)
}

/// `POST /team/member_add`.
pub async fn member_add(admin: Administrator, body: Body) -> Response {
    let work = async {
        body.refuse(&["max_budget_in_team", "budget_id"])?;
        let team = team_id(&body)?.ok_or_else(no_team)?;
        let people = people(&body, "member")?;
        if people.is_empty() {
            return Err(wrong("member", "`member` is needed: {\"role\": \"user\", \"user_email\": …}"));
        }
        let view = admin.desk().team_add(&team, &people).await.map_err(worded)?;
        Ok(shapes::team(&view, admin.zone()).done())
    };
    admin.answer(work.await)
}

/// `GET /team/list`, `?user_id=`.
pub async fn list(admin: Administrator, query: Query) -> Response {
    let work = async {
        let teams = admin.desk().teams(query.text("user_id")).await.map_err(worded)?;
        let zone = admin.zone();
        let data = shapes::list(teams.iter().map(|team| shapes::team_with_keys(team, zone)));
        Ok(shapes::Object::new().raw("data", &data).done())
    };
    admin.answer(work.await)
}

/// `GET /team/info?team_id=`.
pub async fn info(admin: Administrator, query: Query) -> Response {
    let work = async {
        let team = query.text("team_id").ok_or_else(no_team)?;
        let view = admin.desk().team(team).await.map_err(worded)?;
        Ok(shapes::team_info(&view, admin.zone()))
    };
    admin.answer(work.await)
}

fn no_team() -> Refusal {
    wrong("team_id", "`team_id` is needed")
}

fn team_id(body: &Body) -> Result<Option<String>, Refusal> {
    match body.text("team_id")? {
        Some(id) if id.len() > MAX_ID_BYTES => Err(wrong("team_id", "`team_id` is too long")),
        id => Ok(id),
    }
}

fn wish(body: &Body) -> Result<TeamWish, Refusal> {
    let limit = |field: &str| -> Result<Option<Option<i64>>, Refusal> {
        let limit = body.limit(field)?;
        Ok(if limit.is_some() || body.is_null(field) { Some(limit) } else { None })
    };
    Ok(TeamWish {
        team_id: None,
        name: body.name("team_alias")?,
        requests_per_minute: limit("rpm_limit")?,
        tokens_per_minute: limit("tpm_limit")?,
        models: body.list("models")?,
        metadata: body.object("metadata")?,
        people: Vec::new(),
    })
}

/// A member as clients name one.
#[derive(Deserialize)]
struct Member {
    user_id: Option<String>,
    user_email: Option<String>,
    role: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Members {
    One(Member),
    Several(Vec<Member>),
}

/// Ids or e-mails of the members in a field.
fn people(body: &Body, field: &str) -> Result<Vec<String>, Refusal> {
    let Some(text) = body.raw(field) else { return Ok(Vec::new()) };
    let shape = || {
        wrong(
            field,
            format!("`{field}` is {{\"role\": \"user\", \"user_id\" or \"user_email\": …}}, or a list of such"),
        )
    };
    let members = match serde_json::from_str(text).map_err(|_| shape())? {
        Members::One(member) => vec![member],
        Members::Several(members) => members,
    };
    if members.len() > 1_000 {
        return Err(wrong(field, "1000 members at once at most"));
    }
    let named = |member: Member| {
        if member.role.is_some_and(|role| role != "user") {
            let message = "teams have no administrators of their own here; add people with the role \"user\"";
            return Err(wrong(field, message));
        }
        member.user_id.or(member.user_email).filter(|text| !text.trim().is_empty()).ok_or_else(shape)
    };
    members.into_iter().map(named).collect()
}
