//! How a tenant looks: the style sheet of its accent and its logo. The addresses given to pages end in `?v=` and a hash of
//! the content, so browsers keep what they got; nobody else's cache does.

use app::{backend::Caller, error::AppError, model::TenantCode};
use axum::{
    Extension,
    extract::{Path, Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{answer, site::refusal};
use crate::{
    db::{TenantScope, tenant, tenant_logo},
    error::{Error, Result},
    state::AppState,
    tenancy::{self, Accent, hash},
};

const KEEP: &str = "private, max-age=31536000, immutable";
/// Asked for without the right hash: somebody typed it.
const DO_NOT_KEEP: &str = "private, no-cache";

/// The accent of a tenant as custom properties; nothing where it has none.
pub async fn css(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(tenant): Path<String>,
    request: Request,
) -> Response {
    let found = async {
        let scope = enter(&state, &caller, &tenant).await?;
        let mut tx = state.db.read(&scope).await?;
        let tenant = tenant::tenant_find(&scope, &mut tx).await?.ok_or(Error::NotFound)?;
        let accent = tenant.accent.as_deref().and_then(|accent| Accent::parse(accent).ok());
        Ok::<_, Error>(accent.map(|accent| accent.css()).unwrap_or_default())
    };
    match found.await {
        Ok(css) => served(&request, "text/css; charset=utf-8", &hash(css.as_bytes()), css.into_bytes()),
        Err(error) => refused(&request, &caller, error),
    }
}

/// The logo of a tenant.
pub async fn logo(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(tenant): Path<String>,
    request: Request,
) -> Response {
    let found = async {
        let scope = enter(&state, &caller, &tenant).await?;
        let mut tx = state.db.read(&scope).await?;
        tenant_logo::tenant_logo_find(&scope, &mut tx).await?.ok_or(Error::NotFound)
    };
    match found.await {
        Ok(logo) => served(&request, &logo.media_type, &logo.hash, logo.content),
        Err(error) => refused(&request, &caller, error),
    }
}

async fn enter(state: &AppState, caller: &Caller, tenant: &str) -> Result<TenantScope> {
    // A code that is none is a tenant that does not exist.
    let code: TenantCode = tenant.parse().map_err(|_| Error::NotFound)?;
    tenancy::enter(&state.db, caller, &code).await
}

/// Also opened alone it can do nothing: no scripts, no frames, no other type than it says.
fn served(request: &Request, media_type: &str, hash: &str, content: Vec<u8>) -> Response {
    let is_this = request.uri().query().and_then(|query| query.strip_prefix("v=")) == Some(hash);
    let mut response = content.into_response();
    let headers = response.headers_mut();
    if let Ok(media_type) = HeaderValue::try_from(media_type) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if is_this { KEEP } else { DO_NOT_KEEP }));
    response
}

fn refused(request: &Request, caller: &Caller, error: Error) -> Response {
    let error: AppError = error.into_app(&caller.request_id);
    refusal(request, answer::status_of(&error), &error)
}
