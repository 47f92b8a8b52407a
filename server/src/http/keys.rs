//! Keys for programs: `/settings/keys` leads to a tenant's, `/t/{tenant}/keys` lists and makes, `…/{id}/rotate` and
//! `…/{id}/revoke` change one. Forms and pages that work without scripts. A key is in the answer to the form that made it and
//! nowhere else: never in an address, and not after a reload.

use app::{
    backend::Caller,
    error::AppError,
    model::{ApiKeyId, Date, DisplayName, TenantCode, Timestamp},
    plain::{
        KeyField, KeyForm, KeyNotice, KeyRow, KeyShownPage, KeyState, KeysPage, PlainFrame, WaitingPage, choose_keys,
        key_shown, keys,
    },
    words,
};
use axum::{
    Form,
    extract::{FromRequest, Path, Query, Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use base64::Engine as _;
use serde::{Deserialize, de::DeserializeOwned};

use super::{answer, headers::csp, session};
use crate::{
    db::{TenantScope, api_key::ApiKey},
    error::{Error, Result},
    identity::{
        self,
        own_keys::{self, KeyWish},
        step_up,
    },
    state::AppState,
    tenancy::{self, utc_offset_minutes},
};

/// Who is looking, and how their pages look.
struct Visitor {
    caller: Caller,
    frame: PlainFrame,
}

impl Visitor {
    fn of(state: &AppState, parts: &Parts) -> Result<Self> {
        let caller = session::caller_of(&parts.extensions).ok_or(Error::SignedOut)?;
        let frame = session::frame_of(&state.auth.config.css_href, &parts.extensions, &parts.headers);
        Ok(Self { caller, frame })
    }
}

/// An answer, or the page that says why there is none.
fn answered(state: &AppState, parts: &Parts, result: Result<Response>) -> Response {
    let mut response = result.unwrap_or_else(|error| {
        let request_id = session::id_of(&parts.extensions);
        let frame = session::frame_of(&state.auth.config.css_href, &parts.extensions, &parts.headers);
        let error: AppError = error.into_app(&request_id);
        answer::error("/settings/keys", frame, &request_id, answer::status_of(&error), &error)
    });
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `GET /settings/keys`: to the one tenant's, or to the choice of several.
pub async fn choose(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let result = async {
        let Visitor { caller, frame } = Visitor::of(&state, &parts)?;
        let me = identity::me(&state.db, &caller).await?;
        Ok(match me.tenants.as_slice() {
            [] => Html(app::plain::waiting(&WaitingPage { frame, email: me.email, contact: String::new() }))
                .into_response(),
            [only] => Redirect::to(&format!("/t/{}/keys", only.code)).into_response(),
            several => Html(choose_keys(&frame, several)).into_response(),
        })
    };
    answered(&state, &parts, result.await)
}

/// Which page of the list, and what was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ListQuery {
    before: String,
    notice: String,
}

/// `GET /t/{tenant}/keys`.
pub async fn list(
    State(state): State<AppState>,
    Path(tenant): Path<String>,
    query: std::result::Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let Query(query) = query.unwrap_or_default();
    let result = async {
        let visitor = Visitor::of(&state, &parts)?;
        let scope = enter(&state, &visitor.caller, &tenant).await?;
        let notice = match query.notice.as_str() {
            "revoked" => Some(KeyNotice::Revoked),
            "made" => Some(KeyNotice::MadeBefore),
            _ => None,
        };
        let form = KeyForm { id: state.world.id::<ApiKeyId>().to_string(), ..KeyForm::default() };
        let before = query.before.parse().ok();
        page(&state, &visitor, &scope, StatusCode::OK, notice, form, before).await
    };
    answered(&state, &parts, result.await)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MakeForm {
    /// The id of the key it makes.
    key: String,
    name: String,
    days: String,
    requests: String,
    tokens: String,
    whose: String,
    password: String,
}

/// `POST /t/{tenant}/keys`: the answer shows the key.
pub async fn make(State(state): State<AppState>, Path(tenant): Path<String>, request: Request) -> Response {
    let (parts, request) = split(request);
    let result = async {
        let visitor = Visitor::of(&state, &parts)?;
        let scope = enter(&state, &visitor.caller, &tenant).await?;
        let form: MakeForm = read(request).await?;
        let made = match wish(&form) {
            Ok(wish) => {
                let made = own_keys::make(&state.auth, &visitor.caller, &scope, &wish, &form.password).await;
                made.map(|made| (wish, made))
            }
            Err((field, message)) => Err(Error::Invalid { field, message }),
        };
        match made {
            Ok((wish, Some(text))) => Ok(shown(&state, &visitor, &scope, wish.name.as_str(), &text.reveal())),
            Ok((_, None)) => Ok(Redirect::to(&format!("/t/{}/keys?notice=made", scope.code())).into_response()),
            Err(error) => refused(&state, &visitor, &scope, form, error).await,
        }
    };
    answered(&state, &parts, result.await)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RotateForm {
    grace_hours: String,
    password: String,
}

/// `POST /t/{tenant}/keys/{id}/rotate`: the answer shows the key with its new secret.
pub async fn rotate(
    State(state): State<AppState>,
    Path((tenant, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, request) = split(request);
    let result = async {
        let visitor = Visitor::of(&state, &parts)?;
        let scope = enter(&state, &visitor.caller, &tenant).await?;
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let form: RotateForm = read(request).await?;
        let grace = form.grace_hours.parse().unwrap_or(0);
        match own_keys::rotate(&state.auth, &visitor.caller, &scope, id, grace, &form.password).await {
            Ok((key, text)) => {
                state.api_keys.forget();
                Ok(shown(&state, &visitor, &scope, &key.name, &text.reveal()))
            }
            Err(error) => refused(&state, &visitor, &scope, MakeForm::default(), error).await,
        }
    };
    answered(&state, &parts, result.await)
}

/// `POST /t/{tenant}/keys/{id}/revoke`.
pub async fn revoke(
    State(state): State<AppState>,
    Path((tenant, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let result = async {
        let visitor = Visitor::of(&state, &parts)?;
        let scope = enter(&state, &visitor.caller, &tenant).await?;
        let id = id.parse().map_err(|_| Error::NotFound)?;
        own_keys::revoke(&state.auth, &visitor.caller, &scope, id).await?;
        state.api_keys.forget();
        Ok(Redirect::to(&format!("/t/{}/keys?notice=revoked", scope.code())).into_response())
    };
    answered(&state, &parts, result.await)
}

async fn enter(state: &AppState, caller: &Caller, tenant: &str) -> Result<TenantScope> {
    let code: TenantCode = tenant.parse().map_err(|_| Error::NotFound)?;
    tenancy::enter(&state.db, caller, &code).await
}

/// The parts of a request, and the request once more to be read: after it is clear who asks.
fn split(request: Request) -> (Parts, Request) {
    let (parts, body) = request.into_parts();
    (parts.clone(), Request::from_parts(parts, body))
}

async fn read<T: DeserializeOwned>(request: Request) -> Result<T> {
    let form = Form::<T>::from_request(request, &()).await;
    form.map(|Form(form)| form).map_err(|_| Error::invalid("", "This form cannot be read."))
}

/// What a form asks for.
fn wish(form: &MakeForm) -> std::result::Result<KeyWish, (&'static str, String)> {
    let limit = |field: &'static str, text: &str| {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().ok().filter(|number: &i64| *number >= 1 && text.bytes().all(|b| b.is_ascii_digit()));
        number.map(Some).ok_or((field, "Write a whole number from 1, or nothing.".to_owned()))
    };
    let days = match form.days.as_str() {
        "30" => Some(30),
        "90" => Some(90),
        "365" => Some(365),
        "never" => None,
        _ => return Err(("days", "Choose how long it lasts.".to_owned())),
    };
    Ok(KeyWish {
        id: form.key.parse().map_err(|_| ("", "This form cannot be read.".to_owned()))?,
        name: DisplayName::parse(&form.name).map_err(|problem| ("name", problem.to_string()))?,
        is_service: form.whose == "service",
        requests_per_minute: limit("requests", &form.requests)?,
        tokens_per_minute: limit("tokens", &form.tokens)?,
        days,
    })
}

/// The page again, with what is wrong about the form; what is not about a form is an error like any other.
async fn refused(
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
    let shown = KeyForm {
        id: id.to_string(),
        name: shown_text(&form.name),
        days: shown_text(&form.days),
        requests: shown_text(&form.requests),
        tokens: shown_text(&form.tokens),
        is_service: form.whose == "service",
        error: field.map(|field| (field, message)),
    };
    page(state, visitor, scope, status, notice, shown, None).await
}

/// What was typed, as far as a page can show it again.
fn shown_text(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_control()).take(200).collect()
}

async fn page(
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

fn shown(state: &AppState, visitor: &Visitor, scope: &TenantScope, name: &str, key: &str) -> Response {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn form(change: impl FnOnce(&mut MakeForm)) -> MakeForm {
        let id = "0190aaaa-0000-7000-8000-000000000001".to_owned();
        let mut form = MakeForm { key: id, name: "Laptop".into(), days: "90".into(), ..MakeForm::default() };
        change(&mut form);
        form
    }

    #[test]
    fn a_form_is_read_as_it_is_meant() {
        let plain = wish(&form(|_| {})).expect("a wish");
        assert_eq!((plain.days, plain.requests_per_minute, plain.is_service), (Some(90), None, false));
        let limited = wish(&form(|form| (form.requests, form.days) = (" 60 ".into(), "never".into()))).expect("a wish");
        assert_eq!((limited.days, limited.requests_per_minute), (None, Some(60)));
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        let field = |change: fn(&mut MakeForm)| wish(&form(change)).map(|_| ()).map_err(|(field, _)| field);
        assert_eq!(field(|form| form.name = "  ".into()), Err("name"));
        assert_eq!(field(|form| form.days = "91".into()), Err("days"));
        assert_eq!(field(|form| form.key = "x".into()), Err(""));
        for wrong in ["0", "-1", "1.5", "+3", "9999999999999999999999"] {
            let form = form(|form| form.tokens = wrong.into());
            assert_eq!(wish(&form).map(|_| ()).map_err(|(field, _)| field), Err("tokens"), "{wrong}");
        }
    }
}
