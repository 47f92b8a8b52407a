//! The pages: a tenant's keys with the form, and a key that was just made.

use app::{
    model::{ApiKeyId, Date, Timestamp},
    plain::{KeyField, KeyForm, KeyNotice, KeyRow, KeyShownPage, KeyState, KeysPage, key_shown, keys},
    words,
};
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::Engine as _;

use super::{MakeForm, Visitor};
use crate::{
    db::{TenantScope, api_key::ApiKey},
    error::{Error, Result},
    http::headers::csp,
    identity::{own_keys, step_up},
    state::AppState,
    tenancy::utc_offset_minutes,
};

/// The page again, with what is wrong about the form; what is not about a form is an error like any other.
pub(super) async fn refused(
    state: &AppState,
    visitor: &Visitor,
    scope: &TenantScope,
    form: MakeForm,
    error: Error,
) -> Result<Response> {
    let lang = visitor.frame.lang;
    let in_words = |message: &str| words::errors::sentence(&words::refusals::in_words(lang, message));
    let (status, field, message) = match &error {
        Error::Invalid { field, message } => (StatusCode::UNPROCESSABLE_ENTITY, *field, in_words(message)),
        Error::Conflict(message) => (StatusCode::CONFLICT, "", in_words(message)),
        Error::RateLimited { retry_after_s } => {
            (StatusCode::TOO_MANY_REQUESTS, "", words::plain::rate_limited(lang, *retry_after_s))
        }
        _ => return Err(error),
    };
    let field = match field {
        "name" => Some(KeyField::Name),
        "days" => Some(KeyField::Days),
        "requests" => Some(KeyField::Requests),
        "tokens" => Some(KeyField::Tokens),
        "password" if !form.key.is_empty() => Some(KeyField::Password),
        _ => None,
    };
    let notice = field.is_none().then(|| KeyNotice::Refused(message.clone()));
    let id = form.key.parse().unwrap_or_else(|_| state.world.id::<ApiKeyId>());
    let shown = form.shown(id, field.map(|field| (field, message)));
    page(state, visitor, scope, status, notice, shown, None).await
}

pub(super) async fn page(
    state: &AppState,
    visitor: &Visitor,
    scope: &TenantScope,
    status: StatusCode,
    notice: Option<KeyNotice>,
    form: KeyForm,
    before: Option<ApiKeyId>,
) -> Result<Response> {
    let found = own_keys::list(&state.auth, scope, before).await?;
    let now = state.world.now();
    let rows = |keys: Vec<ApiKey>| keys.iter().map(|key| row(scope, key, now)).collect();
    let nonce = nonce(state);
    let page = KeysPage {
        frame: visitor.frame.clone(),
        nonce: nonce.clone(),
        tenant: (scope.code().to_string(), scope.tenant_name().to_owned()),
        notice,
        own: rows(found.own),
        services: found.services.map(rows),
        older: found.older.map(|id| format!("/t/{}/keys?before={id}", scope.code())),
        form,
        asks_password: !step_up::is_fresh(&state.auth, &visitor.caller).await?,
        origin: state.auth.config.origin.clone(),
    };
    Ok((status, [(header::CONTENT_SECURITY_POLICY, csp(Some(&nonce)))], Html(keys(&page))).into_response())
}

pub(super) fn shown(state: &AppState, visitor: &Visitor, scope: &TenantScope, name: &str, key: &str) -> Response {
    let nonce = nonce(state);
    let page = KeyShownPage {
        frame: visitor.frame.clone(),
        nonce: nonce.clone(),
        tenant: scope.code().to_string(),
        name: name.to_owned(),
        key: key.to_owned(),
        origin: state.auth.config.origin.clone(),
    };
    ([(header::CONTENT_SECURITY_POLICY, csp(Some(&nonce)))], Html(key_shown(&page))).into_response()
}

fn nonce(state: &AppState) -> String {
    base64::engine::general_purpose::STANDARD.encode(state.world.bytes::<18>())
}

fn row(scope: &TenantScope, key: &ApiKey, now: Timestamp) -> KeyRow {
    let day = |at: Timestamp| -> Date { at.date_at(i64::from(utc_offset_minutes(scope.time_zone(), at))) };
    KeyRow {
        id: key.id.to_string(),
        public_id: key.public_id.clone(),
        name: key.name.clone(),
        state: match (key.revoked_at, key.is_usable(now)) {
            (Some(_), _) => KeyState::Revoked,
            (None, true) => KeyState::Active,
            (None, false) => KeyState::Expired,
        },
        created: day(key.created_at),
        last_used: key.last_used_at.map(day),
        ends: key.revoked_at.or(key.expires_at).map(day),
        requests_per_minute: key.requests_per_minute,
        tokens_per_minute: key.tokens_per_minute,
        concurrent: key.max_concurrent,
        is_front_end: key.is_trusted_front_end,
        administers: key.scopes.administers,
    }
}
