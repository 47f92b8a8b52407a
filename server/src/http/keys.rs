//! Keys for programs: `/settings/keys` leads to a tenant's, `/t/{tenant}/keys` lists and makes, `…/{id}/rotate` and
//! `…/{id}/revoke` change one. Forms and pages that work without scripts. A key is in the answer to the form that made it and
//! nowhere else: never in an address, and not after a reload.
//!
//! What is asked for is in [`form`], the pages are in [`page`].

mod form;
mod page;

use app::{
    backend::Caller,
    error::AppError,
    model::{ApiKeyId, TenantCode},
    plain::{KeyForm, KeyNotice, PlainFrame, WaitingPage, choose_keys},
};
use axum::{
    Form,
    extract::{FromRequest, Path, Query, Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::{Deserialize, de::DeserializeOwned};

use self::{
    form::{MakeForm, wish},
    page::{page, refused, shown},
};
use super::{answer, session};
use crate::{
    db::TenantScope,
    error::{Error, Result},
    identity::{self, own_keys},
    state::AppState,
    tenancy,
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
