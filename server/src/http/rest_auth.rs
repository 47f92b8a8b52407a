//! Signing in over REST: a short-lived access token and a rotating refresh token.

use app::{
    error::AppError,
    model::{Role, TenantChoice, TenantCode},
};
use axum::{
    Json, Router,
    extract::{FromRef, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{answer, limits::ApiJson, session};
use crate::{
    error::Error,
    identity::{
        self, AuthState, Secret, refresh,
        sign_in::{self, Credentials, SignInError},
        tokens,
    },
};

/// `/api/auth/*` and `/.well-known/jwks.json`.
pub fn routes<S>() -> Router<S>
where
    AuthState: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/api/auth/login", post(login))
        .route("/api/auth/refresh", post(refresh_tokens))
        .route("/api/auth/logout", post(logout))
        .route("/api/auth/me", get(me))
        .route("/.well-known/jwks.json", get(jwks))
}

/// Who signs in, and where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    pub email: String,
    pub password: String,
    /// The tenant's code; may be left out by people who have only one.
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantCode>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    pub refresh_token: String,
}

/// A tenant the person may enter.
#[derive(Serialize, ToSchema)]
pub struct TenantEntry {
    pub code: String,
    pub name: String,
    /// `member` or `admin`.
    pub role: String,
}

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
pub struct TokenResponse {
    /// For `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    /// For one use at `/api/auth/refresh`.
    pub refresh_token: String,
    /// The tenant the access token is for.
    pub tenant: String,
    /// All tenants the person may enter.
    pub tenants: Vec<TenantEntry>,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub struct MeResponse {
    pub id: String,
    pub email: String,
    pub name: String,
    /// The tenant of the access token; null for a browser's session.
    pub tenant: Option<String>,
    pub tenants: Vec<TenantEntry>,
}

/// An error. `error` is for programs, `message` for people.
#[derive(Serialize, ToSchema)]
pub struct AuthError {
    pub error: &'static str,
    pub message: &'static str,
    /// With `choose_tenant`: what to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<TenantEntry>,
}

/// Sign in with e-mail and password.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "auth", request_body = LoginRequest,
    responses(
        (status = 200, body = TokenResponse),
        (status = 401, description = "`wrong_credentials`: e-mail or password is wrong.", body = AuthError),
        (status = 403, description = "`no_tenant`: no access to a tenant, or not to this one.", body = AuthError),
        (status = 409, description = "`choose_tenant`: in several tenants; name one.", body = AuthError),
        (status = 422, description = "The body does not have this shape."),
        (status = 429, description = "Too many attempts; see `Retry-After`."),
    )
)]
pub async fn login(
    State(auth): State<AuthState>,
    parts: axum::http::request::Parts,
    ApiJson(wanted): ApiJson<LoginRequest>,
) -> Response {
    let origin = session::origin_of(&parts.extensions, &parts.headers);
    let credentials = Credentials { email: &wanted.email, password: &wanted.password };
    let signed_in = match sign_in::api(&auth, credentials, wanted.tenant.as_ref(), &origin).await {
        Ok(signed_in) => signed_in,
        Err(error) => return refused(error, &origin.request_id),
    };
    let access_token = match auth.tokens.sign(signed_in.user, signed_in.session, &signed_in.tenant) {
        Ok(token) => token,
        Err(error) => return failed(error, &origin.request_id),
    };
    tokens_response(access_token, &signed_in.refresh, &signed_in.tenant, &signed_in.tenants)
}

