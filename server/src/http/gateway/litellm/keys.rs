//! `/key/…` and `/user/info`.

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Uri},
    response::Response,
};

use super::{
    super::auth::administrator,
    answered,
    body::{Body, Query, duration_ms, wrong},
    shapes, worded,
};
use crate::{
    http::session::RequestId,
    identity::administration::{Desk, keys::KeyOrder},
    state::AppState,
};

/// What a key cannot have here.
const NOT_POSSIBLE: [&str; 16] = [
    "aliases",
    "allowed_routes",
    "auto_rotate",
    "blocked",
    "budget_id",
    "budget_limits",
    "config",
    "enforced_params",
    "guardrails",
    "key",
    "model_max_budget",
    "model_rpm_limit",
    "model_tpm_limit",
    "object_permission",
    "permissions",
    "soft_budget",
];

/// `POST /key/generate`. `metadata` and `tags` are not kept.
pub async fn generate(
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
        if let Some(kind) = body.text("key_type")?
            && !matches!(kind.as_str(), "default" | "llm_api")
        {
            let message =
                "a key made here asks models; one that administers is made with `steward key create … --admin`";
            return Err(wrong("key_type", message));
        }
        let order = KeyOrder {
            name: body.name("key_alias")?,
            user: body.text("user_id")?,
            team_id: body.text("team_id")?,
            models: body.list("models")?.unwrap_or_default(),
            requests_per_minute: body.limit("rpm_limit")?,
            tokens_per_minute: body.limit("tpm_limit")?,
            max_concurrent: body.limit("max_parallel_requests")?,
            lasts_ms: body.text("duration")?.map(|text| duration_ms(&text)).transpose()?,
        };
        let (view, text) = desk.key_make(order, body.budget(false)?).await.map_err(worded)?;
        Ok(shapes::made_key(&view, &text, desk.holder.scope.time_zone()))
    };
    answered(&id, work.await)
}

/// `GET /key/info`, `?key=`: a key, or what names it.
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
        let view = desk.key(query.text("key")).await.map_err(worded)?;
        Ok(shapes::key_info(&view, desk.holder.scope.time_zone()))
    };
    answered(&id, work.await)
}

/// `GET /user/info`, `?user_id=`: an id or an e-mail.
pub async fn user(
    State(state): State<AppState>,
    Extension(RequestId(id)): Extension<RequestId>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let work = async {
        let holder = administrator(&state, &headers, &id).await?;
        let desk = Desk { db: &state.db, world: &state.world, holder: &holder };
        let query = Query::of(&uri);
        let view = desk.user(query.text("user_id")).await.map_err(worded)?;
        Ok(shapes::user_info(&view, desk.holder.scope.time_zone()))
    };
    answered(&id, work.await)
}
