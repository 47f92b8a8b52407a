//! The Leptos page and its server functions: both are served with the same context.

use std::sync::Arc;

use app::{
    api::SendMessage,
    backend::{Backend, Caller},
    error::AppError,
    model::{Lang, Role, Theme},
    words,
};
use axum::{
    body::Body,
    extract::{MatchedPath, RawPathParams, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use leptos::{
    prelude::{provide_context, use_context},
    server_fn::{ServerFn as _, error::ServerFnUrlError},
};
use leptos_axum::ResponseOptions;

use super::{
    answer,
    headers::csp,
    routes::{Listed, Policy},
    session::{self, Signed, cookie},
    site::{css_href, refusal},
};
use crate::{conversations, error::Error, state::AppState, tenancy};

/// The page of a tenant's usage, for its administrators.
pub const USAGE_PAGE: &str = "/t/{tenant}/usage";

/// Renders the page for this path, once it is clear that the caller may see it: the status must be known before the page
/// begins to stream.
pub async fn page(State(state): State<AppState>, params: RawPathParams, request: Request) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let is_usage = request.extensions().get::<MatchedPath>().is_some_and(|route| route.as_str() == USAGE_PAGE);
    let locale = match gate(&state, &params, caller.as_ref(), is_usage).await {
        Ok(locale) => locale,
        Err(error) => {
            let error = error.into_app(&session::id_of(request.extensions()));
            return refusal(&request, answer::status_of(&error), &error);
        }
    };
    let context = PageContext::of(&state, &request, locale);
    let options = state.leptos.clone();
    let render = leptos_axum::render_app_async_with_context(
        move || {
            context.provide();
            set_csp();
        },
        move || app::routes::shell(options.clone()),
    );
    render(request).await
}

/// Whether tenant, conversation and role of this address are the caller's; the tenant's locale, where there is one.
async fn gate(
    state: &AppState,
    params: &RawPathParams,
    caller: Option<&Caller>,
    is_usage: bool,
) -> Result<Option<Lang>, Error> {
    let param = |name: &str| params.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
    let Some(tenant) = param("tenant") else { return Ok(None) };
    let tenant = tenant.parse().map_err(|_| Error::NotFound)?;
    let caller = caller.ok_or(Error::SignedOut)?;
    let scope = tenancy::enter(&state.db, caller, &tenant).await?;
    if is_usage && scope.role() != Role::Admin {
        return Err(Error::Forbidden);
    }
    let Some(id) = param("id") else { return Ok(Some(scope.locale())) };
    let id = id.parse().map_err(|_| Error::NotFound)?;
    let mut tx = state.db.read(&scope).await?;
    conversations::require(&scope, &mut tx, id).await?;
    Ok(Some(scope.locale()))
}

/// Runs a server function. Only those of the table are reachable.
pub async fn server_function(State(state): State<AppState>, request: Request) -> Response {
    if !SERVER_FUNCTIONS.iter().any(|(path, _)| *path == request.uri().path()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let is_script = !accepts_html(request.headers());
    if !is_script && request.uri().path() == SendMessage::PATH {
        return message_from_a_form(&state, request).await;
    }
    let context = PageContext::of(&state, &request, None);
    let response =
        leptos_axum::handle_server_fns_with_context(move || context.provide(), request).await.into_response();
    if is_script { with_error_status(response).await } else { response }
}

/// A message from a browser without scripts. One that is refused comes back with its text: the address a refused form
/// otherwise leads to has no room for it.
async fn message_from_a_form(state: &AppState, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // The routes' limits have bounded it already.
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let asked = Request::from_parts(parts.clone(), Body::empty());
    let context = PageContext::of(state, &asked, None);
    let posted = Request::from_parts(parts, Body::from(body.clone()));
    let response = leptos_axum::handle_server_fns_with_context(move || context.provide(), posted).await.into_response();
    let Some((back, error)) = refused_form(&response) else { return response };
    let mut fields: Vec<(String, String)> =
        form_urlencoded::parse(&body).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let text = fields.iter().find(|(name, _)| name == "text").map(|(_, text)| text.clone()).unwrap_or_default();
    if text.trim().is_empty() {
        return response;
    }
    fields.retain(|(name, _)| name != "text");
    let tenant = back.split('/').nth(2).filter(|_| back.starts_with("/t/")).unwrap_or_default();
    let is_budget = matches!(error, AppError::OverBudget(_)) && !tenant.is_empty();
    let frame = session::frame_of(css_href(), asked.extensions(), asked.headers());
    let page = app::plain::KeptPage {
        why: words::errors::in_full(frame.lang, &error),
        action: SendMessage::PATH.to_owned(),
        fields,
        text,
        more: if is_budget { format!("/t/{tenant}/budget") } else { String::new() },
        back,
        frame,
    };
    (answer::status_of(&error), Html(app::plain::kept(&page))).into_response()
}

/// Where a form came from that a server function refused, and why.
fn refused_form(response: &Response) -> Option<(String, AppError)> {
    let place: Uri = response.headers().get(header::LOCATION)?.to_str().ok()?.parse().ok()?;
    let error = form_urlencoded::parse(place.query()?.as_bytes()).find(|(name, _)| name == "__err")?.1;
    let error = ServerFnUrlError::<AppError>::decode_err(&error);
    Some((place.path().to_owned(), error))
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"))
}

/// A failed server function is 500 whatever failed: give it the status of its [`AppError`].
async fn with_error_status(response: Response) -> Response {
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    const MAX_ERROR_BYTES: usize = 64 * 1024;
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_ERROR_BYTES).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(error) = serde_json::from_slice::<AppError>(&bytes) {
        parts.status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// What pages and server functions find in their context.
#[derive(Clone)]
struct PageContext {
    backend: Arc<dyn Backend>,
    caller: Option<Caller>,
    theme: Theme,
    lang: Lang,
    sidebar_collapsed: bool,
    is_form_post: bool,
}

impl PageContext {
    /// `locale`: of the tenant of a page, for those who ask for no language.
    fn of(state: &AppState, request: &Request, locale: Option<Lang>) -> Self {
        let headers = request.headers();
        Self {
            backend: state.backend.clone(),
            caller: request.extensions().get::<Caller>().cloned(),
            theme: request.extensions().get::<Signed>().map_or_else(Theme::default, |signed| signed.theme),
            lang: session::lang_of(request.extensions(), headers).or(locale).unwrap_or_default(),
            sidebar_collapsed: cookie(headers, app::components::SIDEBAR_COOKIE) == Some("collapsed"),
            is_form_post: request.method() == axum::http::Method::POST && accepts_html(headers),
        }
    }

    fn provide(&self) {
        provide_context(self.backend.clone());
        provide_context(self.theme);
        provide_context(self.lang);
        provide_context(app::routes::SidebarCollapsed(self.sidebar_collapsed));
        if let Some(caller) = self.caller.clone() {
            provide_context(caller);
        }
        if self.is_form_post {
            provide_context(app::backend::Redirect(Arc::new(leptos_axum::redirect)));
        }
    }
}

fn set_csp() {
    let nonce = leptos::nonce::use_nonce();
    if let (Some(nonce), Some(response)) = (nonce, use_context::<ResponseOptions>()) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, csp(Some(&nonce.to_string())));
    }
}

/// Every server function and who may call it; a test compares this with what is registered.
pub const SERVER_FUNCTIONS: &[(&str, Policy)] = &[
    ("/fn/account/me", Policy::SignedIn),
    ("/fn/account/name", Policy::SignedIn),
    ("/fn/account/theme", Policy::SignedIn),
    ("/fn/account/language", Policy::SignedIn),
    ("/fn/account/password", Policy::SignedIn),
    ("/fn/account/sessions", Policy::SignedIn),
    ("/fn/account/sessions/end", Policy::SignedIn),
    ("/fn/tenant/home", Policy::Member),
    ("/fn/tenant/dismiss_setup", Policy::Admin),
    ("/fn/usage/meter", Policy::Member),
    ("/fn/usage/report", Policy::Admin),
    ("/fn/conversations/list", Policy::Member),
    ("/fn/conversations/open", Policy::Member),
    ("/fn/conversations/earlier", Policy::Member),
    ("/fn/conversations/rename", Policy::Member),
    ("/fn/conversations/delete", Policy::Member),
    ("/fn/conversations/restore", Policy::Member),
    ("/fn/conversations/pin", Policy::Member),
    ("/fn/conversations/archive", Policy::Member),
    ("/fn/conversations/delete_many", Policy::Member),
    ("/fn/conversations/search", Policy::Member),
    ("/fn/conversations/fork", Policy::Member),
    ("/fn/conversations/edit_answer", Policy::Member),
    ("/fn/conversations/rate", Policy::Member),
    ("/fn/text/enrich", Policy::SignedIn),
    ("/fn/shares/list", Policy::Member),
    ("/fn/shares/create", Policy::Member),
    ("/fn/shares/revoke", Policy::Member),
    ("/fn/turns/start", Policy::Member),
    ("/fn/turns/again", Policy::Member),
    ("/fn/turns/stop", Policy::Member),
    ("/fn/turns/decide", Policy::Member),
];

/// The rows of the server functions.
pub fn listed_functions() -> impl Iterator<Item = Listed> {
    SERVER_FUNCTIONS.iter().map(|(path, policy)| Listed {
        method: axum::http::Method::POST,
        path: (*path).to_owned(),
        policy: *policy,
    })
}
