//! `/team/…`.

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Uri},
    response::Response,
};
use serde::Deserialize;

use super::{
    super::auth::administrator,
    answered,
    body::{Body, Query, wrong},
    shapes, worded,
};
use crate::{
    gateway::Refusal,
    http::session::RequestId,
    identity::administration::{Desk, teams::TeamWish},
    state::AppState,
};

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
pub async fn make(
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let work = async {
        let holder = administrator(&state, &parts.headers, &id).await?;
        let desk = Desk { db: &state.db, world: &state.world, holder: &holder };
        let body = Body::read(&parts.headers, body).await?;
        body.refuse(&NOT_POSSIBLE)?;
        let mut wish = wish(&body)?;
        wish.team_id = team_id(&body)?;
        wish.people = people(&body, "members_with_roles")?;
        wish.people.extend(body.list("members")?.unwrap_or_default());
        let view = desk.team_make(wish, body.budget(false)?).await.map_err(worded)?;
        Ok(shapes::team(&view, desk.holder.scope.time_zone()).done())
    };
    answered(&id, work.await)
}

/// `POST /team/update`: what is named changes; a limit that is null is lifted.
pub async fn update(
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let work = async {
        let holder = administrator(&state, &parts.headers, &id).await?;
        let desk = Desk { db: &state.db, world: &state.world, holder: &holder };
        let body = Body::read(&parts.headers, body).await?;
        body.refuse(&NOT_POSSIBLE)?;
        let team = team_id(&body)?.ok_or_else(|| wrong("team_id", "`team_id` is needed"))?;
        let budget = body.budget(body.is_null("max_budget"))?;
        let view = desk.team_change(&team, wish(&body)?, budget).await.map_err(worded)?;
        let zone = desk.holder.scope.time_zone();
        let data = shapes::team(&view, zone).done();
        Ok(shapes::Object::new().put("team_id", &view.team.team_id).raw("data", &data).done())
    };
    answered(&id, work.await)
}

/// `POST /team/member_add`.
pub async fn member_add(
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let work = async {
        let holder = administrator(&state, &parts.headers, &id).await?;
        let desk = Desk { db: &state.db, world: &state.world, holder: &holder };
        let body = Body::read(&parts.headers, body).await?;
        body.refuse(&["max_budget_in_team", "budget_id"])?;
        let team = team_id(&body)?.ok_or_else(|| wrong("team_id", "`team_id` is needed"))?;
        let people = people(&body, "member")?;
        if people.is_empty() {
            return Err(wrong("member", "`member` is needed: {\"role\": \"user\", \"user_email\": …}"));
        }
        let view = desk.team_add(&team, &people).await.map_err(worded)?;
        Ok(shapes::team(&view, desk.holder.scope.time_zone()).done())
    };
    answered(&id, work.await)
}

/// `GET /team/list`, `?user_id=`.
pub async fn list(
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let work = async {
        let holder = administrator(&state, &headers, &id).await?;
        let desk = Desk { db: &state.db, world: &state.world, holder: &holder };
        let query = Query::of(&uri);
        let teams = desk.teams(query.text("user_id")).await.map_err(worded)?;
        let zone = desk.holder.scope.time_zone();
        let data = shapes::list(teams.iter().map(|team| shapes::team_with_keys(team, zone)));
        Ok(shapes::Object::new().raw("data", &data).done())
    };
    answered(&id, work.await)
}

/// `GET /team/info?team_id=`.
pub async fn info(
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let work = async {
        let holder = administrator(&state, &headers, &id).await?;
        let desk = Desk { db: &state.db, world: &state.world, holder: &holder };
        let query = Query::of(&uri);
        let team = query.text("team_id").ok_or_else(|| wrong("team_id", "`team_id` is needed"))?;
        let view = desk.team(team).await.map_err(worded)?;
        Ok(shapes::team_info(&view, desk.holder.scope.time_zone()))
    };
    answered(&id, work.await)
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