/// Exchange a refresh token, which is used up by this.
#[utoipa::path(
    post, path = "/api/auth/refresh", tag = "auth", request_body = RefreshRequest,
    responses(
        (status = 200, body = TokenResponse),
        (status = 401, description = "Used, unknown or over: sign in again."),
        (status = 403, description = "`no_tenant`: the tenant is no longer open to this person.", body = AuthError),
    )
)]
pub async fn refresh_tokens(
    State(auth): State<AuthState>,
    parts: axum::http::request::Parts,
    ApiJson(wanted): ApiJson<RefreshRequest>,
) -> Response {
    let origin = session::origin_of(&parts.extensions, &parts.headers);
    let refreshed = match refresh::refresh(&auth, &wanted.refresh_token, &origin).await {
        Ok(refreshed) => refreshed,
        Err(error) => return failed(error, &origin.request_id),
    };
    let tenants = match crate::tenancy::choices(&auth.db, refreshed.user).await {
        Ok(tenants) => tenants,
        Err(error) => return failed(error, &origin.request_id),
    };
    if !tenants.iter().any(|tenant| tenant.code == refreshed.tenant) {
        return refused(SignInError::NoTenant, &origin.request_id);
    }
    match auth.tokens.sign(refreshed.user, refreshed.session, &refreshed.tenant) {
        Ok(access_token) => tokens_response(access_token, &refreshed.refresh, &refreshed.tenant, &tenants),
        Err(error) => failed(error, &origin.request_id),
    }
}

/// End the session: its access and refresh tokens are refused from now on.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "auth", security(("bearer" = [])),
    responses((status = 204), (status = 401, description = "Not signed in."))
)]
pub async fn logout(State(auth): State<AuthState>, signed: session::SignedIn, request: Request) -> Response {
    let origin = session::origin_of(request.extensions(), request.headers());
    match sign_in::out(&auth, &signed.0, &origin).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => failed(error, &origin.request_id),
    }
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/auth/me", tag = "auth", security(("bearer" = [])),
    responses((status = 200, body = MeResponse), (status = 401, description = "Not signed in."))
)]
pub async fn me(State(auth): State<AuthState>, signed: session::Signed) -> Response {
    match identity::me(&auth.db, &signed.caller).await {
        Ok(me) => Json(MeResponse {
            id: me.id.to_string(),
            email: me.email,
            name: me.name,
            tenant: signed.tenant.map(String::from),
            tenants: entries(&me.tenants),
        })
        .into_response(),
        Err(error) => failed(error, &signed.caller.request_id),
    }
}

/// The public keys access tokens are signed with (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth", responses((status = 200, description = "A JWK set.")))]
pub async fn jwks(State(auth): State<AuthState>) -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(auth.tokens.published())).into_response()
}

fn tokens_response(access: String, refresh: &Secret, tenant: &TenantCode, tenants: &[TenantChoice]) -> Response {
    let body = TokenResponse {
        access_token: access,
        token_type: "Bearer",
        expires_in: tokens::LIFETIME_S,
        refresh_token: refresh.reveal(),
        tenant: tenant.to_string(),
        tenants: entries(tenants),
    };
    // RFC 6749 §5.1.
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(body)).into_response()
}

fn entries(tenants: &[TenantChoice]) -> Vec<TenantEntry> {
    let entry = |tenant: &TenantChoice| TenantEntry {
        code: tenant.code.to_string(),
        name: tenant.name.clone(),
        role: Role::as_str(tenant.role).to_owned(),
    };
    tenants.iter().map(entry).collect()
}

fn refused(error: SignInError, request_id: &str) -> Response {
    let answer =
        |status, error, message, tenants| (status, Json(AuthError { error, message, tenants })).into_response();
    match error {
        SignInError::Wrong => {
            answer(StatusCode::UNAUTHORIZED, "wrong_credentials", "E-mail or password is wrong.", Vec::new())
        }
        SignInError::NoTenant => {
            let message = "You have no access to this tenant. Ask your administrator.";
            answer(StatusCode::FORBIDDEN, "no_tenant", message, Vec::new())
        }
        SignInError::ChooseTenant(tenants) => {
            let message = "You are in several tenants. Name one in `tenant`.";
            answer(StatusCode::CONFLICT, "choose_tenant", message, entries(&tenants))
        }
        SignInError::Blocked(blocked) => {
            let error = AppError::RateLimited { retry_after_s: blocked.retry_after_s };
            answer::json(StatusCode::TOO_MANY_REQUESTS, &error)
        }
        SignInError::Failed(error) => failed(error, request_id),
    }
}

fn failed(error: Error, request_id: &str) -> Response {
    let error = error.into_app(request_id);
    answer::json(answer::status_of(&error), &error)
}
