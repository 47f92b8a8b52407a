//! `/key/…` and `/user/info`.

use axum::response::Response;

use super::{
    administrator::Administrator,
    body::{Body, Query, duration_ms, wrong},
    shapes, worded,
};
use crate::identity::administration::keys::KeyOrder;

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
pub async fn generate(admin: Administrator, body: Body) -> Response {
    let work = async {
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
        let (view, text) = admin.desk().key_make(order, body.budget(false)?).await.map_err(worded)?;
        Ok(shapes::made_key(&view, &text, admin.zone()))
    };
    admin.answer(work.await)
}

/// `GET /key/info`, `?key=`: a key, or what names it.
pub async fn info(admin: Administrator, query: Query) -> Response {
    let work = async {
        let view = admin.desk().key(query.text("key")).await.map_err(worded)?;
        Ok(shapes::key_info(&view, admin.zone()))
    };
    admin.answer(work.await)
}

/// `GET /user/info`, `?user_id=`: an id or an e-mail.
pub async fn user(admin: Administrator, query: Query) -> Response {
    let work = async {
        let view = admin.desk().user(query.text("user_id")).await.map_err(worded)?;
        Ok(shapes::user_info(&view, admin.zone()))
    };
    admin.answer(work.await)
}
